"""The facets of a profile: collections of items and the items in them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from openprofile.clock import Clock
from openprofile.errors import BadRequest
from openprofile.etags import etag
from openprofile.http.body import json_body
from openprofile.http.conditions import conditions_of, require_new
from openprofile.http.exchange import (
    Answer,
    Call,
    Handlers,
    empty_answer,
    odata_answer,
    raw_answer,
)
from openprofile.http.links import refers
from openprofile.http.query import (
    PAGED,
    frame_of,
    item_plan,
    items_page,
    no_options,
    reference_format,
    refuse_options,
    selected,
    shown_of,
    value_of,
)
from openprofile.model.facets import FACETS
from openprofile.odata.path import Target
from openprofile.odata.payload import read_changes, read_entity, read_members
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.plan import Plan
from openprofile.odata.representation import (
    Format,
    collection_body,
    item_body,
    item_url,
    key_text,
    reference_body,
    references_text,
)
from openprofile.profiles import Access, Profiles
from openprofile.store.base import Record


class FacetFace:
    """Answers ``{user}/profile/{facet}`` and ``{user}/profile/{facet}/{id}``, and the references to
    these and to the profile.
    """

    def __init__(self, profiles: Profiles, clock: Clock, token_key: bytes) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to next pages."""
        self._profiles = profiles
        self._clock = clock
        self._token_key = token_key
        self._collection: Handlers = {"GET": self._list, "POST": self._create}
        self._count_of: Handlers = {"GET": self._count}
        self._references: Handlers = {"GET": self._list_references, "POST": self._add}
        self._item: Handlers = {"GET": self._get, "PATCH": self._update, "DELETE": self._delete}
        self._reference: Handlers = {"GET": self._get_reference}
        self._profile_reference: Handlers = {"GET": self._get_profile_reference}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names end in a facet or the profile; None if nothing
        does.
        """
        facet = FACETS.get(target.names[-1])
        if facet is None:
            return self._profile_reference if target.tail == ("$ref",) else None
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
        if found is not None and facet.read_only:
            return {method: answer for method, answer in found.items() if method == "GET"}
        return found

    async def _list(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        refuse_options(
            prepared.options, allowed=(*PAGED, "select", "expand", "compute"), where="a collection"
        )
        form = call.request.format(prepared.options.format)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        now = self._clock.ticks()
        page = items_page(call, prepared, records, now, self._token_key)
        plan = prepared.plan
        context = f"{profile_context(call, access)}/{facet}{selected(plan)}"
        url = f"{profile_url(call, access)}/{facet}"
        value = value_of(form, FACETS[facet], plan, page.records, url, frame_of(plan, form, now))
        body = collection_body(form, context, value, count=page.count, next_link=page.next_link)
        return odata_answer(200, form, body, page.headers)

    async def _count(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        refuse_options(prepared.options, allowed=("filter", "search", "format"), where="/$count")
        form = call.request.raw_format(prepared.options.format)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        number = prepared.plan.count(records, now=self._clock.ticks())
        return raw_answer(call.request, form, number)

    async def _list_references(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        prepared = prepare(call.request.query, FACETS[facet])
        refuse_options(prepared.options, allowed=PAGED, where="/$ref")
        form = call.request.format(prepared.options.format)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        records = await self._profiles.items(access, facet)
        page = items_page(call, prepared, records, self._clock.ticks(), self._token_key)
        url = f"{profile_url(call, access)}/{facet}"
        body = collection_body(
            form,
            f"{call.request.origin}/beta/$metadata#Collection($ref)",
            references_text(form, [item_url(url, record.id) for record in page.records]),
            count=page.count,
            next_link=page.next_link,
        )
        return odata_answer(200, form, body, page.headers)

    async def _get(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        record = await self._profiles.get(access, facet, item_id)
        if conditions_of(call).has(record):
            return empty_answer(call.request, {"ETag": etag(record)}, status=304)
        return self._entity(_Shown(call, access, record, plan, form))

    async def _get_reference(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        form = reference_format(call.request)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        record = await self._profiles.get(access, facet, item_id)
        url = item_url(f"{profile_url(call, access)}/{facet}", record.id)
        return _reference(call, form, url)

    async def _get_profile_reference(self, call: Call) -> Answer:
        form = reference_format(call.request)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        return _reference(call, form, profile_url(call, access))

    async def _create(self, call: Call) -> Answer:
        facet = call.target.names[-1]
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        require_new(call)
        item = read_entity(json_body(call.request), FACETS[facet])
        record = await self._profiles.create(access, facet, item)
        location = f"{call.request.origin}/beta{call.target.path()}/{record.id}"
        shown = _Shown(call, access, record, plan, form)
        return self._written(shown, 201, {"Location": location})

    async def _add(self, call: Call) -> Answer:
        """A POST to the references creates as well, but refers to nothing: an item is in the
        collection that it was created in.
        """
        if refers(read_members(json_body(call.request))):
            raise BadRequest(
                "The items of a facet cannot be referred to from elsewhere; the body of a create "
                "is the item.",
                target="@odata.id",
            )
        return await self._create(call)

    async def _update(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        plan, form = item_plan(call.request, FACETS[facet])
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        sent = read_members(json_body(call.request))
        record = await self._profiles.update(
            access, facet, item_id, read_changes(sent, FACETS[facet]), conditions_of(call, sent)
        )
        return self._written(_Shown(call, access, record, plan, form))

    async def _delete(self, call: Call) -> Answer:
        facet, item_id = item_of(call.target)
        no_options(call.request, "a deletion")
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        await self._profiles.delete(access, facet, item_id, conditions_of(call))
        return empty_answer(call.request)

    def _entity(
        self, shown: _Shown, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Answer:
        call, plan, form = shown.call, shown.plan, shown.form
        facet = call.target.names[-1]
        context = f"{profile_context(call, shown.access)}/{facet}{selected(plan)}/$entity"
        record = shown.record
        if not plan.verbatim:
            record = shown_of(plan, record, frame_of(plan, form, self._clock.ticks()))
        body = item_body(form, FACETS[facet], context, record, shown.collection)
        if headers is None:
            headers = call.request.preferences.applied()
        return odata_answer(status, form, body, {"ETag": etag(record), **headers})

    def _written(
        self, shown: _Shown, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """What a write leaves behind, or 204 where the client prefers to hear less."""
        preferences = shown.call.request.preferences
        headers = {**(headers or {}), **preferences.applied(returned=True)}
        if preferences.shows(usually=True):
            return self._entity(shown, status, headers)
        if status == 201:
            headers["OData-EntityId"] = item_url(shown.collection(), shown.record.id)
        return empty_answer(shown.call.request, {"ETag": etag(shown.record), **headers})


class _Shown(msgspec.Struct, frozen=True, gc=False):
    """One item on its way into an answer."""

    call: Call
    access: Access
    record: Record
    plan: Plan
    form: Format

    def collection(self) -> str:
        """The canonical URL of the collection that the item is in."""
        return f"{profile_url(self.call, self.access)}/{self.call.target.names[-1]}"


def _reference(call: Call, form: Format, url: str) -> Answer:
    context = f"{call.request.origin}/beta/$metadata#$ref"
    return odata_answer(200, form, reference_body(form, context, url))


def profile_url(call: Call, access: Access) -> str:
    """The canonical URL of a person's profile."""
    return f"{call.request.origin}/beta/users('{key_text(access.owner.id)}')/profile"


def profile_context(call: Call, access: Access) -> str:
    """The context URL of a person's profile; the key is the object id, also for ``/me``."""
    return f"{call.request.origin}/beta/$metadata#users('{key_text(access.owner.id)}')/profile"


def item_of(target: Target) -> tuple[str, str]:
    """The facet and the id that a target within a facet names."""
    item_id = target.keys[-1]
    assert item_id is not None
    return target.names[-1], item_id
