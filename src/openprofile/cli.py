"""The command ``openprofile``."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from openprofile import __version__, sample, server, telemetry
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.http.origin import is_loopback
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person
from openprofile.settings import default_data
from openprofile.store.base import SchemaTooNew, Unavailable
from openprofile.store.sqlite import SqliteStore

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data,
    show_default="~/.local/share/openprofile",
    help="The folder of the database and of the local authority's key.",
)


@click.group(context_settings={"auto_envvar_prefix": "OPENPROFILE", "max_content_width": 100})
@click.version_option(__version__, package_name="openprofile")
def main() -> None:
    """A self-hosted people-profile service that speaks Microsoft Graph's profile API."""


@main.command()
@click.option("--host", default="localhost", show_default=True, help="The name to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port for http; 0 takes a free one.",
)
@_data
@click.option("--memory", is_flag=True, help="Keep people and profiles in memory alone.")
@click.option(
    "--expose",
    is_flag=True,
    help="Allow a --host that other machines reach; whoever reaches it can forge its tokens.",
)
def dev(host: str, port: int, data: Path, memory: bool, expose: bool) -> None:
    """Run the stand-in: sample people, a local token authority, an embedded database."""
    if not expose and not is_loopback(host):
        raise click.UsageError(
            f"--host {host} can be reached by other machines, and the stand-in's tokens are for "
            "tests. Add --expose if that is what you want."
        )
    telemetry.configure(json=False)
    with _explained():
        server.run(_dev(host, port, data, memory=memory, exposed=expose))


@main.command()
@click.option("--user", help="The person it is for: principal name or id. [default: the first]")
@click.option(
    "--scope",
    default="User.ReadWrite",
    show_default=True,
    help="Delegated permissions, separated by spaces.",
)
@click.option("--app", "application", is_flag=True, help="A token for the application by itself.")
@click.option("--role", "roles", multiple=True, help="An app role (claim roles); may be repeated.")
@click.option("--expires-in", type=int, default=3600, show_default=True, help="Seconds it holds.")
@_data
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
    with _explained():
        signer = server.authority(data, Clock())
        if application:
            text = signer.application(roles, expires_in=expires_in)
        else:
            text = _delegated(signer, _person(data, user), scope, roles, expires_in)
    click.echo(text)


def _delegated(
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
    if server.database(data).exists():
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
    store = SqliteStore(server.database(data))
    try:
        return await Directory(store, Clock()).find(sample.TENANT, name)
    finally:
        await store.close()


async def _dev(host: str, port: int, data: Path, *, memory: bool, exposed: bool) -> None:
    async with server.stand_in(data, memory=memory, exposed=exposed) as parts:
        sockets = server.listen(host, port)
        url = f"http://{_in_url(host)}:{sockets[0].getsockname()[1]}"
        parts.authority.answer_to(url)
        people = await parts.directory.people(sample.TENANT)

        def ready() -> None:
            _write_endpoints(data, url, people)
            _announce(url, data, memory, parts.authority)

        await server.serve(parts.app, sockets, ready)


def _write_endpoints(data: Path, url: str, people: list[Person]) -> None:
    """Tell other programs where the stand-in is; the file is there only once it is ready."""
    endpoints = {
        "url": url,
        "tls_url": None,
        "ca": None,
        "tenant": sample.TENANT,
        "users": [
            {"id": one.id, "userPrincipalName": one.user.user_principal_name} for one in people
        ],
    }
    path = data / "endpoints.json"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(endpoints)) + b"\n")
    unfinished.replace(path)


def _announce(url: str, data: Path, memory: bool, signer: Authority) -> None:
    first = sample.people()[0]
    bearer = _delegated(signer, first, "User.ReadWrite", (), 24 * 3600)
    kept = "in memory, until it stops" if memory else str(server.database(data))
    curl = shlex.join(
        [
            *("curl", "-X", "POST", f"{url}/beta/me/profile/interests"),
            *("-H", "Content-Type: application/json"),
            *("-H", f"Authorization: Bearer {bearer}"),
            *("-d", '{"displayName": "Chess", "categories": ["Games"]}'),
        ]
    )
    click.echo(
        f"openprofile {__version__} answers at {url}/beta\n"
        f"  kept {kept}\n"
        f"  tokens come from 'openprofile token --data {shlex.quote(str(data))}'\n\n"
        f"Add an interest for {first.user.display_name}:\n\n{curl}\n"
    )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """One sentence instead of a traceback for what an operator can mend."""
    try:
        yield
    except (SchemaTooNew, Unavailable, OSError) as error:
        raise click.ClickException(str(error)) from error
