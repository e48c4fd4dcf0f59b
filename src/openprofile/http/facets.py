"""The facets of a profile: collections of items and the items in them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from openprofile.clock import Clock
from openprofile.http.body import json_body
from openprofile.http.exchange import (
    Answer,
    Call,
    Handlers,
    empty_answer,
    odata_answer,
    text_answer,
)
from openprofile.http.query import entry_of, item_plan, items_page, refuse_options, selected
from openprofile.model.facets import FACETS
from openprofile.odata.path import Target
from openprofile.odata.payload import read_changes, read_entity
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.plan import Plan
from openprofile.odata.representation import (
    Format,
    collection_body,
    entity_body,
    item_url,
    reference_body,
    references_body,
)
from openprofile.profiles import Access, Conditions, Profiles, etag
from openprofile.store.base import Record


class FacetFace:
    """Answers ``{user}/profile/{facet}`` and ``{user}/profile/{facet}/{id}``."""

    def __init__(self, profiles: Profiles, clock: Clock, token_key: bytes) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to next pages."""
        self._profiles = profiles
        self._clock = clock
        self._token_key = token_key
        self._collection: Handlers = {"GET": self._list, "POST": self._create}
        self._count_of: Handlers = {"GET": self._count}
        self._references: Handlers = {"GET": self._list_references, "POST": self._create}
        self._item: Handlers = {"GET": self._get, "PATCH": self._update, "DELETE": self._delete}
        self._reference: Handlers = {"GET": self._get_reference}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names end in a facet; None if nothing does."""
        found: Handlers | None = None
        match target.tail, target.collection:
            case (), True:
                found = self._collection
            case (), False:
                found = self._item
            case ("$ref",), True:
                found = self._references
            case ("$ref",), False:
                found = self._reference
            case ("$count",), True:
                found = self._count_of
        if found is not None and FACETS[target.names[-1]].read_only:
            return {method: answer for method, answer in found.items() if method == "GET"}
        return found

    async def _list(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        form = call.request.format(prepared.options.format)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        now = self._clock.ticks()
        page = items_page(call, prepared, records, now, self._token_key)
        plan = prepared.plan
        context = f"{profile_context(call, access)}/{facet}{selected(plan)}"
        url = f"{profile_url(call, access)}/{facet}"
        body = collection_body(
            form,
            FACETS[facet],
            context,
            [entry_of(plan, record, url, now) for record in page.records],
            count=page.count,
            next_link=page.next_link,
        )
        return odata_answer(200, form, body, page.headers)

    async def _count(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        refuse_options(prepared.options, allowed=("filter", "search"), where="/$count")
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        number = prepared.plan.count(records, now=self._clock.ticks())
        return text_answer(call.request, str(number))

    async def _list_references(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        form = call.request.format(prepared.options.format)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        page = items_page(call, prepared, records, self._clock.ticks(), self._token_key)
        url = f"{profile_url(call, access)}/{facet}"
        body = references_body(
            form,
            f"{call.request.origin}/beta/$metadata#Collection($ref)",
            [item_url(url, record.id) for record in page.records],
            count=page.count,
            next_link=page.next_link,
        )
        return odata_answer(200, form, body, page.headers)

    async def _get(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        record = await self._profiles.get(access, facet, item_id)
        if conditions_of(call).not_modified(record):
            return empty_answer(call.request, {"ETag": etag(record)}, status=304)
        return self._entity(200, call, access, record, plan, form)

    async def _get_reference(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        _, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        record = await self._profiles.get(access, facet, item_id)
        context = f"{call.request.origin}/beta/$metadata#$ref"
        url = item_url(f"{profile_url(call, access)}/{facet}", record.id)
        return odata_answer(200, form, reference_body(form, context, url))

    async def _create(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        item = read_entity(json_body(call.request), FACETS[facet])
        record = await self._profiles.create(access, facet, item)
        location = f"{call.request.origin}/beta{call.target.path()}/{record.id}"
        return self._written(201, call, access, record, plan, form, {"Location": location})

    async def _update(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        changes = read_changes(json_body(call.request), FACETS[facet])
        record = await self._profiles.update(access, facet, item_id, changes, conditions_of(call))
        return self._written(200, call, access, record, plan, form)

    async def _delete(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        await self._profiles.delete(access, facet, item_id, conditions_of(call))
        return empty_answer(call.request)

    def _entity(
        self,
        status: int,
        call: Call,
        access: Access,
        record: Record,
        plan: Plan,
        form: Format,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        facet = call.target.names[-1]
        url = f"{profile_url(call, access)}/{facet}"
        context = f"{profile_context(call, access)}/{facet}{selected(plan)}/$entity"
        entry = entry_of(plan, record, url, self._clock.ticks())
        body = entity_body(form, FACETS[facet], context, entry)
        return odata_answer(status, form, body, {"ETag": entry.etag, **(headers or {})})

    def _written(
        self,
        status: int,
        call: Call,
        access: Access,
        record: Record,
        plan: Plan,
        form: Format,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """What a write leaves behind, or 204 where the client prefers to hear less."""
        returns = call.request.preferences.returns
        applied = {"Preference-Applied": f"return={returns}"} if returns else {}
        headers = {**(headers or {}), **applied}
        if returns != "minimal":
            return self._entity(status, call, access, record, plan, form, headers)
        if status == 201:
            url = f"{profile_url(call, access)}/{call.target.names[-1]}"
            headers["OData-EntityId"] = item_url(url, record.id)
        return empty_answer(call.request, {"ETag": etag(record), **headers})


def profile_url(call: Call, access: Access) -> str:
    """The canonical URL of a person's profile."""
    return f"{call.request.origin}/beta/users('{quote(access.owner.id)}')/profile"


def profile_context(call: Call, access: Access) -> str:
    """The context URL of a person's profile; the key is the object id, also for ``/me``."""
    return f"{call.request.origin}/beta/$metadata#users('{quote(access.owner.id)}')/profile"


def item_of(target: Target) -> tuple[str, str]:
    """The facet and the id that a target within a facet names."""
    item_id = target.keys[-1]
    assert item_id is not None
    return target.names[-1], item_id


def conditions_of(call: Call) -> Conditions:
    """The conditions that a request's headers set."""
    headers = call.request.headers
    return Conditions(headers.get("if-match"), headers.get("if-none-match"))
