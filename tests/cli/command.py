"""What typing a command gives, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple


class Result(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


def process(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """Start ``python -m embedctl`` with pipes."""
    command = [sys.executable, "-m", "embedctl", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {**os.environ, **(env or {})}, **options}
    return subprocess.Popen(command, **options)


def typed(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> Result:
    """Run ``python -m embedctl`` to its end."""
    child = process(*arguments, env=env, **options)
    out, err = child.communicate()
    return Result(child.returncode, (out or b"").decode(), (err or b"").decode())
