"""The Graph API: from a request's method and target to a use case, and back to an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, quote

from openprofile.errors import BadRequest, MethodNotAllowed, NotSupported, UnsupportedMediaType
from openprofile.http.auth import authenticate
from openprofile.http.exchange import Answer, Request
from openprofile.identity.tokens import TokenVerifier
from openprofile.model.directory import CONTAINER
from openprofile.model.facets import FACETS
from openprofile.model.primitives import quoted
from openprofile.odata.path import Target, bind, parse
from openprofile.odata.payload import collection_body, entity_body, read_changes, read_entity
from openprofile.policy.caller import Caller
from openprofile.profiles import Access, Profiles, etag
from openprofile.store.base import Record

JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
_HEADERS = {"Content-Type": JSON, "OData-Version": "4.0", "Cache-Control": "no-cache"}

Handler = Callable[[Request, Caller, Target], Awaitable[Answer]]


class Graph:
    """Answers everything below ``/beta`` and ``/v1.0``; raises a Fault for what it refuses."""

    def __init__(self, profiles: Profiles, verifier: TokenVerifier) -> None:
        self._profiles = profiles
        self._verifier = verifier
        self._collection: Mapping[str, Handler] = {"GET": self._list, "POST": self._create}
        self._references: Mapping[str, Handler] = {"POST": self._create}
        self._item: Mapping[str, Handler] = {
            "GET": self._get,
            "PATCH": self._update,
            "DELETE": self._delete,
        }

    async def answer(self, request: Request) -> Answer:
        """The answer to ``request``, whose path begins with the version."""
        caller = await authenticate(request, self._verifier)
        version, *segments = parse(request.path)
        if version != "beta":
            # Graph has the profile at /beta alone, and this service has nothing else yet.
            named = segments[-1] if len(segments) < 2 else segments[1]
            raise BadRequest(f"Resource not found for the segment {quoted(named)}.")
        target = bind(segments, CONTAINER)
        handlers = self._handlers(target)
        method = "GET" if request.method == "HEAD" else request.method
        handler = handlers.get(method)
        if handler is None:
            raise MethodNotAllowed(request.method, list(handlers))
        _refuse_options(request)
        return await handler(request, caller, target)

    def _handlers(self, target: Target) -> Mapping[str, Handler]:
        match target.names, target.tail:
            case (_, "profile", facet), () if facet in FACETS:
                return self._collection if target.collection else self._item
            case (_, "profile", facet), ("$ref",) if facet in FACETS and target.collection:
                return self._references
        raise NotSupported("This operation target is not yet supported.")

    async def _list(self, request: Request, caller: Caller, target: Target) -> Answer:
        access = await self._profiles.reading(caller, target.keys[0])
        facet = target.names[2]
        records = await self._profiles.items(access, facet)
        context = f"{_context(request, access)}/{facet}"
        body = collection_body(context, [(etag(record), record.text) for record in records])
        return Answer(200, _HEADERS, body)

    async def _get(self, request: Request, caller: Caller, target: Target) -> Answer:
        access = await self._profiles.reading(caller, target.keys[0])
        facet, item_id = _item(target)
        record = await self._profiles.get(access, facet, item_id)
        return _entity(200, request, access, facet, record)

    async def _create(self, request: Request, caller: Caller, target: Target) -> Answer:
        access = await self._profiles.writing(caller, target.keys[0])
        facet = target.names[2]
        item = read_entity(_json(request), FACETS[facet])
        record = await self._profiles.create(access, facet, item)
        above = request.path.rstrip("/").removesuffix("/$ref")
        location = f"{request.origin}{above}/{record.id}"
        return _entity(201, request, access, facet, record, {"Location": location})

    async def _update(self, request: Request, caller: Caller, target: Target) -> Answer:
        access = await self._profiles.writing(caller, target.keys[0])
        facet, item_id = _item(target)
        changes = read_changes(_json(request), FACETS[facet])
        if_match = request.headers.get("if-match")
        record = await self._profiles.update(access, facet, item_id, changes, if_match)
        return _entity(200, request, access, facet, record)

    async def _delete(self, request: Request, caller: Caller, target: Target) -> Answer:
        access = await self._profiles.writing(caller, target.keys[0])
        facet, item_id = _item(target)
        await self._profiles.delete(access, facet, item_id, request.headers.get("if-match"))
        return Answer(204)


def _item(target: Target) -> tuple[str, str]:
    facet, item_id = target.names[2], target.keys[2]
    assert item_id is not None
    return facet, item_id


def _entity(
    status: int,
    request: Request,
    access: Access,
    facet: str,
    record: Record,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    tag = etag(record)
    body = entity_body(f"{_context(request, access)}/{facet}/$entity", tag, record.text)
    return Answer(status, {**_HEADERS, "ETag": tag, **(headers or {})}, body)


def _context(request: Request, access: Access) -> str:
    """The context URL of a person's profile; the key is the object id, also for ``/me``."""
    return f"{request.origin}/beta/$metadata#users('{quote(access.owner.id)}')/profile"


def _json(request: Request) -> bytes:
    """The request's body, which must be JSON in UTF-8, as it came."""
    media, *parameters = request.headers.get("content-type", "").lower().split(";")
    charset = "utf-8"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip(' "')
    if media.strip() != "application/json" or charset not in ("utf-8", "us-ascii"):
        sent = request.headers.get("content-type")
        raise UnsupportedMediaType(
            f"The Content-Type is {quoted(sent) if sent else 'missing'}; "
            "expected application/json, in UTF-8."
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaType(
            f"The Content-Encoding is {quoted(encoding)}; expected a body that is not encoded."
        )
    return request.body


def _refuse_options(request: Request) -> None:
    """Refuse the system query options rather than answer as if they were not there."""
    for name, _ in parse_qsl(request.query, keep_blank_values=True):
        if name.startswith("$"):
            raise NotSupported(f"The query option {quoted(name)} is not supported.", target=name)
