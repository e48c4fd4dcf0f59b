"""The command ``openprofile``: one module each command."""

from __future__ import annotations

from importlib import import_module

import click

from openprofile import __version__

_COMMANDS = {
    "dev": "dev:dev",
    "serve": "serve:serve",
    "serve-worker": "serve:serve_worker",
    "token": "token:token",
    "explain": "explain:explain",
    "import": "import_:import_",
    "export": "export:export",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "copy": "copy:copy",
}
"""Where each command is, module and name: only the one that is called is loaded."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"openprofile.cli.{module}"), name)
        return found


@click.group(
    cls=_Commands,
    context_settings={"auto_envvar_prefix": "OPENPROFILE", "max_content_width": 100},
)
@click.version_option(__version__, package_name="openprofile")
def main() -> None:
    """A self-hosted people-profile service that speaks Microsoft Graph's profile API."""
