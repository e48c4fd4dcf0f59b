"""What is kept for one tenant of the stand-in, as a whole: filled and emptied."""

from __future__ import annotations

from openprofile import sample
from openprofile.directory import Directory
from openprofile.store.base import EraseTenant, Store


class State:
    """The content of one tenant."""

    def __init__(self, store: Store, directory: Directory, tenant: str) -> None:
        self._store = store
        self._directory = directory
        self._tenant = tenant
        self._with_sample = False

    async def fill(self) -> None:
        """Put the sample people into it, now and at every ``reset``, unless it has people."""
        self._with_sample = True
        await sample.seed(self._directory, self._tenant)

    async def erase(self) -> None:
        """Remove everything."""
        await self._store.write([EraseTenant(self._tenant)])

    async def reset(self) -> None:
        """Leave what there was at first."""
        await self.erase()
        if self._with_sample:
            await self.fill()
