"""Settings as frozen dataclasses: the only place where a default value is written.

What evaluation, tuning, inspection and the report are set by is imported from its own module: making a class takes a
millisecond, and no query needs these.
"""

from .building import (
    DEFAULT_MODEL,
    TEXT_FIELD,
    ArmSettings,
    ChunkConfig,
    DistillConfig,
    FieldSettings,
    FitConfig,
    HnswBuild,
    HnswConfig,
    Ocr,
    RecordFields,
    RuntimeConfig,
    Secrets,
    SettingsRequest,
    SourceRequest,
    StoreSettings,
    WalkRules,
    digest,
)
from .limits import PARQUET_LIMITS, SYNTAX_LIMITS, ChildLimits, IndexLimits, ParserLimits, PartLimits, ReadLimits
from .paths import CACHE_ENVIRONMENT, STORE_DIRECTORY, STORE_ENVIRONMENT
from .query import DensePlan, FilterConfig, Mode, QueryConfig, QueryEncoder
from .ranking import (
    FUSIONS,
    LEAST_WEIGHT,
    MOST_WEIGHT,
    Bm25Config,
    FeedbackConfig,
    FusionConfig,
    FusionName,
    RankingConfig,
    RankingRequest,
    Rm3Config,
    RocchioConfig,
)

# fmt: off
__all__ = [
    "CACHE_ENVIRONMENT",
    "DEFAULT_MODEL",
    "FUSIONS",
    "LEAST_WEIGHT",
    "MOST_WEIGHT",
    "PARQUET_LIMITS",
    "STORE_DIRECTORY",
    "STORE_ENVIRONMENT",
    "SYNTAX_LIMITS",
    "TEXT_FIELD",
    "ArmSettings",
    "Bm25Config",
    "ChildLimits",
    "ChunkConfig",
    "DensePlan",
    "DistillConfig",
    "FeedbackConfig",
    "FieldSettings",
    "FilterConfig",
    "FitConfig",
    "FusionConfig",
    "FusionName",
    "HnswBuild",
    "HnswConfig",
    "IndexLimits",
    "Mode",
    "Ocr",
    "ParserLimits",
    "PartLimits",
    "QueryConfig",
    "QueryEncoder",
    "RankingConfig",
    "RankingRequest",
    "ReadLimits",
    "RecordFields",
    "Rm3Config",
    "RocchioConfig",
    "RuntimeConfig",
    "Secrets",
    "SettingsRequest",
    "SourceRequest",
    "StoreSettings",
    "WalkRules",
    "digest",
]
# fmt: on
