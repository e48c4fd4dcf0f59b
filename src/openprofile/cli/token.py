"""``openprofile token``: a bearer token of the local authority."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import click
import msgspec

from openprofile import sample
from openprofile.cli.common import data_option, explained
from openprofile.clock import Clock, is_id
from openprofile.directory import Directory
from openprofile.http.control import ROOT
from openprofile.identity.forgery import FORGERIES
from openprofile.identity.minting import CENTURY, BadTokenRequest, TokenRequest, mint
from openprofile.model.directory import Person
from openprofile.server.program import ENDPOINTS
from openprofile.server.stand_in import authority
from openprofile.server.stores import database, embedded_store

_SECONDS = 5
"""How long a stand-in has to sign a token."""


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
    """Print a bearer token of the local authority, and nothing else.

    A stand-in that runs on the folder is asked for it, so it is for its people, whom it may have in
    memory alone, and goes by its clock.
    """
    if app and user:
        raise click.UsageError("--app is a token without a person: leave --user out.")
    wanted = TokenRequest(
        user=user, scope=scope, app=app, role=list(role), expires_in=expires_in, forge=forge
    )
    asked = _asked(data, tenant, wanted)
    if asked is not None:
        click.echo(asked)
        return
    with explained():
        clock = Clock()
        signer = authority(data, clock).of(tenant, clock)
        try:
            text = asyncio.run(mint(wanted, signer, clock, lambda name: _find(data, tenant, name)))
        except BadTokenRequest as error:
            raise click.ClickException(str(error)) from error
    click.echo(text)


def _asked(data: Path, tenant: str, wanted: TokenRequest) -> str | None:
    """The token that the stand-in which runs on the folder signs; None where none does, or none
    that speaks for the tenant.
    """
    try:
        url = _decoded((data / ENDPOINTS).read_bytes())["url"]
        request = urllib.request.Request(  # noqa: S310  it is the stand-in's own
            f"{url}{ROOT}/tenants/{tenant}/tokens",
            data=msgspec.json.encode(wanted),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_SECONDS) as answer:
            token: str = _decoded(answer.read())["token"]
            return token
    except HTTPError as error:
        with error:
            if error.code != 400:
                return None
            raise click.ClickException(_decoded(error.read())["error"]["message"]) from error
    except (OSError, ValueError, KeyError):
        return None  # the file is of one that was killed


def _decoded(content: bytes) -> dict[str, Any]:
    return msgspec.json.decode(content, type=dict[str, Any])


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
