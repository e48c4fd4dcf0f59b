"""Files that outlive the process: written whole or not at all, for this user's eyes alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


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
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
