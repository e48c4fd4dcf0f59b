"""The parity map is what the code says, and each of its claims has a test."""

from pathlib import Path

from docs.conftest import Missing
from openprofile import parity
from openprofile.model.directory import BETA
from openprofile.odata.operations import operations

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "parity.md").read_text(encoding="utf-8")
    assert page == parity.markdown(), "run scripts/docs"


def test_every_claim_names_a_test_that_there_is(missing: Missing) -> None:
    claimed = {row.witness for row in parity.rows()}
    claimed |= {choice.witness for choice in parity.CHOICES}
    claimed.add("tests/api/test_csdl_parity.py")  # what the page names for the differences
    assert missing(claimed) == set()


def test_every_operation_is_on_the_map() -> None:
    mapped = {row.operation for row in parity.rows()}
    for operation in operations(BETA):
        assert f"{operation.method} {parity.address(operation.path)}" in mapped
