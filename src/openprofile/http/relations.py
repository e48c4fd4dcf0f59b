"""The lists that a person keeps, at a path of this service's own: Graph has none for them."""

from __future__ import annotations

import msgspec

from openprofile.errors import BadRequest, MethodNotAllowed
from openprofile.http.auth import authenticate
from openprofile.http.body import json_body
from openprofile.http.conditions import unless_there
from openprofile.http.exchange import Answer, Request
from openprofile.identity.tokens import TokenVerifier
from openprofile.odata.path import parse
from openprofile.relations import Lists, Relations

PATH = "/openprofile/people/{person}/relations"
"""``person`` is an id, a principal name, or ``me``."""


class RelationsFace:
    """Answers PATH: GET both lists, PUT both."""

    def __init__(self, relations: Relations, verifier: TokenVerifier) -> None:
        self._relations = relations
        self._verifier = verifier

    async def answer(self, request: Request) -> Answer:
        """The lists as they are, or as they have become; raises a Fault."""
        caller = await authenticate(request, self._verifier)
        _, _, person, _ = parse(request.path)
        who = None if person == "me" else person
        if request.method in ("GET", "HEAD"):
            found = await self._relations.get(caller, who)
        elif request.method == "PUT":
            found = await self._relations.put(caller, who, _lists(json_body(request)))
        else:
            raise MethodNotAllowed(request.method, ["GET", "PUT"])
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        return unless_there(request, Answer(200, headers, msgspec.json.encode(found)))


def _lists(body: bytes) -> Lists:
    try:
        return msgspec.json.decode(body, type=Lists)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(
            f'The body is not {{"family": [ids], "contacts": [ids]}}: {error}.'
        ) from error
