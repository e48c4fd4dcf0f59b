"""The conditions that a request sets: in its headers, and in the body of an update."""

from __future__ import annotations

from openprofile.etags import Conditions
from openprofile.http.exchange import Call
from openprofile.odata.payload import Members, entity_tags


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
