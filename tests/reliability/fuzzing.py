"""Hostile questions: what may be typed, what may come in a file, and what must be true of every outcome.

Flags are drawn from the parameters that typer knows, so that a new flag is fuzzed without a word here.
"""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from typer.core import TyperOption

from embedctl.cli.app import built
from embedctl.cli.run import run

sys.path.append(str(Path(__file__).parents[1] / "cli"))
from schemas import validate

WORDS = [
    *("key", "keys", "vault", "lost", "rotate", "ninety", "days", "the", "of", "seal", "night", "backup"),
    *("vault's", "well-known", "résumé", "naïve", "検索", "キー"),
]
ATOMS = [
    *("AND", "OR", "NOT", "&&", "||", "!", "+", "-", "--", "---", "-x", "--json", "-n", "~2", "^3", "*", "?", ":"),
    *(
        "(",
        ")",
        "((",
        "))",
        "[a TO b]",
        "{",
        "}",
        "<",
        ">",
        '"',
        '""',
        "'",
        "`",
        "“",
        "”",
        "«",
        "»",
        "„",
        "‟",
        "\uff02",
    ),
    *("\\", "\\\\", "\\u0000", "%00", "${HOME}", "$(id)", "`id`", "; rm -rf /", "| cat", "&", "#", "//", "../../etc"),
    *("' OR 1=1 --", "DROP TABLE chunks;", '{"a": [1', "<script>", "]]>", "&lt;", "(a+)+$", "[z-a]", "(?P<x", "\\1"),
    *("C++", "C#", ".NET", "foo.bar(baz)", "a_b_c", "getHTTPResponse", "192.168.0.1", "1e999", "nan", "v1.2.3-rc.1"),
    *("\0", "\x01", "\x1b[31m", "\x9b31m", "\r", "\n", "\t", "\v", "\f", "\x7f", "\x85", "\u2028", "\u200b", "\ufeff"),
    *("\udc80", "\udcff", "\ud800", "\udfff", "\ufffd", "\uffff", "\U0010ffff", "\U000e0001", "\U000f0000"),
    *("\u202e", "\u2066", "\u2069", "\u200f", "شهادة", "מפתח", "ключ", "กุญแจ", "열쇠", "ﷺ", "ﬁ", "İ", "ß", "ǅ", "²"),
    *("👨‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301", "\u0301", "a" + "\u0301" * 40, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢"),
]
FILLERS = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "is",
    "in",
    "that",
    "it",
    "was",
    "for",
    "on",
    "are",
    "as",
    "with",
    "from",
    "or",
]
FIELDS = ["year", "tags", "title", "path", "size", "mtime", "record", "a.b", "`odd field`", "deep.x", "ratio", "x"]


class Typed(NamedTuple):
    """A command line, what comes in on stdin, and what was meant."""

    arguments: list[str]
    stdin: bytes
    command: str
    given: dict[str, Any]
    loose: bool
    """A text may have been taken for a flag, so that only the exit code can be told."""


@dataclass
class Outcome:
    """What a command did."""

    code: int
    out: bytes
    err: bytes
    lines: list[str] = field(default_factory=list)


def flood(chance: random.Random) -> str:
    """Return a lot of one thing."""
    what = chance.choice([*ATOMS, *WORDS, "a", " ", '"a" ', "-a ", '"', "a b", "key "])
    most = 1_000_000 if chance.random() < 0.01 else 2_000
    return what * max(1, int(chance.random() ** 4 * most / len(what)))


def text(chance: random.Random) -> str:
    """Return anything that somebody may look for."""
    kind = chance.randrange(8)
    if kind == 0:
        return flood(chance)
    if kind == 1:
        return " ".join("-" + chance.choice(WORDS) for _ in range(chance.randint(1, 5)))
    if kind == 2:
        return " ".join(chance.choices(FILLERS, k=chance.randint(1, 8)))
    if kind == 3:
        return "".join(chr(_code_point(chance)) for _ in range(chance.randint(0, 40)))
    pieces = chance.choices(WORDS + ATOMS if kind < 7 else WORDS, k=chance.randint(0, 9))
    return chance.choice(["", " ", " ", " ", "-", '"']).join(pieces)


