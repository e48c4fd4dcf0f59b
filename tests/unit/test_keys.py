import msgspec
import pytest
from joserfc.jwk import RSAKey

from openprofile.clock import Clock
from openprofile.identity.keys import REFRESH_AFTER, PublishedKeys

pytestmark = pytest.mark.anyio


class Publisher:
    def __init__(self, *keys: dict[str, object]) -> None:
        self.keys = list(keys)
        self.fetches = 0

    async def __call__(self) -> bytes:
        self.fetches += 1
        return msgspec.json.encode({"keys": self.keys})


def key(name: str) -> dict[str, object]:
    return dict(RSAKey.generate_key(2048, {"kid": name}).as_dict(private=False))


async def test_keys_are_fetched_once_and_again_for_a_new_one() -> None:
    clock, publisher = Clock(), Publisher(key("a"))
    clock.freeze()
    keys = PublishedKeys(publisher, clock)
    assert await keys.find("a", "RS256") is not None
    assert await keys.find("a", "RS256") is not None
    assert publisher.fetches == 1
    publisher.keys.append(key("b"))
    clock.advance(REFRESH_AFTER)
    assert await keys.find("b", "RS256") is not None
    assert await keys.find("a", "RS256") is not None
    assert publisher.fetches == 2


async def test_unknown_ids_cannot_force_fetches() -> None:
    clock, publisher = Clock(), Publisher(key("a"))
    clock.freeze()
    keys = PublishedKeys(publisher, clock)
    for number in range(1000):
        assert await keys.find(f"unknown{number}", "RS256") is None
    assert publisher.fetches == 1


async def test_keys_of_no_use_are_passed_over() -> None:
    good = key("good")
    publisher = Publisher(
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {**good, "kid": "encryption", "use": "enc"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "RSA", "n": good["n"], "e": "AQAB"},
        good,
    )
    keys = PublishedKeys(publisher, Clock())
    assert await keys.find("good", "RS256") is not None
    for other in ("secret", "encryption", "broken"):
        assert await keys.find(other, "RS256") is None
