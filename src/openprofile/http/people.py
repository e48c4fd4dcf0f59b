"""People: ``/me``, ``/users``, and what hangs on a person in the directory."""

from __future__ import annotations

from openprofile.administration import Administration
from openprofile.directory import Directory
from openprofile.http.body import json_body
from openprofile.http.conditions import conditions_of, require_new, require_untagged
from openprofile.http.exchange import Answer, Call, Handlers, empty_answer
from openprofile.http.expansions import url_of
from openprofile.http.links import linked, linked_answer
from openprofile.http.objects import (
    Answers,
    Open,
    shown_one,
    shown_page,
    shown_references,
)
from openprofile.http.query import no_options, reference_format
from openprofile.model.directory import Group, Person, User
from openprofile.odata.path import Target
from openprofile.odata.payload import read_changes, read_entity, read_members


class PeopleFace:
    """Answers ``/me``, ``/users``, ``{user}``, and ``manager``, ``directReports``, ``memberOf``."""

    def __init__(
        self, directory: Directory, administration: Administration, answers: Answers
    ) -> None:
        self._directory = directory
        self._administration = administration
        self._answers = answers
        self._everybody: dict[tuple[str, ...], Handlers] = {
            (): {"GET": self._list, "POST": self._create},
            ("$count",): {"GET": self._count},
            ("$ref",): {"GET": self._list_references},
        }
        self._one: dict[tuple[str, ...], Handlers] = {
            (): {"GET": self._get, "PATCH": self._update, "DELETE": self._delete},
            ("$ref",): {"GET": self._get_reference},
        }
        self._me: dict[tuple[str, ...], Handlers] = {
            **self._one,
            (): {"GET": self._get, "PATCH": self._update},
        }
        self._leader: dict[tuple[str, ...], Handlers] = {
            (): {"GET": self._manager},
            ("$ref",): {
                "GET": self._manager_reference,
                "PUT": self._set_manager,
                "DELETE": self._end_manager,
            },
        }
        self._others: dict[tuple[str, ...], Handlers] = {
            (): {"GET": self._related},
            ("$count",): {"GET": self._count_related},
            ("$ref",): {"GET": self._references},
        }
        self._other: dict[tuple[str, ...], Handlers] = {
            (): {"GET": self._relative},
            ("$ref",): {"GET": self._relative_reference},
        }
        """By what the path ends in."""

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names begin in ``me`` or ``users`` and whose tail is
        no property's path; None if nothing does.
        """
        match target.names, target.collection:
            case ("users",), True:
                return self._everybody.get(target.tail)
            case (name,), False:
                return (self._me if name == "me" else self._one).get(target.tail)
            case (_, "manager"), False:
                return self._leader.get(target.tail)
            case (_, "directReports" | "memberOf"), True:
                return self._others.get(target.tail)
            case (_, "directReports" | "memberOf"), False:
                return self._other.get(target.tail)
        return None

    async def _list(self, call: Call) -> Answer:
        return await self._answers.page(call, shown_page(call, User), self._opens_everybody(call))

    async def _list_references(self, call: Call) -> Answer:
        how = shown_references(call, User)
        return await self._answers.references(call, how, self._opens_everybody(call))

    async def _count(self, call: Call) -> Answer:
        return await self._answers.count(call, User, self._opens_everybody(call))

    async def _get(self, call: Call) -> Answer:
        how = shown_one(call, User)
        person = await self._directory.person(call.caller, call.target.keys[0])
        return await self._answers.one(call, how, person)

    async def _get_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        person = await self._directory.person(call.caller, call.target.keys[0])
        return self._answers.reference(call, person, form)

    async def _create(self, call: Call) -> Answer:
        how = shown_one(call, User)
        require_new(call)
        user = read_entity(json_body(call.request), User)
        person = await self._administration.create(call.caller, user)
        url, preferences = url_of(call, person), call.request.preferences
        headers = {"Location": url, **preferences.applied(returned=True)}
        if preferences.returns == "minimal":
            return empty_answer(call.request, {**headers, "OData-EntityId": url})
        return await self._answers.one(call, how, person, status=201, headers=headers)

    async def _update(self, call: Call) -> Answer:
        how, preferences = shown_one(call, User), call.request.preferences
        sent = read_members(json_body(call.request))
        require_untagged(call, sent)
        changes = read_changes(sent, User)
        person = await self._administration.update(call.caller, call.target.keys[0], changes)
        applied = preferences.applied(returned=True)
        chosen = how.options
        if preferences.shows(usually=chosen.select is not None or chosen.expand is not None):
            return await self._answers.one(call, how, person, headers=applied)
        return empty_answer(call.request, applied)

    async def _delete(self, call: Call) -> Answer:
        no_options(call.request, "a deletion")
        require_untagged(call)
        await self._administration.delete(call.caller, call.target.keys[0])
        return empty_answer(call.request)

    # ----- to whom somebody reports

    async def _manager(self, call: Call) -> Answer:
        how = shown_one(call, User)
        manager = await self._directory.manager(call.caller, call.target.keys[0])
        return await self._answers.one(call, how, manager, derived=True)

    async def _manager_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        manager = await self._directory.manager(call.caller, call.target.keys[0])
        return self._answers.reference(call, manager, form)

    async def _set_manager(self, call: Call) -> Answer:
        no_options(call.request, "a reference that is set")
        leader = linked(call, json_body(call.request))
        conditions = conditions_of(call)
        await self._administration.set_manager(
            call.caller, call.target.keys[0], leader, conditions.check_untagged
        )
        return linked_answer(call.request)

    async def _end_manager(self, call: Call) -> Answer:
        no_options(call.request, "a reference that is removed")
        conditions = conditions_of(call)
        await self._administration.end_manager(
            call.caller, call.target.keys[0], conditions.check_untagged
        )
        return empty_answer(call.request)

    # ----- who reports to somebody, and the groups of somebody

    async def _related(self, call: Call) -> Answer:
        how = shown_page(call, _kind(call))
        return await self._answers.page(call, how, self._opens_related(call), derived=True)

    async def _references(self, call: Call) -> Answer:
        how = shown_references(call, _kind(call))
        return await self._answers.references(call, how, self._opens_related(call))

    async def _count_related(self, call: Call) -> Answer:
        return await self._answers.count(call, _kind(call), self._opens_related(call))

    async def _relative(self, call: Call) -> Answer:
        how = shown_one(call, _kind(call))
        return await self._answers.one(call, how, await self._found(call), derived=True)

    async def _relative_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        return self._answers.reference(call, await self._found(call), form)

    async def _found(self, call: Call) -> Person | Group:
        who, key = call.target.keys
        assert key is not None
        if call.target.names[-1] == "memberOf":
            return await self._directory.group_of(call.caller, who, key)
        return await self._directory.report(call.caller, who, key)

    def _opens_everybody(self, call: Call) -> Open:
        return lambda asked: self._directory.everybody(call.caller, asked)

    def _opens_related(self, call: Call) -> Open:
        directory, who = self._directory, call.target.keys[0]
        if call.target.names[-1] == "memberOf":
            return lambda asked: directory.groups_of(call.caller, who, asked)
        return lambda asked: directory.reports(call.caller, who, asked)


def _kind(call: Call) -> type[User | Group]:
    return Group if call.target.names[-1] == "memberOf" else User
