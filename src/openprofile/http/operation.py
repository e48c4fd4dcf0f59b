"""The name that a request goes by in figures: its path, with all that is data left out."""

from __future__ import annotations

from functools import lru_cache

from openprofile.odata.path import Target

_SYSTEM = frozenset({"$ref", "$count", "$value"})


def operation(version: str, target: Target) -> str:
    """As in ``/beta/users/{id}/profile/interests/{id}``; there are as many as the model has."""
    keyed = tuple(key is not None for key in target.keys)
    return _operation(version, target.names, keyed, target.tail[:1], target.tail[-1:])


@lru_cache(maxsize=1024)
def _operation(
    version: str,
    names: tuple[str, ...],
    keyed: tuple[bool, ...],
    first: tuple[str, ...],
    last: tuple[str, ...],
) -> str:
    path = "".join(
        f"/{name}/{{id}}" if has_key else f"/{name}"
        for name, has_key in zip(names, keyed, strict=True)
    )
    property_ = "/{property}" if first and not first[0].startswith("$") else ""
    system = f"/{last[0]}" if last and last[0] in _SYSTEM else ""
    return f"/{version}{path}{property_}{system}"
