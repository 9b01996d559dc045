"""Denies the network to the process that imports it, and notes each attempt, in case somebody swallows the refusal."""

from __future__ import annotations

import os
import sys

_CALLS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})


def _deny(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _LOOKUPS and not (event in _CALLS and isinstance(arguments[1], tuple)):
        return  # addresses of sockets within the machine's file system are text
    attempt = f"{event} {arguments[1:] if event in _CALLS else arguments}"
    if log := os.environ.get("EMBEDCTL_TEST_NETWORK"):
        with open(log, "a", encoding="utf-8") as stream:  # noqa: PTH123 - nothing is imported here that need not be
            stream.write(f"{attempt} by {sys.argv[:4]}\n")
    raise PermissionError(f"the tests have no network: {attempt}")


sys.addaudithook(_deny)
