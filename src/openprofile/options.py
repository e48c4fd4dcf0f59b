"""Every option of the stand-in, with one sentence each: the command ``openprofile dev``, the pytest
plugin and ``openprofile.testing`` take these under the same names.

Nothing but the standard library is imported here: pytest loads it in every project where
openprofile is installed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

Kind = TypeVar("Kind", bound="Options")

TRUSTING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""What Python's ssl, its requests, and Node read the certificates from that they trust: where
every entrance has them find the stand-in's.
"""


class BadOptions(Exception):
    """The options cannot stand; the message says in a sentence which and why."""


@dataclasses.dataclass(frozen=True)
class Told:
    """What is told of an option."""

    sentence: str
    most: int | None = None
    """The largest value of a number; the smallest is 0."""
    shown: str | None = None
    """What stands for the default, where that is not one value."""


Port = Annotated[int, Told("The port for http; 0 takes a free one.", most=65535)]
Memory = Annotated[bool, Told("Keep people and profiles in memory alone.")]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How a stand-in is started."""

    host: Annotated[str, Told("The name to listen on.")] = "localhost"
    port: Port = 8080
    tls_port: Annotated[
        int | None,
        Told(
            "The port for https; 0 takes a free one.",
            most=65535,
            shown="8443, or a free one where the port is 0 or 8443 is taken",
        ),
    ] = None
    data: Annotated[
        Path | None,
        Told(
            "The folder of the database and of the local authority's key.",
            shown="~/.local/share/openprofile; in tests a folder of the run",
        ),
    ] = None
    memory: Memory = False
    sample: Annotated[bool, Told("Put the sample people into a tenant that has nobody yet.")] = True
    seed: Annotated[
        Path | None,
        Told("A JSON or YAML file of people, groups and profiles to be stored at the start."),
    ] = None
    expose: Annotated[
        bool,
        Told("Allow a host that other machines reach; whoever reaches it can forge its tokens."),
    ] = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestOptions(Options):
    """How tests come by a stand-in: side by side with others, leaving nothing behind."""

    __test__ = False  # pytest would take it for a test

    port: Port = 0
    memory: Memory = True
    spawn: Annotated[bool, Told("Start a process of its own, and no thread of this one.")] = False
    url: Annotated[
        str | None,
        Told("The URL of a stand-in that runs already: none is started, and it is left running."),
    ] = None


@dataclasses.dataclass(frozen=True)
class Option:
    """One option, as an entrance offers it."""

    name: str
    """As a name of Python's: ``tls_port``."""
    type: type
    """``bool``, ``int``, ``str`` or ``Path``."""
    default: Any
    told: Told

    @property
    def spelled(self) -> str:
        """As a command line spells it: ``tls-port``."""
        return self.name.replace("_", "-")


def documented(kind: type[Options] = Options) -> Iterator[Option]:
    """Every option of a kind, in order."""
    hints = get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        hint, told = get_args(hints[field.name])
        yield Option(field.name, _plain(hint), field.default, told)


def options(kind: type[Kind], given: Mapping[str, Any]) -> Kind:
    """The options that ``given`` holds values of, the others by default; raises BadOptions."""
    known = {one.name: one for one in documented(kind)}
    taken = dict(given)
    for name, value in given.items():
        if name not in known:
            raise BadOptions(f"There is no option {name!r}; expected one of {', '.join(known)}.")
        _check(known[name], value)
        if known[name].type is Path and value is not None:
            taken[name] = Path(value)
    return kind(**taken)


def _check(option: Option, value: Any) -> None:
    if value is None and option.default is None:
        return
    expected: Any = (str, Path) if option.type is Path else option.type
    if not isinstance(value, expected) or (option.type is int and isinstance(value, bool)):
        raise BadOptions(
            f"The option {option.name!r} is {value!r}; expected {option.type.__name__}."
        )
    most = option.told.most
    if most is not None and not 0 <= value <= most:
        raise BadOptions(
            f"The option {option.name!r} is {value}; expected a number from 0 to {most}."
        )


def _plain(hint: Any) -> type:
    """The type itself of a hint that may allow None besides."""
    if isinstance(hint, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    found: type = hint
    return found
