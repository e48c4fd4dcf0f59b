"""The name that a request goes by in figures: its path, with all that is data left out."""

from __future__ import annotations

from openprofile.odata.path import Target

_SYSTEM = frozenset({"$ref", "$count", "$value"})
_DEEPEST = 4
"""Names that are told of a path; managers have managers without end."""


def operation(version: str, target: Target) -> str:
    """As in ``/beta/users/{id}/profile/interests/{id}``, one of a bounded number."""
    rest = _rest(target.tail) if target.tail else ""
    names, more = target.names[:_DEEPEST], "/…" if len(target.names) > _DEEPEST else ""
    path = "".join(
        f"/{name}" if key is None else f"/{name}/{{id}}"
        for name, key in zip(names, target.keys, strict=False)
    )
    return f"/{version}{path}{more}{rest}"


def _rest(tail: tuple[str, ...]) -> str:
    property_ = "" if tail[0].startswith("$") else "/{property}"
    return f"{property_}/{tail[-1]}" if tail[-1] in _SYSTEM else property_
