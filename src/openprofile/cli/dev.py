"""``openprofile dev``: the stand-in."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from openprofile import __version__, sample, telemetry
from openprofile.cli.common import data_option, explained, stop_with_parent
from openprofile.http.control import Endpoints
from openprofile.http.pages import trust
from openprofile.model.directory import Person
from openprofile.options import BadOptions, Option, Options, documented, options
from openprofile.server.listening import run
from openprofile.server.program import answer, check
from openprofile.server.stand_in import StandIn
from openprofile.server.stores import database


def _all_options(command: Callable[..., None]) -> Callable[..., None]:
    """Every option of the stand-in, as an option of the command."""
    for one in reversed(list(documented())):
        command = (data_option if one.name == "data" else _option(one))(command)
    return command


def _option(one: Option) -> Callable[[Callable[..., None]], Callable[..., None]]:
    told: dict[str, Any] = {"help": one.told.sentence, "default": one.default}
    if one.type is bool:
        names = f"--{one.spelled}/--no-{one.spelled}" if one.default else f"--{one.spelled}"
        return click.option(names, is_flag=True, **told)
    if one.type is int:
        told["type"] = click.IntRange(0, one.told.most)
    elif one.type is Path:
        told["type"] = click.Path(path_type=Path)
    return click.option(f"--{one.spelled}", show_default=one.told.shown or True, **told)


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="Stop when standard input ends.")
@_all_options
def dev(data: Path, *, with_parent: bool, **given: Any) -> None:
    """Run the stand-in: sample people, a local token authority, an embedded database."""
    wanted = options(Options, given)
    try:
        check(wanted)
    except BadOptions as error:
        raise click.UsageError(str(error)) from error
    telemetry.configure(json=False)
    if with_parent:
        stop_with_parent()

    def ready(parts: StandIn, endpoints: Endpoints) -> None:
        kept = "in memory, until it stops" if wanted.memory else str(database(data))
        _announce(parts, endpoints, data, kept)

    with explained():
        run(answer(wanted, data, ready))


def _announce(parts: StandIn, here: Endpoints, data: Path, kept: str) -> None:
    click.echo(
        f"openprofile {__version__} answers at {here.url}/beta and {here.tls_url}/beta\n"
        f"  shows itself at {here.url}/\n"
        f"  kept {kept}\n"
        f"  tokens come from 'openprofile token --data {shlex.quote(str(data))}',\n"
        f"  and from the authority {here.tls_url}/{here.tenant}\n\n"
        f"Trust its certificate in Python and Node:\n\n{trust(parts.addresses.ca)}\n"
    )
    first = sample.people()[0]
    if any(first.id == user["id"] for user in here.users):
        click.echo(
            f"Add an interest for {first.user.display_name}:\n\n{_example(parts, here, first)}\n"
        )


def _example(parts: StandIn, here: Endpoints, person: Person) -> str:
    bearer = parts.authority.delegated(person.user, ["User.ReadWrite"], expires_in=24 * 3600)
    return shlex.join(
        [
            *("curl", "-X", "POST", f"{here.url}/beta/me/profile/interests"),
            *("-H", "Content-Type: application/json"),
            *("-H", f"Authorization: Bearer {bearer}"),
            *("-d", '{"displayName": "Chess", "categories": ["Games"]}'),
        ]
    )
