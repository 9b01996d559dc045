"""First-stage retrievers: one folder or file for each kind, and a line in this table."""

from ..registry import Registry

ARMS = Registry(
    "kind of arm",
    {
        "bm25": "embedctl.arms.bm25.kind:BM25",
        "dense": "embedctl.arms.dense.kind:DENSE",
    },
    group="embedctl.arms",
)
