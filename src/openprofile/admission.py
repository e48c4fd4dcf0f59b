"""Who the person of a token is in the directory: found there, or put there at the first call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from openprofile.directory import Directory
from openprofile.model.directory import Person, User
from openprofile.policy.caller import Caller
from openprofile.store.base import Conflict

_LONGEST = 256
"""Characters of a claim that becomes a property of a person."""
_SKEW = 600
"""Seconds by which an issuer's clock may be ahead of this service's, as far as can be set."""


class Admission:
    """Sees every caller when their token is new, before anything is done for them."""

    def __init__(self, directory: Directory, *, create: bool) -> None:
        """With ``create``, people whom the directory does not know are put there, unless they were
        deleted and their token is of before that.
        """
        self._directory = directory
        self._create = create

    async def __call__(self, caller: Caller, claims: Mapping[str, Any]) -> Caller:
        """The caller under the id that the directory knows them by; ``claims`` are the token's.

        An issuer may name people by their principal names as well as by ids.
        """
        if caller.person is None:
            return caller
        person = await self._directory.find(caller.tenant, caller.person)
        if person is None:
            if self._create and not await self._has_left(caller.tenant, caller.person, claims):
                await self._put(caller.tenant, caller.person, claims)
            return caller
        return msgspec.structs.replace(caller, person=person.id)

    async def _has_left(self, tenant: str, person: str, claims: Mapping[str, Any]) -> bool:
        """Whether the person has been deleted since their token was issued, or may have been."""
        at = await self._directory.departed(tenant, person)
        if at is None:
            return False
        issued = claims.get("iat")
        return not isinstance(issued, int | float) or issued <= at + _SKEW

    async def _put(self, tenant: str, person_id: str, claims: Mapping[str, Any]) -> None:
        user = User(
            id=person_id,
            display_name=_first(claims, "name", "preferred_username", "upn"),
            given_name=_first(claims, "given_name"),
            surname=_first(claims, "family_name"),
            mail=_first(claims, "email"),
            user_principal_name=_first(claims, "upn", "preferred_username", "email") or person_id,
        )
        for name in (user.user_principal_name, person_id):  # a name that nobody else has
            user.user_principal_name = name
            try:
                await self._directory.add(tenant, Person(user=user))
            except Conflict:
                if not await self._directory.find(tenant, person_id):
                    continue
            return  # they are there, perhaps by another of their calls


def _first(claims: Mapping[str, Any], *names: str) -> str | None:
    """The first of the claims that is a short line of text."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable():
            return value
    return None
