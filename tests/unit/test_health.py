"""Whether a write would be stored, asked by many at once."""

import asyncio
from typing import cast

import pytest
from starlette.requests import Request

from openprofile.http.health import Readyz
from openprofile.store.base import Store, Unavailable

pytestmark = pytest.mark.anyio
REQUEST = Request({"type": "http", "method": "GET", "headers": []})


class Slow:
    """A store whose checks end when they are told to."""

    def __init__(self) -> None:
        self.checks = 0
        self.fault: str | None = None
        self.go = asyncio.Event()

    async def check(self) -> None:
        self.checks += 1
        await self.go.wait()
        if self.fault:
            raise Unavailable(self.fault)


async def test_all_who_ask_meanwhile_share_one_write() -> None:
    store = Slow()
    readyz = Readyz(cast("Store", store))
    asking = [asyncio.create_task(readyz(REQUEST)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()  # who is gone takes nothing from the others
    store.go.set()
    answers = await asyncio.gather(*asking[1:])
    assert {answer.status_code for answer in answers} == {200}
    assert store.checks == 1


async def test_who_asks_later_is_told_anew() -> None:
    store = Slow()
    store.go.set()
    readyz = Readyz(cast("Store", store))
    assert (await readyz(REQUEST)).status_code == 200
    store.fault = "disk full"
    answer = await readyz(REQUEST)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert bytes(answer.body) == b'{"status":"unavailable","reason":"disk full"}'
    store.fault = None
    assert (await readyz(REQUEST)).status_code == 200
