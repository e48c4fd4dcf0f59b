"""One batch under way: what waits for what, what an individual request becomes, and its answer.

Atomicity groups and requests outside of any are the units of a batch. A unit starts when those
that it depends on have ended, and does not run unless each succeeded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from openprofile.clock import new_id
from openprofile.errors import BadRequest, FailedDependency, Fault
from openprofile.http.body import too_large
from openprofile.http.exchange import Answer, Face, Request, Unread, printable_id
from openprofile.http.guard import require_short
from openprofile.http.refusal import Refusals
from openprofile.metering import Meter
from openprofile.model.directory import VERSIONS
from openprofile.model.primitives import quoted
from openprofile.odata.batch import IndividualRequest, IndividualResponse, etag_reference, key
from openprofile.odata.path import parse
from openprofile.odata.representation import etag_of
from openprofile.odata.service_root import reference, resolve
from openprofile.settings import Limits
from openprofile.store.base import Change, Insert, Store, Update
from openprofile.store.group import GroupFailed, Member, atomically
from openprofile.telemetry import log

_NOT_PASSED_ON = frozenset(
    {"connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}
)
"""Headers of an individual request that concern a connection, of which it has none."""


class Service(msgspec.Struct, frozen=True):
    """What answers the requests of any batch."""

    face: Face
    face_over: Callable[[Store], Face]
    store: Store
    refusals: Refusals
    limits: Limits
    meter: Meter
    unread: Unread
    """Told of each individual request that is refused before the face sees it."""


class _Pending(NamedTuple):
    """What is known of an item whose write is held back."""

    url: str | None
    """Where it will be, where it is new."""
    etag: str


class Execution:
    """The requests of one batch, and what has become of each so far."""

    def __init__(
        self, service: Service, batch: Request, requests: Sequence[IndividualRequest]
    ) -> None:
        self._service = service
        self._batch = batch
        (self._version, *_) = parse(batch.path)
        self._requests = requests
        self._ids = [new_id() for _ in requests]
        self._sent: dict[int, Request] = {}
        """By index, the requests that have gone to the face."""
        self._began: dict[int, float] = {}
        self._answers: dict[int, Answer] = {}
        self._pending: dict[int, _Pending] = {}
        """By index, what is known of the items whose write is held back with their group."""
        self._units = [
            [index for index, _ in members]
            for _, members in groupby(enumerate(requests), lambda each: _unit(*each))
        ]
        self._index = {
            key(request.id): index
            for index, request in enumerate(requests)
            if request.id is not None
        }
        self._unit: dict[str, int] = {}
        """The unit that the name of a request or a group belongs to."""
        for number, members in enumerate(self._units):
            names = [requests[members[0]].group, *(requests[index].id for index in members)]
            self._unit |= {key(name): number for name in names if name is not None}
        self._needed = [self._dependencies(number) for number in range(len(self._units))]

    async def by_dependency(self) -> list[IndividualResponse]:
        """Run all units, side by side where they do not depend on each other."""
        tasks: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as group:
            for number in range(len(self._units)):
                awaited = [tasks[other] for other in self._needed[number]]
                tasks.append(group.create_task(self._after(awaited, number)))
        return self._responses()

    async def in_order(self, *, stop: bool) -> list[IndividualResponse]:
        """Run one unit after the other; with ``stop``, the first that fails is the last."""
        for number, unit in enumerate(self._units):
            await self._run(number)
            if stop and any(self._answers[index].status >= 400 for index in unit):
                break
        return self._responses()

    def _responses(self) -> list[IndividualResponse]:
        return [
            IndividualResponse(
                id=request.id,
                status=self._answers[index].status,
                headers=self._headers(index),
                body=self._answers[index].body,
                group=request.group,
            )
            for index, request in enumerate(self._requests)
            if index in self._answers
        ]

    def _headers(self, index: int) -> dict[str, str]:
        headers = {**self._answers[index].headers, "request-id": self._ids[index]}
        client_id = printable_id(self._requests[index].headers.get("client-request-id"))
        return {**headers, "client-request-id": client_id} if client_id else headers

    def _dependencies(self, number: int) -> set[int]:
        """The units that this one depends on; references depend without saying so."""
        names = [
            key(name)
            for index in self._units[number]
            for name in (*self._requests[index].depends_on, *self._requests[index].references)
        ]
        return {unit for name in names if (unit := self._unit.get(name, number)) < number}

    async def _after(self, awaited: Sequence[asyncio.Task[None]], number: int) -> None:
        for task in awaited:
            await task
        await self._run(number)

    async def _run(self, number: int) -> None:
        unit = self._units[number]
        failed = [
            index
            for other in self._needed[number]
            for index in self._units[other]
            if not _succeeded(self._answers[index])
        ]
        if failed:
            for index in unit:
                await self._end(index, self._dependency_failed(failed[0]))
        elif self._requests[unit[0]].group is None:
            await self._run_single(unit[0])
        else:
            await self._run_group(unit)

    async def _run_single(self, index: int) -> None:
        try:
            answer = await self._service.face(self._request(index))
        except Exception as error:  # noqa: BLE001  whatever it is, it is this request's answer
            await self._end(index, error)
        else:
            await self._end(index, answer)

    async def _run_group(self, unit: Sequence[int]) -> None:
        work = [partial(self._run_member, index, unit[0]) for index in unit]
        outcomes = await atomically(self._service.store, work)
        causes = [
            index
            for index, outcome in zip(unit, outcomes, strict=True)
            if isinstance(outcome, Exception) and not isinstance(outcome, GroupFailed)
        ]
        for index, outcome in zip(unit, outcomes, strict=True):
            shared = isinstance(outcome, GroupFailed)
            await self._end(index, self._group_failed(causes) if shared else outcome)

    async def _run_member(self, index: int, first: int, member: Member) -> Answer:
        if index > first:  # one after the other: each reads what those before it will write
            await member.after(index - first - 1)
        for name in self._requests[index].references:
            other = self._index.get(key(name), index)
            if first <= other < index:
                await self._note_pending(other, await member.after(other - first), member)
        answer = await self._service.face_over(member)(self._request(index))
        self._answers[index] = answer
        return answer

    async def _note_pending(self, index: int, changes: Sequence[Change], member: Member) -> None:
        """Note the URL and the ETag that the item will have which a request is about to write."""
        if index in self._pending or index in self._answers or not changes:
            return
        match changes[0]:
            case Insert(item, version=version):
                url = _item_url(self._sent[index], item.id)
                self._pending[index] = _Pending(url, etag_of(version))
            case Update(item):
                record = await member.get(item)
                if record is not None:
                    self._pending[index] = _Pending(None, etag_of(record.version))

    async def _end(self, index: int, outcome: Answer | Exception) -> None:
        """Keep and log what a request has come to."""
        if isinstance(outcome, Fault) and index not in self._sent:
            individual = self._requests[index]
            told = {"method": individual.method, "path": individual.url, "query": ""}
            request = msgspec.structs.replace(self._batch, **told, id=self._ids[index], body=b"")
            await self._service.unread(request, outcome)
        if isinstance(outcome, Exception):
            client_id = printable_id(self._requests[index].headers.get("client-request-id"))
            outcome = self._service.refusals.answer(
                outcome, self._ids[index], client_id or self._batch.client_id
            )
        self._answers[index] = outcome
        sent = self._sent.get(index)
        ended = time.perf_counter()
        self._service.meter.answered(
            sent.operation.name if sent else "unknown",
            self._requests[index].method,
            outcome.status,
            ended - self._began.get(index, ended),
        )
        log.info(
            "request",
            method=self._requests[index].method,
            path=sent.path if sent else self._requests[index].url,
            status=outcome.status,
            request_id=self._ids[index],
            batch=self._batch.id,
        )

    def _group_failed(self, causes: Sequence[int]) -> FailedDependency:
        names = ", ".join(quoted(self._requests[index].id or "") for index in causes)
        return FailedDependency(
            f"Nothing of the atomicity group was stored, because of the request {names} in it."
        )

    def _dependency_failed(self, index: int) -> FailedDependency:
        name = quoted(self._requests[index].id or "")
        return FailedDependency(
            f"The request {name}, on which this one depends, ended with "
            f"{self._answers[index].status}."
        )

    def _request(self, index: int) -> Request:
        """The request that goes to the face; raises the fault for which none does."""
        individual, limits = self._requests[index], self._service.limits
        self._began[index] = time.perf_counter()
        if individual.fault is not None:
            raise individual.fault
        path, query = resolve(
            self._url(index),
            origin=self._batch.origin,
            version=self._version,
            versions=VERSIONS,
            host=individual.headers.get("host"),
        )
        require_short(path, query, limits.url)
        if len(individual.body) > limits.body:
            raise too_large(limits.body)
        request = Request(
            method=individual.method,
            path=path,
            query=query,
            headers=self._request_headers(index),
            body=individual.body,
            origin=self._batch.origin,
            id=self._ids[index],
            body_limit=limits.body,
        )
        self._sent[index] = request
        return request

    def _request_headers(self, index: int) -> dict[str, str]:
        """Those of the individual request; of the batch's own, its token alone is passed on."""
        headers = {
            name: value
            for name, value in self._requests[index].headers.items()
            if name not in _NOT_PASSED_ON
        }
        if "authorization" in self._batch.headers:
            headers.setdefault("authorization", self._batch.headers["authorization"])
        if not printable_id(headers.get("client-request-id")):
            headers.pop("client-request-id", None)
        for name in ("if-match", "if-none-match"):
            referred = etag_reference(headers.get(name, ""))
            if referred is not None:
                headers[name] = self._etag(index, referred)
        return headers

    def _url(self, index: int) -> str:
        """The URL of a request, in which a reference is replaced by what it refers to."""
        url = self._requests[index].url
        found = reference(url)
        if found is None:
            return url
        name, rest = found
        other = self._earlier(index, name)
        if other in self._answers:
            location = self._answers[other].headers.get("Location")
        else:
            pending = self._pending.get(other)
            location = pending.url if pending else None
        sent = self._sent[other]
        return (location or f"{sent.origin}{sent.path}") + rest

    def _etag(self, index: int, name: str) -> str:
        other = self._earlier(index, name)
        answer = self._answers.get(other)
        pending = self._pending.get(other)
        tag = answer.headers.get("ETag") if answer else pending.etag if pending else None
        if tag is None:
            raise BadRequest(f"The ETag of request {quoted(name)} is asked for, which has none.")
        return tag

    def _earlier(self, index: int, name: str) -> int:
        other = self._index.get(key(name), index)
        if other >= index:
            raise BadRequest(
                f"${name} refers to no earlier request of the batch by its id.", target=name
            )
        return other


def _unit(index: int, request: IndividualRequest) -> int | str:
    return index if request.unit is None else request.unit


def _succeeded(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _item_url(create: Request, item_id: str) -> str:
    """Where the item will be that this request, a POST to a collection, creates."""
    collection = create.path.removesuffix("/").removesuffix("/$ref").removesuffix("/%24ref")
    return f"{create.origin}{collection}/{quote(item_id, safe='')}"
