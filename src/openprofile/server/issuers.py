"""The issuers that an organisation's settings name, with their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openprofile.clock import Clock
from openprofile.identity.discovery import foreign_issuers
from openprofile.identity.tokens import TrustedIssuer
from openprofile.settings import Settings


@asynccontextmanager
async def trusted_issuers(settings: Settings, clock: Clock) -> AsyncIterator[list[TrustedIssuer]]:
    """Every issuer of the settings, whose keys are fetched until the end; raises BadSettings."""
    issuers = [
        trusted for rules in settings.all_issuers() for trusted in foreign_issuers(rules, clock)
    ]
    keys = {id(one.keys): one.keys for one in issuers}.values()
    try:
        for published in keys:
            published.start()  # an issuer that cannot be used is in the log from the start on
        yield issuers
    finally:
        for published in keys:
            await published.close()
