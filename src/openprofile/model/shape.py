"""A type seen from outside: its name, its properties, their EDM types, null and read-only.

Everything that is derived from a declaration (validation, metadata, documentation) reads it here.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from openprofile.model.kinds import Computed, Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import Enumeration, Primitive, edm_name

NAMESPACE = "microsoft.graph"
ALIAS = "graph"
"""What may stand for the namespace, in the metadata and in requests."""

_EDM = {str: "Edm.String", bool: "Edm.Boolean", float: "Edm.Double", int: "Edm.Int32"}


class Property(msgspec.Struct, frozen=True):
    """One structural property of a type."""

    name: str
    """The name on the wire: ``webUrl``."""
    attribute: str
    """The attribute that holds it: ``web_url``."""
    type: Any
    """The Python type of one value, without ``None``, ``list`` and bounds."""
    bounded: Any
    """The same with its bounds, as msgspec checks them."""
    edm: str
    """The EDM type of one value: ``Edm.String``, ``microsoft.graph.inferenceData``."""
    collection: bool
    nullable: bool
    """Whether null is a value of it; for a collection, whether null may stand in its place."""
    computed: bool
    """Whether the service sets it and ignores what a client sends."""

    @property
    def shape(self) -> Shape | None:
        """The shape of a complex value, None for a primitive one."""
        return shape(self.type) if issubclass(self.type, Complex) else None

    @property
    def edm_type(self) -> str:
        """The EDM type as the metadata names it, ``Collection(…)`` included."""
        return f"Collection({self.edm})" if self.collection else self.edm


class Shape(msgspec.Struct, frozen=True):
    """An entity or complex type."""

    name: str
    """The name without the namespace: ``personInterest``."""
    type: type[Entity | Complex]
    properties: Mapping[str, Property]
    """Inherited ones first, by their name on the wire."""

    @property
    def qualified_name(self) -> str:
        return f"{NAMESPACE}.{self.name}"


@cache
def shape(kind: type[Entity | Complex]) -> Shape:
    """The shape of a type of the model."""
    fields = msgspec.structs.fields(kind)
    return Shape(
        name=edm_name(kind),
        type=kind,
        properties={field.encode_name: _property(field) for field in fields},
    )


def _property(field: msgspec.structs.FieldInfo) -> Property:
    kind, marks = field.type, []
    if Computed in typing.get_args(kind):
        kind, *marks = typing.get_args(kind)
    options = typing.get_args(kind) if _is_union(kind) else (kind,)
    nullable = type(None) in options
    (kind,) = (option for option in options if option is not type(None))
    collection = typing.get_origin(kind) is list
    if collection:
        (kind,) = typing.get_args(kind)
    bounded = kind
    if typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return Property(
        name=field.encode_name,
        attribute=field.name,
        type=kind,
        bounded=bounded,
        edm=_edm(kind),
        collection=collection,
        nullable=nullable,
        computed=Computed in marks,
    )


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _edm(kind: type) -> str:
    if kind in _EDM:
        return _EDM[kind]
    if issubclass(kind, Primitive):
        return kind.edm
    assert issubclass(kind, (Enumeration, Complex)), f"{kind} has no EDM type"
    return f"{NAMESPACE}.{edm_name(kind)}"
