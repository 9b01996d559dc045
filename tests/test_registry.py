"""Tables of names, and the entry points of installed packages that extend them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from installed import install

from embedctl.errors import UsageError
from embedctl.registry import Registry

GROUP = "embedctl.toys"


def toys() -> Registry:
    return Registry("toy", {"path": "pathlib:PurePath", "pickle": "pickle:Pickler"}, group=GROUP)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages on the import path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_package_adds_a_name(site: Path) -> None:
    install(
        site, "acme_ball", "class Ball: pass\n", {GROUP: {"ball": "acme_ball:Ball"}, "other": {"bat": "acme_ball:Bat"}}
    )
    registry = toys()
    assert registry.load("ball").__name__ == "Ball"
    assert registry.names() == ["path", "pickle"]
    assert registry.names(installed=True) == ["path", "pickle", "ball"]
    assert [registry.extended_by(name) for name in ("ball", "path", "bat")] == [True, False, False]


def test_a_package_replaces_no_name_of_the_table(site: Path) -> None:
    install(site, "acme_path", "Path = 1\n", {GROUP: {"path": "acme_path:Path"}})
    assert toys().load("path").__name__ == "PurePath"
    assert toys().names(installed=True) == ["path", "pickle"]


def test_an_unknown_name_is_answered_with_all_choices(site: Path) -> None:
    install(site, "acme_ball", "class Ball: pass\n", {GROUP: {"ball": "acme_ball:Ball"}})
    with pytest.raises(UsageError) as caught:
        toys().load("bal")
    assert caught.value.message == 'There is no toy called "bal". Did you mean "ball"?'
    assert caught.value.hint == "Choose one of: path, pickle, ball."


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError('too old')\n", "ValueError: too old"),
        ("", "AttributeError: module 'acme_broken' has no attribute 'Ball'"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(site: Path, source: str, reason: str) -> None:
    install(site, "acme_broken", source, {GROUP: {"ball": "acme_broken:Ball"}})
    with pytest.raises(UsageError) as caught:
        toys().load("ball")
    assert caught.value.message == f'The toy "ball" of the package acme_broken cannot be imported: {reason}.'
    assert caught.value.hint.endswith("pip uninstall acme_broken")
    sys.modules.pop("acme_broken", None)


def test_two_packages_with_one_name_are_refused(site: Path) -> None:
    for package in ("acme_two", "acme_one"):
        install(site, package, "Ball = 1\n", {GROUP: {"ball": f"{package}:Ball"}})
    with pytest.raises(UsageError, match='Several packages offer a toy called "ball": acme_one, acme_two'):
        toys().load("ball")


def test_a_table_without_a_group_is_closed(site: Path) -> None:
    install(site, "acme_ball", "class Ball: pass\n", {"": {"ball": "acme_ball:Ball"}})
    with pytest.raises(UsageError, match="There is no toy"):
        Registry("toy", {}).load("ball")


def test_names_of_the_table_cost_no_look_at_installed_packages() -> None:
    program = (
        "import sys\nfrom embedctl.registry import Registry\n"
        "registry = Registry('toy', {'path': 'pathlib:PurePath'}, group='embedctl.toys')\n"
        "registry.load('path'), registry.names(), registry.extended_by('path')\n"
        "print('importlib.metadata' in sys.modules)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_START"}
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert shown.stdout == "False\n"
