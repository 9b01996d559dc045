"""The long form of ``doctor``: every kind of file, several kinds of damage, and answers as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import doctor_sweep
import pytest
from tally import counted


@pytest.mark.long
def test_whatever_is_damaged_is_found_and_repaired(tmp_path: Path, results: Path | None) -> None:
    what = "doctor --repair: damage to every kind of file is found, repaired, and answers are what they were"
    with counted(what, results) as tally:
        command = [sys.executable, doctor_sweep.__file__, str(tmp_path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        failures = [one for one in told if one["wrong"]]
        tally.tried, tally.survived = len(told), len(told) - len(failures)
        assert done.returncode == 0
        assert len(told) > 100
        assert not failures, "\n".join(f"{one['name']}, {one['way']}: {one['wrong'][-600:]}" for one in failures)
