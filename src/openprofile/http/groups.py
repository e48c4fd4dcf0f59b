"""Groups: ``/groups``, and who is in them."""

from __future__ import annotations

from openprofile.administration import Administration
from openprofile.directory import Directory
from openprofile.errors import BadRequest
from openprofile.http.body import json_body
from openprofile.http.conditions import require_new, require_untagged
from openprofile.http.exchange import Answer, Call, Handlers, empty_answer
from openprofile.http.links import linked, linked_answer, located
from openprofile.http.objects import Answers, Open, shown_one, shown_page, shown_references
from openprofile.http.query import no_options, reference_format, refuse_options
from openprofile.model.directory import Group, User
from openprofile.odata.path import Target
from openprofile.odata.query.options import options


class GroupsFace:
    """Answers ``/groups``, ``/groups/{id}`` and ``/groups/{id}/members``."""

    def __init__(
        self, directory: Directory, administration: Administration, answers: Answers
    ) -> None:
        self._directory = directory
        self._administration = administration
        self._answers = answers
        self._by_name: dict[tuple[str, bool], dict[tuple[str, ...], Handlers]] = {
            ("groups", True): {
                (): {"GET": self._list},
                ("$count",): {"GET": self._count},
                ("$ref",): {"GET": self._list_references},
            },
            ("groups", False): {
                (): {"GET": self._get},
                ("$ref",): {"GET": self._get_reference},
            },
            ("members", True): {
                (): {"GET": self._members},
                ("$count",): {"GET": self._count_members},
                ("$ref",): {"GET": self._references, "POST": self._add, "DELETE": self._remove},
            },
            ("members", False): {
                (): {"GET": self._member},
                ("$ref",): {"GET": self._member_reference, "DELETE": self._remove},
            },
        }
        """By the last name of the path, whether it is a whole collection, and what follows."""

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names begin in ``groups`` and whose tail is no
        property's path; None if nothing does.
        """
        found = self._by_name.get((target.names[-1], target.collection), {})
        return found.get(target.tail)

    async def _list(self, call: Call) -> Answer:
        return await self._answers.page(call, shown_page(call, Group), self._opens(call))

    async def _list_references(self, call: Call) -> Answer:
        return await self._answers.references(
            call, shown_references(call, Group), self._opens(call)
        )

    async def _count(self, call: Call) -> Answer:
        return await self._answers.count(call, Group, self._opens(call))

    async def _get(self, call: Call) -> Answer:
        how = shown_one(call, Group)
        group = await self._directory.group(call.caller, _group(call))
        return await self._answers.one(call, how, group)

    async def _get_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        group = await self._directory.group(call.caller, _group(call))
        return self._answers.reference(call, group, form)

    async def _members(self, call: Call) -> Answer:
        how = shown_page(call, User)
        return await self._answers.page(call, how, self._opens_members(call), derived=True)

    async def _member(self, call: Call) -> Answer:
        how = shown_one(call, User)
        found = await self._directory.member(call.caller, _group(call), _member_of(call))
        return await self._answers.one(call, how, found, derived=True)

    async def _member_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        found = await self._directory.member(call.caller, _group(call), _member_of(call))
        return self._answers.reference(call, found, form)

    async def _count_members(self, call: Call) -> Answer:
        return await self._answers.count(call, User, self._opens_members(call))

    async def _references(self, call: Call) -> Answer:
        how = shown_references(call, User)
        return await self._answers.references(call, how, self._opens_members(call))

    async def _add(self, call: Call) -> Answer:
        no_options(call.request, "a reference that is added")
        require_new(call)
        person = linked(call, json_body(call.request))
        await self._administration.add_member(call.caller, _group(call), person)
        return linked_answer(call.request)

    async def _remove(self, call: Call) -> Answer:
        chosen, person = options(call.request.query), call.target.keys[1]
        refuse_options(
            chosen, allowed=() if person else ("id",), where="a reference that is removed"
        )
        require_untagged(call)
        if person is None:
            if chosen.id is None:
                raise BadRequest("Which member is to go? Name them: …/members/{id}/$ref.")
            person = located(call, chosen.id, "$id")
        await self._administration.remove_member(call.caller, _group(call), person)
        return empty_answer(call.request)

    def _opens(self, call: Call) -> Open:
        return lambda asked: self._directory.groups(call.caller, asked)

    def _opens_members(self, call: Call) -> Open:
        return lambda asked: self._directory.members(call.caller, _group(call), asked)


def _group(call: Call) -> str:
    group = call.target.keys[0]
    assert group is not None
    return group


def _member_of(call: Call) -> str:
    member = call.target.keys[1]
    assert member is not None
    return member
