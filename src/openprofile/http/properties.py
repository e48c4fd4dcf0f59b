"""The single properties of an item: read, raw value, set, clear.

OData Protocol 4.01, sections 11.2.4 and 11.4.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from openprofile.errors import BadRequest
from openprofile.http.body import json_body
from openprofile.http.exchange import Answer, Call, Handlers, odata_answer, text_answer
from openprofile.http.facets import conditions_of, item_of, profile_context
from openprofile.http.query import item_plan
from openprofile.model.facets import FACETS
from openprofile.model.primitives import quoted
from openprofile.model.shape import Property, Shape, shape
from openprofile.odata.path import Target
from openprofile.odata.payload import members, read_changes, read_members
from openprofile.odata.representation import item_url, property_body
from openprofile.profiles import Profiles, etag


class PropertyFace:
    """Answers ``{item}/{property}``, ``{item}/{property}/{property}`` and ``…/$value``."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

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
        value, headers = await self._read(call)
        if value is None:
            return Answer(204, headers)
        _, form = item_plan(call.request, call.target.kind)
        facet, item_id = item_of(call.target)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        path = "/".join(_path(call.target)[0])
        context = f"{item_url(f'{profile_context(call, access)}/{facet}', item_id)}/{path}"
        return odata_answer(200, form, property_body(form, context, value), headers)

    async def _value(self, call: Call) -> Answer:
        value, headers = await self._read(call)
        if value is None:
            return Answer(204, headers)
        if isinstance(value, (dict, list)):
            raise BadRequest("$value applies to a primitive property, not to a structure.")
        return text_answer(value if isinstance(value, str) else msgspec.json.encode(value).decode())

    async def _count(self, call: Call) -> Answer:
        value, _ = await self._read(call)
        return text_answer(str(len(value or ())))

    async def _put(self, call: Call) -> Answer:
        path, _ = _path(call.target)
        found = property_at(shape(call.target.kind), path)
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
        path, _ = _path(call.target)
        found = property_at(shape(call.target.kind), path)
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
        return Answer(204, {"ETag": etag(record), "OData-Version": "4.0"})

    async def _read(self, call: Call) -> tuple[Any, Mapping[str, str]]:
        """The property's value, and the ETag of the item that it belongs to."""
        facet, item_id = item_of(call.target)
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        record = await self._profiles.get(access, facet, item_id)
        value: Any = members(record.text)
        for name in _path(call.target)[0]:
            value = value.get(name) if value is not None else None
        return value, {"ETag": etag(record)}


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


def _path(target: Target) -> tuple[tuple[str, ...], str]:
    """The names of the properties in a target's tail, and the ``$value`` or ``$count`` after."""
    last = target.tail[-1] if target.tail else ""
    return (target.tail[:-1], last) if last.startswith("$") else (target.tail, "")


def _blank(at: Shape) -> dict[str, Any]:
    """Every property of a complex value as it is when it is not sent."""
    return {found.name: [] if found.collection else None for found in at.properties.values()}
