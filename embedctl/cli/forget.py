"""``forget``: a source, file or document leaves the store."""

from typing import Annotated

from .common_options import CommonOptions, WriteOptions
from .grouped import Argument

EXAMPLES = ("embedctl forget docs", "embedctl forget docs/old/plan.md", "embedctl forget 'mail:inbox.jsonl#17' --json")


def forget(
    targets: Annotated[list[str], Argument("NAME|PATH|ID", "Names of sources, paths, ids of documents.")],
    write: WriteOptions,
    common: CommonOptions,
) -> int:
    """Remove sources, files or documents from the store.

    Their text leaves every file of the store at once; the files that it came from are not touched. A forgotten file
    stays out of its source; index its path to bring it back.
    """
    store = common.opened()
    return write.finish(store.forget(targets, wait=write.wait), store, common)
