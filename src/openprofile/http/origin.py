"""The scheme and host that the links of an answer begin with.

A request's Host header is believed only where it can do no harm: a client must get links to where
it came from, and nobody may make the service hand out links to somewhere else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.IGNORECASE | re.ASCII)


class Origins:
    """Decides which origin a request's links carry."""

    def __init__(self, url: Callable[[], str], *, exposed: bool) -> None:
        """``url`` tells the origin for requests whose Host is not believed; every Host that is
        well formed is, where the service is ``exposed``, and otherwise loopback names alone.
        """
        self._url = url
        self._exposed = exposed

    def of(self, scheme: str, host: str) -> str:
        """The origin for a request that came by ``scheme`` and named ``host`` (with its port)."""
        found = _HOST.fullmatch(host)
        if found and (self._exposed or is_loopback(found[1].strip("[]"))):
            return f"{scheme}://{host}"
        return self._url()


def is_loopback(name: str) -> bool:
    """Whether a host name or address leads to this machine alone."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
