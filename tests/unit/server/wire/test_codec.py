"""Frames within limits: how deep brackets nest is told without being fooled by what strings hold."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire.codec import MAX_DEPTH, WireError, decode

pytestmark = pytest.mark.unit

TRICKY = st.text(alphabet='a"\\[]{}\n ä😀', max_size=12)
VALUES = st.recursive(
    TRICKY | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=12,
)
ANYTHING = msgspec.json.Decoder(object)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.integers(min_value=0, max_value=MAX_DEPTH + 2), st.booleans(), st.integers(0, 40))
def test_brackets_in_strings_never_count_and_all_others_do(
    value: object, more: int, ascii_: bool, escapes: int
) -> None:
    padded: object = {"text": '\\"[' * escapes, "value": value}
    for _ in range(more):
        padded = [padded]
    raw = json.dumps(padded, ensure_ascii=ascii_).encode()
    if depth_of(padded) <= MAX_DEPTH:
        assert decode(raw, ANYTHING) == padded
        return
    with pytest.raises(WireError) as refused:
        decode(raw, ANYTHING)
    assert refused.value.body.code == "malformed_json"
    assert "Brackets" in refused.value.body.message


@pytest.mark.parametrize(
    "raw", [b'"' * 99, b"[" * 99_999, b'\\"' + b"[" * 40, b'["' + b"[" * 99, b"]" * 50 + b"[" * 60]
)
def test_what_is_no_json_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(WireError) as refused:
        decode(raw, ANYTHING, max_bytes=1_000_000)
    assert refused.value.body.code == "malformed_json"
