from collections.abc import MutableMapping
from typing import Any

import pytest

from openprofile.http.cors import ANY, Cors
from openprofile.http.guard import Receive, Scope, Send

pytestmark = pytest.mark.anyio
APP = "https://app.example"


async def teapot(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": [(b"etag", b"x")]})
    await send({"type": "http.response.body", "body": b"short and stout"})


async def called(
    allowed: list[str], origin: str | None, *, preflight: bool = False
) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer of the teapot behind Cors."""
    headers = {"host": "x"} | ({"origin": origin} if origin is not None else {})
    if preflight:
        headers["access-control-request-method"] = "PATCH"
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "OPTIONS" if preflight else "GET",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await Cors(teapot, allowed)(scope, receive, send)
    start, _ = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.parametrize("origin", [APP, "https://other.example"])
@pytest.mark.parametrize("preflight", [False, True])
async def test_an_allowed_origin_is_told_so(origin: str, *, preflight: bool) -> None:
    status, headers = await called([APP, "https://Other.example"], origin, preflight=preflight)
    assert status == (204 if preflight else 418)
    assert headers["access-control-allow-origin"] == origin
    assert headers["vary"] == "Origin"
    assert ("access-control-allow-headers" in headers) is preflight
    assert ("access-control-expose-headers" in headers) is not preflight


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{APP}.evil.example", f"{APP}:444", "", ANY, None]
)
@pytest.mark.parametrize("preflight", [False, True])
@pytest.mark.parametrize("allowed", [[APP], []])
async def test_any_other_origin_is_told_nothing(
    allowed: list[str], origin: str | None, *, preflight: bool
) -> None:
    assert await called(allowed, origin, preflight=preflight) == (418, {"etag": "x"})


@pytest.mark.parametrize("origin", [APP, "null"])
async def test_where_any_is_allowed_the_answer_is_the_same_for_all(origin: str) -> None:
    status, headers = await called([ANY], origin, preflight=True)
    assert (status, headers["access-control-allow-origin"]) == (204, "*")
    assert "vary" not in headers
    assert await called([ANY], None, preflight=True) == (418, {"etag": "x"})
