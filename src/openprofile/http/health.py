"""``/livez`` and ``/readyz``: whether the process answers, and whether it would store a write."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from openprofile.store.base import Store, Unavailable


async def livez(_: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "alive"})


class Readyz:
    """200 after a write has been stored, 503 with the reason when none could be."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, _: Request) -> Response:
        try:
            await self._store.check()
        except Unavailable as error:
            return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"})
