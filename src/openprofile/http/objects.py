"""Answers about objects of the directory: one, a page of them, their references, their number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from openprofile.directory import Collection, Directory
from openprofile.errors import UnsupportedQuery
from openprofile.finding.query import Query, query
from openprofile.finding.terms import Object
from openprofile.http.exchange import Answer, Call, odata_answer, raw_answer
from openprofile.http.expansions import (
    Objects,
    entity_set,
    page_size,
    require_plain,
    url_of,
)
from openprofile.http.query import PAGED, next_link, refuse_options, selected, token_scope
from openprofile.model.directory import DirectoryObject
from openprofile.odata.query.compile import compile
from openprofile.odata.query.cursor import Cursor, refused, seal, unseal
from openprofile.odata.query.options import Options, options
from openprofile.odata.query.plan import Plan
from openprofile.odata.representation import (
    Format,
    collection_body,
    entities_text,
    entity_body,
    reference_body,
    references_text,
)

Open = Callable[[Query], Awaitable[Collection]]
"""Lets the caller in to a collection."""


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


def context(call: Call, rest: str) -> str:
    """A context URL."""
    return f"{call.request.origin}/{call.version}/$metadata#{rest}"


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
        name = "directoryObjects" if derived else entity_set(how.kind)
        where = context(call, f"{name}{selected(how.plan)}/$entity")
        entry = await self._objects(call, how).entry(how.plan, one, derived=derived)
        if headers is None:
            headers = call.request.preferences.applied()
        body = entity_body(how.form, how.kind, where, entry)
        return odata_answer(status, how.form, body, headers)

    async def page(self, call: Call, how: Shown, open_to: Open, *, derived: bool = False) -> Answer:
        """The answer that holds a page of a collection."""
        asked = _asked(how)
        collection = await open_to(asked)
        found, count, link, headers = await self._page(call, how, asked, collection)
        objects = self._objects(call, how)
        name = "directoryObjects" if derived else entity_set(how.kind)
        body = collection_body(
            how.form,
            context(call, f"{name}{selected(how.plan)}"),
            entities_text(
                how.form,
                how.kind,
                [await objects.entry(how.plan, one, derived=derived) for one in found],
            ),
            count=count,
            next_link=link,
        )
        return odata_answer(200, how.form, body, headers)

    async def references(self, call: Call, how: Shown, open_to: Open) -> Answer:
        """The answer that holds the references to a page of a collection."""
        asked = _asked(how)
        collection = await open_to(asked)
        found, count, link, headers = await self._page(call, how, asked, collection)
        body = collection_body(
            how.form,
            context(call, "Collection($ref)"),
            references_text(how.form, [url_of(call, one) for one in found]),
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

    def _objects(self, call: Call, how: Shown) -> Objects:
        return Objects(self._directory, call, how.form, self._token_key)

    async def _page(
        self, call: Call, how: Shown, asked: Query, collection: Collection
    ) -> tuple[list[Object], int | None, str | None, dict[str, str]]:
        size = page_size(how.options.top)
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


def _asked(how: Shown) -> Query:
    return query(how.options, how.kind)


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
    require_plain(plan)
    return plan
