"""What every registered parser promises, whatever bytes it is given."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from parser_samples import samples

from embedctl.errors import ParseError, UnsupportedError
from embedctl.parsers import PARSERS, parse, parser_for
from embedctl.records import Markup, ParsedDocument

SAMPLES = samples()
every_parser = pytest.mark.parametrize("name", PARSERS.names())
VERBATIM = {"text", "markdown", "rst", "headed", "code"}


def run(name: str, data: bytes, path: str | None = None) -> ParsedDocument:
    return PARSERS.load(name)(data, path or SAMPLES[name][0])


def assert_sound(document: ParsedDocument) -> None:
    assert document.text.strip()
    document.text.encode()  # raises on lone surrogates
    assert "\0" not in document.text
    assert list(document.pages) == sorted(document.pages)
    assert all(0 <= offset <= len(document.text) for offset in document.pages)
    assert 0 <= document.body_start <= len(document.text)
    assert document.markup in set(Markup)
    assert "/" in document.media_type
    assert document.title is None or document.title == " ".join(document.title.split()) != ""
    assert json.loads(json.dumps(document.metadata, allow_nan=False)) == document.metadata
    about = json.dumps([document.title, document.language, document.metadata], ensure_ascii=False)
    about.encode()
    assert "\\u0000" not in about


def assert_sound_or_refused(name: str, data: bytes) -> None:
    try:
        document = run(name, data)
    except ParseError as error:
        reason = error.message
    else:
        assert_sound(document)
        return
    assert reason
    assert "Error(" not in reason, "a reason is a sentence, not a library's repr"


def test_a_sample_exists_for_every_parser() -> None:
    assert list(SAMPLES) == PARSERS.names()


@every_parser
def test_valid_file(name: str) -> None:
    path, data = SAMPLES[name]
    assert parser_for(path, data) == name
    document = parse(data, path)
    assert_sound(document)
    assert document == run(name, data), "parsing is deterministic"
    if name in VERBATIM:
        assert data.decode(document.encoding or "") == document.text


@every_parser
@pytest.mark.parametrize("data", [b"", b" \n\t\r\n "])
def test_empty_file_is_skipped(name: str, data: bytes) -> None:
    if data and name in ("pdf", "docx", "pptx", "sheet", "odf", "epub", "packed"):
        with pytest.raises(ParseError):
            run(name, data)
        return
    with pytest.raises(UnsupportedError, match="empty file"):
        run(name, data)


@every_parser
@pytest.mark.parametrize("keep", [0.05, 0.3, 0.6, 0.95])
def test_truncated_file(name: str, keep: float) -> None:
    data = SAMPLES[name][1]
    assert_sound_or_refused(name, data[: int(len(data) * keep)])


@every_parser
@pytest.mark.parametrize("seed", range(4))
def test_random_bytes(name: str, seed: int) -> None:
    generator = random.Random(seed)
    noise = generator.randbytes(3000)
    assert_sound_or_refused(name, noise)
    assert_sound_or_refused(name, noise.replace(b"\0", b""))
    assert_sound_or_refused(name, SAMPLES[name][1][:200] + noise)


@every_parser
@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes(name: str, seed: int) -> None:
    data = bytearray(SAMPLES[name][1])
    generator = random.Random(seed)
    for _ in range(1 + len(data) // 200):
        data[generator.randrange(len(data))] = generator.randrange(256)
    assert_sound_or_refused(name, bytes(data))


@every_parser
@pytest.mark.parametrize("other", PARSERS.names())
def test_content_of_another_format(name: str, other: str) -> None:
    assert_sound_or_refused(name, SAMPLES[other][1])


@pytest.mark.parametrize("name", ["pdf", "docx", "pptx", "sheet", "odf", "rtf", "epub", "jupyter", "email", "html"])
@pytest.mark.parametrize("other", ["text", "pdf", "docx", "pptx", "sheet", "odf", "epub"])
def test_contradicting_content_is_an_error(name: str, other: str) -> None:
    if name == other or (name == "html" and other in ("text", "pdf")):  # text without tags is a template
        return
    with pytest.raises(ParseError):
        run(name, SAMPLES[other][1])


def test_importing_the_package_imports_no_third_party_library() -> None:
    script = (
        "import sys; before = set(sys.modules); import embedctl.parsers;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'embedctl'}))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
