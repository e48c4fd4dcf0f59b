"""References to people in requests: ``{"@odata.id": "https://…/users/{id}"}``.

They are names: whatever they say, nothing is ever fetched from where they lead.
"""

from __future__ import annotations

from openprofile.errors import BadRequest
from openprofile.http.exchange import Answer, Call, Request, empty_answer
from openprofile.model.directory import VERSIONS, DirectoryObject, User
from openprofile.model.kinds import Model, Navigation
from openprofile.model.primitives import quoted
from openprofile.odata.path import bind, parse
from openprofile.odata.payload import Members, read_members
from openprofile.odata.service_root import resolve


def linked(call: Call, body: bytes) -> str:
    """The id or principal name of the person that a body refers to; raises BadRequest."""
    sent = read_members(body)
    names = [name for name in _IDS if name in sent]
    reference = sent[names[0]] if len(names) == 1 else None
    if not isinstance(reference, str):
        raise BadRequest('The body must be like {"@odata.id": "…/users/{id}"}.', target="@odata.id")
    return located(call, reference, names[0])


def refers(sent: Members) -> bool:
    """Whether a body is the reference to an entity and nothing else."""
    return any(name in sent for name in _IDS) and all("@" in name for name in sent)


_IDS = ("@odata.id", "@id")
"""The control information that holds a reference, in 4.0 and 4.01."""


def linked_answer(request: Request) -> Answer:
    """The answer to a reference that is set or added, which never holds anything (Protocol 4.01,
    section 11.4.6): who prefers to hear less is told so, who prefers to hear more is not.
    """
    preferences = request.preferences
    minimal = preferences.returns == "minimal"
    return empty_answer(request, preferences.applied(returned=minimal))


def located(call: Call, reference: str, where: str) -> str:
    """The id or principal name of the person at a URL below our own root; raises BadRequest.

    ``where`` names the member or option that holds it.
    """
    path = _path(call, reference, where)
    try:
        target = bind(parse(path)[1:], _NAMED)
    except BadRequest as error:
        raise _refused(reference, where) from error
    (key, *rest) = target.keys
    if key is None or rest or target.tail:
        raise _refused(reference, where)
    return key


_NAMED = Model(
    {
        "directoryObjects": Navigation(DirectoryObject, collection=True),
        "users": Navigation(User, collection=True),
    }
)
"""Where the people are that a reference can name."""


def _path(call: Call, reference: str, where: str) -> str:
    """The path of a reference; it may be to any version, whichever the request is for."""
    for version in sorted(VERSIONS, key=lambda each: each != call.version):
        try:
            path, query = resolve(
                reference, origin=call.request.origin, version=version, versions=VERSIONS.keys()
            )
        except BadRequest:
            continue
        if not query:
            return path
    raise _refused(reference, where)


def _refused(reference: str, where: str) -> BadRequest:
    return BadRequest(
        f"{where} is {quoted(reference)}; expected the URL of a person of this service, like "
        "…/users/{id}.",
        target=where,
    )
