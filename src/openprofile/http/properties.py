"""The single properties of an item: read, raw value, set, clear.

OData Protocol 4.01, sections 11.2.4 and 11.4.9.
"""

from __future__ import annotations

from typing import Any

import msgspec

from openprofile.clock import Clock
from openprofile.errors import BadRequest
from openprofile.http.body import json_body
from openprofile.http.exchange import (
    Answer,
    Call,
    Handlers,
    empty_answer,
    odata_answer,
    text_answer,
)
from openprofile.http.facets import conditions_of, item_of, profile_context
from openprofile.http.query import refuse_options
from openprofile.model.facets import FACETS
from openprofile.model.primitives import quoted
from openprofile.model.shape import Property, Shape, shape
from openprofile.odata.path import Target
from openprofile.odata.payload import entity, members, read_changes, read_members
from openprofile.odata.query.compile import Prepared, prepare_property
from openprofile.odata.representation import item_url, property_body
from openprofile.profiles import Access, Profiles, etag
from openprofile.store.base import Record

_OF_COLLECTIONS = ("filter", "search", "orderby", "top", "skip", "count", "select", "compute")


class PropertyFace:
    """Answers ``{item}/{property}``, ``{item}/{property}/{property}`` and ``…/$value``."""

    def __init__(self, profiles: Profiles, clock: Clock) -> None:
        self._profiles = profiles
        self._clock = clock

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose tail is a property's path; None if nothing does."""
        path, tail = _path(target)
        if not path:
            return None
        found = property_at(shape(target.kind), path)
        if tail == "$value":
            return {"GET": self._value}
        if tail == "$count" and found.collection:
            return {"GET": self._count}
        if tail:
            return None
        if found.computed or target.kind.read_only:
            return {"GET": self._get}
        written: dict[str, Any] = {"GET": self._get, "PUT": self._put, "DELETE": self._delete}
        if found.shape is not None and not found.collection:
            written["PATCH"] = self._patch
        return written

    async def _get(self, call: Call) -> Answer:
        found = _property(call.target)
        prepared = prepare_property(call.request.query, found)
        if found.collection:
            allowed: tuple[str, ...] = _OF_COLLECTIONS
        else:
            allowed = () if found.shape is None else ("select", "compute")
        refuse_options(prepared.options, allowed=allowed, where=f"the property {found.name}")
        form = call.request.format(prepared.options.format)
        record, access = await self._record(call)
        value, count = self._shown(call.target, record, prepared)
        headers = {"ETag": etag(record)}
        if value is None:
            return empty_answer(call.request, headers)
        facet, item_id = item_of(call.target)
        path = "/".join(_path(call.target)[0])
        context = f"{item_url(f'{profile_context(call, access)}/{facet}', item_id)}/{path}"
        body = property_body(form, context, value, count=count)
        return odata_answer(200, form, body, headers)

    async def _value(self, call: Call) -> Answer:
        prepared = prepare_property(call.request.query, _property(call.target))
        refuse_options(prepared.options, allowed=(), where="/$value")
        record, _ = await self._record(call)
        value, _ = self._shown(call.target, record, prepared)
        if value is None:
            return empty_answer(call.request, {"ETag": etag(record)})
        if isinstance(value, (dict, list)):
            raise BadRequest("$value applies to a primitive property, not to a structure.")
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return text_answer(call.request, text)

    async def _count(self, call: Call) -> Answer:
        prepared = prepare_property(call.request.query, _property(call.target))
        refuse_options(prepared.options, allowed=("filter", "search"), where="/$count")
        record, _ = await self._record(call)
        value, _ = self._shown(call.target, record, prepared)
        return text_answer(call.request, str(len(value or ())))

    async def _put(self, call: Call) -> Answer:
        path, found = _path(call.target)[0], _property(call.target)
        body = read_members(json_body(call.request))
        value: Any = body
        if found.shape is not None and not found.collection:
            value = _blank(found.shape) | body
        elif "value" in body:
            value = body["value"]
        else:
            raise BadRequest("The body must be a JSON object with the member 'value'.")
        return await self._change(call, path, value)

    async def _patch(self, call: Call) -> Answer:
        path, _ = _path(call.target)
        return await self._change(call, path, read_members(json_body(call.request)))

    async def _delete(self, call: Call) -> Answer:
        path, found = _path(call.target)[0], _property(call.target)
        if not found.nullable:
            raise BadRequest(f"Property '{'/'.join(path)}' cannot be null.", target="/".join(path))
        return await self._change(call, path, None)

    async def _change(self, call: Call, path: tuple[str, ...], value: Any) -> Answer:
        facet, item_id = item_of(call.target)
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        for name in reversed(path):
            value = {name: value}
        changes = read_changes(msgspec.json.encode(value), FACETS[facet])
        record = await self._profiles.update(access, facet, item_id, changes, conditions_of(call))
        return empty_answer(call.request, {"ETag": etag(record)})

    async def _record(self, call: Call) -> tuple[Record, Access]:
        """The item that the property belongs to."""
        facet, item_id = item_of(call.target)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        return await self._profiles.get(access, facet, item_id), access

    def _shown(self, target: Target, record: Record, prepared: Prepared) -> tuple[Any, int | None]:
        """The property's value as the options leave it, and the ``$count`` of a collection."""
        plan = prepared.plan
        value: Any = members(record.text)
        typed: Any = entity(value, FACETS[target.names[-1]])
        at: Shape | None = shape(target.kind)
        for name in _path(target)[0]:
            if value is None:
                return None, None
            assert at is not None
            found = at.properties[name]
            value, typed, at = value.get(name), getattr(typed, found.attribute), found.shape
        frame = plan.frame(self._clock.ticks())
        count = None
        if isinstance(value, list):
            kept, count = plan.inside(typed, frame)
            value, typed = [value[index] for index in kept], [typed[index] for index in kept]
        if plan.selection is None or value is None:
            return value, count
        if isinstance(value, list):
            pairs = zip(value, typed, strict=True)
            return [plan.selection.project(each, item, frame) for each, item in pairs], count
        frame.slots[0] = typed
        return plan.selection.project(value, typed, frame), count


def property_at(within: Shape, path: tuple[str, ...]) -> Property:
    """The property at the end of a path; raises BadRequest, as Graph does, where there is none."""
    found: Property | None = None
    at: Shape | None = within
    for name in path:
        found = at.properties.get(name) if at is not None else None
        if found is None:
            raise BadRequest(f"Resource not found for the segment {quoted(name)}.")
        at = found.shape if not found.collection else None
    assert found is not None
    return found


def _property(target: Target) -> Property:
    """The property that a target's tail names."""
    return property_at(shape(target.kind), _path(target)[0])


def _path(target: Target) -> tuple[tuple[str, ...], str]:
    """The names of the properties in a target's tail, and the ``$value`` or ``$count`` after."""
    last = target.tail[-1] if target.tail else ""
    return (target.tail[:-1], last) if last.startswith("$") else (target.tail, "")


def _blank(at: Shape) -> dict[str, Any]:
    """Every property of a complex value as it is when it is not sent."""
    return {found.name: [] if found.collection else None for found in at.properties.values()}
