"""The facets of a profile: collections of items and the items in them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from openprofile.http.body import json_body
from openprofile.http.exchange import Answer, Call, Handlers, Request, odata_answer
from openprofile.model.facets import FACETS
from openprofile.odata.path import Target
from openprofile.odata.payload import collection_body, entity_body, read_changes, read_entity
from openprofile.profiles import Access, Profiles, etag
from openprofile.store.base import Record


class FacetFace:
    """Answers ``{user}/profile/{facet}`` and ``{user}/profile/{facet}/{id}``."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._collection: Handlers = {"GET": self._list, "POST": self._create}
        self._references: Handlers = {"POST": self._create}
        self._item: Handlers = {"GET": self._get, "PATCH": self._update, "DELETE": self._delete}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names end in a facet; None if nothing does."""
        found: Handlers | None = None
        if not target.tail:
            found = self._collection if target.collection else self._item
        elif target.tail == ("$ref",) and target.collection:
            found = self._references
        if found is not None and FACETS[target.names[-1]].read_only:
            return {method: answer for method, answer in found.items() if method == "GET"}
        return found

    async def _list(self, call: Call) -> Answer:
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        facet = call.target.names[-1]
        records = await self._profiles.items(access, facet)
        context = f"{profile_context(call.request, access)}/{facet}"
        body = collection_body(context, [(etag(record), record.text) for record in records])
        return odata_answer(200, body)

    async def _get(self, call: Call) -> Answer:
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        facet, item_id = _item(call.target)
        return _entity(200, call, access, await self._profiles.get(access, facet, item_id))

    async def _create(self, call: Call) -> Answer:
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        facet = call.target.names[-1]
        item = read_entity(json_body(call.request), FACETS[facet])
        record = await self._profiles.create(access, facet, item)
        location = f"{call.request.origin}/beta{call.target.path()}/{record.id}"
        return _entity(201, call, access, record, {"Location": location})

    async def _update(self, call: Call) -> Answer:
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        facet, item_id = _item(call.target)
        changes = read_changes(json_body(call.request), FACETS[facet])
        if_match = call.request.headers.get("if-match")
        record = await self._profiles.update(access, facet, item_id, changes, if_match)
        return _entity(200, call, access, record)

    async def _delete(self, call: Call) -> Answer:
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        facet, item_id = _item(call.target)
        if_match = call.request.headers.get("if-match")
        await self._profiles.delete(access, facet, item_id, if_match)
        return Answer(204)


def profile_context(request: Request, access: Access) -> str:
    """The context URL of a person's profile; the key is the object id, also for ``/me``."""
    return f"{request.origin}/beta/$metadata#users('{quote(access.owner.id)}')/profile"


def _item(target: Target) -> tuple[str, str]:
    item_id = target.keys[-1]
    assert item_id is not None
    return target.names[-1], item_id


def _entity(
    status: int,
    call: Call,
    access: Access,
    record: Record,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    tag = etag(record)
    context = f"{profile_context(call.request, access)}/{call.target.names[-1]}/$entity"
    return odata_answer(
        status, entity_body(context, tag, record.text), {"ETag": tag, **(headers or {})}
    )
