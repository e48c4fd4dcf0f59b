"""The issuers that an organisation's settings name, with their keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openprofile.clock import Clock
from openprofile.identity.discovery import foreign_issuers
from openprofile.identity.tokens import TrustedIssuer
from openprofile.settings import Settings

_SOON = 0.25
"""Seconds after which the keys are fetched that nobody has asked for."""


@asynccontextmanager
async def trusted_issuers(settings: Settings, clock: Clock) -> AsyncIterator[list[TrustedIssuer]]:
    """Every issuer of the settings, whose keys are fetched until the end; raises BadSettings."""
    issuers = [
        trusted for rules in settings.all_issuers() for trusted in foreign_issuers(rules, clock)
    ]
    keys = {id(one.keys): one.keys for one in issuers}.values()
    # An issuer that cannot be used is in the log from the start on; what fetches takes a while to
    # load, and would take it from the start itself.
    loop = asyncio.get_running_loop()
    soon = [loop.call_later(_SOON, published.prepare) for published in keys]
    try:
        yield issuers
    finally:
        for timer in soon:
            timer.cancel()
        for published in keys:
            await published.close()
