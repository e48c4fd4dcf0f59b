"""``openprofile backup`` and ``restore``: a SQLite database to a file, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from openprofile.cli.database import Database, of_a_database
from openprofile.cli.progress import bar
from openprofile.store import sqlite_backup
from openprofile.store.sqlite_backup import NotDone, Progress

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_file
@click.option("--overwrite", is_flag=True, help="Write FILE even where there is one already.")
@of_a_database
def backup(where: Database, file: Path, overwrite: bool) -> None:
    """Write the database, as it is at this moment, to FILE; the service may run meanwhile.

    FILE holds everything of every tenant, and is there once it has passed a check of its integrity.
    """
    database = _sqlite(where, "pg_dump --format=custom --file=FILE 'postgresql://…'")
    with _told("Copying") as progress:
        sqlite_backup.backup(database, file, progress, overwrite=overwrite)
    click.echo(f"{database} is in {file}.", err=True)


@click.command()
@_file
@click.option("--overwrite", is_flag=True, help="Replace the database that there is.")
@of_a_database
def restore(where: Database, file: Path, overwrite: bool) -> None:
    """Put the database that backup wrote to FILE in its place; the service must be stopped.

    FILE passes a check of its integrity before anything is replaced.
    """
    database = _sqlite(where, "pg_restore --clean --if-exists --dbname='postgresql://…' FILE")
    with _told("Copying") as progress:
        sqlite_backup.restore(file, database, progress, overwrite=overwrite)
    click.echo(f"{file} is now {database}.", err=True)


def _sqlite(where: Database, instead: str) -> Path:
    if where.file is None:
        raise click.ClickException(
            f"The database is PostgreSQL, whose own tools do this while it is in use: {instead}"
        )
    return where.file


@contextmanager
def _told(label: str) -> Iterator[Progress]:
    """What shows the progress; and what is in the way, in a sentence."""
    try:
        with bar(label, 100) as at:
            yield lambda done, of: at(100 * done // max(of, 1))
    except NotDone as error:
        hint = " --overwrite replaces it." if "already" in str(error) else ""
        raise click.ClickException(f"{error}{hint}") from error
