"""The profile itself: all its facets at once, and the end of it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from openprofile.clock import Clock
from openprofile.errors import NotSupported
from openprofile.http.conditions import require_untagged
from openprofile.http.exchange import Answer, Call, Handlers, empty_answer, odata_answer
from openprofile.http.facets import profile_context, profile_url
from openprofile.http.query import (
    LARGEST_PAGE,
    bounded_page,
    frame_of,
    item_plan,
    no_options,
    page_size,
    selected,
    token_scope,
    value_of,
)
from openprofile.model.facets import FACETS
from openprofile.model.profile import PROFILE_ID, Profile
from openprofile.odata.limits import Guard
from openprofile.odata.path import Target
from openprofile.odata.payload import write
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.cursor import Cursor, seal
from openprofile.odata.query.options import query
from openprofile.odata.query.plan import Plan
from openprofile.odata.representation import (
    Entry,
    Expanded,
    Shown,
    expanded_body,
    item_url,
    references_text,
)
from openprofile.profiles import Profiles


class ProfileFace:
    """Answers ``{user}/profile``."""

    def __init__(self, profiles: Profiles, clock: Clock, token_key: bytes) -> None:
        """``token_key`` signs the ``$skiptoken`` of the links to next pages."""
        self._profiles = profiles
        self._token_key = token_key
        self._clock = clock
        self._profile: Handlers = {"GET": self._get, "DELETE": self._delete}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names end in the profile; None if nothing does."""
        return None if target.tail else self._profile

    async def _get(self, call: Call) -> Answer:
        plan, form = item_plan(call.request, Profile)
        if plan.options.compute is not None:
            raise NotSupported(
                "$compute is supported for the items of a facet, not for the profile itself.",
                target="$compute",
            )
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        found = await self._profiles.facets(access)
        context, url = profile_context(call, access), profile_url(call, access)
        size, headers = page_size(call)
        room, now, guard = LARGEST_PAGE, self._clock.ticks(), Guard()
        expanded = {}
        for facet, (inner, shown) in _shown(plan).items():
            if shown == "count":
                number = inner.count(found[facet], now=now, guard=guard)
                expanded[facet] = Expanded("", "", count=number, shown=shown)
                continue
            page = bounded_page(inner, found[facet], size=size, now=now, room=room, guard=guard)
            room -= sum([len(row.text) for row in page.rows])
            collection = f"{url}/{facet}"
            if shown == "references":
                value = references_text(form, [item_url(collection, row.id) for row in page.rows])
            else:
                frame = frame_of(inner, form, now, guard)
                value = value_of(form, FACETS[facet], inner, page.rows, collection, frame)
            expanded[facet] = Expanded(
                context=f"{context}/{facet}{selected(inner)}",
                value=value,
                count=page.count,
                next_link=self._next_link(call, plan, facet, inner, shown, page.next),
                shown=shown,
            )
        body = expanded_body(form, Profile, f"{context}/$entity", _entry(url), expanded)
        return odata_answer(200, form, body, headers)

    def _next_link(
        self, call: Call, outer: Plan, facet: str, inner: Plan, shown: Shown, place: Cursor | None
    ) -> str | None:
        """Where a facet goes on: at its own URL, with its options in ``$expand`` and its place."""
        if place is None:
            return None
        below = f"/{facet}"
        options = msgspec.structs.replace(
            inner.options,
            format=outer.options.format,
            skiptoken=seal(place, self._token_key, token_scope(call, below)),
        )
        system = "/$ref" if shown == "references" else ""
        path = f"/beta{call.target.path()}{below}{system}"
        return f"{call.request.origin}{path}?{query(options)}"

    async def _delete(self, call: Call) -> Answer:
        no_options(call.request, "a deletion")
        require_untagged(call)
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        await self._profiles.erase(access)
        return empty_answer(call.request)


def _entry(url: str) -> Entry:
    """The profile itself, at its canonical URL."""
    text = write(Profile(id=PROFILE_ID))
    return Entry("", text, lambda: url, navigation=Profile.navigation())


class _Inner(NamedTuple):
    plan: Plan
    shown: Shown = "entities"


def _shown(plan: Plan) -> dict[str, _Inner]:
    """The facets that an answer inlines, each with the plan for its items and what of them shows.

    As with Graph that is all of them, unless ``$expand`` or ``$select`` names some.
    """
    named = {
        facet: _everything(facet)
        for facet in sorted(plan.selection.navigation if plan.selection is not None else ())
    }
    for each in plan.expand:
        shown: Shown = "entities"
        if each.references:
            shown = "references"
        elif each.count_only:
            shown = "count"
        named[each.name] = _Inner(each.plan, shown)
    if named or plan.selection is not None:
        return named
    return {facet: _everything(facet) for facet in sorted(FACETS)}


def _everything(facet: str) -> _Inner:
    """All items of a facet as they are."""
    return _Inner(prepare("", FACETS[facet]).plan)
