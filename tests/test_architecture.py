"""Imports point one way, each third-party library has its owners, and the public names are the documented ones."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import embedctl
from embedctl import config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(embedctl.__file__).parent
LIBRARY_PAGE = ROOT.parent / "docs" / "library.md"
MODULES = sorted(ROOT.rglob("*.py"))
LONGEST_MODULE, MEDIAN_MODULE = 350, 120

# A layer may import the layers above it in this list. Modules and folders of one layer never import each other.
LAYERS: list[set[str]] = [
    {"errors", "config", "plural", "labels", "encodings", "spelling", "__version__"},
    {"records", "outline", "registry", "system"},
    {"contracts"},
    {"store", "sources", "parsers", "chunkers", "encoders", "reporters", "secrets"},
    {"arms"},
    {"index"},
    {"runners"},
    {"stages", "query"},
    {"doctor", "evaluation", "inspection"},
    {"report"},
    {"api"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]

# Each third-party library with the folders and modules that may import it, and the reason for the limit.
OWNERS: dict[str, tuple[str, ...]] = {
    # forbidden
    "huggingface_hub": (),  # its cache is two folders deep, its import takes 0.2 s
    "requests": (),  # bc-detect-secrets has it for checks over the network, which embedctl never makes
    # the command line and what is drawn: the library draws nothing
    "typer": ("cli",),  # 0.03 s that the library never takes
    "rich": ("reporters/bars.py",),  # 0.03 s of import: too much for the views
    "tqdm": ("reporters/tqdm.py",),  # where it is asked for
    "jinja2": ("report/page.py",),  # in the extra "report"
    "markupsafe": ("report/page.py",),  # comes with jinja2
    "vl_convert": ("report/vega.py",),  # in the extra "report"
    "sklearn": ("report/chunk_map.py",),  # in the extra "report"; 1.1 s to import
    "threadpoolctl": ("report/chunk_map.py",),  # comes with sklearn
    # data: not in config, errors, registry, system, parsers, secrets or cli, which every command starts with
    "numpy": (
        "labels.py", "contracts.py", "records.py", "store", "sources/records.py", "chunkers", "encoders", "arms",
        "index", "stages", "query", "doctor", "evaluation", "inspection", "report",
    ),
    "pyarrow": (
        "store", "sources/parquet.py", "parsers/packed.py", "stages", "doctor", "evaluation", "cli/parquet_output.py",
    ),  # files only: arms and queries work on arrays
    "platformdirs": ("system/cache_folder.py",),  # one place knows where caches are
    # search
    "tantivy": ("arms/bm25",),  # an arm hides its library
    "hnswlib": ("arms/dense",),  # likewise
    "numkong": ("arms/dense/kernels.py",),  # one place chooses kernels
    "scipy": ("encoders/static_fit.py", "encoders/static.py", "evaluation/significance.py"),  # not for a single query
    # encoders
    "torch": ("encoders/torch_runtime.py", "encoders/convert.py"),  # seconds to import
    "sentence_transformers": ("encoders/torch_runtime.py",),  # seconds to import
    "transformers": ("encoders/torch_runtime.py",),  # seconds to import
    "openvino": ("encoders/openvino_library.py",),  # which keeps its telemetry out
    "tokenizers": ("encoders/tokenization.py", "encoders/query_tokenizer.py"),
    "py3langid": ("arms/bm25/document_language.py",),  # 0.8 s with its model
    "simplemma": ("arms/bm25/compounds.py",),  # 2 s to read a list: its words are kept in the cache
    # sources: what reads untrusted files stays where limits are
    "pathspec": ("sources", "query/filters.py"),  # one syntax for patterns
    "chardet": ("encodings.py",),  # two that must agree
    "chardetng_py": ("encodings.py",),
    "typing_extensions": ("sources/text_file.py",),  # a type only; comes with mypy
    "ahocorasick_rs": ("secrets/scan.py",),
    "detect_secrets": ("secrets",),  # its rules only
    "tree_sitter": ("chunkers",),  # in a child process
    "html_to_markdown": ("parsers/html.py",),
    "lxml": ("parsers",),  # trees of pages and of packages
    "pypdfium2": ("parsers/pdf",),
    "rapidocr": ("parsers/ocr.py",),  # in the extra "ocr"
    "python_calamine": ("parsers/sheet.py",),
    "yaml": ("parsers/frontmatter.py",),
}  # fmt: skip

# Modules that import by a computed name: no other rule of this file sees what they import.
DYNAMIC = {
    "__init__.py",  # public names, when they are asked for
    "registry.py",  # registered pieces: see TARGET
    "cli/app.py",  # the command that was called
    "chunkers/grammars.py",  # the grammar of a language
    "secrets/rules.py",  # the rules of detect_secrets
    "system/worker.py",  # the function that a child process runs
}
TARGET = re.compile(r"(embedctl(?:\.\w+)+):\w+")
"""A registered piece."""


class Import(NamedTuple):
    """A module that another one imports, by its full name."""

    name: str
    registered: bool = False
    """Imported when its name is chosen from a table."""

    @property
    def top(self) -> str:
        """The package that it belongs to."""
        return self.name.partition(".")[0]


def dotted(path: Path) -> str:
    """Return the full name of a module."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {dotted(path): path for path in MODULES}


