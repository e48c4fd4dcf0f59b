"""Planned faults of the stand-in: requests that fail, dawdle or lose their connection on purpose.

What is planned applies to each request of a batch by itself; to the batch as a whole, and to the
token authority, where a path pattern names them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, NamedTuple
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from openprofile.clock import new_id
from openprofile.errors import (
    BadGateway,
    BadRequest,
    Fault,
    GatewayTimeout,
    InternalError,
    QuotaLimitReached,
    ServiceUnavailable,
    TooManyRequests,
)
from openprofile.http import wire
from openprofile.http.exchange import Answer, Face, Request
from openprofile.model.directory import VERSIONS
from openprofile.model.primitives import quoted
from openprofile.policy.caller import Caller
from openprofile.policy.decision import current

MOST_PLANNED = 100
"""Faults that are planned for one tenant at a time."""
LONGEST_DELAY = 60
"""Seconds that a planned fault makes a client wait."""

_STATUSES: dict[int, type[Fault]] = {
    kind.status: kind
    for kind in (
        TooManyRequests,
        InternalError,
        BadGateway,
        ServiceUnavailable,
        GatewayTimeout,
        QuotaLimitReached,
    )
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PATTERN = re.compile(r"/\*\*(?=/|$)|\*\*|\*|\{[^/{}]*\}")

Seconds = Annotated[float, Meta(ge=0, le=LONGEST_DELAY)]


class PlannedFault(
    msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """What is to happen, to which requests, and how often."""

    status: int | None = None
    """The status of the answer: 429, 500, 502, 503, 504 or 507."""
    retry_after: Annotated[int, Meta(ge=0, le=86400)] | None = None
    """Seconds in the header ``Retry-After``; a 429 and a 503 say 1 unless told otherwise."""
    latency: Seconds = 0
    """Seconds that pass before anything else happens."""
    drop: bool = False
    """Whether the connection ends without an answer."""
    slow_body: Seconds = 0
    """Seconds over which the body of the answer is sent, piece by piece."""
    after: bool = False
    """Whether the request is carried out first, so that its answer alone is lost."""

    method: str | None = None
    path: Annotated[str, Meta(max_length=1000)] | None = None
    """A path from the version on, or below it, and of the token authority from the tenant on, or
    below it: ``*`` is anything within a segment, ``**`` any number of them, ``{name}`` one.
    """
    person: str | None = None
    """The id or the principal name of the caller."""

    skip: Annotated[int, Meta(ge=0)] = 0
    """How many of the requests that it fits go through first."""
    count: Annotated[int, Meta(ge=1)] | None = None
    """How many requests it happens to; without a number, to all until it is taken back."""
    rate: Annotated[float, Meta(gt=0, le=1)] = 1
    """The share of requests that it happens to, at random but alike in each run."""


class Planned(PlannedFault, kw_only=True, rename="camel", omit_defaults=False):
    """A planned fault, and what has become of it."""

    id: str
    happened: int = 0
    """How many requests it has happened to."""


class Faults:
    """The faults that are planned for one tenant."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}

    def __bool__(self) -> bool:
        return bool(self._plans)

    @property
    def of_persons(self) -> bool:
        """Whether one of them depends on who calls."""
        return any(plan.fault.person for plan in self._plans.values())

    def __iter__(self) -> Iterator[Planned]:
        """Every planned fault, in the order in which they were planned."""
        return (plan.told() for plan in self._plans.values())

    def add(self, fault: PlannedFault) -> Planned:
        """Plan one more; raises BadRequest for one that cannot happen."""
        _check(fault)
        if len(self._plans) >= MOST_PLANNED:
            raise BadRequest(
                f"There are {MOST_PLANNED} planned faults already, the most there are."
            )
        plan = Plan(new_id(), fault)
        self._plans[plan.id] = plan
        return plan.told()

    def remove(self, fault_id: str) -> bool:
        """Take one back; False if there is none with that id."""
        return self._plans.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take all back."""
        self._plans.clear()

    async def befall(self, asked: Asked) -> Plan | None:
        """Do to a request what is planned for it now, which counts for each of the faults, and
        return the one that ends it: None where it goes on.
        """
        found = []
        for plan in self._plans.values():
            if plan.fits(asked) and plan.happens():
                found.append(plan)
                if plan.ends:
                    break
        for plan in found:
            await _happen(plan)
        return found[-1] if found and found[-1].ends else None


class Asked(NamedTuple):
    """A request, as far as a fault looks at it."""

    method: str
    path: str
    caller: Caller | None = None
    name: str | None = None
    """The caller's principal name, folded."""
    of_authority: bool = False
    """Whether the token authority is asked, and not the API."""


