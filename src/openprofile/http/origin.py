"""The scheme and host that the links of an answer begin with.

A request's Host header is believed only where it can do no harm: a client must get links to where
it came from, and nobody may make the service hand out links to somewhere else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from openprofile.hosts import in_url, is_loopback, web_host

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.IGNORECASE | re.ASCII)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Origins:
    """Decides which origin a request's links carry."""

    def __init__(
        self,
        url: Callable[[], str],
        *,
        believes: Callable[[str], bool] = is_loopback,
        proxies: Sequence[Network] = (),
        both: bool = False,
    ) -> None:
        """``url`` tells the origin for requests whose Host is not believed; ``believes`` judges the
        name in it. With ``both``, clients come to the host of ``url`` by http and by https, and
        stay with the one they came by. ``proxies`` are the peers whose X-Forwarded-Proto and
        X-Forwarded-Host are taken for what the client asked.
        """
        self._url = url
        self._believes = believes
        self._proxies = tuple(proxies)
        self._both = both
        # nearly all requests come to one or two names
        self._direct = lru_cache(maxsize=256)(self._by_host)
        self._own = lru_cache(maxsize=256)(self._known)

    def of(
        self, scheme: str, headers: Mapping[str, str], peer: str | None, port: int | None = None
    ) -> str:
        """The origin for a request that came by ``scheme`` to ``port`` from the address ``peer``,
        with ``headers`` by lower-case name.
        """
        if self._proxies:
            return self.believed(scheme, headers, peer) or self._own(self._url(), scheme, port)
        direct = self._direct(scheme, headers.get("host", ""))
        return direct or self._own(self._url(), scheme, port)

    def _known(self, url: str, scheme: str, port: int | None) -> str:
        """The origin that the service itself knows, whose ``url`` tells it."""
        host = web_host(url)
        if not self._both or url.startswith(f"{scheme}:") or not port or host is None:
            return url
        return f"{scheme}://{in_url(host)}:{port}"

    def believed(self, scheme: str, headers: Mapping[str, str], peer: str | None) -> str | None:
        """The origin that the request itself tells, None where it is not to be believed."""
        if self._proxies and self._is_proxy(peer):
            scheme = _last(headers.get("x-forwarded-proto")) or scheme
            forwarded = _last(headers.get("x-forwarded-host"))
            if forwarded and _HOST.fullmatch(forwarded) and scheme in ("http", "https"):
                return f"{scheme}://{forwarded}"
        return self._direct(scheme, headers.get("host", ""))

    def _by_host(self, scheme: str, host: str) -> str | None:
        found = _HOST.fullmatch(host)
        if found and scheme in ("http", "https") and self._believes(found[1].strip("[]").lower()):
            return f"{scheme}://{host}"
        return None

    def _is_proxy(self, peer: str | None) -> bool:
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def _last(header: str | None) -> str:
    """The value that the peer itself wrote: those before it may be the client's invention."""
    return (header or "").rpartition(",")[2].strip().lower()
