"""The table of commands. A command's module is imported when the command is called, or its help asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.completion import completion_init  # type: ignore[attr-defined]
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from .. import __version__
from .completion import install_completion, show_completion
from .helptext import Paneled
from .output import emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from .grouped import Command

COMMANDS = {
    "index": "Make files and folders searchable, or refresh the index.",
    "query": "Print the best chunks for a text.",
    "eval": "Measure how good the answers to judged queries are: of each arm, and of every fusion.",
    "status": "Print what the store holds and what is pending.",
    "arm": "Add, list, remove and choose the arms that queries ask.",
    "show": "Print a document or chunk with its place.",
    "forget": "Remove sources, files or documents from the store.",
    "doctor": "Look for damage in the store, and repair it.",
    "inspect": "Examine the health of the embeddings, and suggest what to do about it.",
    "report": "Write a page about the store to look at in a browser: one file, which loads nothing.",
    "ingest": "Run stage 1 alone: read sources into documents/.",
    "chunk": "Run stage 2 alone: cut documents into chunks/.",
    "embed": "Run stage 3 alone: embed chunks into embeddings/.",
    "distill": "Distil a fast encoder from the model, on the store's own chunks.",
    "tune": "Fit the ranking to judged queries of your own, and keep it if it is better on queries held out.",
}
"""Names, in the order of the help, and the first sentence of each: the list of commands imports none of them."""


class Commands(Paneled, TyperGroup):
    """A group of commands; their help is plain text, with panels."""


@cache
def built(name: str) -> Command | Commands:
    """Return one of ``COMMANDS``, imported and built the first time."""
    from .grouped import grouped

    module = import_module(f".{name}", __package__)
    if not hasattr(module, "SUBCOMMANDS"):
        return grouped(getattr(module, name), module.EXAMPLES)
    commands = [
        grouped(one, [example for example in module.EXAMPLES if example.split()[2] == one.__name__.strip("_")])
        for one in module.SUBCOMMANDS
    ]
    group = Commands(name=name, no_args_is_help=True, help=module.HELP, rich_markup_mode=None)
    for command in commands:
        group.add_command(command)
    group.examples = module.EXAMPLES
    return group


class _Lazy(TyperCommand):
    """Takes the place of a command until there are arguments: to run it, to complete it or to show its help."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the command itself."""
        return built(str(self.name)).make_context(info_name, args, parent, **extra)


def _version() -> None:
    emit(f"embedctl {__version__}\n")


def _flag(name: str, act: Callable[[], None], text: str) -> Any:
    """Return a flag that acts instead of a command."""

    def called(context: typer.Context, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            act()
            raise typer.Exit

    return typer.Option(name, callback=called, is_eager=True, help=text)


def _main(
    version: Annotated[bool, _flag("--version", _version, "Show the version and exit.")] = False,
    install: Annotated[
        bool, _flag("--install-completion", install_completion, "Install completion for the shell you are in.")
    ] = False,
    show: Annotated[bool, _flag("--show-completion", show_completion, "Print what that would install.")] = False,
) -> None:
    """Turn folders and record files into a hybrid search index, and answer queries from it, offline.

    Start with: embedctl index DOCS, then: embedctl query "how do I rotate keys"
    """


def _app() -> TyperGroup:
    maker = typer.Typer(
        name="embedctl",
        cls=Commands,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    maker.callback()(_main)
    group = get_command(maker)
    assert isinstance(group, TyperGroup)
    for name, summary in COMMANDS.items():
        group.add_command(_Lazy(name, short_help=summary, rich_markup_mode=None))
    completion_init()
    return group


app = _app()
