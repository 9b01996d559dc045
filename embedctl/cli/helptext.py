"""How help looks: examples on top, then a panel for each group of options. Without rich, whose import takes 0.08 s."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .screen import is_terminal
from .styled import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.core import TyperCommand as _Base
else:
    _Base = object

ARGUMENTS, COMMON, COMMANDS, EXAMPLES = "Arguments", "Common", "Commands", "Examples"
_WIDEST_FLAG = 30
"""Columns of the names of an option; longer ones have a line of their own."""


class Paneled(_Base):
    """Mixed into commands and groups of typer: replaces the parts of the plain help that know no panels."""

    examples: tuple[str, ...] = ()

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line; typer puts what is required into braces."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write examples, and what the command does."""
        if self.examples:
            _panel(formatter, EXAMPLES, self.examples)
        super().format_help_text(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the parameters, a panel for each group, in the order of the command's signature; common ones last."""
        panels: dict[str, list[tuple[str, str]]] = {}
        commands = vars(self).get("commands", {})  # of a group
        if commands:
            panels[COMMANDS] = [(name, command.get_short_help_str(200)) for name, command in commands.items()]
        parameters: list[Any] = self.get_params(ctx)
        for parameter in parameters:
            record = parameter.get_help_record(ctx)
            if record is not None:
                name = parameter.rich_help_panel or (ARGUMENTS if parameter.param_type_name == "argument" else COMMON)
                panels.setdefault(name, []).append((record[0], record[1].partition("  [")[0]))  # limits are for errors
        panels[COMMON] = panels.pop(COMMON)  # last
        width = min(max(len(names) for rows in panels.values() for names, _ in rows), _WIDEST_FLAG)
        for name, rows in panels.items():
            inner = type(formatter)(width=formatter.width - 4)
            inner.write_dl([(names.ljust(width), text) for names, text in rows])
            _panel(formatter, name, inner.getvalue().splitlines())


def _panel(formatter: Any, title: str, lines: Sequence[str]) -> None:
    """Write lines below a title; in a box where they go to a terminal."""
    formatter.write_paragraph()
    if not is_terminal(sys.stdout):
        formatter.write("".join([f"{title}:\n", *(f"  {line}\n" for line in lines)]))
        return
    width = max(formatter.width - 2, *(cells(line) + 2 for line in lines))
    formatter.write(f"╭─ {title} {'─' * (width - len(title) - 3)}╮\n")
    for line in lines:
        formatter.write(f"│ {line}{' ' * (width - 2 - cells(line))} │\n")
    formatter.write(f"╰{'─' * width}╯\n")
