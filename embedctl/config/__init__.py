"""Settings as frozen dataclasses: the only place where a default value is written.

What evaluation, tuning, inspection and the report are set by is imported from its own module: making a class takes a
millisecond, and no query needs these.
"""

from .building import (
    DEFAULT_MODEL,
    SECRETS_MASKED,
    ChunkConfig,
    DistillConfig,
    FitConfig,
    HnswConfig,
    RecordFields,
    RuntimeConfig,
    RuntimeName,
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
    FUSION_WEIGHTS,
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

__all__ = [
    "CACHE_ENVIRONMENT",
    "DEFAULT_MODEL",
    "FUSION_WEIGHTS",
    "LEAST_WEIGHT",
    "MOST_WEIGHT",
    "PARQUET_LIMITS",
    "SECRETS_MASKED",
    "STORE_DIRECTORY",
    "STORE_ENVIRONMENT",
    "SYNTAX_LIMITS",
    "Bm25Config",
    "ChildLimits",
    "ChunkConfig",
    "DensePlan",
    "DistillConfig",
    "FeedbackConfig",
    "FilterConfig",
    "FitConfig",
    "FusionConfig",
    "FusionName",
    "HnswConfig",
    "IndexLimits",
    "Mode",
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
    "RuntimeName",
    "Secrets",
    "SettingsRequest",
    "SourceRequest",
    "StoreSettings",
    "WalkRules",
    "digest",
]
