"""People: ``/me``, ``/users``, and what hangs on a person in the directory."""

from __future__ import annotations

from openprofile.administration import Administration
from openprofile.directory import Directory
from openprofile.http.body import json_body
from openprofile.http.exchange import Answer, Call, Handlers, empty_answer, odata_answer
from openprofile.http.links import linked
from openprofile.http.objects import Answers, Open, context, shown, url_of
from openprofile.model.directory import Group, User
from openprofile.odata.path import Target
from openprofile.odata.payload import members, read_changes, read_entity, write
from openprofile.odata.representation import property_body
from openprofile.policy.directory import READ_ALL_OF_PEOPLE, shown_of_person
from openprofile.policy.grants import require


class PeopleFace:
    """Answers ``/me``, ``/users``, ``{user}``, and ``manager``, ``directReports``, ``memberOf``."""

    def __init__(
        self, directory: Directory, administration: Administration, answers: Answers
    ) -> None:
        self._directory = directory
        self._administration = administration
        self._answers = answers
        self._everybody: Handlers = {"GET": self._list, "POST": self._create}
        self._me: Handlers = {"GET": self._get, "PATCH": self._update}
        self._person: Handlers = {**self._me, "DELETE": self._delete}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names begin in ``me`` or ``users``."""
        match target.names, target.tail:
            case ("users",), () if target.collection:
                return self._everybody
            case ("users",), ("$count",) if target.collection:
                return {"GET": self._count}
            case (("me" | "users") as name,), () if not target.collection:
                return self._me if name == "me" else self._person
            case (_,), (_,) if not target.collection and not target.tail[0].startswith("$"):
                return {"GET": self._property}
            case (_, "manager"), ():
                return {"GET": self._manager}
            case (_, "manager"), ("$ref",):
                return {
                    "GET": self._manager_reference,
                    "PUT": self._set_manager,
                    "DELETE": self._end_manager,
                }
            case (_, "directReports" | "memberOf"), () if target.collection:
                return {"GET": self._related}
            case (_, "directReports" | "memberOf"), ("$ref",) if target.collection:
                return {"GET": self._references}
            case (_, "directReports" | "memberOf"), ("$count",) if target.collection:
                return {"GET": self._count_related}
        return None

    async def _list(self, call: Call) -> Answer:
        return await self._answers.page(call, shown(call, User), self._opens_everybody(call))

    async def _count(self, call: Call) -> Answer:
        return await self._answers.count(call, shown(call, User), self._opens_everybody(call))

    async def _get(self, call: Call) -> Answer:
        how = shown(call, User)
        person = await self._directory.person(call.caller, call.target.keys[0])
        return await self._answers.one(call, how, person)

    async def _property(self, call: Call) -> Answer:
        (name,) = call.target.tail
        how = shown(call, User)
        person = await self._directory.person(call.caller, call.target.keys[0])
        seen = shown_of_person(call.caller, person.id)
        if seen is not None and name not in seen:
            require(call.caller, READ_ALL_OF_PEOPLE)
        value = members(write(person.user))[name]
        if value is None:
            return empty_answer(call.request)
        where = context(call, f"users('{person.id}')/{name}")
        return odata_answer(200, how.form, property_body(how.form, where, value))

    async def _create(self, call: Call) -> Answer:
        how = shown(call, User)
        user = read_entity(json_body(call.request), User)
        person = await self._administration.create(call.caller, user)
        if call.request.preferences.returns == "minimal":
            url = url_of(call, person)
            applied = {"Preference-Applied": "return=minimal"}
            return empty_answer(call.request, {"Location": url, "OData-EntityId": url, **applied})
        return await self._answers.one(call, how, person, status=201)

    async def _update(self, call: Call) -> Answer:
        how = shown(call, User)
        changes = read_changes(json_body(call.request), User)
        person = await self._administration.update(call.caller, call.target.keys[0], changes)
        if call.request.preferences.returns == "representation":
            return await self._answers.one(call, how, person)
        return empty_answer(call.request)

    async def _delete(self, call: Call) -> Answer:
        await self._administration.delete(call.caller, call.target.keys[0])
        return empty_answer(call.request)

    # ----- to whom somebody reports

    async def _manager(self, call: Call) -> Answer:
        how = shown(call, User)
        manager = await self._directory.manager(call.caller, call.target.keys[0])
        return await self._answers.one(call, how, manager, derived=True)

    async def _manager_reference(self, call: Call) -> Answer:
        how = shown(call, User)
        manager = await self._directory.manager(call.caller, call.target.keys[0])
        return self._answers.reference(call, how, manager)

    async def _set_manager(self, call: Call) -> Answer:
        leader = linked(call, json_body(call.request))
        await self._administration.set_manager(call.caller, call.target.keys[0], leader)
        return empty_answer(call.request)

    async def _end_manager(self, call: Call) -> Answer:
        await self._administration.end_manager(call.caller, call.target.keys[0])
        return empty_answer(call.request)

    # ----- who reports to somebody, and the groups of somebody

    async def _related(self, call: Call) -> Answer:
        how = shown(call, _kind(call))
        return await self._answers.page(call, how, self._opens_related(call), derived=True)

    async def _references(self, call: Call) -> Answer:
        return await self._answers.references(
            call, shown(call, _kind(call)), self._opens_related(call)
        )

    async def _count_related(self, call: Call) -> Answer:
        return await self._answers.count(call, shown(call, _kind(call)), self._opens_related(call))

    def _opens_everybody(self, call: Call) -> Open:
        return lambda asked: self._directory.everybody(call.caller, asked)

    def _opens_related(self, call: Call) -> Open:
        directory, who = self._directory, call.target.keys[0]
        if call.target.names[-1] == "memberOf":
            return lambda asked: directory.groups_of(call.caller, who, asked)
        return lambda asked: directory.reports(call.caller, who, asked)


def _kind(call: Call) -> type[User | Group]:
    return Group if call.target.names[-1] == "memberOf" else User
