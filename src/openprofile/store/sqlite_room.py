"""How much a heartbeat writes, so that whether it could is also true of writes.

Of a disk that is nearly full, the one page of a counter may fit where an item does not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from openprofile.store.base import Change

PLENTY = 64 * 1024 * 1024
"""Bytes that are free on the disk where there is no doubt."""
USUAL = 64 * 1024
"""Bytes that a write is to find room for."""
MOST_PROVED = 1024 * 1024
"""Bytes that a heartbeat writes at most."""


class Room:
    """What the disk of one database is known to have room for."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is the database; None for one in memory."""
        self._folder = None if path is None else path.absolute().parent
        self._lacked = 0

    def lacked(self, changes: Iterable[Change]) -> None:
        """Note that the disk would not take ``changes``."""
        size = sum(len(getattr(change, "text", "")) for change in changes)
        self._lacked = min(MOST_PROVED, max(self._lacked, size, USUAL))

    def proved(self) -> None:
        """Note that the disk took what it was to have room for."""
        self._lacked = 0

    def to_prove(self) -> int:
        """Bytes that a heartbeat is to write: none where nothing speaks against it."""
        if self._lacked:
            return self._lacked
        return 0 if self._folder is None or _free(self._folder) >= PLENTY else USUAL


def _free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder."""
    if sys.platform == "win32":
        return PLENTY
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
