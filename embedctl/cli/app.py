"""The table of commands."""

from typing import Annotated

import typer

from .. import __version__
from .chunk import chunk
from .embed import embed
from .forget import forget
from .grouped import grouped
from .index import index
from .ingest import ingest
from .output import emit
from .query import query
from .show import show
from .status import status

COMMANDS = (index, query, status, show, forget, ingest, chunk, embed)

app = typer.Typer(
    name="embedctl",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        emit(f"embedctl {__version__}\n")
        raise typer.Exit


@app.callback()
def embedctl(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn folders and record files into a hybrid search index, and answer questions from it, offline.

    Start with: embedctl index DOCS, then: embedctl query "how do I rotate keys"
    """


for command in COMMANDS:
    app.command(name=command.__name__)(grouped(command))
