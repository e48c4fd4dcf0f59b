"""What is measured: requests of many callers about many people, made beforehand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec
from bench.people import INTERESTS, Population, item_id, person_id

_HOST = b"127.0.0.1"
_FILTERS = [
    f"?$filter=contains(displayName,'{letter}')%20and%20categories/any(c:c%20eq%20'Games')"
    "&$orderby=displayName%20desc&$top=10"
    for letter in ("C", "h", "e", "i", "s")
]


class Callers(msgspec.Struct, frozen=True):
    """Those who ask: the numbers of people, each with a token."""

    tokens: Sequence[tuple[int, bytes]]

    def one(self, chance: random.Random) -> tuple[int, bytes]:
        return self.tokens[chance.randrange(len(self.tokens))]


Operation = Callable[[Population, Callers, random.Random], bytes]
"""Makes one request."""


def nothing(_: Population, __: Callers, ___: random.Random) -> bytes:
    """What the constant answer is asked for."""
    return _request(b"GET", "/", None)


def read_by_key(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """One item of somebody else's profile."""
    owner = chance.choice(people.owners())
    item = item_id(owner, chance.randrange(INTERESTS))
    return _request(b"GET", f"{_interests(owner)}/{item}", callers.one(chance)[1])


def read_own_by_key(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """One item of the caller's own profile."""
    caller, token = callers.one(chance)
    item = item_id(caller, chance.randrange(INTERESTS))
    return _request(b"GET", f"/beta/me/profile/interests/{item}", token)


def list_of_20(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """All interests of somebody else."""
    return _request(b"GET", _interests(chance.choice(people.owners())), callers.one(chance)[1])


def filtered(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """The same, filtered, ordered and cut."""
    where = _interests(chance.choice(people.owners())) + chance.choice(_FILTERS)
    return _request(b"GET", where, callers.one(chance)[1])


def create(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """A new item of the caller's own."""
    body = b'{"categories":["Games"],"displayName":"Chess","description":"Thursdays at six."}'
    return _request(b"POST", "/beta/me/profile/interests", callers.one(chance)[1], body)


def patch(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """A change of an item of the caller's own."""
    caller, token = callers.one(chance)
    item = item_id(caller, chance.randrange(INTERESTS))
    body = b'{"description":"Every other Thursday at %d, in the back room."}'
    body %= chance.randrange(1, 12)
    return _request(b"PATCH", f"/beta/me/profile/interests/{item}", token, body)


def batch(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """Twenty reads by key in one request."""
    requests = []
    for number in range(20):
        owner = chance.choice(people.owners())
        item = item_id(owner, chance.randrange(INTERESTS))
        url = f"{_interests(owner).removeprefix('/beta')}/{item}"
        requests.append({"id": str(number), "method": "GET", "url": url})
    body = msgspec.json.encode({"requests": requests})
    return _request(b"POST", "/beta/$batch", callers.one(chance)[1], body)


def profile(people: Population, callers: Callers, chance: random.Random) -> bytes:
    """Somebody else's whole profile, all facets."""
    owner = person_id(chance.choice(people.owners()))
    return _request(b"GET", f"/beta/users/{owner}/profile", callers.one(chance)[1])


OPERATIONS: dict[str, Operation] = {
    "read by key": read_by_key,
    "read by key, own": read_own_by_key,
    "list of 20": list_of_20,
    "list of 20, filtered, ordered, top 10": filtered,
    "create": create,
    "patch": patch,
    "batch of 20 reads": batch,
    "profile, all facets": profile,
}


def _interests(owner: int) -> str:
    return f"/beta/users/{person_id(owner)}/profile/interests"


def _request(method: bytes, path: str, token: bytes | None, body: bytes | None = None) -> bytes:
    head = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method, path.encode(), _HOST)
    if token is not None:
        head += b"Authorization: Bearer %s\r\n" % token
    if body is None:
        return head + b"\r\n"
    kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + kind + body
