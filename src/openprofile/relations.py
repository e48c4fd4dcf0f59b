"""The use case of the lists that a person keeps: who is family, and who a contact, to them."""

from __future__ import annotations

import msgspec

from openprofile.directory import Directory
from openprofile.errors import BadRequest, Detail, InvalidPayload
from openprofile.model.directory import Person
from openprofile.model.primitives import quoted
from openprofile.odata.payload import MOST_FAULTS
from openprofile.policy.caller import Caller
from openprofile.policy.decision import insist
from openprofile.policy.grants import READ_PROFILE, WRITE_PROFILE, Permissions, relating, require


class Lists(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The people that the audiences of these names are made of, by id or principal name."""

    family: list[str] = []
    contacts: list[str] = []


class Relations:
    """The lists of every person of every tenant."""

    def __init__(self, directory: Directory, *, limit: int) -> None:
        """``limit`` is how many people one list may hold."""
        self._directory = directory
        self._limit = limit

    async def get(self, caller: Caller, who: str | None) -> Lists:
        """The lists of ``who``, an id or principal name, or None for the caller's own; by id.

        Raises AuthorizationRequestDenied for anybody but the owner and an application with
        consent, ResourceNotFound for an unknown person.
        """
        owner = await self._let_in(caller, who, READ_PROFILE)
        return Lists(family=owner.family, contacts=owner.contacts)

    async def put(self, caller: Caller, who: str | None, lists: Lists) -> Lists:
        """Set both lists and return them as they are stored; raises as ``get`` does, and
        InvalidPayload with one detail for each entry that is not somebody else of the tenant.
        """
        owner = await self._let_in(caller, who, WRITE_PROFILE)
        named = {"family": lists.family, "contacts": lists.contacts}
        for name, entries in named.items():
            if len(entries) > self._limit:
                raise BadRequest(
                    f"{quoted(name)} has {len(entries)} entries, more than the {self._limit} "
                    "that a list may have.",
                    target=name,
                )
        faults: list[Detail] = []
        known = {
            name: await self._known(owner, caller.tenant, name, entries, faults)
            for name, entries in named.items()
        }
        if faults:
            raise InvalidPayload(faults)

        def revised(before: Person) -> Person:
            return msgspec.structs.replace(before, **known)

        everybody = (*known["family"], *known["contacts"])
        await self._directory.revise(caller.tenant, owner.id, revised, needed=everybody)
        return Lists(**known)

    async def _let_in(self, caller: Caller, who: str | None, needed: Permissions) -> Person:
        require(caller, needed)
        owner = await self._directory.concerned(caller, who)
        insist(relating(caller, owner.id))
        return owner

    async def _known(
        self, owner: Person, tenant: str, name: str, entries: list[str], faults: list[Detail]
    ) -> list[str]:
        """The ids of the people that ``entries`` name, each once; adds to ``faults``."""
        found: dict[str, None] = {}
        for index, entry in enumerate(entries):
            person = await self._directory.find(tenant, entry)
            if person is not None and person.id != owner.id:
                found[person.id] = None
            elif len(faults) < MOST_FAULTS:
                target = f"{name}/{index}"
                who = "not a person of this tenant" if person is None else "the owner of the list"
                message = f"Property '{target}': {quoted(entry)} is {who}; expected another person."
                faults.append(Detail("invalidProperty", target, message))
        return list(found)
