"""Bodies are read as deep as any type of the model goes, and no deeper."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest
from openprofile.odata.payload import read_members


def opened(body: bytes) -> bool:
    """Whether it is not refused as nested too deeply, whatever else is wrong with it."""
    try:
        read_members(body)
    except BadRequest as refusal:
        return "nested too deeply; expected at most 32 arrays" not in refusal.message
    return True


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        (b"[" * 32 + b"]" * 32, True), (b"[" * 33 + b"]" * 33, False),
        (b'{"a":' * 32 + b"1" + b"}" * 32, True), (b'{"a":' * 33 + b"1" + b"}" * 33, False),
        (b'[{"a":' * 16 + b"1" + b"}]" * 16, True), (b'[{"a":' * 17 + b"1" + b"}]" * 17, False),
        (b"[" + b",".join([b"[[]]"] * 99) + b"]", True), (b"[" * 33, False), (b"{" * 33, False),
        (b'["' + b"[" * 99 + b'"]', True), (b'["' + rb"\"[" * 99 + b'"]', True),
        (rb'["\\",' + b"[" * 32 + b"]" * 33, False), (rb'["\\\"' + b"[" * 99 + b'"]', True),
        (b'["]]",' + b"[" * 32 + b"]" * 33, False), (b"[]" * 40, True), (b"[" + b"[]," * 40, True),
        (b"]" * 40, True), (b"{]" * 40, True), (b'"' + b"[" * 40, True), (b"\xff" * 40, True),
    ],
)  # fmt: skip
def test_json_is_nested_so_deep_and_no_deeper(body: bytes, is_read: bool) -> None:
    assert opened(body) is is_read


TEXTS = st.text('[]{}"\\', max_size=4)


def depth(value: Any) -> int:
    held = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(held, list):
        return 0
    return 1 + max(map(depth, held), default=0)


@given(
    st.recursive(
        st.none() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=60,
    ),
    st.integers(0, 40),
)
def test_depth_is_what_a_reader_would_count(document: Any, more: int) -> None:
    for _ in range(more):
        document = [document, "]["]
    body = json.dumps(document).encode()
    assert opened(body) is (depth(document) <= 32)
