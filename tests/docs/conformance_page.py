"""The page of OData's requirements: ``docs/conformance.csv`` and the tests named by their ids.

``python tests/docs/conformance_page.py`` prints it; ``docs/conformance.md`` is what it prints.
"""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DATA = ROOT / "docs" / "conformance.csv"
TESTS = ROOT / "tests" / "api"

LEVELS = {
    "m": "4.0 Minimal",
    "i": "4.0 Intermediate",
    "a": "4.0 Advanced",
    "M": "4.01 Minimal",
    "I": "4.01 Intermediate",
    "A": "4.01 Advanced",
}
"""The conformance levels by the letter that the ids of their requirements begin with."""


_DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


class Requirement(NamedTuple):
    """A requirement of OData Protocol 4.01, section 13, in our words."""

    id: str
    strength: str
    requirement: str
    outcome: str
    """``met``, ``not met`` or ``not applicable``."""
    why: str
    """Why it is not met or does not apply."""

    @property
    def level(self) -> str:
        return LEVELS[self.id[0]]

    @property
    def prefix(self) -> str:
        """What the names of its tests begin with."""
        return f"test_{self.id.replace('.', '_')}_"


def requirements() -> list[Requirement]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [Requirement(**row) for row in csv.DictReader(file)]


def witnesses() -> dict[str, list[str]]:
    """The tests of each requirement, by its id, as pytest names them."""
    known = sorted(requirements(), key=lambda one: len(one.prefix), reverse=True)
    found: dict[str, list[str]] = {one.id: [] for one in known}
    for path in sorted(TESTS.glob("test_conformance_*.py")):
        for name in re.findall(
            r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE
        ):
            owner = next((one.id for one in known if name.startswith(one.prefix)), None)
            assert owner is not None, f"{name} names no requirement"
            found[owner].append(f"{path.relative_to(ROOT)}::{name}")
    return found


def unmet(letter: str) -> list[str]:
    """The MUSTs of a level, by the letter of their ids, that are not met or have no test."""
    shown = witnesses()
    return [
        one.id
        for one in requirements()
        if one.id.startswith(letter) and one.strength == "MUST"
        if one.outcome == "not met" or (one.outcome == "met" and not shown[one.id])
    ]


def markdown() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Conformance"
    yield ""
    yield "What OData Protocol 4.01 asks of a service, section 13 by section, and the test that"
    yield "shows it. A level of 4.01 includes the same level of 4.0. The numbers are ours."
    yield "Run `scripts/docs` to write this page anew; what it says is in `conformance.csv`."
    shown = witnesses()
    for letter, level in LEVELS.items():
        yield ""
        yield f"## {level}"
        yield ""
        yield "| | | requirement | outcome | shown by |"
        yield "| --- | --- | --- | --- | --- |"
        for one in requirements():
            if one.id.startswith(letter):
                outcome = f"{one.outcome}: {one.why}" if one.why else one.outcome
                tests = "<br>".join(f"`{name.rpartition('::')[2]}`" for name in shown[one.id])
                cells = (one.id, one.strength, one.requirement, outcome, tests or "—")
                yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
