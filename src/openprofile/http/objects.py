"""Objects of the directory on their way into answers: selected, expanded, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from openprofile.directory import Collection, Directory
from openprofile.errors import BadRequest, ResourceNotFound, UnsupportedQuery
from openprofile.finding.query import Query, query
from openprofile.finding.terms import Object, entity
from openprofile.http.exchange import Answer, Call, odata_answer, raw_answer
from openprofile.http.query import PAGED, next_link, refuse_options, selected, token_scope
from openprofile.model.directory import VERSIONS, DirectoryObject, Group, Person, User
from openprofile.model.shape import shape
from openprofile.odata.payload import members, write
from openprofile.odata.query.compile import compile
from openprofile.odata.query.cursor import Cursor, refused, seal, unseal
from openprofile.odata.query.options import Options, options
from openprofile.odata.query.plan import Expansion, Plan
from openprofile.odata.representation import (
    Entry,
    Format,
    collection_body,
    entity_body,
    reference_body,
    references_body,
)
from openprofile.policy.directory import shown_of_group, shown_of_person

USUAL_PAGE = 100
"""Objects on one page when nothing is asked for, as with Graph."""
LARGEST_PAGE = 999
"""Objects on one page of a directory collection at most, as with Graph."""
EXPANDED = 20
"""Objects of a collection that ``$expand`` inlines, as with Graph."""

Open = Callable[[Query], Awaitable[Collection]]
"""Lets the caller in to a collection."""
_SETS: dict[type[DirectoryObject], str] = {User: "users", Group: "groups"}


class Shown(msgspec.Struct, frozen=True):
    """How the objects of one answer are shown."""

    kind: type[DirectoryObject]
    options: Options
    plan: Plan
    form: Format


def shown_one(call: Call, kind: type[DirectoryObject]) -> Shown:
    """How the answer to a request shows one object of ``kind``; raises BadRequest for an option
    that does not apply to it, and NotAcceptable.
    """
    return _shown(call, kind, ("select", "expand", "format"), "one object")


def shown_page(call: Call, kind: type[DirectoryObject]) -> Shown:
    """The same of a page of objects."""
    return _shown(call, kind, (*PAGED, "select", "expand"), "a collection")


def shown_references(call: Call, kind: type[DirectoryObject]) -> Shown:
    """The same of references to objects."""
    return _shown(call, kind, PAGED, "/$ref")


def _shown(call: Call, kind: type[DirectoryObject], allowed: Sequence[str], where: str) -> Shown:
    chosen = options(call.request.query)
    plan = _plan(chosen, kind)
    refuse_options(chosen, allowed=allowed, where=where)
    return Shown(kind, chosen, plan, call.request.format(chosen.format))


def version(call: Call) -> str:
    """The version of the API that a request is for."""
    return call.request.path.split("/")[1]


def context(call: Call, rest: str) -> str:
    """A context URL."""
    return f"{call.request.origin}/{version(call)}/$metadata#{rest}"


def url_of(call: Call, one: Object) -> str:
    """The canonical URL of an object."""
    return f"{call.request.origin}/{version(call)}/{_SETS[type(entity(one))]}/{quote(one.id)}"


class Answers:
    """Writes the answers about objects of the directory."""

    def __init__(self, directory: Directory, token_key: bytes) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to next pages."""
        self._directory = directory
        self._token_key = token_key

    async def one(
        self,
        call: Call,
        how: Shown,
        one: Object,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        derived: bool = False,
    ) -> Answer:
        """The answer that holds one object.

        ``derived`` tells that the metadata declares it as a directoryObject.
        """
        name = "directoryObjects" if derived else _SETS[how.kind]
        where = context(call, f"{name}{selected(how.plan)}/$entity")
        entry = await self._entry(call, how, one, derived=derived)
        if headers is None:
            headers = call.request.preferences.applied()
        body = entity_body(how.form, how.kind, where, entry)
        return odata_answer(status, how.form, body, headers)

    async def page(self, call: Call, how: Shown, open_to: Open, *, derived: bool = False) -> Answer:
        """The answer that holds a page of a collection."""
        asked = _asked(how)
        collection = await open_to(asked)
        found, count, link, headers = await self._page(call, how, asked, collection)
        name = "directoryObjects" if derived else _SETS[how.kind]
        body = collection_body(
            how.form,
            how.kind,
            context(call, f"{name}{selected(how.plan)}"),
            [await self._entry(call, how, one, derived=derived) for one in found],
            count=count,
            next_link=link,
        )
        return odata_answer(200, how.form, body, headers)

    async def references(self, call: Call, how: Shown, open_to: Open) -> Answer:
        """The answer that holds the references to a page of a collection."""
        asked = _asked(how)
        collection = await open_to(asked)
        found, count, link, headers = await self._page(call, how, asked, collection)
        body = references_body(
            how.form,
            context(call, "Collection($ref)"),
            [url_of(call, one) for one in found],
            count=count,
            next_link=link,
        )
        return odata_answer(200, how.form, body, headers)

    async def count(self, call: Call, kind: type[DirectoryObject], open_to: Open) -> Answer:
        """The answer of ``/$count``, of objects of ``kind``."""
        chosen = options(call.request.query)
        refuse_options(chosen, allowed=("filter", "search", "format"), where="/$count")
        form = call.request.raw_format(chosen.format)
        collection = await open_to(query(chosen, kind))
        return raw_answer(call.request, form, await collection.count())

    def reference(self, call: Call, one: Object, form: Format) -> Answer:
        """The answer that holds the reference to one object."""
        return odata_answer(
            200, form, reference_body(form, context(call, "$ref"), url_of(call, one))
        )

    async def _page(
        self, call: Call, how: Shown, asked: Query, collection: Collection
    ) -> tuple[list[Object], int | None, str | None, dict[str, str]]:
        size = _page_size(how.options.top)
        preferences = call.request.preferences
        size = min(size, preferences.max_page_size or size)
        after = None
        if how.options.skiptoken is not None:
            cursor = unseal(how.options.skiptoken, self._token_key, token_scope(call))
            if cursor.fingerprint != asked.fingerprint:
                raise refused()
            after = tuple([key or "" for key in cursor.keys])
        page = await collection.page(size=size, after=after)
        link = None
        if page.next is not None:
            token = Cursor(asked.fingerprint, page.next, 0, "", None)
            link = next_link(call, seal(token, self._token_key, token_scope(call)))
        count = await collection.count() if how.options.count else None
        return page.found, count, link, preferences.applied(page_size=size)

    async def _entry(self, call: Call, how: Shown, one: Object, *, derived: bool) -> Entry:
        shown = await self._members(call, how.form, how.plan, one)
        text = msgspec.json.encode(shown).decode()
        navigation = VERSIONS[version(call)].navigation(how.kind)
        return Entry("", text, url_of(call, one), derived, navigation)

    async def _members(self, call: Call, form: Format, plan: Plan, one: Object) -> dict[str, Any]:
        """What the answer shows of an object, and of those it leads to."""
        found = entity(one)
        person = isinstance(one, Person)
        seen = shown_of_person(call.caller, one.id) if person else shown_of_group(call.caller)
        values = members(write(found))
        if seen is not None:
            values = {
                name: value if name in seen else [] if isinstance(value, list) else None
                for name, value in values.items()
            }
        if plan.selection is not None:
            values = plan.selection.project(values, None, None)
        elif person and version(call) == "v1.0":
            values = {name: values[name] for name in User.usual}
        for expansion in plan.expand:
            values[expansion.name] = await self._expanded(call, form, expansion, one)
        return values

    async def _expanded(
        self, call: Call, form: Format, expansion: Expansion, one: Object
    ) -> list[dict[str, Any]] | dict[str, Any] | None:
        name, chosen = expansion.name, expansion.plan.options
        if expansion.references or expansion.count_only or name not in _EXPANDABLE:
            raise UnsupportedQuery(
                f"$expand={name} is not supported in this form; expected one of "
                f"{', '.join(_EXPANDABLE)}.",
                target="$expand",
            )
        if name == "manager":
            return await self._leaders(call, form, expansion, one, {one.id}, expansion.levels)
        refuse_options(
            chosen, allowed=("filter", "orderby", "top", "select", "expand"), where="$expand"
        )
        asked = query(chosen, Group if expansion.target is Group else User)
        match name:
            case "members":
                collection = await self._directory.members(call.caller, one.id, asked)
            case "memberOf":
                collection = await self._directory.groups_of(call.caller, one.id, asked)
            case _:
                collection = await self._directory.reports(call.caller, one.id, asked)
        size = min(_page_size(chosen.top), EXPANDED)
        page = await collection.page(size=size, after=None)
        return [await self._inlined(call, form, expansion.plan, each) for each in page.found]

    async def _leaders(
        self,
        call: Call,
        form: Format,
        expansion: Expansion,
        one: Object,
        passed: set[str],
        levels: int,
    ) -> dict[str, Any] | None:
        """Whom a person reports to, and whom that one does, as far as ``$levels`` goes."""
        try:
            manager = await self._directory.manager(call.caller, one.id)
        except ResourceNotFound:
            return None
        values = await self._inlined(call, form, expansion.plan, manager)
        if levels > 1 and manager.id not in passed:
            values[expansion.name] = await self._leaders(
                call, form, expansion, manager, {*passed, manager.id}, levels - 1
            )
        return values

    async def _inlined(self, call: Call, form: Format, plan: Plan, one: Object) -> dict[str, Any]:
        values = await self._members(call, form, plan, one)
        if form.metadata == "none":
            return values
        return {f"{form.prefix}type": f"#{shape(type(entity(one))).qualified_name}", **values}


