"""The single properties of an entity: read, raw value, set, clear.

OData Protocol 4.01, sections 11.2.4 and 11.4.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from openprofile.clock import Clock
from openprofile.errors import BadRequest
from openprofile.etags import etag
from openprofile.http.body import json_body, text_body
from openprofile.http.conditions import conditions_of
from openprofile.http.exchange import (
    Answer,
    Call,
    Handlers,
    empty_answer,
    odata_answer,
    raw_answer,
)
from openprofile.http.holders import Held, Holder, Holders
from openprofile.http.query import PAGED, refuse_options
from openprofile.model.primitives import UNKNOWN_FUTURE_VALUE, Enumeration, quoted
from openprofile.model.shape import Shape, shape
from openprofile.odata.path import Target
from openprofile.odata.payload import Members, Removal, entity, members, read_members
from openprofile.odata.query.compile import Prepared, prepare_property
from openprofile.odata.representation import Format, property_body

_OF_COLLECTIONS = tuple(name for name in PAGED if name != "skiptoken")


class PropertyFace:
    """Answers ``{entity}/{property}``, ``{entity}/{property}/{property}``, ``…/$value`` and
    ``…/$count``.

    A write answers with nothing, or with what a read of the same URL gives where the client
    prefers that or says by ``$select`` what of it.
    """

    def __init__(self, holders: Holders, clock: Clock) -> None:
        self._holders = holders
        self._clock = clock

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose tail is a property's path; None if nothing does."""
        holder = self._holders.of(target)
        if holder is None or not target.property_path:
            return None
        if target.suffix == "$count":
            return {"GET": self._count}
        if not holder.writable or _computed(target):
            return {"GET": self._get}
        if target.suffix:
            return {"GET": self._get, "PUT": self._put_value, "DELETE": self._delete}
        written: dict[str, Any] = {"GET": self._get, "PUT": self._put, "DELETE": self._delete}
        if target.property.shape is not None and not target.property.collection:
            written["PATCH"] = self._patch
        return written

    # ----- reading

    async def _get(self, call: Call) -> Answer:
        wanted = _wanted(call)
        held = await self._holder(call).read(call)
        if held.record is not None and conditions_of(call).has(held.record):
            return empty_answer(call.request, _tag(held), status=304)
        return self._shown(call, held, wanted, call.request.preferences.applied())

    async def _count(self, call: Call) -> Answer:
        prepared = prepare_property(call.request.query, call.target.property)
        refuse_options(prepared.options, allowed=("filter", "search", "format"), where="/$count")
        form = call.request.raw_format(prepared.options.format)
        held = await self._holder(call).read(call)
        value, _ = self._evaluated(call.target, held, _Wanted(prepared, None))
        return raw_answer(call.request, form, len(value or ()))

    # ----- writing

    async def _put(self, call: Call) -> Answer:
        found, sent = call.target.property, read_members(json_body(call.request))
        if found.shape is not None and not found.collection:
            return await self._change(call, _whole(found.shape, sent), sent)
        unknown = [name for name in sent if name != "value" and "@" not in name]
        if "value" not in sent or unknown:
            raise BadRequest(
                "The body must be a JSON object with the member 'value' and no other"
                + (f", not {', '.join(unknown)[:64]}." if unknown else "."),
                target=found.name,
            )
        return await self._change(call, sent["value"], sent)

    async def _put_value(self, call: Call) -> Answer:
        text = text_body(call.request)
        value = _number(text) if call.target.property.edm in _NOT_TEXT else text
        return await self._change(call, value, {})

    async def _patch(self, call: Call) -> Answer:
        sent = read_members(json_body(call.request))
        return await self._change(call, sent, sent)

    async def _delete(self, call: Call) -> Answer:
        found = call.target.property
        if not found.nullable and not found.collection:
            where = "/".join(call.target.property_path)
            raise BadRequest(f"Property '{where}' cannot be null.", target=where)
        return await self._change(call, [] if found.collection else None, {})

    async def _change(self, call: Call, value: Any, sent: Members) -> Answer:
        """Set the property to ``value``; ``sent`` is the body."""
        wanted = _wanted(call)
        if value == UNKNOWN_FUTURE_VALUE and issubclass(call.target.property.type, Enumeration):
            raise BadRequest(
                f"{quoted(value)} stands for members that are not known; it is never stored.",
                target=call.target.property.name,
            )
        changes = Removal if value is None or call.request.method == "DELETE" else dict
        for name in reversed(call.target.property_path):
            value = changes({name: value})
        held = await self._holder(call).change(call, value, sent)
        preferences, chosen = call.request.preferences, wanted.prepared.options
        applied = preferences.applied(returned=True)
        if preferences.shows(usually=chosen.select is not None):
            return self._shown(call, held, wanted, applied)
        return empty_answer(call.request, {**_tag(held), **applied})

    # -----

    def _holder(self, call: Call) -> Holder:
        holder = self._holders.of(call.target)
        assert holder is not None
        return holder

    def _shown(self, call: Call, held: Held, wanted: _Wanted, applied: Mapping[str, str]) -> Answer:
        """The property, or its raw value, as a GET shows it: nothing where it is null."""
        target = call.target
        headers = {**_tag(held), **applied}
        value, count = self._evaluated(target, held, wanted)
        if value is None:
            return empty_answer(call.request, headers)
        if target.suffix:
            return raw_answer(call.request, wanted.form, value, headers)
        assert wanted.form is not None
        context = "/".join((held.context, *target.property_path))
        body = property_body(wanted.form, target.property, context, value, count=count)
        return odata_answer(200, wanted.form, body, headers)

    def _evaluated(self, target: Target, held: Held, wanted: _Wanted) -> tuple[Any, int | None]:
        """The property's value as the options leave it, and the ``$count`` of a collection."""
        plan, form = wanted.prepared.plan, wanted.form or Format()
        value: Any = members(held.text)
        typed: Any = entity(value, target.kind)
        at: Shape | None = shape(target.kind)
        for name in target.property_path:
            if value is None:
                return None, None
            assert at is not None
            found = at.properties[name]
            value, typed, at = value.get(name), getattr(typed, found.attribute), found.shape
        frame = plan.frame(self._clock.ticks(), ieee754=form.ieee754, prefix=form.prefix)
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


