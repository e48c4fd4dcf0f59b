"""Every setting, with one sentence each."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What one request, and one person's facet, may hold."""

    body: int = 1024 * 1024
    """Bytes of a request's body."""
    batch: int = 20
    """Individual requests of a batch."""
    batch_body: int = 4 * 1024 * 1024
    """Bytes of a batch's body."""
    url: int = 16 * 1024
    """Bytes of a request's path and query."""
    items: int = 1000
    """Items of one facet of one person."""


def default_data() -> Path:
    """Where the stand-in keeps its data unless told otherwise (XDG Base Directory)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "openprofile"
