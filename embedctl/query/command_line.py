"""Recognizing a pasted command line, where a hyphen begins a flag."""

from __future__ import annotations

import re

_PROGRAMS = """
    adb ansible apt apt-get awk aws az bash brew bun bundle cargo cat cd chmod chown clang cmake composer conda
    cp crontab curl dd deno df diff dig docker docker-compose dotnet du echo emacs embedctl export ffmpeg
    ffprobe find flutter fzf g++ gcc gcloud gh git go gpg gradle grep gzip helm hostname iconv ip iptables java
    javac journalctl jq jupyter kill killall kubectl ld ln ls lsof mkdir mount mv mvn mysql nc netstat nginx
    nmap node npm npx openssl pacman pandoc perl pg_dump php ping pip pip3 pipx pkill pnpm poetry powershell ps
    psql pwd pytest python python3 qemu rails rake rg rm rmdir robocopy rsync ruby ruff rustc scp sed set sh ss
    ssh ssh-keygen strace su sudo svn systemctl tar tcpdump tee terraform timeout tmux tr unzip useradd uv vim
    virtualenv wc wget xargs xcodebuild yarn yum zip zsh
"""
"""First words of a command line, but for such as "time" and "sort", which sentences begin with, too."""
_KNOWN = frozenset(_PROGRAMS.split())
_PROMPTS = frozenset({"$", "#", "%", ">", "sudo"})
_SHELL = re.compile(r"--?[A-Za-z]|--\w[\w-]*|-[A-Za-z]*[0-9]\S*|[|<>]+|&&|(?:~|\.{1,2})?/\S*|\$[A-Za-z_]\S*|\w+=\S+")
"""A flag, a number with its sign, a pipe, a path or a variable."""


def is_command_line(text: str) -> bool:
    """Return whether a text begins with the name of a program, or has a word that only command lines have."""
    words = text.split()
    first = next((word for word in words if word not in _PROMPTS), "")
    return first.lower() in _KNOWN or any(map(_SHELL.fullmatch, words))
