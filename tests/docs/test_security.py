"""What the pages say is shown by a test is shown by one that there is."""

import re
from pathlib import Path

import pytest

from openprofile.model.enums import AllowedAudiences

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(?:Test\w+::)?(\w+))?[^`]*`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    for file, name in NAMED.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / file).is_file(), file
        if name:
            tests = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^ *((async )?def|class) {name}\b", tests, re.MULTILINE), name


def test_every_item_of_the_owasp_list_names_a_test() -> None:
    _, *items = re.split(r"^### ", (ROOT / "SECURITY.md").read_text("utf-8"), flags=re.MULTILINE)
    assert [item.split()[0] for item in items] == [f"API{number}" for number in range(1, 11)]
    for item in items:
        assert NAMED.search(item), item.splitlines()[0]


def test_every_audience_is_explained() -> None:
    page = (ROOT / "docs" / "audiences.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert table == [*AllowedAudiences.members][:-1]
