"""The command ``openprofile``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from openprofile import __version__, sample, server, telemetry
from openprofile.cli_explain import explain
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.hosts import in_url, is_loopback
from openprofile.identity import files
from openprofile.identity.certificates import Certificates
from openprofile.identity.files import BadFile
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person
from openprofile.settings import BadSettings, Settings, default_data, load
from openprofile.store.base import SchemaTooNew, Unavailable
from openprofile.store.sqlite import SqliteStore

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data,
    show_default="~/.local/share/openprofile",
    help="The folder of the database and of the local authority's key.",
)


_CENTURY = 100 * 366 * 24 * 3600


@click.group(context_settings={"auto_envvar_prefix": "OPENPROFILE", "max_content_width": 100})
@click.version_option(__version__, package_name="openprofile")
def main() -> None:
    """A self-hosted people-profile service that speaks Microsoft Graph's profile API."""


main.add_command(_data(explain))


@main.command()
@click.option("--host", default="localhost", show_default=True, help="The name to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port for http; 0 takes a free one.",
)
@click.option(
    "--tls-port",
    type=click.IntRange(0, 65535),
    help="The port for https; 0 takes a free one. [default: 8443, or a free one where --port is 0 "
    "or 8443 is taken]",
)
@_data
@click.option("--memory", is_flag=True, help="Keep people and profiles in memory alone.")
@click.option(
    "--expose",
    is_flag=True,
    help="Allow a --host that other machines reach; whoever reaches it can forge its tokens.",
)
def dev(host: str, port: int, tls_port: int | None, data: Path, memory: bool, expose: bool) -> None:
    """Run the stand-in: sample people, a local token authority, an embedded database."""
    if not expose and not is_loopback(host):
        raise click.UsageError(
            f"--host {host} can be reached by other machines, and the stand-in's tokens are for "
            "tests. Add --expose if that is what you want."
        )
    telemetry.configure(json=False)
    with _explained():
        server.run(_dev(host, port, tls_port, data, memory=memory, exposed=expose))


@main.command()
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="OPENPROFILE_CONFIG",
    help="A TOML file of settings; variables of the environment stand above it.",
)
@click.option("--host", help="The name or address to listen on. [default: the setting, localhost]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one. [default: the setting, 8080]",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    envvar="OPENPROFILE_WORKERS",
    show_default=True,
    help="Processes that answer.",
)
def serve(config: Path | None, host: str | None, port: int | None, workers: int) -> None:
    """Run the service for an organisation, with the people of its own OpenID Connect issuer.

    docs/settings.md lists the settings. It refuses to start where that would not be secure.
    """
    if workers > 1:
        raise click.UsageError("One process is all there is yet: leave --workers out.")
    with _explained():
        settings = load(os.environ, config)
        changes = {"host": host or settings.host, "port": settings.port if port is None else port}
        settings = msgspec.structs.replace(settings, **changes)
        telemetry.configure(json=True, level=settings.log_level)
        server.run(_serve(settings))


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
@click.option(
    "--expires-in",
    type=click.IntRange(-_CENTURY, _CENTURY),
    default=3600,
    show_default=True,
    help="Seconds it holds.",
)
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


async def _dev(
    host: str, port: int, tls_port: int | None, data: Path, *, memory: bool, exposed: bool
) -> None:
    (data / "endpoints.json").unlink(missing_ok=True)  # of a run that was killed
    async with server.stand_in(data, memory=memory, exposed=exposed) as parts:
        plain = server.listen(host, port)
        secure = _listen_for_tls(host, port, tls_port)
        certificates = Certificates(data, parts.clock)
        context = certificates.server_context(host)
        here = _Addresses(
            url=f"http://{in_url(host)}:{plain[0].getsockname()[1]}",
            tls_url=f"https://{in_url(host)}:{secure[0].getsockname()[1]}",
            ca=certificates.ca.absolute(),
        )
        parts.authority.answer_to(here.tls_url)
        people = await parts.directory.people(sample.TENANT, most=1000)

        def ready() -> None:
            _write_endpoints(data, here, people, parts.authority)
            _announce(here, data, memory, parts.authority)

        try:
            await server.serve(parts.app, plain, ready, (context, secure))
        finally:
            _remove_endpoints(data, here)


