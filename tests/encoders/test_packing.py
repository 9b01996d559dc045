"""Packing: every input once, whole, framed, and within the budget; against a row-by-row oracle."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedctl.contracts import TokenIds
from embedctl.encoders.packing import Frame, Packed

TEXTS = st.lists(st.lists(st.integers(5, 99), max_size=12), max_size=12)
FRAMES = st.builds(
    Frame,
    st.lists(st.integers(1, 4), max_size=3).map(tuple),
    st.lists(st.integers(1, 4), max_size=2).map(tuple),
    st.just(0),
    st.integers(0, 3),
    st.integers(1, 40),
)


def ragged(texts: list[list[int]]) -> TokenIds:
    flat = [token for text in texts for token in text]
    return TokenIds(np.array(flat, dtype=np.int32), np.cumsum([0, *map(len, texts)], dtype=np.int64))


@given(TEXTS, FRAMES, st.integers(1, 40))
def test_every_input_is_in_one_batch_framed_and_padded(texts: list[list[int]], frame: Frame, budget: int) -> None:
    packed = Packed(ragged(texts), frame, budget)
    batches = list(packed)
    assert len(packed) == len(batches)
    seen: dict[int, list[int]] = {}
    for batch in batches:
        assert batch.ids.shape == batch.mask.shape
        assert batch.ids.size <= budget or len(batch.rows) == 1
        assert batch.prompt_tokens == frame.prompt_tokens
        longest, width = max(1, int(batch.mask.sum(axis=1).max())), batch.ids.shape[1]
        assert width == longest or longest < width <= frame.max_tokens
        assert width % 16 == 0 or width >= frame.max_tokens
        for row, ids, mask in zip(batch.rows.tolist(), batch.ids, batch.mask, strict=True):
            assert row not in seen
            length = int(mask.sum())
            assert mask.tolist() == [1] * length + [0] * (len(mask) - length)
            assert (ids[length:] == frame.pad).all()
            seen[row] = ids[:length].tolist()
    assert seen == {row: [*frame.before, *text, *frame.after] for row, text in enumerate(texts)}


@given(TEXTS)
def test_batches_go_from_long_to_short(texts: list[list[int]]) -> None:
    lengths = [
        len(texts[row]) for batch in Packed(ragged(texts), Frame((1,), (2,), 0, 0, 64), 16) for row in batch.rows
    ]
    assert lengths == sorted(lengths, reverse=True)
