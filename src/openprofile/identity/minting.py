"""A token as somebody asks the local authority for one: on the command line, over HTTP, in Python.

The three take what TokenRequest holds, under its names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from openprofile.clock import Clock
from openprofile.identity.forgery import FORGERIES
from openprofile.identity.issuer import AUDIENCE, Authority
from openprofile.model.directory import Person

CENTURY = 100 * 366 * 24 * 3600
"""The most seconds that a token is asked to hold, or to have run out by."""


class BadTokenRequest(Exception):
    """There is no such token; the message says in a sentence why."""


class TokenRequest(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which token is wanted."""

    user: Annotated[str | None, Meta(description="The person it is for: principal name or id.")] = (
        None
    )
    scope: Annotated[str, Meta(description="Delegated permissions, separated by spaces.")] = (
        "User.ReadWrite"
    )
    app: Annotated[bool, Meta(description="A token for the application by itself.")] = False
    role: Annotated[list[str], Meta(description="App roles: the claim roles.")] = []
    expires_in: Annotated[int, Meta(description="Seconds it holds.", ge=-CENTURY, le=CENTURY)] = (
        3600
    )
    forge: Annotated[
        str | None,
        Meta(description=f"A reason for which it does not hold: {', '.join(FORGERIES)}."),
    ] = None


async def mint(
    wanted: TokenRequest,
    authority: Authority,
    clock: Clock,
    find: Callable[[str | None], Awaitable[Person | None]],
) -> str:
    """The token that is ``wanted``; ``find`` returns the person with an id or principal name, or
    the one that is meant where none is named. Raises BadTokenRequest.
    """
    make = _application(wanted) if wanted.app else _delegated(wanted, await find(wanted.user))
    if wanted.forge is None:
        return make(authority, AUDIENCE)
    forgery = FORGERIES.get(wanted.forge)
    if forgery is None:
        raise BadTokenRequest(
            f"There is no forgery {wanted.forge!r}; expected one of {', '.join(FORGERIES)}."
        )
    return forgery.make(authority, clock, make, AUDIENCE)


def _application(wanted: TokenRequest) -> Callable[[Authority, str], str]:
    if wanted.user:
        raise BadTokenRequest("A token for the application by itself is for no user.")

    def make(authority: Authority, audience: str) -> str:
        return authority.application(wanted.role, audience=audience, expires_in=wanted.expires_in)

    return make


def _delegated(wanted: TokenRequest, person: Person | None) -> Callable[[Authority, str], str]:
    if person is None:
        raise BadTokenRequest(
            f"Nobody is called {wanted.user}." if wanted.user else "There are no people."
        )

    def make(authority: Authority, audience: str) -> str:
        return authority.delegated(
            person.user,
            wanted.scope.split(),
            roles=wanted.role,
            directory_roles=person.directory_roles,
            audience=audience,
            expires_in=wanted.expires_in,
        )

    return make
