"""A name that a client wrote to the name that the model has, or to a hint at it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


def find(name: str, known: Mapping[str, Any]) -> str | None:
    """``name`` as the model spells it: exactly, or else whatever its case (OData 4.01, A10)."""
    if name in known:
        return name
    folded = name.lower()
    return next((each for each in known if each.lower() == folded), None)


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant: one name that is close, or all that there are."""
    names = list(known)
    close = difflib.get_close_matches(name[:64], names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"it has {', '.join(names)}"
