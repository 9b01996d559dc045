"""``embedctl`` with parts and thresholds so small that a minute of documents goes through hundreds of commits.

Run as a program it takes the same arguments. Where ``EMBEDCTL_TEST_ENCODED`` names a file, the number of texts that are
handed to the encoder is appended to it, one line a call: what a killed run did, committed or not. Where
``EMBEDCTL_TEST_READY`` names a descriptor, a byte is written to it when the imports are done.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


PART_DOCUMENTS = 4
ENCODED = "EMBEDCTL_TEST_ENCODED"
READY = "EMBEDCTL_TEST_READY"
OLD = 1_700_000_000
_SUBJECTS = ("kestrel", "lighthouse", "harbour", "vault", "ledger", "turbine", "orchard", "signal", "glacier", "quarry")


def make_small() -> None:
    """Make limits small in this process."""
    from embedctl import config
    from embedctl.stages import compact, distill, embed, part_writer, pipeline

    parts = partial(config.PartLimits, documents=PART_DOCUMENTS)
    students = partial(config.DistillConfig, least_chunks=20, least_sample=20, batch_chunks=8)
    for module, name, limits in (
        (part_writer, "PartLimits", parts),
        (compact, "PartLimits", parts),
        (distill, "DistillConfig", students),
        (pipeline, "DistillConfig", students),
        (embed, "GROUPED_CHUNKS", 1),
    ):
        assert hasattr(module, name)
        setattr(module, name, limits)
    config.limits.INDEX = config.IndexLimits(flat_rows=16, graph_tail_rows=4)


def count_encoded(file: Path) -> None:
    """Append to ``file`` how many texts each call of the encoder gets."""
    from embedctl.encoders.sentence_transformer import SentenceTransformerEncoder

    encode = SentenceTransformerEncoder.encode_documents

    def counted(self: SentenceTransformerEncoder, texts: Sequence[str]) -> Any:
        with file.open("a", encoding="ascii") as stream:
            stream.write(f"{len(texts)}\n")
        return encode(self, texts)

    SentenceTransformerEncoder.encode_documents = counted  # type: ignore[method-assign]


def make_documents(folder: Path, count: int = 24) -> None:
    """Write small documents: Markdown, text and one record file; all of them old enough to be believed."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03d}.md").write_text(_text(number), encoding="utf-8")
    rows = (f'{{"id": "{number}", "text": "Record {number} of the {_subject(number)}."}}\n' for number in range(10))
    (folder / "records.jsonl").write_text("".join(rows), encoding="utf-8")
    make_old(folder)


def change_documents(folder: Path) -> None:
    """Remove some, change some, add some."""
    for number in range(0, 24, 5):
        (folder / f"{number:03d}.md").unlink()
    for number in range(1, 24, 5):
        (folder / f"{number:03d}.md").write_text(_text(number + 500), encoding="utf-8")
    for number in range(100, 106):
        (folder / f"{number:03d}.md").write_text(_text(number), encoding="utf-8")
    make_old(folder)


def make_old(folder: Path) -> None:
    """Set the times of all files to long ago, which a ledger believes at once."""
    for path in folder.rglob("*"):
        os.utime(path, (OLD, OLD))


def _subject(number: int) -> str:
    return _SUBJECTS[number % len(_SUBJECTS)]


def _text(number: int) -> str:
    paragraphs = [
        f"The {_subject(number)} of section {section} was inspected {number + section} times; the {_subject(section)} "
        f"beside it answered to code {number * 31 + section * 7}."
        for section in range(3)
    ]
    body = "\n\n".join(f"## Section {section}\n\n{text}" for section, text in enumerate(paragraphs))
    return f"# Report {number}\n\n{body}\n"


if __name__ == "__main__":
    from embedctl.cli.run import main

    make_small()
    if os.environ.get(ENCODED):
        count_encoded(Path(os.environ[ENCODED]))
    if os.environ.get(READY):
        os.write(int(os.environ[READY]), b"!")
    main()
