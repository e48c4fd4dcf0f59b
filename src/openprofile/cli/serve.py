"""``openprofile serve``: the service."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import msgspec

from openprofile import __version__, telemetry
from openprofile.cli.common import explained, stop_with_parent
from openprofile.configuration import load
from openprofile.hosts import in_url
from openprofile.server import listening
from openprofile.server.service import secured, service
from openprofile.server.sibling import Sibling
from openprofile.server.workers import READY, Supervisor, Work, WorkerFailed, open_sockets
from openprofile.settings import Settings


@click.command()
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
    if workers > 1 and sys.platform == "win32":
        raise click.UsageError("Windows cannot share a port among processes: leave --workers out.")
    with explained():
        settings = load(os.environ, config)
        changes = {"host": host or settings.host, "port": settings.port if port is None else port}
        settings = msgspec.structs.replace(settings, **changes)
        telemetry.configure(json=True, level=settings.log_level)
        tls = _tls(settings)
        # before the port is taken
        secured(settings, _url(settings, settings.port))
        if workers > 1:
            asyncio.run(_supervise(settings, workers))
        else:
            sockets = listening.listen(settings.host, settings.port)
            url = _url(settings, sockets[0].getsockname()[1])
            listening.run(_answer(settings, url, sockets, tls, partial(_announce, url)))


@click.command(hidden=True)
def serve_worker() -> None:
    """Be one of the processes that ``serve --workers`` starts."""
    told = sys.stdin.buffer.readline()
    if not told:
        raise SystemExit(1)  # the parent has gone already
    work = msgspec.json.decode(told, type=Work)
    telemetry.configure(json=True, level=work.settings.log_level, worker=work.number)
    sockets = [socket.socket(fileno=descriptor) for descriptor in work.sockets]

    def ready() -> None:
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        stop_with_parent()

    sibling = Sibling(work.number, work.count, Path(work.folder))
    with explained():
        tls = _tls(work.settings)
        listening.run(_answer(work.settings, work.url, sockets, tls, ready, sibling))


async def _supervise(settings: Settings, workers: int) -> None:
    shares = open_sockets(settings.host, settings.port, workers)
    url = _url(settings, shares[0][0].getsockname()[1])
    try:
        await Supervisor(settings, url, shares).run(partial(_announce, url))
    except WorkerFailed as error:
        raise SystemExit(1) from error


async def _answer(
    settings: Settings,
    url: str,
    sockets: list[socket.socket],
    tls: ssl.SSLContext | None,
    ready: Callable[[], None],
    sibling: Sibling | None = None,
) -> None:
    async with sibling or Sibling() as known, service(settings, url, known) as app:
        if tls:
            await listening.serve(app, [], ready, (tls, sockets))
        else:
            await listening.serve(app, sockets, ready)


def _announce(url: str) -> None:
    click.echo(f"openprofile {__version__} answers at {url}/beta")


def _url(settings: Settings, port: int) -> str:
    """The URL that the service listens on."""
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{in_url(settings.host)}:{port}"


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    return listening.certificate(settings.tls_certificate, settings.tls_key)
