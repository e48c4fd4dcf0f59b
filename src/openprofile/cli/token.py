"""``openprofile token``: a bearer token of the local authority."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from openprofile import sample
from openprofile.cli.common import data_option, explained
from openprofile.clock import Clock, is_id
from openprofile.directory import Directory
from openprofile.identity.forgery import FORGERIES
from openprofile.identity.minting import CENTURY, BadTokenRequest, TokenRequest, mint
from openprofile.model.directory import Person
from openprofile.server.stand_in import authority
from openprofile.server.stores import database, embedded_store


def _tenant(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not is_id(value):
        raise click.BadParameter(f"{value!r} is not a GUID.")
    return value.casefold()


@click.command()
@click.option("--user", help="The person it is for: principal name or id. [default: the first]")
@click.option(
    "--scope",
    default="User.ReadWrite",
    show_default=True,
    help="Delegated permissions, separated by spaces.",
)
@click.option("--app", is_flag=True, help="A token for the application by itself.")
@click.option("--role", multiple=True, help="An app role (claim roles); may be repeated.")
@click.option(
    "--expires-in",
    type=click.IntRange(-CENTURY, CENTURY),
    default=3600,
    show_default=True,
    help="Seconds it holds.",
)
@click.option(
    "--forge", type=click.Choice(list(FORGERIES)), help="A reason for which it does not hold."
)
@click.option("--tenant", default=sample.TENANT, callback=_tenant, help="The tenant it is of.")
@data_option
def token(
    user: str | None,
    scope: str,
    app: bool,
    role: tuple[str, ...],
    expires_in: int,
    forge: str | None,
    tenant: str,
    data: Path,
) -> None:
    """Print a bearer token of the local authority, and nothing else."""
    if app and user:
        raise click.UsageError("--app is a token without a person: leave --user out.")
    wanted = TokenRequest(
        user=user, scope=scope, app=app, role=list(role), expires_in=expires_in, forge=forge
    )
    with explained():
        clock = Clock()
        signer = authority(data, clock).of(tenant, clock)
        try:
            text = asyncio.run(mint(wanted, signer, clock, lambda name: _find(data, tenant, name)))
        except BadTokenRequest as error:
            raise click.ClickException(str(error)) from error
    click.echo(text)


async def _find(data: Path, tenant: str, name: str | None) -> Person:
    """The person that a token is for: of the database if there is one, else a sample person."""
    people = sample.people(tenant)
    if name is None:
        return people[0]
    if database(data).exists():
        found = await _kept(data, tenant, name)
    else:
        wanted = name.casefold()
        found = next(
            (one for one in people if wanted in (one.id, one.user.user_principal_name)), None
        )
    if found is None:
        known = ", ".join(one.user.user_principal_name for one in people[:3])
        raise click.ClickException(f"Nobody is called {name}; the sample people are {known}, …")
    return found


async def _kept(data: Path, tenant: str, name: str) -> Person | None:
    store = embedded_store(data)
    try:
        return await Directory(store, Clock()).find(tenant, name)
    finally:
        await store.close()
