"""The name that a request goes by in figures: its path, with all that is data left out."""

from __future__ import annotations

from openprofile.odata.path import Target

_SYSTEM = frozenset({"$ref", "$count", "$value"})
_known: dict[tuple[str, tuple[str, ...], bool, str], str] = {}
"""By what a name depends on: there are as many as the model has."""


def operation(version: str, target: Target) -> str:
    """As in ``/beta/users/{id}/profile/interests/{id}``, one of a bounded number."""
    rest = _rest(target.tail) if target.tail else ""
    key = (version, target.names, target.collection, rest)
    name = _known.get(key)
    if name is None:
        path = "".join(
            f"/{name}" if key is None else f"/{name}/{{id}}"
            for name, key in zip(target.names, target.keys, strict=True)
        )
        name = _known[key] = f"/{version}{path}{rest}"
    return name


def _rest(tail: tuple[str, ...]) -> str:
    property_ = "" if tail[0].startswith("$") else "/{property}"
    return f"{property_}/{tail[-1]}" if tail[-1] in _SYSTEM else property_
