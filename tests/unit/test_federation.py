"""Which tenants are looked in for a person, and which trust which."""

from openprofile.policy.federation import Federation

FEDERATION = Federation(("a", "b", "c"), {"c": frozenset({"a"}), "a": frozenset({"b"})})


def test_trust_is_not_mutual() -> None:
    assert FEDERATION.trusted("a", by="c")
    assert not FEDERATION.trusted("c", by="a")
    assert not FEDERATION.trusted("a", by="nobody")


def test_tenants_that_trust_come_first() -> None:
    assert FEDERATION.beyond("a") == ["c", "b"]
    assert FEDERATION.beyond("b") == ["a", "c"]
    assert FEDERATION.beyond("c") == ["a", "b"]


def test_a_tenant_of_no_federation_meets_nobody() -> None:
    assert FEDERATION.beyond("d") == []
    assert Federation().beyond("a") == []