class _Wanted(NamedTuple):
    """What a request for a property asks for."""

    prepared: Prepared
    form: Format | None
    """None for plain text."""


def _wanted(call: Call) -> _Wanted:
    """Raises BadRequest for options that do not apply to the property, and NotAcceptable."""
    found, suffix = call.target.property, call.target.suffix
    prepared = prepare_property(call.request.query, found)
    allowed: tuple[str, ...] = ("format",)
    if found.collection:
        allowed = (*_OF_COLLECTIONS, "select", "compute")
    elif found.shape is not None:
        allowed = ("select", "compute", "format")
    refuse_options(prepared.options, allowed=allowed, where=suffix or f"the property {found.name}")
    negotiate = call.request.raw_format if suffix else call.request.format
    return _Wanted(prepared, negotiate(prepared.options.format))


_NOT_TEXT = ("Edm.Boolean", "Edm.Double", "Edm.Int32")
"""The types whose raw value is not a string's."""


def _number(text: str) -> Any:
    """The number or truth value that a raw value is, or else its text, which is then refused as
    the text that it is.
    """
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, (bool, int, float)) else text


def _tag(held: Held) -> dict[str, str]:
    return {} if held.record is None else {"ETag": etag(held.record)}


def _computed(target: Target) -> bool:
    """Whether the service sets the property itself, or one that it is a part of."""
    at = shape(target.kind)
    for name in target.property_path:
        found = at.properties[name]
        if found.computed:
            return True
        at = found.shape or at
    return False


def _whole(at: Shape, sent: Members) -> Members:
    """A complex value that replaces another: what is not sent is as if it had never been."""
    whole: Members = {}
    for name, found in at.properties.items():
        value = sent.get(name, [] if found.collection else None)
        if isinstance(value, dict) and found.shape is not None and not found.collection:
            value = _whole(found.shape, value)
        whole[name] = value
    return {**sent, **whole}
