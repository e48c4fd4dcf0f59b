"""``/livez`` and ``/readyz``: whether the process answers, and whether it would store a write."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openprofile.store.base import Store, Unavailable


async def livez(_: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "alive"})


class Readyz:
    """200 after a write has been stored, 503 with the reason when none could be.

    Anybody may ask, so all who ask while a write is under way share it: they cause one after the
    other, and not one each.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._checking: asyncio.Task[str | None] | None = None

    async def __call__(self, _: Request) -> Response:
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._fault())
        fault = await asyncio.shield(self._checking)
        if fault is not None:
            body = {"status": "unavailable", "reason": fault}
            return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"status": "ready"})

    async def _fault(self) -> str | None:
        """Why no write could be stored; None if one has been."""
        try:
            await self._store.check()
        except Unavailable as error:
            return str(error)
        return None
