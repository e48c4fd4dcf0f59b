"""The command ``openprofile``: one module each command."""

from __future__ import annotations

import click

from openprofile import __version__
from openprofile.cli.backup import backup, restore
from openprofile.cli.copy import copy
from openprofile.cli.dev import dev
from openprofile.cli.explain import explain
from openprofile.cli.export import export
from openprofile.cli.import_ import import_
from openprofile.cli.serve import serve, serve_worker
from openprofile.cli.token import token


@click.group(context_settings={"auto_envvar_prefix": "OPENPROFILE", "max_content_width": 100})
@click.version_option(__version__, package_name="openprofile")
def main() -> None:
    """A self-hosted people-profile service that speaks Microsoft Graph's profile API."""


for command in (dev, serve, serve_worker, token, explain, import_, export, backup, restore, copy):
    main.add_command(command)
