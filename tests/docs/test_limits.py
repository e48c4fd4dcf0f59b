"""The page of limits is what the code says, and each limit has its test."""

import re
import subprocess
import sys

from docs.limits_page import BEYOND, ROOT, SOURCE, limits, markdown
from openprofile.settings import Limits


def test_the_page_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    assert page == markdown(), "run scripts/docs"


def test_every_limit_is_on_the_page() -> None:
    assert set(BEYOND["settings.Limits"]) == set(Limits.__struct_fields__)
    named = re.compile(r"^((?:LONGEST|LARGEST|MOST)\w*) = ", re.MULTILINE)
    for path in SOURCE.rglob("*.py"):
        place = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found = set(named.findall(path.read_text("utf-8")))
        assert found == set(BEYOND.get(place, ())), place


def test_every_limit_names_a_test_that_there_is() -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q",
         *{one.witness.partition("::")[0] for one in limits()}],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    ).stdout.splitlines()  # fmt: skip
    tests = {line.strip() for line in collected}
    tests |= {line.partition("[")[0] for line in tests}
    assert {one.witness for one in limits()} - tests == set()