def _code_point(chance: random.Random) -> int:
    ranges = [(0, 0x7F), (0, 0x2FF), (0x300, 0x36F), (0x590, 0x6FF), (0x2000, 0x206F), (0, 0x10FFFF)]
    return chance.randint(*chance.choice(ranges))


def number(chance: random.Random) -> str:
    """Return what may be taken for a number, and may be one."""
    few = ["0", "1", "-1", "2", "3", "10", "60", "0.5", "1e3", "1e400", "-1e400", "nan", "inf", "-inf", "-0", "", " 7 "]
    more = ["9" * 30, "9" * 5_000, "1_000", "0x10", "٣", "²", "2147483647", "2147483648", "1e-320", "ten", ".", "+5"]
    return chance.choice(few if chance.random() < 0.8 else more)


def condition(chance: random.Random, depth: int = 0) -> str:
    """Return a ``--where`` expression, most often a right one."""
    if depth == 0 and (kind := chance.random()) < 0.25:
        if kind < 0.05:
            return text(chance)
        if kind < 0.08:
            return chance.choice(["(", "not ", "not(", "((not "]) * chance.choice([3, 99, 101, 1_000, 100_000])
        whole = condition(chance, 1)
        cut, back = sorted(chance.choices(range(len(whole) + 1), k=2))
        between = chance.choice([*ATOMS, " and ", " or ", "(", ")", ""])
        return whole[:cut] + between + whole[back if kind < 0.2 else cut :]
    if depth < 3 and chance.random() < 0.4:
        joined = chance.choice([" and ", " or ", " AND ", "\nor\n"])
        return "(" + joined.join(condition(chance, depth + 1) for _ in range(chance.randint(1, 3))) + ")"
    name = chance.choice(FIELDS)
    kind = chance.randrange(7)
    if kind == 0:
        return f"not {name}"
    if kind == 1:
        return f"{name} is {chance.choice(['', 'not '])}null"
    if kind == 2:
        listed = ", ".join(_literal(chance) for _ in range(chance.randint(1, 4)))
        return f"{name} {chance.choice(['', 'not '])}in ({listed})"
    if kind == 3:
        pieces = ["%", "_", "*", "?", "[", "]", "!", "a", "e", "\\", "(", "%a" * 30, "*a" * 30]
        wild = "".join(chance.choices(pieces, k=6))
        return f"{name} {chance.choice(['like', 'glob', 'not like'])} '{wild}'"
    if kind == 4:
        return f"{name} contains {_literal(chance)}"
    return f"{name} {chance.choice(['=', '==', '!=', '<>', '<', '<=', '>', '>='])} {_literal(chance)}"


def _literal(chance: random.Random) -> str:
    kind = chance.randrange(4)
    if kind == 0:
        return chance.choice(["true", "false", "null", "TRUE"])
    if kind == 1:
        return number(chance)
    quote = chance.choice("'\"")
    return quote + text(chance)[:200].replace(quote, quote * 2) + quote


def glob(chance: random.Random) -> str:
    """Return a path pattern, or what looks like one."""
    if chance.random() < 0.1:
        floods = [
            "*" * 10_000,
            "*a" * 3_000,
            "**/" * 2_000,
            "**/a/" * 500,
            "[" * 999,
            "[" * 99_999,
            "a*" * 40 + "b",
            "!" * 50,
        ]
        return chance.choice(floods)
    pieces = ["*", "**", "/", "a", "docs", ".md", "?", "[", "]", "[a-z]", "[!a]", "[z-a]", "[]", "!", "#", "\\", "{a}"]
    return "".join(chance.choices([*pieces, *(["**/", "*"] * 3), chance.choice(ATOMS)], k=chance.randint(0, 7)))


