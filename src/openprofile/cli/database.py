"""Which database a command works on: the stand-in's, or the one that ``serve`` is set to."""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from openprofile import sample
from openprofile.bulk.content import tenants
from openprofile.cli.common import explained
from openprofile.configuration import PREFIX, default_data, load
from openprofile.server.stores import database, open_store, sqlite_file
from openprofile.settings import Limits
from openprofile.store.base import Store


class Database(msgspec.Struct, frozen=True):
    """A database, and what may be kept in it."""

    dsn: str
    limits: Limits = Limits()
    home: str | None = None
    """The tenant of those who are put into it while it is empty, if that is known."""

    @property
    def file(self) -> Path | None:
        """Its file, where it is a SQLite database."""
        return sqlite_file(self.dsn)


def of_a_database(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a database, which it takes as ``where``; what an
    operator can mend is told in a sentence.
    """

    @click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder of the stand-in's data. [default: ~/.local/share/openprofile, unless "
        f"--config or {PREFIX}DATABASE says that it is the service's database]",
    )
    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{PREFIX}CONFIG",
        help="The TOML file of settings that serve is started with; variables of the environment "
        "stand above it.",
    )
    @functools.wraps(command)
    def wrapped(*, data: Path | None, config: Path | None, **options: Any) -> None:
        with explained():
            command(where=_database(data, config), **options)

    return wrapped


def _database(data: Path | None, config: Path | None) -> Database:
    if data is None and (config or os.environ.get(f"{PREFIX}DATABASE")):
        settings = load(os.environ, config)
        return Database(settings.database, settings.limits)
    file = database(data or default_data())
    return Database(f"sqlite:///{file.absolute()}", home=sample.TENANT)


@asynccontextmanager
async def opened(where: Database, *, new: bool = False) -> AsyncIterator[Store]:
    """The store of a database, closed at the end; one to write to may be ``new``."""
    if where.file and not where.file.exists():
        if not new:
            raise click.ClickException(f"There is no database {where.file}.")
        where.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(where.dsn, bulk=new)
    try:
        yield store
    finally:
        await store.close()


tenant_option = click.option(
    "--tenant", help="The tenant that it is about. [default: the only one there is]"
)


async def tenant_of(store: Store, where: Database, named: str | None) -> str:
    """The tenant that was ``named``, or that there is no choice of."""
    if named:
        return named.casefold()
    found: list[str] = []
    async for tenant in tenants(store):
        found.append(tenant)
        if len(found) > _SHOWN:
            break
    if len(found) == 1:
        return found[0]
    if where.home:
        return where.home
    if not found:
        raise click.UsageError("The database is empty: name the tenant that it is for by --tenant.")
    some = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    raise click.UsageError(f"There are several tenants: name one by --tenant ({some}).")


_SHOWN = 5
"""Tenants that a message names."""
