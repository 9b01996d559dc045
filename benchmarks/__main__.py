"""``python -m benchmarks [COLLECTION ...]``: every measurement, as a Markdown table on stdout and JSON in build/.

A collection is a folder in BEIR's form: ``corpus.jsonl``, ``queries.jsonl``, ``qrels/test.tsv``. Without one, quality
is measured on ``sample_corpus/``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

from . import memory, quality, refresh, startup

OUTPUT = Path("build/benchmarks.json")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("collections", nargs="*", type=Path, help="folders in BEIR's form")
    parser.add_argument("--only", choices=("quality", "startup", "refresh", "memory"), action="append")
    parser.add_argument("--folder-bytes", type=int, default=200_000_000, help="size of the folder for memory")
    arguments = parser.parse_args()
    wanted = arguments.only or ("quality", "startup", "refresh", "memory")
    rows: list[dict[str, Any]] = []
    if "quality" in wanted:
        for collection in arguments.collections or [Path("sample_corpus")]:
            rows += quality.measure(collection)
    if "startup" in wanted:
        rows += startup.measure()
    if "refresh" in wanted:
        rows += refresh.measure()
    if "memory" in wanted:
        rows += memory.measure(arguments.folder_bytes)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"\nMachine: {machine}\n\n| what | figure | unit |\n|---|---|---|")
    for row in rows:
        print(f"| {row['what']} | {row['figure']:,.4g} | {row['unit']} |")


if __name__ == "__main__":
    main()