_EXPANDABLE = ("directReports", "manager", "memberOf", "members")


def _asked(how: Shown) -> Query:
    return query(how.options, how.kind)


def _page_size(top: int | None) -> int:
    if top is None:
        return USUAL_PAGE
    if not 1 <= top <= LARGEST_PAGE:
        raise BadRequest(
            f"Invalid page size specified: '{top}'. Must be between 1 and {LARGEST_PAGE} "
            "inclusive.",
            target="$top",
        )
    return top


def _plan(chosen: Options, kind: type[DirectoryObject]) -> Plan:
    """What is selected and expanded; finding is not the plan's."""
    for name in ("skip", "compute"):
        if getattr(chosen, name) is not None:
            raise UnsupportedQuery(f"${name} is not supported by the directory.", target=f"${name}")
    return _compiled(chosen.select, chosen.expand, chosen.aliases, kind)


@lru_cache(maxsize=256)
def _compiled(
    select: str | None,
    expand: str | None,
    aliases: tuple[tuple[str, str], ...],
    kind: type[DirectoryObject],
) -> Plan:
    plan = compile(Options(select=select, expand=expand, aliases=aliases), kind)
    if plan.selection is not None and plan.selection.evaluates:
        raise UnsupportedQuery(
            "Options inside $select are not supported by the directory.", target="$select"
        )
    return plan
