"""Dataclasses as JSON: what a type allows is read and written, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from embedctl.config.setting import setting
from embedctl.store.codec import Codecs, FieldError, matching


@dataclass(frozen=True)
class Inner:
    size: int = setting(3, "Size.", min=2, max=9)
    kind: Literal["a", "b"] = setting("a", "Kind.")
    share: float | None = setting(None, "Share.", min=0.5, max=1)


@dataclass(frozen=True)
class Outer:
    inner: Inner
    names: tuple[Annotated[str, matching("[a-z]+", "is {!r}, which is no name")], ...] = ()
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    plan: Literal["flat", "graph"] = "flat"


@pytest.fixture
def codec() -> Codecs:
    return Codecs({}, {}, {Inner})


WHOLE = {
    "inner": {"size": 2, "kind": "b", "share": 0.5},
    "names": ["x", "y"],
    "by_name": {"one": {"size": 9, "kind": "a", "share": None}},
    "plan": "graph",
}


def test_both_directions_agree(codec: Codecs) -> None:
    value = codec.read(Outer, WHOLE)
    assert value == Outer(Inner(2, "b", 0.5), ("x", "y"), {"one": Inner(9)}, "graph")
    assert codec.write(Outer, value) == WHOLE


def test_settings_may_be_absent_and_records_may_not(codec: Codecs) -> None:
    assert codec.read(Outer, WHOLE | {"inner": {}}).inner == Inner()
    with pytest.raises(FieldError, match="its field plan is missing"):
        codec.read(Outer, {name: value for name, value in WHOLE.items() if name != "plan"})


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("inner", {"size": 1}, "inner.size is not from 2 to 9"),
        ("inner", {"size": 10}, "inner.size is not from 2 to 9"),
        ("inner", {"kind": "c"}, "inner.kind is none of a, b"),
        ("inner", {"share": 0.4}, "inner.share is not from 0.5 to 1"),
        ("inner", {"share": float("nan")}, "inner.share is not a finite number"),
        ("inner", {"unheard": 1}, "inner.unheard is not known"),
        ("inner", [], "inner is not an object"),
        ("names", ["x", "Y"], r"names\[1\] is 'Y', which is no name"),
        ("names", "x", "names is not a list"),
        ("by_name", {"a b": {"size": True}}, r"by_name\['a b'\].size is not a number"),
        ("plan", "tree", "plan is none of flat, graph"),
        ("other", 1, "other is not known"),
    ],
)
def test_what_a_type_does_not_allow_is_not_read(codec: Codecs, member: str, value: object, message: str) -> None:
    with pytest.raises(FieldError, match=f"^its field {message}"):
        codec.read(Outer, WHOLE | {member: value})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Outer(Inner(10)), "inner.size is not from 2 to 9"),
        (Outer(Inner(), ["x"]), "Outer has a value of another type"),  # type: ignore[arg-type]
        (Outer(None), "inner is not an object"),  # type: ignore[arg-type]
        (Outer(Inner(), (), {"one": Inner(2, "c")}), "by_name.one.kind is none of a, b"),
    ],
)
def test_what_could_not_be_read_is_not_written(codec: Codecs, value: Outer, message: str) -> None:
    with pytest.raises(FieldError, match=f"^its field {message}"):
        codec.write(Outer, value)


def test_a_type_that_json_has_nothing_for_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        Codecs({}, {}, ()).check(bytes)