def value(chance: random.Random, parameter: TyperOption, folder: Path) -> str:
    """Return a value for one option, by its name and type."""
    name, kind = named(parameter), parameter.type
    if hasattr(kind, "choices") and chance.random() < 0.95:
        return str(chance.choice(list(kind.choices)))
    if kind.name.startswith(("int", "float")):
        return chance.choice(["1", "2", "5", "50"]) if chance.random() < 0.6 else number(chance)
    if name == "queries":
        return str(query_file(chance, folder))
    if parameter.metavar in ("FILE", "DIR"):
        inside = [
            str(folder / "found.parquet"),
            str(folder / "found.txt"),
            str(folder / text(chance)[:9].replace("/", "")),
        ]
        return chance.choice([*_OUTPUTS, *inside, "x" * 300])
    if name == "where":
        return condition(chance)
    if name == "path":
        return glob(chance)
    if name in ("type", "source") and chance.random() < 0.7:
        return chance.choice(["md", ".txt", "python", "text/*", "jsonl", "docs", "*/*", "[", "de", ""])
    return text(chance)[:2_000]


_OUTPUTS = ["/dev/null", ".", "/", "no/such/folder/x", ""]


def query_file(chance: random.Random, folder: Path) -> Path | str:
    """Write a file of queries, some of them broken, and return its path; or one that is none."""
    if chance.random() < 0.1:
        return chance.choice(["-", ".", "/dev/null", "no/such/file", "x" * 300, "a\0b", ""])
    ending = chance.choice([".jsonl", ".tsv", ".txt", "", ".ndjson"])
    lines: list[bytes] = []
    for at in range(chance.randint(0, 6)):
        said = text(chance)[:3_000].encode("utf-8", "surrogatepass")
        name = chance.choice([at, str(at), "same", None, 1.5, text(chance)[:20]])
        row: dict[str, Any] = {"_id": name, "text": text(chance)[:500]}
        rows = [said, b"%d\t%s" % (at, said), json.dumps(row).encode(), json.dumps({"query": at}).encode()]
        rows += [b"[" * 100_000, b'{"text": "' + said, b'{"text": "\\ud800"}', b"\xff\xfe", b"\0", b""]
        rows += [b"9" * 5_000, b'{"text": NaN}']
        lines.append(chance.choice(rows[:3] if chance.random() < 0.8 else rows))
    path = folder / f"asked{ending}"
    mark = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""
    path.write_bytes(mark + chance.choice([b"\n", b"\r\n"]).join(lines))
    return path


def named(parameter: TyperOption) -> str:
    """Return the longest spelling of a flag as a name."""
    return parameter.opts[-1].lstrip("-").replace("-", "_")


def typed(chance: random.Random, folder: Path) -> Typed:
    """Return a command line that asks something."""
    command = chance.choice([*["query"] * 8, "show", "status"])
    seldom = ("refresh", "store", "queries", "output", "format", "query_id", "progress", "query_encoder", "runtime")
    given: dict[str, Any] = {}
    arguments: list[str] = []
    for parameter in built(command).params:
        if not isinstance(parameter, TyperOption) or chance.random() > (0.03 if named(parameter) in seldom else 0.15):
            continue
        flag = chance.choice([*parameter.opts, *parameter.secondary_opts])
        for _ in range(chance.randint(1, 3) if parameter.multiple else 1):
            if parameter.is_flag:
                arguments.append(flag)
                given[named(parameter)] = True
                continue
            told = value(chance, parameter, folder)
            given[named(parameter)] = told
            arguments += [f"{flag}={told}"] if flag.startswith("--") and chance.random() < 0.5 else [flag, told]
    if "mode" not in given and command == "query" and chance.random() < 0.3:
        given["mode"] = "bm25"
        arguments += ["-m", "bm25"]
    loose, stdin = False, b""
    if command == "query" and ("queries" not in given or chance.random() < 0.1):
        texts = [text(chance) for _ in range(chance.choice([1, 1, 1, 2, 3, 0]))]
        loose = chance.random() < 0.1
        arguments = [*texts, *arguments] if loose else [*arguments, "--", *texts]
        stdin = text(chance).encode("utf-8", "surrogatepass")
    elif command == "show":
        ids = ["docs:keys.md", "keys.md#0", "docs/keys.md", "birds.jsonl#r1#0", ""]
        arguments += ["--", chance.choice([*ids, f"docs:keys.md#{number(chance)}", text(chance)])]
    elif given.get("queries") == "-":
        stdin = b"".join(text(chance).encode("utf-8", "surrogatepass") + b"\n" for _ in range(3))
    return Typed([command, *arguments], stdin, command, given, loose)


