"""Any query, filter and flag is safe: an answer, or exit code 2 and a sentence; no traceback, and no hang."""

from __future__ import annotations

import faulthandler
import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import fuzzing
import pytest
from fuzzing import check, check_answer, ran, typed
from tally import Tally, counted

import embedctl
from embedctl.config import FilterConfig, FusionName, QueryConfig, RankingRequest, SettingsRequest
from embedctl.encoders import card
from embedctl.errors import UsageError

LONGEST = 30
"""Seconds after which a question counts as one that hangs."""
SEED = 20_261_121


@contextmanager
def watched() -> Iterator[None]:
    """Turn a hang into a failure: of Python code by an exception, of anything else by a traceback and an end."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"no answer after {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    faulthandler.dump_traceback_later(2 * LONGEST, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def make_corpus(docs: Path) -> None:
    """Write documents whose texts, names and metadata are as odd as the questions."""
    docs.mkdir()
    front = "---\nyear: 2024\nratio: 0.5\ntags: [a, b]\ndeep: {x: {y: 1}}\nodd field: yes\na.b: dot\nempty:\n---\n\n"
    body = "# Keys\n\nKeys are rotated every ninety days. A lost key is found in the vault.\n\n"
    (docs / "keys.md").write_text(front + body * 12, encoding="utf-8")
    (docs / "steering.txt").write_text(
        "A key \x1b[31mred\x1b[0m \x9b2J \u202eyek\u202c \u2066vault\u2069.\n", encoding="utf-8"
    )
    (docs / "many.txt").write_text("キーの検索 مفتاح מפתח กุญแจ ключ 👨‍👩‍👧‍👦 e\u0301 key\n", encoding="utf-8")
    (docs / "long.txt").write_text("a" * 3_000 + " key " + "b" * 3_000 + "\n", encoding="utf-8")
    (docs / "rotate.py").write_text("def rotate(key):\n    return key\n", encoding="utf-8")
    (docs / "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.md").write_text("A long name of a key.\n", encoding="utf-8")
    for name in (
        "[odd] name*.txt",
        "\u202efdp.txt",
        "tab\tname.txt",
        "-n.txt",
        "new\nline.txt",
        "emoji👍.txt",
        "\x1b[31m.txt",
    ):
        (docs / name).write_text(
            f"The night backup of {len(name)} keys, and the seal of the vault.\n", encoding="utf-8"
        )
    rows = [{"id": f"r{at}", "text": f"Bird {at} over the vault at night.", "n": at, "big": 10**18} for at in range(40)]
    (docs / "birds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Iterator[embedctl.Store]:
    """A small store, its folder the working directory, and a model that is held loaded."""
    folder = tmp_path_factory.mktemp("fuzzed")
    make_corpus(folder / "docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _held = card(str(small_model)).open()
        store = embedctl.create(folder / ".embedctl")
        store.index([folder / "docs"], settings=SettingsRequest(model=str(small_model)))
        yield store


def fuzzed_command(seed: int, folder: Path) -> None:
    asked = typed(random.Random(seed), folder)
    with watched():
        outcome = ran(asked.arguments, asked.stdin)
    check(asked, outcome, schema=seed % 8 == 0)


def fuzzed_question(seed: int, store: embedctl.Store) -> None:
    """The library, with numbers that the command line may not pass on."""
    chance = random.Random(seed)

    def count() -> int:
        return chance.choice([10, 1, 2, 50, 10**9, 0, -1, 10**30])

    def weight() -> float:
        return chance.choice([1.0, 0.5, 0.0, 1e300, 1e-300, -1.0, float("inf"), float("nan")])

    texts = tuple(fuzzing.glob(chance) for _ in range(chance.choice([0, 0, 0, 1, 2])))
    where = fuzzing.condition(chance) if chance.random() < 0.2 else ""
    cosine = chance.choice([None, None, 0.5, float("nan"), float("-inf"), 2.0])
    bm25 = chance.choice([None, None, 0.5, float("nan"), float("inf")])
    config = QueryConfig(
        mode=chance.choice(["hybrid", "bm25", "dense"]),
        n=count() if chance.random() < 0.3 else 10,
        max_per_file=chance.choice([0, 0, 1, 2, -1]),
        ef=chance.choice([None, None, 1, 10**9, 0, 10**40]),
        min_scores={arm: least for arm, least in (("dense", cosine), ("bm25", bm25)) if least is not None},
        ranking=RankingRequest(
            candidates=count() if chance.random() < 0.3 else None,
            fusion=chance.choice([None, *get_args(FusionName)]),
            rrf_k=chance.choice([None, 60, 0, 10**9, -1, 10**40]),
            weights={"bm25": weight(), "dense": weight()},
            title=chance.choice([None, weight()]),
            rm3=chance.choice([None, True]),
            rocchio=chance.choice([None, True]),
        ),
        filter=FilterConfig(paths=texts, where=where),
    )
    text = fuzzing.text(chance)
    with watched():
        try:
            answers = list(store.query_many([text, "key"], config)) if seed % 7 == 0 else [store.query(text, config)]
        except UsageError as error:
            assert error.message.endswith((".", "?"))  # noqa: PT017
            return
    for answer in answers:
        check_answer(fuzzing.parsed(json.dumps(answer.to_json())), {"n": config.n}, schema=seed % 8 == 0)


def fuzz(seeds: range, store: embedctl.Store, folder: Path, tally: Tally) -> float:
    """Ask a question for each seed; return how long the slowest took."""
    slowest = 0.0
    for seed in seeds:
        start = time.perf_counter()
        with tally.one():
            try:
                if seed % 10 < 3:
                    fuzzed_command(seed, folder)
                else:
                    fuzzed_question(seed, store)
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
        slowest = max(slowest, time.perf_counter() - start)
    return slowest


def test_any_question_is_safe(store: embedctl.Store, tmp_path: Path) -> None:
    fuzz(range(SEED, SEED + 1_000), store, tmp_path, Tally(""))


@pytest.mark.long
def test_a_hundred_thousand_questions_are_safe(store: embedctl.Store, tmp_path: Path, results: Path | None) -> None:
    with counted(
        "Questions, filters and flags made up at random, each answered or refused in a sentence", results
    ) as tally:
        slowest = fuzz(range(100_000), store, tmp_path, tally)
    sys.stderr.write(f"the slowest took {slowest:.2f} s\n")
