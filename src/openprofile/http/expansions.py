"""What ``$expand`` inlines of the directory: the people and groups that an object leads to.

OData Protocol 4.01, section 11.2.5.2; as with Graph, of a collection the first few, and a link to
the rest.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec

from openprofile.directory import Collection, Directory
from openprofile.errors import BadRequest, ResourceNotFound, UnsupportedQuery
from openprofile.finding.query import Query, query
from openprofile.finding.terms import Object, entity
from openprofile.http.exchange import Call
from openprofile.http.query import collection_scope
from openprofile.model.directory import VERSIONS, DirectoryObject, Group, Person, User
from openprofile.odata.payload import members, write
from openprofile.odata.query import options
from openprofile.odata.query.cursor import Cursor, seal
from openprofile.odata.query.plan import Expansion, Plan
from openprofile.odata.representation import Entry, Format, object_text
from openprofile.policy.directory import shown_of_group, shown_of_person

USUAL_PAGE = 100
"""Objects on one page when nothing is asked for, as with Graph."""
LARGEST_PAGE = 999
"""Objects on one page of a directory collection at most, as with Graph."""
EXPANDED = 20
"""Objects of a collection that ``$expand`` inlines, as with Graph."""
MOST_INLINED = 5_000
"""Objects that the ``$expand`` of one answer may inline, at all its levels."""

_EXPANDABLE = ("directReports", "manager", "memberOf", "members")
_SETS: dict[type[DirectoryObject], str] = {User: "users", Group: "groups"}


def entity_set(kind: type[DirectoryObject]) -> str:
    """The entity set that objects of a kind are in."""
    return _SETS[kind]


def url_of(call: Call, one: Object) -> str:
    """The canonical URL of an object."""
    return f"{call.request.origin}/{call.version}{_path_of(one)}"


def page_size(top: int | None) -> int:
    """How many objects a page holds for ``$top``; raises BadRequest."""
    if top is None:
        return USUAL_PAGE
    if not 1 <= top <= LARGEST_PAGE:
        raise BadRequest(
            f"Invalid page size specified: '{top}'. Must be between 1 and {LARGEST_PAGE} "
            "inclusive.",
            target="$top",
        )
    return top


def require_plain(plan: Plan) -> None:
    """Raise UnsupportedQuery unless the directory can show what a plan selects and expands."""
    if plan.selection is not None and plan.selection.evaluates:
        raise UnsupportedQuery(
            "Options inside $select, and $compute, are not supported by the directory.",
            target="$select",
        )
    for each in plan.expand:
        _require_expandable(each)
        require_plain(each.plan)


class Objects:
    """Writes the objects of one answer, each with what it leads to."""

    def __init__(self, directory: Directory, call: Call, form: Format, token_key: bytes) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to what is not inlined."""
        self._directory = directory
        self._call = call
        self._form = form
        self._token_key = token_key
        self._left = MOST_INLINED

    async def entry(self, plan: Plan, one: Object, *, derived: bool) -> Entry:
        """An object as ``plan`` shows it; ``derived`` tells that the metadata declares it as a
        directoryObject. Raises UnsupportedQuery where the answer inlines too many.
        """
        shown = await self._members(plan, one)
        text = msgspec.json.encode(shown).decode()
        navigation = VERSIONS[self._call.version].navigation(type(entity(one)))
        return Entry("", text, partial(url_of, self._call, one), derived, navigation)

    async def _members(self, plan: Plan, one: Object) -> dict[str, Any]:
        """What the answer shows of an object, and of those it leads to."""
        call, person = self._call, isinstance(one, Person)
        seen = shown_of_person(call.caller, one.id) if person else shown_of_group(call.caller)
        values = members(write(entity(one)))
        if seen is not None:
            values = {
                name: value if name in seen else [] if isinstance(value, list) else None
                for name, value in values.items()
            }
        if plan.selection is not None:
            values = plan.selection.project(values, None, None)
        elif person and call.version == "v1.0":
            values = {name: values[name] for name in User.usual}
        for expansion in plan.expand:
            if expansion.collection:
                values |= await self._collection(expansion, one)
            else:
                values[expansion.name] = await self._leader(expansion, one, (), expansion.levels)
        return values

    async def _collection(self, expansion: Expansion, one: Object) -> dict[str, Any]:
        """The members that a collection adds to an object."""
        name, prefix = expansion.name, self._form.prefix
        chosen = expansion.plan.options
        asked = query(chosen, Group if expansion.target is Group else User)
        collection = await self._open(name, one, asked)
        added: dict[str, Any] = {}
        if chosen.count or expansion.count_only:
            count = await collection.count()
            added[f"{name}{prefix}count"] = str(count) if self._form.ieee754 else count
        if expansion.count_only:
            return added
        page = await collection.page(size=min(page_size(chosen.top), EXPANDED), after=None)
        added[name] = [await self._inlined(expansion, each) for each in page.found]
        if page.next is not None and (chosen.top or LARGEST_PAGE) > len(page.found):
            place = Cursor(asked.fingerprint, page.next, 0, "", None)
            added[f"{name}{prefix}nextLink"] = self._next_link(expansion, one, place)
        return added

    async def _open(self, name: str, one: Object, asked: Query) -> Collection:
        caller = self._call.caller
        match name:
            case "members":
                return await self._directory.members(caller, one.id, asked)
            case "memberOf":
                return await self._directory.groups_of(caller, one.id, asked)
        return await self._directory.reports(caller, one.id, asked)

    def _next_link(self, expansion: Expansion, one: Object, place: Cursor) -> str:
        """Where a collection goes on: at its own URL, with its options in ``$expand``."""
        scope = collection_scope(self._call.caller, f"{_path_of(one)}/{expansion.name}")
        chosen = msgspec.structs.replace(
            expansion.plan.options, skiptoken=seal(place, self._token_key, scope)
        )
        system = "/$ref" if expansion.references else ""
        url = f"{url_of(self._call, one)}/{expansion.name}{system}"
        return f"{url}?{options.query(chosen)}"

    async def _leader(
        self, expansion: Expansion, one: Object, passed: tuple[str, ...], levels: int
    ) -> msgspec.Raw | None:
        """Whom a person reports to, and whom that one does, as far as ``$levels`` goes."""
        try:
            manager = await self._directory.manager(self._call.caller, one.id)
        except ResourceNotFound:
            return None
        if levels <= 1 or manager.id in passed:
            return await self._inlined(expansion, manager)
        above = await self._leader(expansion, manager, (*passed, one.id), levels - 1)
        return await self._inlined(expansion, manager, {expansion.name: above})

    async def _inlined(
        self, expansion: Expansion, one: Object, more: dict[str, Any] | None = None
    ) -> msgspec.Raw:
        """An object, or the reference to it, as JSON text; ``more`` are members besides its own."""
        self._left -= 1
        if self._left < 0:
            raise UnsupportedQuery(
                f"$expand inlines more than {MOST_INLINED} objects; ask for smaller pages by "
                "$top, or for fewer levels.",
                target="$expand",
            )
        if expansion.references:
            reference = {f"{self._form.prefix}id": url_of(self._call, one)}
            return msgspec.Raw(msgspec.json.encode(reference))
        entry = await self.entry(expansion.plan, one, derived=True)
        if more:
            text = msgspec.json.encode({**members(entry.text), **more}).decode()
            entry = entry._replace(text=text)
        return msgspec.Raw(object_text(self._form, type(entity(one)), entry).encode())


def _path_of(one: Object) -> str:
    """An object's path below the version."""
    return f"/{_SETS[type(entity(one))]}/{quote(one.id)}"


def _require_expandable(expansion: Expansion) -> None:
    name, chosen = expansion.name, expansion.plan.options
    if name not in _EXPANDABLE or (expansion.count_only and not expansion.collection):
        raise UnsupportedQuery(
            f"$expand={name} is not supported in this form; expected one of "
            f"{', '.join(_EXPANDABLE)}.",
            target="$expand",
        )
    for option in ("skip", "compute"):
        if getattr(chosen, option) is not None:
            raise UnsupportedQuery(
                f"${option} is not supported in the $expand of {name}.", target=f"${option}"
            )
    if expansion.collection and expansion.levels > 1:
        raise UnsupportedQuery(
            f"$levels of {name} is {expansion.levels}; a collection is expanded by one level.",
            target="$levels",
        )
