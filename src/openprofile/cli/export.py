"""``openprofile export``: the people and groups of a tenant as lines of JSON."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import IO

import click

from openprofile.bulk.content import count
from openprofile.bulk.export import export as lines_of
from openprofile.cli.database import Database, of_a_database, opened, tenant_of, tenant_option
from openprofile.cli.progress import bar
from openprofile.whole import part, whole


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@tenant_option
@click.option("--resume", is_flag=True, help="Go on with an export to FILE that was interrupted.")
@click.option("--overwrite", is_flag=True, help="Write FILE even where there is one already.")
@of_a_database
def export(where: Database, file: str, tenant: str | None, resume: bool, overwrite: bool) -> None:
    """Write the people and groups of a tenant to FILE (-: standard output), a line of JSON each.

    docs/bulk.md has the format. The service may run meanwhile. Until it is whole, the export is in
    FILE.part, from where --resume goes on.
    """
    if file == "-":
        if resume:
            raise click.UsageError("--resume needs a FILE to go on with.")
        with click.open_file("-", "wb") as out:
            asyncio.run(_export(where, tenant, out, after=None))
        return
    path = Path(file)
    if path.exists() and not overwrite:
        raise click.ClickException(f"{path} is there already; --overwrite replaces it.")
    if resume and not part(path).exists():
        raise click.ClickException(f"There is no {part(path)} to go on with.")
    if not resume:
        part(path).unlink(missing_ok=True)
    with whole(path, kept=True) as beside, beside.open("rb+") as out:
        last = _last_line(out)
        asyncio.run(_export(where, tenant, out, after=last))


async def _export(
    where: Database, named: str | None, out: IO[bytes], *, after: bytes | None
) -> None:
    async with opened(where) as store:
        tenant = await tenant_of(store, where, named)
        length = await count(store, tenant)
        if not length:
            raise click.ClickException(f"The tenant {tenant} has nobody.")
        with bar("Exporting", length) as at:
            done = 0
            async for line in lines_of(store, tenant, after=after):
                out.write(line)
                done += 1
                at(done)
    out.flush()


_BLOCK = 64 * 1024


def _last_line(file: IO[bytes]) -> bytes | None:
    """The last whole line of a file, behind which the file now ends; None where there is none."""
    end = file.seek(0, os.SEEK_END)
    tail = b""
    while end and tail.count(b"\n") < 2:
        start = max(0, end - _BLOCK)
        file.seek(start)
        tail = file.read(end - start) + tail
        end = start
    keep = tail.rfind(b"\n") + 1
    file.seek(end + keep)
    file.truncate()
    return tail[:keep].splitlines()[-1] if keep else None