async def _serve(settings: Settings) -> None:
    tls = None
    if settings.tls_certificate:
        tls = server.certificate(settings.tls_certificate, settings.tls_key)
    scheme = "https" if tls else "http"
    server.secured(settings, f"{scheme}://{in_url(settings.host)}")  # before the port is taken
    sockets = server.listen(settings.host, settings.port)
    listening = f"{scheme}://{in_url(settings.host)}:{sockets[0].getsockname()[1]}"
    async with server.service(settings, listening) as app:

        def ready() -> None:
            click.echo(f"openprofile {__version__} answers at {listening}/beta")

        if tls:
            await server.serve(app, [], ready, (tls, sockets))
        else:
            await server.serve(app, sockets, ready)


class _Addresses(msgspec.Struct, frozen=True):
    """Where the stand-in answers, and the PEM file that its certificate is trusted by."""

    url: str
    tls_url: str
    ca: Path


def _listen_for_tls(host: str, port: int, tls_port: int | None) -> list[socket.socket]:
    if tls_port is not None:
        return server.listen(host, tls_port)
    try:
        return server.listen(host, 8443 if port else 0)
    except OSError:
        return server.listen(host, 0)


def _write_endpoints(data: Path, here: _Addresses, people: list[Person], signer: Authority) -> None:
    """Tell other programs where the stand-in is; the file is there only once it is ready."""
    endpoints = {
        "url": here.url,
        "tls_url": here.tls_url,
        "ca": str(here.ca),
        "tenant": sample.TENANT,
        "users": [
            {"id": one.id, "userPrincipalName": one.user.user_principal_name} for one in people
        ],
        "client": {"id": signer.sample.id, "secret": signer.sample.secret},
    }
    content = msgspec.json.format(msgspec.json.encode(endpoints)) + b"\n"
    files.replace(data / "endpoints.json", content)


def _remove_endpoints(data: Path, here: _Addresses) -> None:
    """Tell nobody any more, unless another stand-in on this folder tells of itself by now."""
    path = data / "endpoints.json"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        if msgspec.json.decode(path.read_bytes()).get("url") == here.url:
            path.unlink()


def _announce(here: _Addresses, data: Path, memory: bool, signer: Authority) -> None:
    first = sample.people()[0]
    bearer = _delegated(signer, first, "User.ReadWrite", (), 24 * 3600)
    kept = "in memory, until it stops" if memory else str(server.database(data))
    curl = shlex.join(
        [
            *("curl", "-X", "POST", f"{here.url}/beta/me/profile/interests"),
            *("-H", "Content-Type: application/json"),
            *("-H", f"Authorization: Bearer {bearer}"),
            *("-d", '{"displayName": "Chess", "categories": ["Games"]}'),
        ]
    )
    trust = " ".join(f"{variable}={shlex.quote(str(here.ca))}" for variable in _TRUSTING)
    click.echo(
        f"openprofile {__version__} answers at {here.url}/beta and {here.tls_url}/beta\n"
        f"  kept {kept}\n"
        f"  tokens come from 'openprofile token --data {shlex.quote(str(data))}',\n"
        f"  and from the authority {here.tls_url}/{sample.TENANT}\n\n"
        f"Trust its certificate in Python and Node:\n\nexport {trust}\n\n"
        f"Add an interest for {first.user.display_name}:\n\n{curl}\n"
    )


_TRUSTING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""What Python's ssl, its requests, and Node read the certificates from that they trust."""


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """One sentence instead of a traceback for what an operator can mend."""
    try:
        yield
    except (SchemaTooNew, Unavailable, BadFile, BadSettings, OSError) as error:
        # a driver may tell it in several lines
        raise click.ClickException(" ".join(str(error).split())) from error
