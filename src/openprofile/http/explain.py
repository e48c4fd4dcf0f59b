"""Why a request is allowed or refused: it is answered as if it came, and nothing is written."""

from __future__ import annotations

import msgspec

from openprofile.directory import Directory
from openprofile.errors import BadRequest, Fault, MethodNotAllowed
from openprofile.http.body import json_body
from openprofile.http.exchange import Answer, Face, Request
from openprofile.policy.caller import Caller
from openprofile.policy.decision import Decision, Trail

PATH = "/_openprofile/explain"


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """A request of the API that somebody asks about; its token comes beside it."""

    method: str
    path: str
    """With the query, percent-encoded, from the version on: ``/beta/me/profile``."""
    headers: dict[str, str] = {}
    body: str = ""


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """What would become of a request, and every decision on the way there."""

    status: int
    code: str | None
    """The code of a refusal."""
    message: str | None
    caller: Caller | None
    """None where the token does not hold, or none was asked for."""
    caller_name: str | None
    """The principal name of the caller, None for an application."""
    owner: str | None
    """The principal name of the person whose data is asked for, where that became known."""
    decisions: list[Decision]
    """In the order in which they fell."""


class Explainer:
    """Answers PATH, ``POST`` of a Question with the token it is about as its own."""

    def __init__(self, face: Face, directory: Directory) -> None:
        """``face`` is the API over a store that is a ``Rehearsal``, which keeps nothing."""
        self._face = face
        self._directory = directory

    async def answer(self, request: Request) -> Answer:
        """The Explanation as JSON."""
        if request.method != "POST":
            raise MethodNotAllowed(request.method, ["POST"])
        try:
            question = msgspec.json.decode(json_body(request), type=Question)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"The body is not a question: {error}.") from error
        found = await self.explain(question, request)
        return Answer(200, {"Content-Type": "application/json"}, msgspec.json.encode(found))

    async def explain(self, question: Question, asked: Request) -> Explanation:
        """What becomes of the request in ``question`` with the token of the one that ``asked``."""
        path, _, query = question.path.partition("?")
        headers = {name.lower(): value for name, value in question.headers.items()}
        if "authorization" in asked.headers:
            headers["authorization"] = asked.headers["authorization"]
        if question.body:
            headers.setdefault("content-type", "application/json")
        request = msgspec.structs.replace(
            asked,
            method=question.method.upper(),
            path=path,
            query=query,
            headers=headers,
            body=question.body.encode(),
        )
        fault = None
        with Trail(detailed=True) as trail:
            try:
                status = (await self._face(request)).status
            except Fault as error:
                fault, status = error, error.status
        caller = trail.caller
        return Explanation(
            status=status,
            code=fault.code if fault else None,
            message=fault.message if fault else None,
            caller=caller,
            caller_name=await self._name(caller, caller.person) if caller else None,
            owner=await self._name(caller, trail.owner) if caller else None,
            decisions=trail.decisions,
        )

    async def _name(self, caller: Caller, person_id: str | None) -> str | None:
        if person_id is None:
            return None
        person = await self._directory.find(caller.tenant, person_id)
        return person.user.user_principal_name if person else person_id
