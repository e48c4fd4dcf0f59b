"""The pages are what the code says, each is on the site, and their links lead somewhere."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from docs import cli_page, errors_page
from docs.examples import ROOT, pages
from openprofile import configuration, errors
from openprofile.cli import main

DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)\s]*)?\)")


@pytest.mark.parametrize(("name", "page"), [("cli", cli_page), ("errors", errors_page)])
def test_a_page_is_what_the_code_says(name: str, page: Any) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert text == page.markdown(), "run scripts/docs"


def test_every_command_and_option_is_on_the_page() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")

    def walk(command: click.Command, name: str) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None and not found.hidden:
                    walk(found, f"{name} {inner}")
            return
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[0] in section, (name, option.opts)

    walk(main, "openprofile")


def test_no_variable_of_a_command_is_taken_for_a_setting() -> None:
    variables = re.findall(r"\| `(OPENPROFILE_\w+)` \|", (DOCS / "cli.md").read_text("utf-8"))
    assert len(variables) > 10
    for variable in variables:
        configuration.load({variable: "1"}, None)


def test_every_error_is_on_the_page_and_in_the_tree() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    for fault in errors_page.faults():
        assert f"| {fault.status} | `{fault.code}` |" in text
        assert re.search(rf"── {fault.__name__} +{fault.status} ", errors.__doc__ or "")


def named(entry: Any) -> Iterator[str]:
    """The pages of an entry of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for inner in entry.values() if isinstance(entry, dict) else entry:
            yield from named(inner)


def test_every_page_is_on_the_site_once() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    found = list(named(site["project"]["nav"]))
    assert sorted(found) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_something_that_is_there(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / link).resolve()
        assert target.exists(), link
        if page.is_relative_to(DOCS):
            assert target.is_relative_to(DOCS), f"{link} is not on the site"


def test_pictures_are_small() -> None:
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size < 150_000, picture.name
