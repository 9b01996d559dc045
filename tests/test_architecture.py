"""Imports point one way, and each third-party library has its owners."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import embedctl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(embedctl.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# A layer may import the layers before it. Folders of one layer never import each other.
LAYERS: list[set[str]] = [
    {"errors", "records", "config", "plural", "labels"},
    {"contracts", "registry", "system"},
    {"store", "sources", "parsers", "chunkers", "encoders", "reporters", "secrets"},
    {"arms"},
    {"index"},
    {"stages", "query"},
    {"doctor"},
    {"evaluation", "inspection"},
    {"report"},
    {"api"},
    {"cli"},
    {"__main__", "__init__"},
]

# Who may import what, and why nobody else does.
OWNERS: dict[str, tuple[str, ...]] = {
    "typer": (),  # with pydantic, 0.15 s of every command
    "click": ("cli",),
    "rich": ("reporters/bars.py",),  # the library draws nothing, and views are not worth 0.03 s of import
    "tqdm": ("reporters/tqdm.py",),
    "tantivy": ("arms/bm25",),
    "hnswlib": ("arms/dense",),
    "numkong": ("arms/dense/kernels.py",),
    "torch": ("encoders/torch_runtime.py", "encoders/convert.py"),
    "sentence_transformers": ("encoders/torch_runtime.py",),
    "transformers": ("encoders/torch_runtime.py",),
    "openvino": ("encoders/openvino_library.py",),  # which keeps its telemetry out
    "huggingface_hub": (),  # its cache is two folders deep, its import 0.2 s
    "tokenizers": ("encoders/tokenization.py", "encoders/query_tokenizer.py"),
    "tree_sitter": ("chunkers",),
    "scipy": ("encoders/static_fit.py", "encoders/static.py", "evaluation/significance.py"),  # not for a single query
    "pypdfium2": ("parsers/pdf.py",),
    "docx": ("parsers/docx.py",),
    "pptx": ("parsers/pptx.py",),
    "python_calamine": ("parsers/sheet.py",),
    "html_to_markdown": ("parsers",),
    "yaml": ("parsers",),
    "charset_normalizer": ("parsers/decoding.py", "sources/text_file.py"),
    "pathspec": ("sources", "query/filters.py"),
    "ahocorasick_rs": ("secrets/scan.py",),
    "detect_secrets": ("secrets",),
    "py3langid": ("inspection/languages.py",),  # 0.8 s with its model
    "sklearn": ("report/chunk_map.py",),  # 1.1 s to import
    "vl_convert": ("report/vega.py",),
    "jinja2": ("report/page.py",),
    "requests": (),  # bc-detect-secrets has it for checks that embedctl never asks for
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield what a module imports: ``embedctl`` pieces by their first part, others by their top name."""
    package = path.relative_to(ROOT.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").split(".")[0], False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            full = (*base, *(node.module or "").split("."))
            rest = [part for part in full[1:] if part]
            yield from ((rest[0], True),) if rest else ((alias.name, True) for alias in node.names)


def piece(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def layer(name: str) -> int:
    for number, names in enumerate(LAYERS):
        if name in names:
            return number
    raise AssertionError(f"{name} stands in no layer: give it one in tests/test_architecture.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    own = piece(path)
    if own in {"__init__", "__main__"}:
        return
    for name, internal in imports(path):
        if not internal or name == own or (ROOT / "__init__.py", name) == (path, "__version__"):
            continue
        if name == "__version__":
            continue
        downwards = layer(name) < layer(own)
        within = {own, name} <= LAYERS[0] or {own, name} <= LAYERS[1]
        assert downwards or within, f"{path.relative_to(ROOT)} imports {name}, which is not below {own}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_third_party_imports_have_owners(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name, internal in imports(path):
        top = name.removeprefix("tree_sitter_") if internal else name
        library = "tree_sitter" if name.startswith("tree_sitter") else top
        if internal or library not in OWNERS:
            continue
        owners = OWNERS[library]
        assert any(place == owner or place.startswith(f"{owner}/") for owner in owners), f"{place} imports {library}"


def test_public_names_are_the_documented_ones() -> None:
    for name in embedctl.__all__:
        assert getattr(embedctl, name) is not None
    assert len(Path(embedctl.__file__).read_text(encoding="utf-8").splitlines()) < 50


def test_default_values_stand_in_config_only() -> None:
    """The words that settings default to occur as literals nowhere else."""
    for path in MODULES:
        if "config" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert '"all-MiniLM-L6-v2"' not in text, path
