from __future__ import annotations

import subprocess
import sys


def test_naming_and_walking_sources_imports_nothing_heavy() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import embedctl.sources, embedctl.sources.walk, embedctl.sources.describe, embedctl.sources.records\n"
        "print({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "{'embedctl'}"
