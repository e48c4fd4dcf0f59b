"""The page of limits is what the code says, and each limit has its test."""

import re

from docs.conftest import Missing
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


def test_every_limit_names_a_test_that_there_is(missing: Missing) -> None:
    assert missing(one.witness for one in limits()) == set()
