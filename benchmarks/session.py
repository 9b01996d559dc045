"""``python -m benchmarks.session``: a long-lived library session in a process of its own, and what its queries took.

Reads one JSON object from stdin (``store``, ``queries``, ``opening``, ``batch``, ``mode``, ``dense``) and prints one on
stdout: ``seconds``, one for each of ``queries`` behind the first ``opening`` ones, in order, and ``batch_seconds``,
which it then took to answer all of ``batch`` at once.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import embedctl


def run(wanted: dict[str, Any]) -> dict[str, Any]:
    """Answer the queries one after the other."""
    store = embedctl.open(wanted["store"])
    config = embedctl.QueryConfig(mode=wanted["mode"], dense=wanted["dense"])
    seconds: list[float] = []
    for text in wanted["queries"]:
        start = time.perf_counter()
        store.query(text, config)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    for _ in store.query_many(wanted["batch"], config):
        pass
    return {"seconds": seconds[wanted["opening"] :], "batch_seconds": time.perf_counter() - start}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.load(sys.stdin))))
