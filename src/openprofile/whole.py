"""A file that is there whole or not at all, for this user's eyes alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def part(file: Path) -> Path:
    """Where ``file`` is written until it is whole."""
    return file.with_name(f"{file.name}.part")


@contextlib.contextmanager
def whole(file: Path, *, kept: bool = False) -> Iterator[Path]:
    """The path to write ``file`` at, where an empty file is until the block ends; then, synced to
    the disk, it takes the place of ``file``.

    If the block raises it is removed, unless it is to be ``kept`` and something is in it, and then
    it is also there again.
    """
    beside = part(file)
    if not kept:
        beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    try:
        yield beside
        _sync(beside)
        beside.replace(file)
    except BaseException:
        if not (kept and beside.exists() and beside.stat().st_size):
            beside.unlink(missing_ok=True)
        raise
    _sync(file.parent)


def _sync(path: Path) -> None:
    with contextlib.suppress(PermissionError):  # Windows syncs no folder
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