class Plan:
    """A fault that is planned."""

    def __init__(self, plan_id: str, fault: PlannedFault) -> None:
        self.id = plan_id
        self.fault = fault
        self._path = _expression(fault.path) if fault.path else None
        self._person = fault.person.casefold() if fault.person else None
        self._skipped = 0
        self._happened = 0
        self._chance = random.Random(0)  # noqa: S311  each run is to be like the one before

    @property
    def ends(self) -> bool:
        """Whether the request gets no answer of its own."""
        return self.fault.status is not None or self.fault.drop

    def told(self) -> Planned:
        return Planned(**msgspec.structs.asdict(self.fault), id=self.id, happened=self._happened)

    def fits(self, asked: Asked) -> bool:
        fault = self.fault
        whole_batch = unquote(asked.path).rstrip("/").endswith("/$batch")
        if whole_batch and "$batch" not in (fault.path or ""):
            return False  # the requests in it are meant
        if asked.of_authority and not _PATTERN.sub("", fault.path or "").strip("/"):
            return False  # the API is meant
        if fault.method is not None and fault.method.upper() != asked.method:
            return False
        if self._path is not None and not any(map(self._path.fullmatch, _paths(asked))):
            return False
        if self._person is None:
            return True
        person = asked.caller.person if asked.caller else None
        return person is not None and self._person in (person.casefold(), asked.name)

    def happens(self) -> bool:
        """Whether it happens to a request that it fits, which is counted."""
        fault = self.fault
        if fault.count is not None and self._happened >= fault.count:
            return False
        if self._skipped < fault.skip:
            self._skipped += 1
            return False
        if fault.rate < 1 and self._chance.random() >= fault.rate:
            return False
        self._happened += 1
        return True

    @property
    def sentence(self) -> str:
        """What happens, as the log tells it."""
        fault = self.fault
        what = [f"the answer is {fault.status}"] if fault.status is not None else []
        what += ["the connection is dropped"] if fault.drop else []
        what += [f"{fault.latency:g} s pass before"] if fault.latency else []
        what += [f"the body takes {fault.slow_body:g} s"] if fault.slow_body else []
        what += ["the request was carried out first"] if fault.after else []
        return f"Planned fault {self.id}: {', '.join(what)}."

    def refusal(self) -> Fault:
        """What the client is told."""
        fault = self.fault
        kind = _STATUSES[fault.status or 503]
        refusal = kind(self.sentence)
        if fault.retry_after is not None:
            refusal.headers["Retry-After"] = str(fault.retry_after)
        return refusal


def faulty(
    face: Face,
    faults: Faults,
    authenticate: Callable[[Request], Awaitable[Caller]],
    name: Callable[[Caller], Awaitable[str | None]],
) -> Face:
    """A face that answers as ``face`` does, but for the planned ``faults``.

    ``authenticate`` returns the caller of a request, ``name`` their folded principal name.
    """

    async def answer(request: Request) -> Answer:
        if not faults:
            return await face(request)
        try:
            caller = await authenticate(request)
        except Fault:
            caller = None
        known_as = await name(caller) if caller and faults.of_persons else None
        ends = await faults.befall(Asked(request.method, request.path, caller, known_as))
        if ends is None:
            return await face(request)
        if ends.fault.after:
            with contextlib.suppress(Exception):  # how it ends is what nobody gets to know
                await face(request)
        raise ends.refusal()

    return answer


async def _happen(plan: Plan) -> None:
    """Do to the request that is being answered what is planned, and keep it on its trail."""
    trail = current()
    if trail is not None:
        trail.planned.append(plan.sentence)
    connection = wire.current()
    if connection is not None:
        connection.slow += plan.fault.slow_body
        connection.dropped |= plan.fault.drop
    if plan.fault.latency:
        await asyncio.sleep(plan.fault.latency)


def _check(fault: PlannedFault) -> None:
    if fault.status is not None and fault.status not in _STATUSES:
        known = ", ".join(map(str, _STATUSES))
        raise BadRequest(f"'status' is {fault.status}; expected one of {known}.", target="status")
    if fault.status is None and not (fault.latency or fault.drop or fault.slow_body):
        raise BadRequest(
            "The fault does nothing: it takes one of 'status', 'latency', 'drop' and 'slowBody'."
        )
    if fault.status is not None and fault.drop:
        raise BadRequest("'status' and 'drop' exclude each other: a dropped connection has none.")
    if fault.retry_after is not None and fault.status is None:
        raise BadRequest("'retryAfter' goes with a 'status'.", target="retryAfter")
    if fault.method is not None and fault.method.upper() not in _METHODS:
        known = ", ".join(_METHODS)
        raise BadRequest(
            f"'method' is {quoted(fault.method)}; expected one of {known}.", target="method"
        )
    if fault.path is not None:
        _check_path(fault.path)


def _check_path(path: str) -> None:
    if not path or "?" in path or "://" in path:
        raise BadRequest(
            f"'path' is {quoted(path)}; expected a path alone, like /me/profile/interests.",
            target="path",
        )
    if len(_PATTERN.findall(path)) > 20:
        raise BadRequest("'path' has more than 20 wildcards.", target="path")


def _paths(asked: Asked) -> Iterator[str]:
    """The forms in which a pattern may name a request's path."""
    whole = unquote(asked.path).casefold().rstrip("/")
    yield whole
    first, slash, below = whole[1:].partition("/")
    if asked.of_authority or first in VERSIONS:
        yield slash + below


def _expression(pattern: str) -> re.Pattern[str]:
    text = pattern.casefold().rstrip("/")
    if not text.startswith(("/", "*")):
        text = f"/{text}"
    parts, end = [], 0
    for found in _PATTERN.finditer(text):
        parts += [re.escape(text[end : found.start()]), _WILD.get(found[0], "[^/]+")]
        end = found.end()
    return re.compile("".join([*parts, re.escape(text[end:])]))


_WILD = {"/**": "(?:/.*)?", "**": ".*", "*": "[^/]*"}
