"""How far a long command has come: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


@contextmanager
def bar(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """What is to be told how much is done, of ``length`` if that is known."""
    unknown: Iterable[int] = (0 for _ in ())  # click wants one, and it has no length
    shown: ProgressBar[int] = click.progressbar(
        iterable=unknown if length is None else None,
        length=length,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=length is None,
    )
    with shown:
        yield lambda done: shown.update(done - shown.pos)
