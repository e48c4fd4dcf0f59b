"""``$batch``: each individual request through the face, and their answers as one.

Follows Graph's https://learn.microsoft.com/graph/json-batching and OData Protocol 4.01,
section 11.7. An individual request is authorised, bounded and refused like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import parse_qsl

from openprofile.clock import new_id
from openprofile.errors import (
    BadRequest,
    MethodNotAllowed,
    NotSupported,
    UnsupportedMediaType,
)
from openprofile.http.batch_run import Execution, Service
from openprofile.http.body import decoded, json_body
from openprofile.http.exchange import Answer, Face, Request, Unread
from openprofile.http.refusal import Refusals
from openprofile.http.repeatable import refuse_repeatable
from openprofile.metering import Meter
from openprofile.model.primitives import quoted
from openprofile.odata.batch import IndividualRequest, IndividualResponse, read_json, write_json
from openprofile.odata.media import media_type
from openprofile.odata.multipart import read_multipart, write_multipart
from openprofile.settings import Limits
from openprofile.store.base import Store

JSON, MULTIPART = "application/json", "multipart/mixed"
_CONTINUE = ("continue-on-error", "odata.continue-on-error")


class Batch:
    """Answers ``POST …/$batch`` in either format; raises a Fault for what is wrong as a whole."""

    def __init__(
        self,
        face: Face,
        face_over: Callable[[Store], Face],
        store: Store,
        authenticate: Callable[[Request], Awaitable[object]],
        refusals: Refusals,
        limits: Limits,
        meter: Meter,
        unread: Unread,
    ) -> None:
        """``face`` answers a request by itself, ``face_over`` makes one that answers on the part
        of ``store`` that a member of an atomicity group has; ``unread`` is told of what no face
        sees.
        """
        self._authenticate = authenticate
        self._service = Service(face, face_over, store, refusals, limits, meter, unread)
        self._limits = limits

    async def answer(self, request: Request) -> Answer:
        """The answer to a batch: 200 whatever became of the requests in it."""
        await self._authenticate(request)
        if request.method != "POST":
            raise MethodNotAllowed(request.method, ["POST"])
        refuse_repeatable(request, "a batch; send it with each request in it")
        for name in ("If-Match", "If-None-Match"):
            if name.lower() in request.headers:
                raise BadRequest(
                    f"{name} does not apply to a batch; send it with a request in it.", target=name
                )
        sent = _sent(request)
        wanted = _wanted(request, sent)
        headers = {"OData-Version": request.version, "Cache-Control": "no-cache"}
        if sent == MULTIPART:
            preference = _continues(request)
            if preference is not None:
                headers["Preference-Applied"] = preference
            execution = Execution(self._service, request, self._multipart(request))
            responses = await execution.in_order(stop=preference is None)
        else:
            execution = Execution(self._service, request, self._json(request))
            responses = await execution.by_dependency()
        content_type, body = _written(responses, wanted, change_sets=sent == MULTIPART)
        return Answer(200, {"Content-Type": content_type, **headers}, body)

    def _multipart(self, request: Request) -> list[IndividualRequest]:
        boundary = media_type(request.headers["content-type"]).parameters.get("boundary", "")
        body = decoded(request)
        return read_multipart(body, boundary, self._limits.batch)

    def _json(self, request: Request) -> list[IndividualRequest]:
        return read_json(json_body(request), self._limits.batch)


def _written(
    responses: Sequence[IndividualResponse], form: str, *, change_sets: bool
) -> tuple[str, bytes]:
    if form == MULTIPART:
        return write_multipart(responses, new_id(), change_sets=change_sets)
    return JSON, write_json(responses)


def _sent(request: Request) -> str:
    """The format of the batch."""
    sent = media_type(request.headers.get("content-type", "")).name
    if sent not in (JSON, MULTIPART):
        raise UnsupportedMediaType(
            f"The Content-Type is {quoted(sent) if sent else 'missing'}; expected {JSON} or "
            f"{MULTIPART}."
        )
    return sent


def _wanted(request: Request, sent: str) -> str:
    """The format of the answer: what ``$format`` or else ``Accept`` prefers, and that of the batch
    where it makes no difference to them.
    """
    accept = request.headers.get("accept", "")
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        if name.lower() in ("$format", "format"):
            accept = JSON if value.lower() == "json" else value
        elif name.startswith("$"):
            raise NotSupported(f"A batch does not support the option {quoted(name)}.", target=name)
    other = MULTIPART if sent == JSON else JSON
    return other if _quality(accept, other) > _quality(accept, sent) else sent


def _quality(accept: str, media: str) -> float:
    """How much ``accept`` likes a media type; 0 where it does not name it."""
    best = 0.0
    for each in accept.split(","):
        found = media_type(each)
        if found.name in (media, f"{media.partition('/')[0]}/*", "*/*"):
            try:
                best = max(best, float(found.parameters.get("q", "1")))
            except ValueError:
                continue
    return best


def _continues(request: Request) -> str | None:
    """The preference to go on after an error, as the client spelled it, where it is on."""
    for each in request.headers.get("prefer", "").split(","):
        name, _, value = each.partition(";")[0].partition("=")
        if name.strip().lower() in _CONTINUE:
            on = value.strip(' "').lower() in ("", "true")
            return name.strip().lower() if on else None
    return None
