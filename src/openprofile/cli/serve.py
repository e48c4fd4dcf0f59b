"""``openprofile serve``: the service."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from openprofile import __version__, telemetry
from openprofile.cli.common import explained
from openprofile.hosts import in_url
from openprofile.server import listening
from openprofile.server.service import secured, service
from openprofile.settings import Settings, load


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
    if workers > 1:
        raise click.UsageError("One process is all there is yet: leave --workers out.")
    with explained():
        settings = load(os.environ, config)
        changes = {"host": host or settings.host, "port": settings.port if port is None else port}
        settings = msgspec.structs.replace(settings, **changes)
        telemetry.configure(json=True, level=settings.log_level)
        listening.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    tls = None
    if settings.tls_certificate:
        tls = listening.certificate(settings.tls_certificate, settings.tls_key)
    scheme = "https" if tls else "http"
    secured(settings, f"{scheme}://{in_url(settings.host)}")  # before the port is taken
    sockets = listening.listen(settings.host, settings.port)
    url = f"{scheme}://{in_url(settings.host)}:{sockets[0].getsockname()[1]}"
    async with service(settings, url) as app:

        def ready() -> None:
            click.echo(f"openprofile {__version__} answers at {url}/beta")

        if tls:
            await listening.serve(app, [], ready, (tls, sockets))
        else:
            await listening.serve(app, sockets, ready)
