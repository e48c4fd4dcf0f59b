"""The complex types that the items of a profile are built from."""

from __future__ import annotations

import msgspec


class Complex(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A value without an id of its own, kept inside an entity."""


class Identity(Complex):
    """https://learn.microsoft.com/graph/api/resources/identity: an actor."""

    display_name: str | None = None
    id: str | None = None


class IdentitySet(Complex):
    """https://learn.microsoft.com/graph/api/resources/identityset: who did something, by what."""

    application: Identity | None = None
    device: Identity | None = None
    user: Identity | None = None


class InferenceData(Complex):
    """https://learn.microsoft.com/graph/api/resources/inferencedata: how sure a guess is."""

    confidence_score: float | None = None
    user_has_verified_accuracy: bool | None = None


class PersonDataSources(Complex):
    """https://learn.microsoft.com/graph/api/resources/persondatasource: kinds of source."""

    type: list[str] = []


class ProfileSourceAnnotation(Complex, omit_defaults=True):
    """
    https://learn.microsoft.com/graph/api/resources/profilesourceannotation: one source.

    Graph leaves the null members of this type out of its answers.
    """

    is_default_source: bool | None = None
    properties: list[str] = []
    source_id: str | None = None
