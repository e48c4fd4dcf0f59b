"""The README from a bare clone on, and the pages with examples for real clients."""

from pathlib import Path

import pytest

from docs.examples import README, ROOT, Reader, needs_clients, pages


@pytest.mark.parametrize(
    "page",
    [page for page in pages() if needs_clients(page.read_text(encoding="utf-8"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_examples_of_a_page_work(page: Path, tmp_path: Path) -> None:
    with Reader(tmp_path / "reader", clients=True) as reader:
        assert reader.follow(page.read_text(encoding="utf-8"))


def test_the_readme_works_in_a_fresh_clone(tmp_path: Path) -> None:
    """Here, because it installs all that the README does, from a bare clone on."""
    with Reader(tmp_path / "reader", bare=True) as reader:
        assert reader.follow(README.read_text(encoding="utf-8"))
