"""Shell completion: the script that asks ``embedctl`` for what fits, and where each shell looks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from typer.completion import get_completion_script  # type: ignore[attr-defined]

from ..errors import UsageError
from .output import emit, note

VARIABLE = "_EMBEDCTL_COMPLETE"


class _Place(NamedTuple):
    """Where a shell wants its script, below the home folder, and what must be in a file of its own to load it."""

    script: str
    startup: str | None = None
    lines: str = ""


_PLACES = {
    "bash": _Place(".bash_completions/embedctl.sh", ".bashrc", "source ~/.bash_completions/embedctl.sh\n"),
    "zsh": _Place(".zfunc/_embedctl", ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit\n"),
    "fish": _Place(".config/fish/completions/embedctl.fish"),
}


def show_completion() -> None:
    """Print the script for the shell that this runs in."""
    emit(_script(_shell()) + "\n")


def install_completion() -> None:
    """Write the script to where the shell finds it."""
    shell = _shell()
    place = _PLACES[shell]
    script = Path.home() / place.script
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(_script(shell) + "\n", encoding="utf-8")
    if place.startup:
        startup = Path.home() / place.startup
        present = startup.read_text(encoding="utf-8", errors="replace") if startup.exists() else ""
        if place.lines not in present:
            with startup.open("a", encoding="utf-8") as stream:
                stream.write(f"{'' if present.endswith(chr(10)) or not present else chr(10)}{place.lines}")
    note(f"embedctl: Completion for {shell} is installed in {script}; open a new terminal to have it.")


def _shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _PLACES:
        raise UsageError(
            f'There is no completion for the shell "{name}".' if name else "The variable SHELL names no shell.",
            f"Set SHELL to one of: {', '.join(_PLACES)}.",
        )
    return name


def _script(shell: str) -> str:
    return get_completion_script(prog_name="embedctl", complete_var=VARIABLE, shell=shell)
