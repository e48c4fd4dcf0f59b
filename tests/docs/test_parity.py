"""The parity map is what the code says, and each of its claims has a test."""

import subprocess
import sys
from pathlib import Path

from openprofile import parity
from openprofile.model.directory import BETA
from openprofile.odata.operations import operations

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "parity.md").read_text(encoding="utf-8")
    assert page == parity.markdown(), "run scripts/docs"


def test_every_claim_names_a_test_that_there_is() -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/api"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    ).stdout.splitlines()  # fmt: skip
    tests = {line.strip() for line in collected}
    tests |= {line.partition("[")[0] for line in tests} | {
        line.partition("::")[0] for line in tests
    }
    claimed = {row.witness for row in parity.rows()}
    claimed |= {choice.witness for choice in parity.CHOICES}
    claimed.add("tests/api/test_csdl_parity.py")  # what the page names for the differences
    assert claimed - tests == set()


def test_every_operation_is_on_the_map() -> None:
    mapped = {row.operation for row in parity.rows()}
    for operation in operations(BETA):
        assert f"{operation.method} {parity.address(operation.path)}" in mapped
