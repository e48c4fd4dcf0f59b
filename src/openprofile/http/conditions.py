"""The conditions that a request sets: in its headers, and in the body of an update."""

from __future__ import annotations

from openprofile.etags import Conditions
from openprofile.http.exchange import Answer, Call, Request
from openprofile.odata.payload import Members, entity_tags

_OF_A_304 = frozenset({"Cache-Control", "ETag", "OData-Version", "Vary"})
"""The headers that a 304 shares with the answer that it stands for (RFC 9110, section 15.4.5)."""


def unless_there(request: Request, answer: Answer) -> Answer:
    """The ``answer`` to a request, but for a read that wants one only of what is not there: that
    has a 304, whether or not there is an ETag (``If-None-Match: *``; RFC 9110, section 13.1.2).
    """
    wanted = request.headers.get("if-none-match")
    if wanted is None or request.method not in ("GET", "HEAD"):
        return answer
    if wanted.strip() != "*" or not 200 <= answer.status < 300:
        return answer
    kept = {name: value for name, value in answer.headers.items() if name in _OF_A_304}
    return Answer(304, kept)


def conditions_of(call: Call, sent: Members | None = None) -> Conditions:
    """The conditions of a request; ``sent`` is the body of an update. Raises BadRequest."""
    headers = call.request.headers
    if sent is None and "if-match" not in headers and "if-none-match" not in headers:
        return _NONE
    return Conditions(
        headers.get("if-match"),
        headers.get("if-none-match"),
        () if sent is None else entity_tags(sent),
    )


_NONE = Conditions()


def require_new(call: Call) -> None:
    """Raise ResourceModified where a request that creates depends on what is there already."""
    conditions_of(call).check_untagged(there=False)


def require_untagged(call: Call, sent: Members | None = None) -> None:
    """Raise ResourceModified where a request depends on an ETag of what has none."""
    conditions_of(call, sent).check_untagged()
