"""Files that programs write and nobody reads: lock files, minified bundles, what ``.gitattributes`` calls generated."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import UnsupportedError
from .ignore import Patterns, read_lines

ATTRIBUTES = ".gitattributes"
TAKEN_BY = "--include takes it"

_LOCK_NAMES = (
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock poetry.lock"
    " pipfile.lock uv.lock pdm.lock pixi.lock conda-lock.yml cargo.lock composer.lock gemfile.lock go.sum"
    " go.work.sum mix.lock rebar.lock pubspec.lock podfile.lock cartfile.resolved package.resolved flake.lock"
    " packages.lock.json project.assets.json paket.lock gradle.lockfile buildscript-gradle.lockfile"
    " .terraform.lock.hcl conan.lock module.bazel.lock gopkg.lock glide.lock berksfile.lock shard.lock"
    " stack.yaml.lock cabal.project.freeze chart.lock requirements.lock pylock.toml manifest.toml.lock"
)
_LOCKS = frozenset(_LOCK_NAMES.split())
_MINIFIED = re.compile(r".[.-]min\.(?:js|mjs|cjs|css|html|json|svg)$")
_GENERATED = "linguist-generated"


def by_name(name: str) -> str | None:
    """Return why a file of this name, in lower case, is left out."""
    if name in _LOCKS:
        return f"lock file ({TAKEN_BY})"
    if _MINIFIED.search(name):
        return f"minified ({TAKEN_BY})"
    return None


class Attributes:
    """The ``.gitattributes`` files that hold for a source: of its folders, and above them up to the repository."""

    def __init__(self, root: str) -> None:
        """Prepare; ``root`` is the folder of the source."""
        self._root = root
        self._known: dict[str, tuple[Patterns, ...]] = {}
        """By folder, with a slash at its end: what holds in it, nearest first."""

    def reason(self, path: str, name: str) -> str | None:
        """Return why a file, by its path below the root, is left out."""
        chain = self._chain(path[: len(path) - len(name)])
        for patterns in chain:
            verdict = patterns.verdict(path, name, is_folder=False)
            if verdict is not None:
                return f"generated, says {ATTRIBUTES} ({TAKEN_BY})" if verdict else None
        return None

    def _chain(self, folder: str) -> tuple[Patterns, ...]:
        if (known := self._known.get(folder)) is not None:
            return known
        above = self._enclosing() if not folder else self._chain(folder[: folder.rfind("/", 0, -1) + 1])
        own = _patterns(f"{self._root}/{folder}{ATTRIBUTES}", below=folder)
        self._known[folder] = chain = (own, *above) if own else above
        return chain

    def _enclosing(self) -> tuple[Patterns, ...]:
        """Return the patterns of the folders above the root, up to the top of a git repository; none outside of one."""
        real = Path(self._root).resolve()
        folders = [] if (real / ".git").exists() else list(real.parents)
        top = next((at for at, folder in enumerate(folders) if (folder / ".git").exists()), -1)
        found = (
            _patterns(str(folder / ATTRIBUTES), above=f"{real.relative_to(folder).as_posix()}/")
            for folder in folders[: top + 1]
        )
        return tuple(filter(None, found))


def _patterns(file: str, above: str = "", below: str = "") -> Patterns | None:
    """Return which files a ``.gitattributes`` file calls generated; ``None``: it does not say, or is not there."""
    try:
        lines = read_lines(file)
    except (OSError, UnsupportedError):
        return None
    patterns = [found for line in lines if _GENERATED in line and (found := _pattern(line))]
    return Patterns(patterns, above, below) if patterns else None


def _pattern(line: str) -> str | None:
    """Return a line as a line of an ignore file: with ``!`` in front where it says that files are not generated."""
    words = line.split()
    pattern, attributes = words[0], words[1:]
    if pattern[0] in "#!" or pattern.startswith("["):
        return None
    for attribute in reversed(attributes):
        name, _, value = attribute.lstrip("-!").partition("=")
        if name == _GENERATED:
            said = attribute[0] not in "-!" and value.lower() not in ("false", "0")
            return pattern if said else f"!{pattern}"
    return None
