"""Bodies that are compressed: the Go SDK's Kiota sends them so unless it is told not to."""

import gzip

import pytest

from api.conftest import Client, fault

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


async def test_a_gzip_body_is_read(ada: Client) -> None:
    body = gzip.compress(b'{"displayName": "Chess"}')
    created = await ada("POST", PATH, content=body, headers=HEADERS)
    assert created.status_code == 201
    changed = await ada(
        "PATCH",
        f"{PATH}/{created.json()['id']}",
        content=gzip.compress(b'{"displayName": "Go"}'),
        headers=HEADERS,
    )
    assert changed.json()["displayName"] == "Go"


async def test_a_body_that_inflates_beyond_the_limit_is_refused(ada: Client) -> None:
    bomb = gzip.compress(b" " * 20 * 1024 * 1024)
    response = await ada("POST", PATH, content=bomb, headers=HEADERS)
    error = fault(response, 413, "requestEntityTooLarge")
    assert str(1024 * 1024) in error["message"]


async def test_a_body_that_is_not_gzip_is_refused(ada: Client) -> None:
    response = await ada("POST", PATH, content=b"{}", headers=HEADERS)
    fault(response, 400, "BadRequest")


async def test_another_encoding_is_refused_with_the_one_that_is_read(ada: Client) -> None:
    response = await ada("POST", PATH, json={}, headers={"Content-Encoding": "br"})
    error = fault(response, 415, "unsupportedMediaType")
    assert "gzip" in error["message"]
    assert response.headers["accept-encoding"] == "gzip"