def imports(path: Path, source: str | None = None) -> Iterator[Import]:
    """Yield the modules that a module imports: on top, in a function, for type hints, as a registered piece."""
    package = path.relative_to(ROOT.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            for alias in node.names:
                full = f"{base}.{alias.name}"
                below = full in NAMES or base == "embedctl"
                yield Import(full if below else base)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (found := TARGET.fullmatch(node.value)):
            yield Import(found[1], registered=True)


def piece(module: str) -> str:
    """Return the part of ``embedctl`` that a module belongs to, as ``LAYERS`` names it."""
    return module.split(".")[1] if "." in module else "__init__"


def layer(name: str) -> int:
    """Return the place of a part in ``LAYERS``."""
    found = [number for number, names in enumerate(LAYERS) if name in names]
    assert len(found) == 1, f"{name} must be in one layer of tests/test_architecture.py"
    return found[0]


def upward(path: Path, source: str | None = None) -> list[str]:
    """Return the imports of a module that are not below it."""
    own = piece(dotted(path))
    used = (piece(each.name) for each in imports(path, source) if each.top == "embedctl")
    return [name for name in used if name != own and layer(name) >= layer(own)]


def foreign(path: Path, source: str | None = None) -> list[str]:
    """Return the third-party libraries of which a module is no owner."""
    place = path.relative_to(ROOT).as_posix()
    tops = {each.top for each in imports(path, source)} - {"embedctl"} - sys.stdlib_module_names
    return [top for top in sorted(tops) if not any(owns(owner, place) for owner in OWNERS.get(top, ()))]


def owns(owner: str, place: str) -> bool:
    """Return whether a folder or module of ``OWNERS`` is or holds the module at ``place``."""
    return place == owner or place.startswith(f"{owner}/")


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or by way of others."""
    reached = {start: _reached(graph, start) for start in graph}
    groups = {
        frozenset({other for other in reached[start] if start in reached[other]}) for start in graph
    }  # fmt: skip
    return [set(group) for group in groups if group]


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    assert upward(path) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_third_party_imports_have_owners(path: Path) -> None:
    assert foreign(path) == []


def test_every_owner_imports_its_library() -> None:
    used = {(each.top, path.relative_to(ROOT).as_posix()) for path in MODULES for each in imports(path)}
    for library, owners in OWNERS.items():
        for owner in owners:
            assert any(top == library and owns(owner, place) for top, place in used), f"{owner}: no {library}"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("store/parts.py", "from ..stages import chunk"),
        ("store/parts.py", "def later():\n    from ..cli.output import emit"),
        ("store/parts.py", "from .. import api"),
        ("store/parts.py", "import embedctl"),
        ("store/parts.py", "import embedctl.index.open"),
        ("store/parts.py", "TABLE = {'a': 'embedctl.stages.chunk:Chunker'}"),
        ("store/parts.py", "from ..encoders import packing"),  # of the same layer
        ("records.py", "from .system import limits"),  # of the same layer
        ("__init__.py", "from .cli import app"),
    ],
)
def test_an_import_upwards_is_found(module: str, source: str) -> None:
    assert len(upward(ROOT / module, source)) == 1


@pytest.mark.parametrize(
    "source", ["import pandas", "from pandas.core import frame", "import rich.bar", "import typer"]
)
def test_an_import_that_has_no_owner_here_is_found(source: str) -> None:
    assert len(foreign(ROOT / "store" / "parts.py", source)) == 1


def test_only_listed_modules_import_by_a_computed_name() -> None:
    calls = re.compile(r"\b(import_module|__import__)\(")
    found = {path.relative_to(ROOT).as_posix() for path in MODULES if calls.search(path.read_text(encoding="utf-8"))}
    assert found == DYNAMIC


def test_modules_import_each_other_in_no_circle() -> None:
    graph = {
        name: {each.name for each in imports(path) if not each.registered} & NAMES.keys() - {name}
        for name, path in NAMES.items()
    }
    assert circles(graph) == []


def test_circles_of_any_length_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"g"}, "g": {"f"}}
    assert sorted(map(sorted, circles(graph))) == [["a", "b", "c"], ["f", "g"]]


def test_modules_are_short() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {place: length for place, length in lengths.items() if length > LONGEST_MODULE} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_MODULE


def test_public_names_are_the_documented_ones() -> None:
    _, _, section = LIBRARY_PAGE.read_text(encoding="utf-8").partition("## What is public\n")
    documented = set(re.findall(r"`([\w.]+)`", section)) - {"embedctl.errors"}
    assert documented == set(embedctl.__all__)
    for name in embedctl.__all__:
        assert getattr(embedctl, name) is not None


def test_documented_fields_are_those_of_the_classes() -> None:
    rows = re.findall(r"^\| `(\w+(?:Config|Request|Rules|Fields))` \| (.*) \|$", LIBRARY_PAGE.read_text("utf-8"), re.M)
    documented = {name: set(re.findall(r"`(\w+)`", re.split("[:;]", told)[0])) for name, told in rows}
    assert documented
    for name, fields in documented.items():
        assert fields == {field.name for field in dataclasses.fields(getattr(embedctl, name))}, name


def defaults() -> set[tuple[str, str | int | float]]:
    """Return the fields of ``embedctl.config`` with the values they default to, those that say nothing left out."""
    modules = [
        importlib.import_module(f"{config.__name__}.{info.name}") for info in pkgutil.iter_modules(config.__path__)
    ]
    kinds = {kind for module in modules for kind in vars(module).values() if dataclasses.is_dataclass(kind)}
    found = {(field.name, field.default) for kind in kinds for field in dataclasses.fields(kind)}
    return {(name, value) for name, value in found if isinstance(value, str | int | float) and value not in (0, 1, "")}


def repeated(source: str, known: set[tuple[str, str | int | float]]) -> list[str]:
    """Return the parameters and fields that have name and default value of a setting."""
    pairs: list[tuple[str, ast.expr | None]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            places = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
            pairs += zip(places[::-1], node.args.defaults[::-1], strict=False)
            pairs += zip((argument.arg for argument in node.args.kwonlyargs), node.args.kw_defaults, strict=True)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs.append((node.target.id.lower(), node.value))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            pairs.append((node.targets[0].id.lower(), node.value))
    return [name for name, value in pairs if isinstance(value, ast.Constant) and (name, value.value) in known]


def test_default_values_stand_in_config_only() -> None:
    """No default is written twice, by its name; the model's and others of its kind are nowhere else at all."""
    known = defaults()
    written = {value for _, value in known if isinstance(value, str) and re.search(r"[A-Z@]|\d", value)}
    assert config.DEFAULT_MODEL in written
    for path in MODULES:
        if "config" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert repeated(text, known) == [], path
            strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
            assert strings.isdisjoint(written), path


@pytest.mark.parametrize(
    "source",
    [
        "def fuse(rows, rrf_k=60): ...",
        "def fuse(*, rrf_k: int = 60): ...",
        "class Fusion:\n    rrf_k: int = 60",
        "RRF_K = 60",
    ],
)
def test_a_default_that_is_written_again_is_found(source: str) -> None:
    assert repeated(source, defaults()) == ["rrf_k"]
