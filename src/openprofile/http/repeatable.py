"""Requests that may be sent again: what they were answered with is kept with what they wrote, and
answers them again.

Follows OASIS Repeatable Requests 1.0
(https://docs.oasis-open.org/odata/repeatable-requests/v1.0/repeatable-requests-v1.0.html). An
answer is written to the store in the transaction of its request, so there is no moment at which
one is there without the other, and of two alike that run at once the later finds the answer of
the former.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from openprofile.clock import Clock
from openprofile.errors import (
    BadRequest,
    Fault,
    NotSupported,
    PreconditionFailed,
    ResourceModified,
    ServiceUnavailable,
)
from openprofile.http.body import decoded
from openprofile.http.exchange import LONGEST_CLIENT_ID, Answer, Face, Request, printable_id
from openprofile.policy.caller import Caller
from openprofile.policy.decision import Decision, Rule, concerns, current, insist
from openprofile.store.base import Conflict, Full, Missing, Remember, Remembered, Store
from openprofile.store.deferred import Deferred, Moved
from openprofile.store.group import Member
from openprofile.store.rehearsal import Rehearsal

REQUEST_ID = "Repeatability-Request-ID"
FIRST_SENT = "Repeatability-First-Sent"
RESULT = "Repeatability-Result"
WINDOW = 24 * 3600
"""Seconds after it was first sent in which a request may be repeated."""
CLIENT_WINDOW = 300
"""Seconds in which a repeated ``client-request-id`` is the same request, where that is set."""

_REPEATED = Decision(
    allowed=True,
    rule="repeated",
    reason="The request was carried out before; what it was answered with comes again.",
)
_ID, _SENT = REQUEST_ID.lower(), FIRST_SENT.lower()
_GRACE = 3600
"""Seconds that an answer is kept beyond the window: the clocks of nodes may differ by as much."""
_ATTEMPTS = 5
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Kept(msgspec.Struct, frozen=True):
    """What is stored of an answer, as JSON."""

    fingerprint: str
    """Of the request."""
    status: int
    headers: dict[str, str]
    body: str
    operation: str = "unknown"
    owner: str = ""
    """The person whose data was written."""
    rules: tuple[Rule, ...] = ("permission",)
    """Those that let the request in, and must let in whoever is to have the answer again."""


class _Ticket(msgspec.Struct, frozen=True):
    """A request as one that may be repeated."""

    tenant: str
    caller: str
    id: str
    fingerprint: str
    now: int
    expires: int
    announced: bool = False
    """Whether the client asked for it, and is told that it was heard."""
    too_old: bool = False
    """Whether an answer may have been forgotten already."""


class Repeatable:
    """Answers as the face over ``store`` does, each request once however often it is sent."""

    def __init__(
        self,
        face_over: Callable[[Store], Face],
        store: Store,
        authenticate: Callable[[Request], Awaitable[Caller]],
        clock: Clock,
        *,
        client_ids: bool,
    ) -> None:
        """With ``client_ids``, a repeated ``client-request-id`` repeats its request as well."""
        self._face_over = face_over
        self._face = face_over(store)
        self._store = store
        self._authenticate = authenticate
        self._clock = clock
        self._client_ids = client_ids

    def answer(self, request: Request) -> Awaitable[Answer]:
        """The answer to ``request``; raises as the face does, BadRequest for headers that do not
        hold or another request under the same id, PreconditionFailed for one that is too old.
        """
        if request.method in _SAFE:
            return self._face(request)
        headers = request.headers
        if _ID in headers or _SENT in headers:
            return self._named(request)
        if self._client_ids and "client-request-id" in headers:
            return self._by_client_id(request)
        return self._face(request)

    async def _by_client_id(self, request: Request) -> Answer:
        return await self._once(request, await self._client_ticket(request))

    async def _named(self, request: Request) -> Answer:
        ticket = await self._ticket(request)
        try:
            return await self._once(request, ticket)
        except Fault as fault:
            if fault.status < 500:
                fault.headers.setdefault(RESULT, "accepted")
            raise

    async def _ticket(self, request: Request) -> _Ticket:
        """By the headers of the specification."""
        caller = await self._authenticate(request)
        request_id, sent = request.headers.get(_ID), request.headers.get(_SENT)
        name = printable_id(request_id)
        if name is None:
            raise _rejected(
                BadRequest,
                f"{REQUEST_ID} is {'missing' if request_id is None else 'not usable'}; expected "
                f"1 to {LONGEST_CLIENT_ID} printable characters of ASCII.",
            )
        now, first = self._clock.seconds(), _seconds(sent)
        if first > now + WINDOW:
            raise _rejected(BadRequest, f"{FIRST_SENT} is {sent}, which is yet to come.")
        return _Ticket(
            caller.tenant,
            _name(caller),
            f"{caller.application}/{name}",
            _fingerprint(request),
            now,
            max(now, first) + WINDOW + _GRACE,
            announced=True,
            too_old=first < now - WINDOW,
        )

    async def _client_ticket(self, request: Request) -> _Ticket:
        """By ``client-request-id``: another request under the same id is just another request."""
        caller = await self._authenticate(request)
        fingerprint = _fingerprint(request)
        name = f"{caller.application}/{fingerprint}/{request.client_id}"
        now = self._clock.seconds()
        return _Ticket(caller.tenant, _name(caller), name, fingerprint, now, now + CLIENT_WINDOW)

    async def _once(self, request: Request, ticket: _Ticket) -> Answer:
        """The answer that is kept, or else that of the face, kept from then on if it wrote."""
        # In an atomicity group there is one write, and nobody to start over.
        attempts = 1 if isinstance(self._store, Member) else _ATTEMPTS
        for _ in range(attempts):
            kept = await self._store.remembered(ticket.tenant, ticket.caller, ticket.id)
            if kept is not None and kept.expires > ticket.now:
                return await self._replayed(kept, ticket, request)
            if ticket.too_old:
                raise _rejected(
                    PreconditionFailed,
                    f"{FIRST_SENT} is more than {WINDOW // 3600} hours ago, and it is not known "
                    "any more whether the request was carried out.",
                )
            deferred, before = Deferred(self._store), len(_decisions())
            answer = await self._face_over(cast("Store", deferred))(request)
            if ticket.announced:
                headers = {**answer.headers, RESULT: "accepted"}
                answer = msgspec.structs.replace(answer, headers=headers)
            if not deferred.changes:
                return answer
            try:
                kept_answer = _Kept(
                    ticket.fingerprint,
                    answer.status,
                    dict(answer.headers),
                    answer.body.decode(),
                    request.operation.name,
                    deferred.owner,
                    tuple(sorted(_rules(_decisions()[before:]))),
                )
                await deferred.commit(_remember(ticket, kept_answer))
            except (Conflict, Missing, Full, Moved):
                continue  # somebody else was first, perhaps with this very request
            return answer
        if attempts == 1:
            raise ResourceModified(
                "What the request depends on is changed by another request, of the same "
                "atomicity group perhaps; nothing of the group was stored."
            )
        raise ServiceUnavailable("Nothing was stored: others write to the same object too often.")

    async def _replayed(self, remembered: Remembered, ticket: _Ticket, request: Request) -> Answer:
        """The answer that is kept, for whom the request would be let in now."""
        if not remembered.text:
            raise _rejected(
                PreconditionFailed,
                "The request was carried out, and what it was answered with has been erased since.",
            )
        kept = msgspec.json.decode(remembered.text, type=_Kept)
        if kept.fingerprint != ticket.fingerprint:
            raise _rejected(
                BadRequest,
                f"Another request has this {REQUEST_ID}: a repeated request has the method, URL "
                "and body of the first.",
            )
        await self._let_in(request, kept)
        request.operation.name = kept.operation
        if kept.owner:
            concerns(kept.owner)
        insist(_REPEATED)
        return Answer(kept.status, kept.headers, kept.body.encode())

    async def _let_in(self, request: Request, kept: _Kept) -> None:
        """Raise what the request is refused with now, unless every rule lets it in that did at
        first, and none keeps it out.

        It is rehearsed, so that whatever is asked of a request is asked of this one. What would
        become of it behind that does not count: it has been carried out, and what it was about
        may have changed by that very fact.
        """
        before = len(_decisions())
        try:
            await self._face_over(cast("Store", Rehearsal(self._store)))(request)
        except Fault:
            decided = _decisions()[before:]
            if not all(one.allowed for one in decided) or not _rules(decided) >= {*kept.rules}:
                raise


def refuse_repeatable(request: Request, what: str) -> None:
    """Raise NotSupported for a request that is to be repeatable and cannot be."""
    if _ID in request.headers or _SENT in request.headers:
        raise _rejected(NotSupported, f"{REQUEST_ID} does not apply to {what}.")


def _rejected(kind: type[Fault], message: str) -> Fault:
    return kind(message, headers={RESULT: "rejected"})


def _name(caller: Caller) -> str:
    """Who repeats: the person of a delegated call, else the application."""
    return caller.person or f"application {caller.application}"


def _seconds(sent: str | None) -> int:
    """A time as RFC 9110, section 5.6.7, has senders write it, in seconds since 1970."""
    try:
        at = datetime.strptime(sent or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        raise _rejected(
            BadRequest,
            f"{FIRST_SENT} is {'missing' if sent is None else 'no date'}; expected one like "
            "'Sun, 06 Nov 1994 08:49:37 GMT'.",
        ) from None
    return int(at.timestamp())


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, URL and body, however the body is encoded."""
    found = hashlib.blake2b(digest_size=16)
    for part in (request.method, request.path, request.query):
        found.update(part.encode() + b"\0")
    try:
        found.update(decoded(request))
    except Fault:  # for whoever reads the body to refuse
        found.update(request.body)
    return found.hexdigest()


def _remember(ticket: _Ticket, kept: _Kept) -> Remember:
    return Remember(
        tenant=ticket.tenant,
        caller=ticket.caller,
        id=ticket.id,
        owner=kept.owner,
        text=msgspec.json.encode(kept).decode(),
        now=ticket.now,
        expires=ticket.expires,
    )


def _decisions() -> list[Decision]:
    """What has been decided so far on the request that is being answered."""
    trail = current()
    return trail.decisions if trail else []


def _rules(decided: Sequence[Decision]) -> set[Rule]:
    """The rules by which a request was let in; decisions on single items are not of those."""
    return {one.rule for one in decided if one.item is None}
