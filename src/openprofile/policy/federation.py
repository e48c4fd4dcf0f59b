"""Which tenants trust which: whose people are of ``federatedOrganizations`` to whom."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Federation(msgspec.Struct, frozen=True):
    """The tenants whose people may come upon each other, and the trust list of each."""

    tenants: tuple[str, ...] = ()
    """Without them nobody is met outside of their own tenant."""
    trusts: Mapping[str, frozenset[str]] = {}
    """By tenant, the tenants that it trusts; a trust is not mutual."""

    def trusted(self, tenant: str, *, by: str) -> bool:
        """Whether ``tenant`` is on the trust list of another."""
        return tenant in self.trusts.get(by, ())

    def beyond(self, tenant: str) -> list[str]:
        """The other tenants in which somebody of ``tenant`` may find people: those that trust it
        come first.
        """
        if tenant not in self.tenants:
            return []
        others = [other for other in self.tenants if other != tenant]
        return sorted(others, key=lambda other: not self.trusted(tenant, by=other))
