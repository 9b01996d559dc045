"""``query --queries``: many queries, answered to a stream or a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EXIT_OK, EXIT_SOME_FAILED
from .output import emit, new_file, note, write_text
from .relative_paths import Nearby

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..api import Store
    from ..config import QueryConfig
    from ..query.answer import Answer
    from ..query.query_file import Problem, QueryFile, QueryStream
    from .query_options import BatchRequest

STDIN = "-"


def query_batch(store: Store, batch: BatchRequest, config: QueryConfig) -> int:
    """Answer the queries of a file or stdin; return 3 where lines of stdin were no queries and were left out."""
    left_out: list[Problem] = []

    def tell(problem: Problem) -> None:
        left_out.append(problem)
        note(f"embedctl: Left out {problem}.")

    nearby = Nearby(store.path.parent)
    told: set[str] = set()

    def heard(answer: Answer) -> Answer:
        """Tell of damage once, whatever the format of the answers."""
        new = [warning for warning in answer.warnings if warning not in told] if answer.degraded else []
        told.update(new)
        for warning in new:
            note(f"embedctl: {warning}")
        return nearby.answer(answer)

    answers = map(heard, store.query_many(_source(batch.queries, tell), config))
    if batch.target is None:
        for text in _lines(answers, batch):
            emit(text)
    elif batch.form == "parquet":
        from .parquet_output import write_parquet

        with new_file(batch.target) as path:
            write_parquet(path, answers)
    else:
        write_text(batch.target, _lines(answers, batch))
    return EXIT_SOME_FAILED if left_out else EXIT_OK


def _source(queries: str, tell: Callable[[Problem], None]) -> QueryFile | QueryStream:
    from ..query.query_file import QueryFile, QueryStream

    path = Path(queries)
    if queries == STDIN:
        return QueryStream(sys.stdin.buffer, tell)
    if path.exists() and not path.is_file() and not path.is_dir():  # a named pipe, or the shell's <(command)
        return QueryStream(path, tell)
    return QueryFile(path)


def _lines(answers: Iterable[Answer], batch: BatchRequest) -> Iterator[str]:
    from .views import formats

    for answer in answers:
        if batch.form == "trec":
            yield formats.trec(answer, answer.query_id or "")
        else:
            yield formats.line(answer, batch.explain)
