"""Numbered SQL files, applied once each and in order."""

from __future__ import annotations

import re
from importlib import resources

import msgspec

from openprofile.store.base import SchemaTooNew


class Migration(msgspec.Struct, frozen=True):
    """One file of ``schema/{dialect}``: ``0001_items.sql`` is number 1."""

    number: int
    name: str
    sql: str


def migrations(dialect: str) -> list[Migration]:
    """All migrations of a dialect (``sqlite``), in order."""
    folder = resources.files("openprofile.store").joinpath("schema", dialect)
    found = [
        Migration(number=int(match[1]), name=entry.name, sql=entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if (match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def pending(dialect: str, version: int) -> list[Migration]:
    """The migrations that a database at ``version`` lacks; raises SchemaTooNew for one that is
    ahead of this program.
    """
    known = migrations(dialect)
    newest = known[-1].number
    if version > newest:
        raise SchemaTooNew(
            f"The database has schema version {version} and this program knows versions up to "
            f"{newest}: a newer openprofile wrote it. Start that version, or name another database."
        )
    return [migration for migration in known if migration.number > version]
