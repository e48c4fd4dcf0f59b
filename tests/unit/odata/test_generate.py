"""The functions that expressions become: what is in their source, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.odata.limits import Limits
from openprofile.odata.query import generate
from unit.odata.library import NOW, Book, plan, row

WIDE = Limits(depth=500, calls=500)


def kept(expression: str, *books: Book) -> list[int]:
    """The places of the books that a filter keeps."""
    rows = [row(book, place) for place, book in enumerate(books)]
    page = plan(WIDE, filter=expression).page(rows, page_size=99, now=NOW)
    return [each.created for each in page.rows]


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@given(st.text(max_size=20), st.text(max_size=20))
def test_expressions_that_differ_in_their_constants_keep_to_their_own(one: str, other: str) -> None:
    books = Book(title=one), Book(title=other)
    for text in (one, other):
        expected = [place for place, book in enumerate(books) if book.title == text]
        assert kept(f"title eq {literal(text)}", *books) == expected


@given(st.text(max_size=20))
def test_what_was_sent_is_not_in_the_source(text: str) -> None:
    expression = "contains(title,{0}) and pages in (1,{1}) or tags/any(t:t gt {0})"
    kept(expression.format("'a'", 2))
    before = generate._compiled.cache_info().misses
    kept(expression.format(literal(text), len(text)))
    assert generate._compiled.cache_info().misses == before


@pytest.mark.parametrize("depth", [1, 14, 15, 16, 17, 40])
def test_expressions_may_nest_deeper_than_python_indents(depth: int) -> None:
    text = "'x'"
    for _ in range(depth):
        text = f"concat(title,{text})"
    assert kept(f"length({text}) eq {depth + 1}", Book(title="a"), Book(title="")) == [0]
    each = text.replace("'x'", "t")
    books = Book(title="a", tags=["b", "c"]), Book(title="a", tags=["b"]), Book(tags=["c"])
    assert kept(f"tags/any(t:{each} eq '{'a' * depth}c')", *books) == [0]
