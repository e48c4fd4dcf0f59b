"""Whether what is written finds room: where the database lies, and on its disk.

Of a disk that is nearly full, the one page of a counter may fit where an item does not: so much a
heartbeat writes that whether it could is also true of writes. And what is written to a file that
has been removed is gone when it is closed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from openprofile.store.base import Change, Unavailable

PLENTY = 64 * 1024 * 1024
"""Bytes that are free on the disk where there is no doubt."""
USUAL = 64 * 1024
"""Bytes that a write is to find room for."""
MOST_PROVED = 1024 * 1024
"""Bytes that a heartbeat writes at most."""


class Room:
    """That of one database, and what its disk is known to have room for."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is the database, which is open; None for one in memory."""
        self._path = None if path is None else path.absolute()
        self._file = _file(self._path)
        self._lacked = 0

    def lacked(self, changes: Iterable[Change]) -> None:
        """Note that the disk would not take ``changes``."""
        size = sum(len(getattr(change, "text", "")) for change in changes)
        self._lacked = min(MOST_PROVED, max(self._lacked, size, USUAL))

    def proved(self) -> None:
        """Note that the disk took what it was to have room for."""
        self._lacked = 0

    def require_file(self) -> None:
        """Raise Unavailable where the database is not at its path any more: what is written to it
        then would be gone with the process.
        """
        if _file(self._path) != self._file:
            raise Unavailable(
                "the database's file has been removed or replaced since it was opened"
            )

    def to_prove(self) -> int:
        """Bytes that a heartbeat is to write: none where nothing speaks against it."""
        if self._lacked:
            return self._lacked
        return 0 if self._path is None or _free(self._path.parent) >= PLENTY else USUAL


def _file(path: Path | None) -> tuple[int, int] | None:
    """Which file is at a path; None where there is none."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return found and (found.st_dev, found.st_ino)


def _free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder."""
    if sys.platform == "win32":
        return PLENTY
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
