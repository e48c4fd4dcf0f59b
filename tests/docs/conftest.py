"""The tests that there are, for the pages that name some."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Missing = Callable[[Iterable[str]], set[str]]


@pytest.fixture
def missing(request: pytest.FixtureRequest) -> Missing:
    """Tells which of some names no test has, nor a test with parameters, nor a file of tests."""

    def missing(named: Iterable[str]) -> set[str]:
        left = set(named) - {*_names(item.nodeid for item in request.session.items)}
        files = {name.partition("::")[0] for name in left}
        there = [file for file in files if (ROOT / file).is_file()]
        if there:  # this run may be one of a few tests
            collected = subprocess.run(
                [sys.executable, "-m", "pytest", "--collect-only", "-q", *there],
                cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            left -= {*_names(collected.stdout.splitlines())}
        return left

    return missing


def _names(ids: Iterable[str]) -> Iterator[str]:
    for id in map(str.strip, ids):
        yield from (id, id.partition("[")[0], id.partition("::")[0])
