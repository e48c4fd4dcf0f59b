"""What is kept for one tenant of the stand-in, as a whole: filled, emptied, kept and put back."""

from __future__ import annotations

from openprofile import sample
from openprofile.bulk.writer import Counts
from openprofile.clock import Clock, new_id
from openprofile.directory import Directory, putting, putting_group
from openprofile.document import BadDocument, Document
from openprofile.settings import Limits
from openprofile.store.base import Change, EraseTenant, Store, StoreError, Unavailable

MOST_SNAPSHOTS = 20
"""Snapshots that are kept of one tenant; the oldest gives way."""
MOST_SEEDS = 20
"""Seeds that a reset of one tenant stores again: the first, and the newest of the others."""


class State:
    """The content of one tenant."""

    def __init__(
        self, store: Store, directory: Directory, tenant: str, limits: Limits, clock: Clock
    ) -> None:
        self._store = store
        self._directory = directory
        self._tenant = tenant
        self._limits = limits
        self._clock = clock
        self._with_sample = False
        self._seeds: list[Document] = []
        self._snapshots: dict[str, list[bytes]] = {}

    async def fill(self) -> None:
        """Put the sample people into it, now and at every ``reset``, unless it has people."""
        self._with_sample = True
        await sample.seed(self._directory, self._tenant)

    async def seed(self, document: Document) -> Counts:
        """Store what a document holds, all or none, now and at every ``reset``.

        Raises BadDocument.
        """
        counts = await self._store_seed(document)
        # One that comes again has the last word, as it has now, and is there once.
        self._seeds = [one for one in self._seeds if one.value != document.value]
        self._seeds.append(document)
        if len(self._seeds) > MOST_SEEDS:
            del self._seeds[1]
        return counts

    async def erase(self) -> None:
        """Remove everything."""
        await self._store.write([EraseTenant(self._tenant)])

    async def reset(self) -> None:
        """Leave the sample people, if there were any at first, and what was seeded.

        Raises BadDocument for a seed that names somebody of no seed, once all others are stored;
        it is forgotten.
        """
        changes: list[Change] = [EraseTenant(self._tenant)]
        if self._with_sample:
            changes += [putting(self._tenant, person) for person in sample.people(self._tenant)]
            changes += [
                putting_group(self._tenant, group, members)
                for group, members in sample.groups(self._tenant)
            ]
        await self._store.write(changes)
        failed: BadDocument | None = None
        for document in self._seeds.copy():
            try:
                await self._store_seed(document)
            except BadDocument as error:
                self._seeds = [one for one in self._seeds if one is not document]
                failed = failed or error
        if failed is not None:
            raise failed

    async def snapshot(self) -> str:
        """Keep all of it in memory, and return the id by which ``restore`` puts it back."""
        # what reads and writes whole tenants is loaded when somebody does, and not at each start
        from openprofile.bulk.export import export  # noqa: PLC0415

        lines = [line async for line in export(self._store, self._tenant)]
        if len(self._snapshots) >= MOST_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        snapshot_id = new_id()
        self._snapshots[snapshot_id] = lines
        return snapshot_id

    async def restore(self, snapshot_id: str | None = None) -> bool:
        """Put back the snapshot with this id, or the newest; False if there is none."""
        if snapshot_id is None:
            snapshot_id = next(reversed(self._snapshots), "")
        lines = self._snapshots.get(snapshot_id)
        if lines is None:
            return False
        from openprofile.bulk.load import replace  # noqa: PLC0415  as in snapshot

        await replace(self._store, self._tenant, lines, limits=self._limits, clock=self._clock)
        return True

    async def _store_seed(self, document: Document) -> Counts:
        from openprofile.seed import Seed  # noqa: PLC0415  as in snapshot

        seed = Seed(document, self._tenant)
        changes = await seed.changes(self._directory, self._limits, self._clock)
        try:
            await self._store.write(changes)
        except Unavailable:
            raise
        except StoreError as error:
            raise seed.refusal(error) from error
        counts = Counts()
        counts.add(changes)
        return counts
