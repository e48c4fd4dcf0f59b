"""``openprofile copy``: everything from one database into another."""

from __future__ import annotations

import asyncio

import click

from openprofile.bulk.content import count, tenants
from openprofile.bulk.copy import Differs, NotEmpty
from openprofile.bulk.copy import copy as copy_store
from openprofile.bulk.writer import Counts, Refused
from openprofile.cli.common import explained
from openprofile.cli.database import Database, opened
from openprofile.cli.progress import bar


@click.command()
@click.option(
    "--from", "source", required=True, help="The database to read: sqlite:///FILE, postgresql://…"
)
@click.option(
    "--to", "target", required=True, help="The database to write, which is empty or not there yet."
)
@click.option(
    "--resume", is_flag=True, help="Go on with a copy that was interrupted: the target has people."
)
def copy(source: str, target: str, resume: bool) -> None:
    """Copy all tenants of one database into another, SQLite or PostgreSQL, and compare them.

    Ids, times, authors and ETags stay what they are. Stop the service first: what is written
    meanwhile may be missed, and then the comparison fails. A copy that was interrupted goes on
    with --resume, which also brings what was added since.
    """
    if source == target:
        raise click.UsageError("--from and --to are the same database.")
    try:
        with explained():
            counts = asyncio.run(_copy(Database(source), Database(target), resume=resume))
    except NotEmpty as error:
        raise click.ClickException(f"{error} --resume adds to what it has.") from error
    except Differs as error:
        raise click.ClickException(
            f"{error} Was one of them written to meanwhile? --resume brings what was added."
        ) from error
    except Refused as error:
        raise click.ClickException(
            f"The database to copy to does not take what is in the other: {error.reason}"
        ) from error
    click.echo(f"Copied, and compared: {counts}.", err=True)


async def _copy(source: Database, target: Database, *, resume: bool) -> Counts:
    async with opened(source) as one, opened(target, new=True) as other:
        length = 0
        async for tenant in tenants(one):
            length += await count(one, tenant)
        with bar("Copying", length) as at:
            return await copy_store(one, other, resume=resume, progress=at)
