"""Adding and removing arms: which fields a store has then, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from embedctl.config import TEXT_FIELD, ArmSettings, FieldSettings, StoreSettings
from embedctl.errors import ModelError, UsageError
from embedctl.stages.arms import add, applied, listing, remove, with_default
from embedctl.store.manifest import ArmRecord, EncoderRecord, FileRecord, IndexRecord, Manifest, Part
from embedctl.store.manifest_json import manifest_text

USUAL = StoreSettings(model="usual")
A, B = "0a" * 8, "1b" * 8


class Card(NamedTuple):
    name: str
    known: dict[str, str]

    @property
    def fingerprint(self) -> str:
        if self.name not in self.known:
            raise ModelError(f"{self.name} is not on this machine.")
        return self.known[self.name]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Fingerprints of the models that are on this machine."""
    fingerprints = {"usual": A, "copy-of-usual": A, "hashing": B, "other": B}
    monkeypatch.setattr("embedctl.stages.arms.card", lambda model: Card(model, fingerprints))
    return fingerprints


def added(settings: StoreSettings, name: str, kind: str = "dense", model: str | None = None) -> StoreSettings:
    return add(settings, name, kind, model)


def test_an_arm_with_another_model_has_a_field_of_its_own() -> None:
    settings = added(USUAL, "hash", model="hashing")
    assert settings.fields == (FieldSettings(TEXT_FIELD), FieldSettings("hash", "hashing"))
    assert settings.arms == (*USUAL.arms, ArmSettings("hash", "dense", "hash"))
    assert settings.default_arms == USUAL.default_arms
    assert settings.model_of("hash") == "hashing"
    manifest_text(Manifest(settings=settings))


@pytest.mark.parametrize("model", [None, "usual", "copy-of-usual"])
def test_an_arm_with_the_vectors_of_a_field_shares_it(model: str | None) -> None:
    settings = added(USUAL, "second", model=model)
    assert settings.fields == USUAL.fields
    assert settings.arms[-1] == ArmSettings("second", "dense", TEXT_FIELD)


def test_two_arms_of_one_other_model_share_its_field() -> None:
    settings = added(added(USUAL, "one", model="other"), "two", model="other")
    assert [field.name for field in settings.fields] == [TEXT_FIELD, "one"]
    assert [arm.field for arm in settings.arms[2:]] == ["one", "one"]


def test_the_vectors_of_a_student_are_not_those_of_its_model() -> None:
    settings = added(replace(USUAL, teacher_share=0.3), "full", model="usual")
    assert settings.fields[-1] == FieldSettings("full", "usual")


def test_a_field_that_outlived_its_arm_keeps_its_name(known: dict[str, str]) -> None:
    settings = remove(added(added(USUAL, "one", model="other"), "two", model="other"), "one")
    settings = replace(settings, fields=(*settings.fields[:1], FieldSettings("one", "usual-2")))
    known |= {"usual-2": B, "third": "2c" * 8}
    again = added(settings, "one", model="third")
    assert again.fields[-1] == FieldSettings("one-2", "third")
    assert again.arms[-1] == ArmSettings("one", "dense", "one-2")


def test_a_model_that_is_gone_keeps_no_other_from_being_added(known: dict[str, str]) -> None:
    del known["usual"]
    settings = added(USUAL, "hash", model="hashing")
    assert settings.fields[-1] == FieldSettings("hash", "hashing")


def test_an_arm_over_text_has_no_field() -> None:
    assert added(USUAL, "words", "bm25").arms[-1] == ArmSettings("words", "bm25")
    with pytest.raises(UsageError, match="search the text itself"):
        added(USUAL, "words", "bm25", "usual")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "-x", "x" * 65, "hybrid", "RRF", "cosine", "rows", "Dense"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        added(USUAL, name, model="hashing")
    assert raised.value.hint


def test_a_removed_arm_takes_its_field_along_unless_another_needs_it() -> None:
    settings = with_default(added(added(USUAL, "one", model="other"), "two", model="other"), ["one", "two"])
    settings = remove(settings, "one")
    assert [field.name for field in settings.fields] == [TEXT_FIELD, "one"]
    assert settings.default_arms == ("two",)
    settings = remove(settings, "two")
    assert settings == replace(USUAL, default_arms=("bm25", "dense"))
    assert remove(USUAL, "dense").fields == USUAL.fields
    with pytest.raises(UsageError, match="the only arm"):
        remove(remove(USUAL, "dense"), "bm25")
    with pytest.raises(UsageError, match=r'no arm called "dence"\. Did you mean "dense"'):
        remove(USUAL, "dence")


def test_defaults_are_arms_of_the_store() -> None:
    assert with_default(USUAL, ["dense", "dense"]).default_arms == ("dense",)
    with pytest.raises(UsageError, match='no arm called "sparse"'):
        with_default(USUAL, ["sparse"])
    with pytest.raises(UsageError, match="No arm was named"):
        with_default(USUAL, [])


def whole() -> Manifest:
    """A store of two fields, of which the second lacks a part."""
    record = FileRecord(3, 10, "ab" * 32)
    vectors = {TEXT_FIELD: replace(record, made_with=A), "hash": replace(record, made_with=B)}
    parts = (Part(1, record, record, vectors), Part(2, record, record, {TEXT_FIELD: vectors[TEXT_FIELD]}, dead=(0,)))
    encoders = {TEXT_FIELD: EncoderRecord("usual", A, 4), "hash": EncoderRecord("hashing", B, 8)}
    settings = added(USUAL, "hash", model="hashing")
    arms = {"bm25": ArmRecord("bm25", None, "bm25", {}, 5), "dense": ArmRecord("dense", TEXT_FIELD, "dense", {}, 5)}
    index = IndexRecord(1, USUAL, {TEXT_FIELD: encoders[TEXT_FIELD]}, parts, arms, 5)
    return Manifest(settings, parts=parts, encoders=encoders, index=index, next_part=3, next_generation=2)


def test_vectors_of_a_removed_field_are_named_no_more() -> None:
    manifest = applied(whole(), remove(whole().settings, "hash"))
    assert [set(part.vectors) for part in manifest.parts] == [{TEXT_FIELD}, {TEXT_FIELD}]
    assert set(manifest.encoders) == {TEXT_FIELD}
    assert manifest.index == whole().index
    manifest_text(manifest)


def test_listing() -> None:
    told = [(arm.name, arm.field, arm.model, arm.default, arm.rows, arm.waiting) for arm in listing(whole())]
    assert told == [
        ("bm25", None, None, True, 5, 0),
        ("dense", TEXT_FIELD, "usual", True, 5, 0),
        ("hash", "hash", "hashing", False, None, 2),
    ]
