"""Names of hosts: which lead to this machine alone, and how a URL spells them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""What clients call this machine."""

# The characters that RFC 3986 lets stand before the path, and no user information: browsers and
# Python disagree about backslashes and "@", and an attacker lives on the difference.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[\w.~%\[\]:-]*(?=[/?#]|$)", re.IGNORECASE | re.ASCII)


def is_loopback(name: str) -> bool:
    """Whether a host name or address leads to this machine alone."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def in_url(host: str) -> str:
    """A host name or address as a URL holds it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def web_origin(url: str) -> str | None:
    """The origin of an absolute http or https URL as browsers spell it, None for other texts."""
    if web_host(url) is None:
        return None
    parts = urlsplit(url.lower())
    usual = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{in_url(parts.hostname or '')}{port}"


def web_host(url: str) -> str | None:
    """The host name of an absolute http or https URL, None for whatever else the text is."""
    if not _ORIGIN.match(url) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None
