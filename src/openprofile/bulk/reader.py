"""A line of JSON to the changes that store what it holds; docs/bulk.md has the format.

A line speaks Graph's words: the properties of a group, or those of a person and next to them
``manager``, ``directoryRoles``, ``relations``, ``memberOf`` and ``profile``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from openprofile.abroad import marks
from openprofile.administration import too_long
from openprofile.bulk.items import Facet, invalid, made_id
from openprofile.clock import Clock
from openprofile.directory import fold, putting, putting_group
from openprofile.errors import BadRequest, InvalidPayload
from openprofile.model.directory import DirectoryObject, Group, Person, User
from openprofile.model.facets import FACETS
from openprofile.model.primitives import quoted
from openprofile.model.shape import ALIAS, NAMESPACE, shape
from openprofile.odata.names import hint
from openprofile.odata.payload import read_whole
from openprofile.relations import Lists
from openprofile.settings import Limits
from openprofile.store.base import Change, Join, Key, PutItem, Record
from openprofile.visibility import audiences_of

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of a line that is imported."""
LONGEST_NAME = 256
"""Characters of an id, or of a principal name, on a line that is imported."""

_Raws = dict[str, msgspec.Raw]

_OWN = ("manager", "directoryRoles", "relations", "memberOf", "profile")
_TYPES = {f"#{shape(kind).qualified_name}": kind for kind in (User, Group)}


class Reader:
    """Reads lines for a tenant."""

    def __init__(self, tenant: str, limits: Limits, clock: Clock) -> None:
        self._tenant = tenant
        self._limits = limits
        self._now = clock.ticks()

    def read(self, line: bytes) -> list[Change]:
        """The changes that store what is on a line: a PutGroup, or a PutPerson and behind it what
        is theirs. Carried out again, they leave nothing twice.

        Raises InvalidPayload with a detail for each property at fault, and BadRequest for what is
        no JSON object.
        """
        if len(line) > LONGEST_LINE:
            raise BadRequest(f"It has more than {LONGEST_LINE} bytes.")
        try:
            found = msgspec.json.decode(line, type=_Raws)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(f"It is not a JSON object in UTF-8: {error}.") from error
        if _kind(found) is Group:
            return [self._group(found)]
        return list(self._person(found))

    def _group(self, found: _Raws) -> Change:
        group = read_whole(msgspec.json.encode(found), Group)
        group.id = _name(group.id, "id")
        _require_bounded(group)
        return putting_group(self._tenant, group, None)

    def _person(self, found: _Raws) -> Iterator[Change]:
        own = {name: found.pop(name) for name in _OWN if name in found}
        user = read_whole(msgspec.json.encode(found), User)
        user.password_profile = None
        name = _name(user.user_principal_name, "userPrincipalName")
        user.id = _name(user.id or made_id(self._tenant, name), "id")
        _require_bounded(user)
        lists = _value(own, "relations", Lists, Lists())
        manager = _value(own, "manager", str | None, None)
        manager = None if manager is None else _name(manager, "manager")
        if manager == user.id:
            raise invalid("manager", "a person cannot be their own")
        person = Person(
            user=user,
            manager=manager,
            directory_roles=_names(_value(own, "directoryRoles", list[str], []), "directoryRoles"),
            family=self._list(lists.family, "relations/family"),
            contacts=self._list(lists.contacts, "relations/contacts"),
        )
        yield putting(self._tenant, person)
        for group in _names(_value(own, "memberOf", list[str], []), "memberOf"):
            yield Join(self._tenant, group, user.id, anyway=True)
        profile = _value(own, "profile", dict[str, list[msgspec.Raw]], {})
        for facet, texts in profile.items():
            yield from self._facet(user.id, facet, texts)
        items = [Record("", 0, bytes(one).decode()) for texts in profile.values() for one in texts]
        audiences = {name for item in items for name in (audiences_of(item) or "").split(",")}
        yield from marks(self._tenant, user.id, audiences)

    def _list(self, people: list[str], at: str) -> list[str]:
        if len(people) > self._limits.relations:
            raise invalid(at, f"expected at most {self._limits.relations}, got {len(people)}")
        return _names(people, at)

    def _facet(self, owner: str, facet: str, texts: list[msgspec.Raw]) -> Iterator[Change]:
        at, kind = f"profile/{facet}", FACETS.get(facet)
        if kind is None:
            raise invalid(at, f"there is no such facet ({hint(facet, list(FACETS))})")
        if kind.read_only and texts:
            raise invalid(at, "it is read-only, its items are made from the directory")
        if len(texts) > self._limits.items:
            raise invalid(at, f"expected at most {self._limits.items} items, got {len(texts)}")
        reader = Facet(kind, at, f"{self._tenant}/{owner}", self._limits.body, self._now)
        for id_, make in reader.read(texts):
            yield PutItem(Key(self._tenant, owner, facet, id_), make, self._limits.items)


def _kind(found: _Raws) -> type[DirectoryObject]:
    """What a line is about, by its ``@odata.type``; a person, unless it says otherwise."""
    name = _value(found, "@odata.type", str, f"#{NAMESPACE}.user")
    kind = _TYPES.get(name.replace(f"#{ALIAS}.", f"#{NAMESPACE}.", 1))
    if kind is None:
        raise invalid("@odata.type", f"expected {' or '.join(_TYPES)}, got {quoted(name)}")
    return kind


def _value(found: _Raws, name: str, kind: Any, default: Any) -> Any:
    if name not in found:
        return default
    try:
        return msgspec.json.decode(found[name], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(name, str(error)) from error


def _names(values: Sequence[str], at: str) -> list[str]:
    return [_name(value, f"{at}/{index}") for index, value in enumerate(values)]


def _name(value: str, at: str) -> str:
    """``value`` folded: ids and principal names do not depend on case."""
    if not value or len(value) > LONGEST_NAME or not value.isprintable():
        raise invalid(at, f"expected 1 to {LONGEST_NAME} printable characters, got {quoted(value)}")
    return fold(value)


def _require_bounded(found: DirectoryObject) -> None:
    if faults := list(too_long(found)):
        raise InvalidPayload(faults)
