"""What PostgreSQL can hold: texts, and names that fit into an index."""

from __future__ import annotations

from collections.abc import Iterable

from openprofile.store.base import (
    Change,
    Delete,
    DeletePerson,
    Erase,
    Insert,
    Join,
    Leave,
    Missing,
    PutGroup,
    PutPerson,
    Update,
    UpdatePerson,
)

NAMES = 2000
"""Bytes of the names in one key at most: an index entry is no more than a third of an 8 KB page."""


def is_text(text: str) -> bool:
    """Whether PostgreSQL can hold it: its text is UTF-8 without NUL, so without lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """``text``; raises ValueError if PostgreSQL cannot hold it."""
    if not is_text(text):
        raise ValueError(f"PostgreSQL cannot hold the text {text[:100]!r}")
    return text


def require_names(change: Change) -> None:
    """Raise Missing for a change to what cannot be there, and ValueError for one that stores a name
    that PostgreSQL cannot hold: asked for together with others, it would fail them all.
    """
    for names in _looked_for(change):
        if not _are_names(names):
            missing = Missing(names[-1])
            missing.change = change
            raise missing
    for names in _stored(change):
        if not _are_names(names):
            raise ValueError(f"PostgreSQL cannot hold one of the names {names!r}")


def _looked_for(change: Change) -> Iterable[tuple[str, ...]]:
    """The keys of the rows that must be there for ``change``."""
    match change:
        case Update(key) | Delete(key):
            return [(key.tenant, key.owner, key.facet, key.id)]
        case UpdatePerson(tenant, id_) | DeletePerson(tenant, id_):
            return [(tenant, id_)]
        case Leave(tenant, group, person):
            return [(tenant, person, group)]
        case Join(tenant, group, person):
            return [(tenant, group), (tenant, person)]
        case _:
            return ()


def _stored(change: Change) -> Iterable[tuple[str, ...]]:
    """The keys of the rows that ``change`` may leave behind."""
    match change:
        case Insert(key):
            yield (key.tenant, key.owner, key.facet, key.id)
        case Erase(tenant, owner):
            yield (tenant, owner)
        case PutPerson(tenant, id_, name, _, terms):
            yield (tenant, id_, name)
            for term in terms:
                yield (tenant, "user", *term, id_)
        case PutGroup(tenant, id_, _, members, terms):
            yield (tenant, id_)
            for person in members:
                yield (tenant, person, id_)
            for term in terms:
                yield (tenant, "group", *term, id_)
        case Join(tenant, group, person):
            yield (tenant, person, group)


def _are_names(names: Iterable[str]) -> bool:
    """Whether there can be a row with a key of these names."""
    joined = "".join(names)
    return is_text(joined) and len(joined.encode()) <= NAMES
