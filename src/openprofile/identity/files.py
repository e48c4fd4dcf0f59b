"""Files that outlive the process: written whole or not at all, for this user's eyes alone."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class BadFile(Exception):
    """A file of the authority cannot be used; the message says which and why."""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock that belongs to ``path``: one process at a time reads and replaces it."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def create(path: Path, content: bytes) -> None:
    """Write a new file; if another process was first, its file stays."""
    temporary = _beside(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def replace(path: Path, content: bytes) -> None:
    """Write a file in the place of the one that may be there."""
    _beside(path, content).replace(path)


def _beside(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)
