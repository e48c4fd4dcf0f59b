"""
The facets of a profile: one class each, alphabetical by segment, and nothing else.

Routes, validation, storage and permissions follow from these declarations.
"""

from __future__ import annotations

from openprofile.model.kinds import FACETS, ItemFacet, facet

__all__ = ["FACETS", "PersonInterest"]


@facet("interests")
class PersonInterest(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personinterest"""

    categories: list[str] = []
    collaboration_tags: list[str] = []
    description: str | None = None
    display_name: str | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None
