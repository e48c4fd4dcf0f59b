"""Valid JSON for any type of the model, made from its shape."""

from typing import Any

from openprofile.model.facets import FACETS
from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import Enumeration
from openprofile.model.shape import Property, shape

WRITABLE = sorted(segment for segment, item in FACETS.items() if not item.read_only)
"""The facets that clients write."""


def settable(kind: type[Entity] | type[Complex]) -> dict[str, Any]:
    """A value for every property that a client may set."""
    return {
        found.name: [_value(found)] if found.collection else _value(found)
        for found in shape(kind).properties.values()
        if not found.computed
    }


def _value(found: Property) -> Any:
    if found.shape is not None:
        return settable(found.shape.type)
    if issubclass(found.type, Enumeration):
        return next(iter(found.type.members))
    return {
        "Edm.String": f"{found.name} é ☕",
        "Edm.Double": 0.25,
        "Edm.Boolean": True,
        "Edm.Int32": -7,
        "Edm.Date": "2020-02-29",
        "Edm.DateTimeOffset": "2020-07-06T06:34:12.2294868Z",
    }[found.edm]