def ran(arguments: list[str], stdin: bytes) -> Outcome:
    """Run a command line in this process, with streams as a shell gives them."""
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin, sys.stdout, sys.stderr = (io.TextIOWrapper(stream) for stream in (io.BytesIO(stdin), out, err))
    try:
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        return Outcome(code, out.getvalue(), err.getvalue())
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def check(asked: Typed, outcome: Outcome, schema: bool = True) -> None:
    """Raise unless a command answered, or said in a finished sentence what is wrong with it."""
    told = outcome.err.decode()
    for never in ("Traceback", "bug in embedctl", "Unexpected", "\x1b"):
        assert never not in told
    allowed = {0, 2} | ({10} if "store" in asked.given else set()) | ({3} if "queries" in asked.given else set())
    if asked.given.get("query_encoder") == "student" or asked.loose:
        allowed |= {5, 10, 3}
    assert outcome.code in allowed, f"exit code {outcome.code}: {told}"
    if outcome.code in (2, 10, 5):
        assert outcome.out == b""
        assert told.startswith("embedctl: ") or ("refresh" in asked.given and "\nembedctl: " in told), told
        assert told.rstrip().endswith((".", "?", ")", "^", '"')), told
    elif not asked.loose and asked.command == "query":
        check_query(asked, outcome, schema)
    elif not asked.loose and asked.given.get("json"):
        validate(asked.command, parsed(outcome.out.decode()))


def check_query(asked: Typed, outcome: Outcome, schema: bool) -> None:
    """Raise unless the output is in the format that was asked for."""
    given, out = asked.given, outcome.out
    form = next((name for name in ("json", "jsonl") if name in given), given.get("format", "text"))
    if {"files", "null"} & given.keys():
        return
    written = out.decode()
    if "queries" in given:
        if "output" not in given and form != "trec":
            for line in written.splitlines() if written.isascii() else written.split("\n")[:-1]:
                check_answer(parsed(line), given, schema)
    elif form == "json":
        check_answer(parsed(written), given, schema)
    elif form == "jsonl":
        hits = [parsed(line) for line in written.split("\n")[:-1]]
        check_hits(hits, given)
        if schema:
            for hit in hits:
                validate("hit", hit)
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(written, newline="")))
        assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
    elif form == "trec":
        rows = [line.split(" ") for line in written.split("\n")[:-1]]
        assert all(len(row) == 6 and row[1] == "Q0" for row in rows)
        assert [row[3] for row in rows] == [str(rank) for rank in range(1, len(rows) + 1)]
    else:
        assert not {"\x1b", "\x9b", "\u202e", "\0"} & set(written)


def check_answer(answer: dict[str, Any], given: dict[str, Any], schema: bool) -> None:
    """Raise unless an answer is what the schema says, and its hits are in order."""
    if schema:
        validate("query", answer)
    assert not answer["degraded"]
    check_hits(answer["hits"], given)


def check_hits(hits: list[dict[str, Any]], given: dict[str, Any]) -> None:
    """Raise unless ranks count from 1, scores fall, thresholds hold and no limit is passed."""
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert len({hit["id"] for hit in hits}) == len(hits) <= int(given.get("number", 10))
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    for hit in hits:
        assert all(rank is None or rank >= 1 for rank in hit["ranks"].values())
        assert any(rank for rank in hit["ranks"].values())
        for name in ("bm25", "cosine"):
            if (least := given.get(f"min_{name}")) is not None:
                assert hit["scores"][name] >= float(least) - 1e-5
    most = int(given.get("max_per_file", 0))
    assert not most or max(Counter((hit["source"], hit["doc_id"]) for hit in hits).values(), default=0) <= most


def parsed(written: str) -> Any:
    """Read JSON as strictly as its definition is: no NaN, no infinity, no half characters."""
    written.encode()

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(written, parse_constant=refuse)
