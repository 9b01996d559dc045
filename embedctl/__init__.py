"""embedctl: turn folders and record files into a hybrid search index, and answer questions from it.

>>> import embedctl
>>> store = embedctl.open("notes/.embedctl")          # or embedctl.create(...)
>>> report = store.index(["notes"])                   # ingest, chunk, embed, index
>>> answer = store.query("how do I rotate keys", n=5)
>>> answer.hits[0].path, answer.hits[0].start_line, answer.hits[0].scores
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Store, create, open  # noqa: A004, I001
    from .config import FilterConfig, QueryConfig, RankingRequest, RecordFields, RuntimeConfig, SettingsRequest
    from .config import SourceRequest, WalkRules
    from .config.measuring import AnnConfig, EvaluationConfig, InspectConfig, ReportConfig, SyntheticConfig, TuneConfig
    from .errors import EmbedctlError
    from .records import Hit
    from .query.answer import Answer

__version__ = "0.1.0"
_HOMES = {
    ".api": "Store create open",
    ".config": "FilterConfig QueryConfig RankingRequest RecordFields RuntimeConfig SettingsRequest SourceRequest "
    "WalkRules",
    ".config.measuring": "AnnConfig EvaluationConfig InspectConfig ReportConfig SyntheticConfig TuneConfig",
    ".errors": "EmbedctlError",
    ".records": "Hit",
    ".query.answer": "Answer",
}
# fmt: off
__all__ = [
    "AnnConfig", "Answer", "EmbedctlError", "EvaluationConfig", "FilterConfig", "Hit", "InspectConfig",
    "QueryConfig", "RankingRequest", "RecordFields", "ReportConfig", "RuntimeConfig", "SettingsRequest",
    "SourceRequest", "Store", "SyntheticConfig", "TuneConfig", "WalkRules", "__version__", "create", "open",
]
# fmt: on


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names.split():
            return getattr(import_module(module, __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
