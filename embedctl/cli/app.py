"""The table of commands. A command's module is imported when the command is called, or its help asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from .. import __version__
from .completion import install_completion, show_completion
from .grouped import grouped
from .output import emit

COMMANDS = (
    "index",
    "query",
    "eval",
    "status",
    "show",
    "forget",
    "doctor",
    "inspect",
    "report",
    "ingest",
    "chunk",
    "embed",
    "distill",
    "tune",
)


class _Commands(click.Group):
    """The commands, each imported and built when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, ``None`` where there is none of that name."""
        del ctx
        return self.built(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that ``args`` begin with, and the rest of them."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # knows only those that were built
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def built(self, cmd_name: str) -> click.Command:
        """Return one of ``COMMANDS``, imported and built the first time."""
        if cmd_name not in self.commands:
            module = import_module(f".{cmd_name}", __package__)
            self.commands[cmd_name] = grouped(getattr(module, cmd_name))
        return self.commands[cmd_name]


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        emit(f"embedctl {__version__}\n")
        context.exit()


def _flag(name: str, callback: Any, text: str) -> click.Option:
    return click.Option([name], is_flag=True, is_eager=True, expose_value=False, callback=callback, help=text)


app = _Commands(
    name="embedctl",
    no_args_is_help=True,
    help="""Turn folders and record files into a hybrid search index, and answer questions from it, offline.

    Start with: embedctl index DOCS, then: embedctl query "how do I rotate keys"
    """,
    params=[
        _flag("--version", _version, "Show the version and exit."),
        _flag("--install-completion", install_completion, "Install completion for the shell you are in."),
        _flag("--show-completion", show_completion, "Print what that would install."),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
