"""``openprofile import``: people and groups from lines of JSON."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import IO

import click

from openprofile.bulk.load import BadLine, load, read
from openprofile.bulk.reader import LONGEST_LINE
from openprofile.bulk.writer import Counts
from openprofile.cli.database import Database, of_a_database, opened, tenant_of, tenant_option
from openprofile.cli.progress import bar
from openprofile.clock import Clock

_FAULTS = 20
"""Lines at fault that --check tells of."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@tenant_option
@click.option("--check", is_flag=True, help="Read everything, tell what is wrong, store nothing.")
@of_a_database
def import_(where: Database, file: str, tenant: str | None, check: bool) -> None:
    """Store the people and groups of FILE (-: standard input), a line of JSON each.

    docs/bulk.md has the format. The service may run meanwhile. The first line that cannot be stored
    ends the import, with all lines before it stored. To repeat an import leaves nothing twice, and
    passes quickly over what is there: that is how to go on with one that was interrupted.
    """
    source = _Source(file)
    if check:
        _check(where, source)
        return
    began = time.monotonic()
    try:
        counts = asyncio.run(_import(where, tenant, source))
    except BadLine as error:
        raise click.ClickException(
            f"{error} The lines before it are stored; mend it and repeat the import."
        ) from error
    except KeyboardInterrupt:
        raise click.ClickException(
            f"Interrupted. The lines up to {source.stored} are stored; repeat the import to go on."
        ) from None
    took = time.monotonic() - began
    rate = round(counts.people / took)
    click.echo(f"Imported {counts} in {took:.1f} s, {rate} people/s.", err=True)


async def _import(where: Database, named: str | None, source: _Source) -> Counts:
    async with opened(where, new=True) as store:
        tenant = await tenant_of(store, where, named)
        with bar("Importing", source.size) as at:

            def progress(number: int) -> None:
                source.stored = number
                at(source.read)

            return await load(
                store,
                tenant,
                source,
                limits=where.limits,
                clock=Clock(),
                progress=progress,
            )


def _check(where: Database, source: _Source) -> None:
    counts, faults = Counts(), 0
    for line in read(source, "", limits=where.limits, clock=Clock()):
        if isinstance(line, BadLine):
            faults += 1
            if faults <= _FAULTS:
                click.echo(line, err=True)
        else:
            counts.add(line.changes)
    if faults:
        raise click.ClickException(f"{faults} lines cannot be stored; the others hold {counts}.")
    click.echo(f"Every line can be read: {counts}.", err=True)


class _Source:
    """The lines of a file, and how far they have been read."""

    def __init__(self, file: str) -> None:
        self._file: IO[bytes] = click.open_file(file, "rb")
        self.size = None if file == "-" else os.path.getsize(file)  # noqa: PTH202
        self.read = 0
        """Bytes."""
        self.stored = 0
        """Lines."""

    def __iter__(self) -> Iterator[bytes]:
        with self._file as file:
            # One byte more than a line may have tells one that is too long.
            while line := file.readline(LONGEST_LINE + 1):
                self.read += len(line)
                yield line
