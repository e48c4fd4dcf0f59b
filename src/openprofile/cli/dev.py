"""``openprofile dev``: the stand-in."""

from __future__ import annotations

import contextlib
import shlex
import socket
from pathlib import Path

import click
import msgspec

from openprofile import __version__, sample, telemetry
from openprofile.cli.common import data_option, explained
from openprofile.cli.token import delegated
from openprofile.hosts import in_url, is_loopback
from openprofile.http.pages import Addresses, trust
from openprofile.identity import files
from openprofile.identity.certificates import Certificates
from openprofile.identity.issuer import Authority
from openprofile.model.directory import Person
from openprofile.server.listening import listen, run, serve
from openprofile.server.stand_in import stand_in
from openprofile.server.stores import database


@click.command()
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
@data_option
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
    with explained():
        run(_dev(host, port, tls_port, data, memory=memory, exposed=expose))


async def _dev(
    host: str, port: int, tls_port: int | None, data: Path, *, memory: bool, exposed: bool
) -> None:
    (data / "endpoints.json").unlink(missing_ok=True)  # of a run that was killed
    async with stand_in(data, memory=memory, exposed=exposed) as parts:
        plain = listen(host, port)
        secure = _listen_for_tls(host, port, tls_port)
        certificates = Certificates(data, parts.clock)
        context = certificates.server_context(host)
        here = Addresses(
            url=f"http://{in_url(host)}:{plain[0].getsockname()[1]}",
            tls_url=f"https://{in_url(host)}:{secure[0].getsockname()[1]}",
            ca=certificates.ca.absolute(),
        )
        parts.addresses = here
        parts.authority.answer_to(here.tls_url)
        people = await parts.directory.people(sample.TENANT, most=1000)

        def ready() -> None:
            _write_endpoints(data, here, people, parts.authority)
            _announce(here, data, memory, parts.authority)

        try:
            await serve(parts.app, plain, ready, (context, secure))
        finally:
            _remove_endpoints(data, here)


def _listen_for_tls(host: str, port: int, tls_port: int | None) -> list[socket.socket]:
    if tls_port is not None:
        return listen(host, tls_port)
    try:
        return listen(host, 8443 if port else 0)
    except OSError:
        return listen(host, 0)


def _write_endpoints(data: Path, here: Addresses, people: list[Person], signer: Authority) -> None:
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


def _remove_endpoints(data: Path, here: Addresses) -> None:
    """Tell nobody any more, unless another stand-in on this folder tells of itself by now."""
    path = data / "endpoints.json"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        if msgspec.json.decode(path.read_bytes()).get("url") == here.url:
            path.unlink()


def _announce(here: Addresses, data: Path, memory: bool, signer: Authority) -> None:
    first = sample.people()[0]
    bearer = delegated(signer, first, "User.ReadWrite", (), 24 * 3600)
    kept = "in memory, until it stops" if memory else str(database(data))
    curl = shlex.join(
        [
            *("curl", "-X", "POST", f"{here.url}/beta/me/profile/interests"),
            *("-H", "Content-Type: application/json"),
            *("-H", f"Authorization: Bearer {bearer}"),
            *("-d", '{"displayName": "Chess", "categories": ["Games"]}'),
        ]
    )
    click.echo(
        f"openprofile {__version__} answers at {here.url}/beta and {here.tls_url}/beta\n"
        f"  shows itself at {here.url}/\n"
        f"  kept {kept}\n"
        f"  tokens come from 'openprofile token --data {shlex.quote(str(data))}',\n"
        f"  and from the authority {here.tls_url}/{sample.TENANT}\n\n"
        f"Trust its certificate in Python and Node:\n\n{trust(here.ca)}\n\n"
        f"Add an interest for {first.user.display_name}:\n\n{curl}\n"
    )
