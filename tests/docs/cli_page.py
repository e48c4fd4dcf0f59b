"""The page of commands: each with its options, from the program itself.

``python tests/docs/cli_page.py`` prints it; ``docs/cli.md`` is what it prints.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import click

from openprofile.cli import main

INTRODUCTION = """\
# The command `openprofile`

Every option may also be given by a variable of the environment, which an option on the command
line stands above. Run `scripts/docs` to write this page anew.
"""


def markdown() -> str:
    """The page."""
    return "\n".join([INTRODUCTION, *_lines()])


def _lines() -> Iterator[str]:
    context = click.Context(main, info_name="openprofile", **_settings(main.context_settings))
    for path, command, found in _commands(main, context):
        yield f"## {path}"
        yield ""
        yield f"`{found.get_usage().removeprefix('Usage: ')}`"
        yield ""
        yield inspect.cleandoc(command.help or "")
        yield ""
        rows = [
            _row(one, found)
            for one in command.get_params(found)
            if isinstance(one, click.Option) and "--help" not in one.opts and not one.hidden
        ]
        if rows:
            yield "| option | variable | |"
            yield "| --- | --- | --- |"
            yield from rows
            yield ""


def _commands(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command that does something, those of groups after the others."""
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(
            command, parent=context, info_name=name, **_settings(command.context_settings)
        )
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
        else:
            yield inner.command_path, command, inner


def _settings(settings: Any) -> dict[str, Any]:
    return {"auto_envvar_prefix": settings.get("auto_envvar_prefix"), "max_content_width": 1000,
            "terminal_width": 1000}  # fmt: skip


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None
    written, text = record
    variable = option.envvar or f"{context.auto_envvar_prefix}_{(option.name or '').upper()}"
    cells = (f"`{written}`", f"`{variable}`", " ".join(text.split()))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
