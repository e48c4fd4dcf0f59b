"""One of several processes that answer as one, on a line to each of the others for figures.

Each listens on a socket in a folder that is theirs alone; whoever is asked for the figures of all
asks the others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from openprofile.metering import Snapshot
from openprofile.telemetry import log

PATIENCE = 1.0
"""Seconds that a process has to tell its figures; one that is just starting is left out."""
Tell = Callable[[], Snapshot]


class Sibling:
    """One process among ``count`` of them; by itself where there is no ``folder``."""

    def __init__(self, number: int = 0, count: int = 1, folder: Path | None = None) -> None:
        self.number = number
        self._count = count
        self._folder = folder
        self._tell: Tell | None = None

    def tell(self, figures: Tell) -> None:
        """Answer with ``figures`` from now on."""
        self._tell = figures

    async def gather(self, own: Tell) -> list[Snapshot]:
        """The figures of every process that tells its own."""
        others = [number for number in range(self._count) if number != self.number]
        told = await asyncio.gather(*(self._ask(number) for number in others))
        return [own(), *(one for one in told if one is not None)]

    async def __aenter__(self) -> Self:
        self._server = None
        if self._folder is not None:
            path = self._folder / str(self.number)
            path.unlink(missing_ok=True)  # of the one before, which died
            self._server = await asyncio.start_unix_server(self._answer, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if self._tell is not None:
                writer.write(msgspec.json.encode(self._tell()))
            writer.close()
            await writer.wait_closed()

    async def _ask(self, number: int) -> Snapshot | None:
        assert self._folder is not None
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self._folder / str(number))
                try:
                    return msgspec.json.decode(await reader.read(-1), type=Snapshot)
                finally:
                    writer.close()
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("figures not told", by=number, reason=str(error))
            return None
