import gzip
import zlib

import pytest

from openprofile.errors import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from openprofile.http.body import json_body
from openprofile.http.exchange import Request

LIMIT = 1000


def read(
    body: bytes, encoding: str | None = "gzip", content_type: str = "application/json"
) -> bytes:
    headers = {"content-type": content_type}
    if encoding is not None:
        headers["content-encoding"] = encoding
    return json_body(Request("POST", "/", "", headers, body, "http://localhost", "id", LIMIT))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_a_gzip_body_is_inflated(encoding: str) -> None:
    assert read(gzip.compress(b'{"a": 1}'), encoding) == b'{"a": 1}'
    assert read(gzip.compress(b""), encoding) == b""


@pytest.mark.parametrize("encoding", [None, "identity", "Identity"])
def test_a_body_without_encoding_stays(encoding: str | None) -> None:
    assert read(b"{}", encoding) == b"{}"


def test_inflating_ends_at_the_limit() -> None:
    assert read(gzip.compress(b"x" * LIMIT)) == b"x" * LIMIT
    with pytest.raises(RequestEntityTooLarge, match=str(LIMIT)):
        read(gzip.compress(b"x" * (LIMIT + 1)))
    with pytest.raises(RequestEntityTooLarge):
        read(gzip.compress(b"\0" * 50_000_000))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(b"{}", mtime=0)[:-1],
        gzip.compress(b"{}", mtime=0)[:5],
        gzip.compress(b"{}", mtime=0) + b"more",
        gzip.compress(b"{}", mtime=0) * 2,
        gzip.compress(b"{}", mtime=0)[:-8] + bytes(8),
        zlib.compress(b"{}"),
    ],
)
def test_what_is_not_one_gzip_member_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="gzip"):
        read(body)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", ""])
def test_another_encoding_is_refused_with_the_one_that_is_read(encoding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="gzip") as caught:
        read(b"{}", encoding)
    assert caught.value.headers == {"Accept-Encoding": "gzip"}
