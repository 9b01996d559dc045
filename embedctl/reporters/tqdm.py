"""Progress by tqdm: for notebooks and scripts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from . import Bar

if TYPE_CHECKING:
    from collections.abc import Iterator


class TqdmReporter:
    """A bar for each stage that has something to do; a widget in a notebook."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Bar]:
        """Show a bar while the stage runs, and leave it there."""
        with tqdm(total=total, desc=name, unit=f" {unit}", disable=total == 0) as bar:
            yield Bar(bar.update)

    def message(self, kind: str, text: str) -> None:
        """Print everything but details above the bars."""
        if kind != "detail":
            tqdm.write(f"{kind}: {text}" if kind == "warning" else text, file=sys.stderr)
