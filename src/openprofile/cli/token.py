"""``openprofile token``: a bearer token of the local authority."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from openprofile import sample
from openprofile.cli.common import data_option, explained
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person
from openprofile.server.stand_in import authority
from openprofile.server.stores import database, embedded_store

_CENTURY = 100 * 366 * 24 * 3600


@click.command()
@click.option("--user", help="The person it is for: principal name or id. [default: the first]")
@click.option(
    "--scope",
    default="User.ReadWrite",
    show_default=True,
    help="Delegated permissions, separated by spaces.",
)
@click.option("--app", "application", is_flag=True, help="A token for the application by itself.")
@click.option("--role", "roles", multiple=True, help="An app role (claim roles); may be repeated.")
@click.option(
    "--expires-in",
    type=click.IntRange(-_CENTURY, _CENTURY),
    default=3600,
    show_default=True,
    help="Seconds it holds.",
)
@data_option
def token(
    user: str | None,
    scope: str,
    application: bool,
    roles: tuple[str, ...],
    expires_in: int,
    data: Path,
) -> None:
    """Print a bearer token of the local authority, and nothing else."""
    if application and user:
        raise click.UsageError("--app is a token without a person: leave --user out.")
    with explained():
        signer = authority(data, Clock())
        if application:
            text = signer.application(roles, expires_in=expires_in)
        else:
            text = delegated(signer, _person(data, user), scope, roles, expires_in)
    click.echo(text)


def delegated(
    signer: Authority, person: Person, scope: str, roles: tuple[str, ...], expires_in: int
) -> str:
    return signer.delegated(
        person.user,
        scope.split(),
        roles=roles,
        directory_roles=person.directory_roles,
        expires_in=expires_in,
    )


def _person(data: Path, name: str | None) -> Person:
    """The person that a token is for: of the database if there is one, else a sample person."""
    people = sample.people()
    if name is None:
        return people[0]
    if database(data).exists():
        found = asyncio.run(_find(data, name))
    else:
        wanted = name.casefold()
        found = next(
            (one for one in people if wanted in (one.id, one.user.user_principal_name)), None
        )
    if found is None:
        known = ", ".join(one.user.user_principal_name for one in people[:3])
        raise click.ClickException(f"Nobody is called {name}; the sample people are {known}, …")
    return found


async def _find(data: Path, name: str) -> Person | None:
    store = embedded_store(data)
    try:
        return await Directory(store, Clock()).find(sample.TENANT, name)
    finally:
        await store.close()
