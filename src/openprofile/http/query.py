"""Query options on the way to an answer: the plan, the page, the link to the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from urllib.parse import unquote

import msgspec

from openprofile.errors import BadRequest
from openprofile.http.exchange import Call, Request
from openprofile.model.kinds import Entity
from openprofile.odata.limits import DEFAULT, Guard
from openprofile.odata.query.compile import Prepared, prepare
from openprofile.odata.query.cursor import Cursor, seal, unseal
from openprofile.odata.query.evaluate import Frame
from openprofile.odata.query.options import NO_OPTIONS, Options, options
from openprofile.odata.query.plan import Page, Plan
from openprofile.odata.representation import Format, items_text
from openprofile.policy.caller import Caller
from openprofile.store.base import Record
from openprofile.store.collection import Collection

LARGEST_PAGE = 8 * 1024 * 1024
"""Bytes of stored text on one page, unless a single item has more."""

_OPTIONS = tuple(name for name in Options.__struct_fields__ if name != "aliases")
PAGED = ("filter", "search", "orderby", "top", "skip", "count", "skiptoken", "format")
"""The options of a collection whatever is shown of its items."""


class ItemsPage(msgspec.Struct, frozen=True):
    """One page of a collection, and what the answer says of the rest."""

    records: Sequence[Record]
    count: int | None
    next_link: str | None
    headers: Mapping[str, str]


def item_plan(request: Request, kind: type[Entity]) -> tuple[Plan, Format]:
    """The plan and the format for the answer that holds one item.

    Raises BadRequest for options that only a collection has.
    """
    prepared = prepare(request.query, kind)
    refuse_options(
        prepared.options, allowed=("select", "expand", "compute", "format"), where="one item"
    )
    return prepared.plan, request.format(prepared.options.format)


def refuse_options(options: Options, *, allowed: Sequence[str], where: str) -> None:
    """Raise BadRequest for an option that does not apply ``where`` the request asks."""
    if options is NO_OPTIONS:
        return
    for name in _OPTIONS:
        if name not in allowed and getattr(options, name) not in (None, False):
            raise BadRequest(f"${name} does not apply to {where}.", target=f"${name}")


def reference_format(request: Request) -> Format:
    """The format of the answer that holds one reference; raises as ``item_plan`` does."""
    chosen = options(request.query)
    refuse_options(chosen, allowed=("format",), where="/$ref")
    return request.format(chosen.format)


def no_options(request: Request, where: str) -> None:
    """Raise BadRequest for any option of a request that none applies to, as ``options`` does."""
    refuse_options(options(request.query), allowed=(), where=where)


def items_page(
    call: Call, prepared: Prepared, records: Sequence[Record], now: int, token_key: bytes
) -> ItemsPage:
    """The page that a request asks for, of ``records``, which are all items of a collection.

    ``now`` is in ticks. A page holds as many items as ``Prefer: maxpagesize`` and the limits of
    the service allow.
    """
    size, headers = page_size(call)
    plan, options = prepared.plan, prepared.options
    cursor = None
    if options.skiptoken is not None:
        cursor = unseal(options.skiptoken, token_key, token_scope(call))
    page = bounded_page(plan, records, size=size, now=now, cursor=cursor)
    link = None
    if page.next is not None:
        link = next_link(call, seal(page.next, token_key, token_scope(call)))
    return ItemsPage(page.rows, page.count, link, headers)


def page_size(call: Call) -> tuple[int, Mapping[str, str]]:
    """How many items a page holds at most, and the header that tells the preferences followed."""
    preferences = call.request.preferences
    size = min(preferences.max_page_size or DEFAULT.page, DEFAULT.page)
    return size, preferences.applied(page_size=size)


def bounded_page(
    plan: Plan,
    records: Sequence[Record],
    *,
    size: int,
    now: int,
    cursor: Cursor | None = None,
    room: int = LARGEST_PAGE,
    guard: Guard | None = None,
) -> Page:
    """A page of at most ``size`` items, and of ``room`` bytes, unless a single one has more."""
    page = plan.page(records, page_size=size, now=now, cursor=cursor, guard=guard)
    if _size(page.rows) > room:
        sizes = accumulate([len(row.text) for row in page.rows])
        fits = sum(total <= room for total in sizes)
        page = plan.page(records, page_size=max(1, fits), now=now, cursor=cursor, guard=guard)
    return page


def _size(records: Sequence[Record]) -> int:
    """Characters of their texts."""
    if isinstance(records, Collection):
        return records.derived("size", lambda: sum([len(record.text) for record in records]))
    return sum([len(record.text) for record in records])


def frame_of(plan: Plan, form: Format, now: int, guard: Guard | None = None) -> Frame | None:
    """What ``shown_of`` needs, once for all items of an answer; None where it evaluates
    nothing. ``now`` is in ticks.
    """
    if plan.verbatim:
        return None
    return plan.frame(now, guard=guard, ieee754=form.ieee754, prefix=form.prefix)


def value_of(
    form: Format,
    kind: type[Entity],
    plan: Plan,
    records: Sequence[Record],
    collection: str,
    frame: Frame | None,
) -> str:
    """What a collection holds in the answer that shows ``records`` of it, each as ``shown_of``
    has it.
    """
    if frame is not None:
        records = [shown_of(plan, record, frame) for record in records]
    if isinstance(records, Collection):
        whole = records
        return whole.derived((form, collection), lambda: items_text(form, kind, whole, collection))
    return items_text(form, kind, records, collection)


def shown_of(plan: Plan, record: Record, frame: Frame | None) -> Record:
    """A record with what the answer shows of it as its text."""
    if frame is None:
        return record
    return Record(record.id, record.version, plan.shown(record.text, frame), record.created)


def selected(plan: Plan) -> str:
    """The selection as a context URL tells it: ``(displayName,id)``, or nothing for everything."""
    names = plan.selection.names if plan.selection is not None else ()
    return f"({','.join(names)})" if names else ""


def token_scope(call: Call, below: str = "") -> str:
    """Whose a ``$skiptoken`` is, and of which collection; it is good for nothing else.

    ``below`` is the path from the request's own resource to the collection.
    """
    return collection_scope(call.caller, f"{call.target.path()}{below}")


def collection_scope(caller: Caller, path: str) -> str:
    """The scope of the collection at ``path``, which is below the version."""
    return f"{caller.tenant}/{caller.person or caller.application}{path}"


def next_link(call: Call, token: str) -> str:
    """The request's own URL with every option that it carried, and the place of the next page."""
    request = call.request
    kept = [
        pair
        for pair in request.query.split("&")
        if pair and unquote(pair.partition("=")[0]).lstrip("$").lower() != "skiptoken"
    ]
    return f"{request.origin}{request.path}?{'&'.join([*kept, f'$skiptoken={token}'])}"
