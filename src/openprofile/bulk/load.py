"""Lines of JSON into a tenant, in groups; docs/bulk.md has the format."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator

import msgspec

from openprofile.bulk.reader import Reader
from openprofile.bulk.writer import Counts, Refused, Writer, reason
from openprofile.clock import Clock
from openprofile.errors import BadRequest, Fault
from openprofile.settings import Limits
from openprofile.store.base import Change, EraseTenant, Store, StoreError, Unavailable


class BadLine(Exception):
    """A line that cannot be stored: ``fault`` says why."""

    def __init__(self, number: int, fault: Fault) -> None:
        super().__init__(f"Line {number}: {fault.message}")
        self.number = number
        self.fault = fault


class Stored(msgspec.Struct, frozen=True):
    """What stores the content of one line."""

    number: int
    """From 1."""
    size: int
    """Bytes of the line."""
    changes: list[Change]


def read(
    lines: Iterable[bytes], tenant: str, *, limits: Limits, clock: Clock
) -> Iterator[Stored | BadLine]:
    """What stores each line in a tenant, or why it cannot be stored. A blank line holds nothing.

    Carried out again, in order, the changes leave nothing twice.
    """
    reader = Reader(tenant, limits, clock)
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if not line.strip():
            continue
        try:
            yield Stored(number, len(line), reader.read(line))
        except Fault as fault:
            yield BadLine(number, fault)


async def load(
    store: Store,
    tenant: str,
    lines: Iterable[bytes],
    *,
    limits: Limits,
    clock: Clock,
    progress: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Store the content of lines in a tenant, and tell ``progress`` the number of the line up to
    which all is on the disk. What is there already, to the letter, stays untouched.

    Raises BadLine for the first line that cannot be stored, with all before it stored and nothing
    of it or behind it; Unavailable, with some beginning of the lines stored.
    """
    writer = Writer(store, progress)
    try:
        for line in read(lines, tenant, limits=limits, clock=clock):
            if isinstance(line, BadLine):
                await writer.flush()
                raise line
            await writer.add(line.number, line.changes, line.size)
        await writer.flush()
    except Refused as refused:
        raise BadLine(refused.number, BadRequest(refused.reason)) from refused
    return writer.counts


async def replace(
    store: Store, tenant: str, lines: Iterable[bytes], *, limits: Limits, clock: Clock
) -> Counts:
    """Make the content of lines the whole content of a tenant, in one transaction; returns it.

    Raises BadLine, and Unavailable, with the tenant as it was. For what fits into memory.
    """
    stored: list[Stored] = []
    for line in read(lines, tenant, limits=limits, clock=clock):
        if isinstance(line, BadLine):
            raise line
        stored.append(line)
    changes = [change for line in stored for change in line.changes]
    try:
        await store.write([EraseTenant(tenant), *changes])
    except Unavailable:
        raise
    except StoreError as error:
        at = next(
            line.number for line in stored if any(one is error.change for one in line.changes)
        )
        raise BadLine(at, BadRequest(reason(error))) from error
    counts = Counts()
    counts.add(changes)
    return counts
