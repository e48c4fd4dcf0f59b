"""The permissions reference is what the code says."""

from pathlib import Path

from openprofile import permissions

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions.markdown(), "run scripts/docs"
