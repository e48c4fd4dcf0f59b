"""The command ``openprofile``: one module each command."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
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
        module = f"openprofile.cli.{module}"
        with contextlib.nullcontext() if module in sys.modules else _for_good():
            found: click.Command = getattr(import_module(module), name)
        return found


@contextlib.contextmanager
def _for_good() -> Iterator[None]:
    """Keep the garbage collector from what is made meanwhile, for as long as the process lasts.

    Modules stay; to look at them while they are loaded, and once more at the end, would take a
    sixth of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@click.group(
    cls=_Commands,
    context_settings={"auto_envvar_prefix": "OPENPROFILE", "max_content_width": 100},
)
@click.version_option(__version__, package_name="openprofile")
def main() -> None:
    """A self-hosted people-profile service that speaks Microsoft Graph's profile API."""
