"""What an index can do for a filter, on a model that is not this service's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.odata.limits import Guard
from openprofile.odata.query.bind import Scope, predicate
from openprofile.odata.query.evaluate import Frame
from openprofile.odata.query.generate import evaluator
from openprofile.odata.query.meaning import Bound, Slot, Type
from openprofile.odata.query.operands import qualified
from openprofile.odata.query.search import comparable
from openprofile.odata.query.seek import (
    FIRST,
    LAST,
    Drive,
    Reach,
    drive,
    folded,
    merged,
    properties,
)
from unit.odata.library import Book

INDEXED = ("title", "shelf")


def bound(text: str) -> Bound:
    here = Slot(Type(qualified(Book), Book), 0)
    return predicate(text, "$filter", Scope(here, here, {}, {}, 1), Guard())


def point(value: str, name: str = "title") -> Reach:
    return Reach(name, value, value)


def prefix(value: str, name: str = "title") -> Reach:
    return Reach(name, value, value + LAST)


@pytest.mark.parametrize(
    ("text", "reaches", "exact"),
    [
        ("title eq 'a'", [point("a")], True),
        ("'a' eq title", [point("a")], True),
        ("title in ('b','a','a')", [point("a"), point("b")], True),
        ("title in ()", [], True),
        ("startswith(title,'a')", [prefix("a")], True),
        ("title ge 'a'", [Reach("title", "a", LAST)], False),
        ("'a' ge title", [Reach("title", "", "a")], False),
        ("title eq ''", [point("")], False),
        ("title eq 'a' and pages gt 1", [point("a")], False),
        ("pages gt 1 and startswith(title,'a') and shelf eq 'b'", [point("b", "shelf")], False),
        ("title eq 'b' or title eq 'a'", [point("a"), point("b")], True),
        ("startswith(title,'a') or title eq 'ab' or title eq 'b'", [prefix("a"), point("b")], True),
        ("title eq 'a' or shelf eq 'a'", [point("a"), point("a", "shelf")], False),
        ("(title eq 'a' and pages gt 1) or shelf eq 'a'", [point("a"), point("a", "shelf")], False),
    ],
)
def test_a_filter_is_driven_by_what_is_indexed(
    text: str, reaches: list[Reach], exact: bool
) -> None:
    found = drive(bound(text), INDEXED)
    assert found is not None
    assert found.reaches == tuple(reaches)
    assert found.exact is exact


@pytest.mark.parametrize(
    "text",
    [
        "title ne 'a'",
        "not (title eq 'a')",
        "contains(title,'a')",
        "endswith(title,'a')",
        "startswith('a',title)",
        "startswith(publisher/name,'a')",
        "title eq null",
        "title in ('a',null)",
        "title eq shelf",
        "tolower(title) eq 'a'",
        "tags/any(t:t eq 'a')",
        "tags/any(t:t eq title)",
        "pages eq 1",
        "title eq 'a' or pages eq 1",
        "code eq 01234567-89ab-cdef-0123-456789abcdef",
        "true",
    ],
)
def test_what_may_be_anywhere_is_not_driven(text: str) -> None:
    assert drive(bound(text), INDEXED) is None


def test_reaches_that_meet_are_one() -> None:
    assert merged([point("b"), prefix("a"), point("ab"), point("x", "shelf"), point("b")]) == (
        prefix("a"),
        point("b"),
        point("x", "shelf"),
    )


_TEXT = st.text("aAbÉ", max_size=3)
_TERM = st.one_of(
    st.builds("{} {} '{}'".format, st.sampled_from(["title", "shelf"]),
              st.sampled_from(["eq", "ne", "ge", "gt", "le", "lt"]), _TEXT),
    st.builds("startswith({},'{}')".format, st.sampled_from(["title", "shelf"]), _TEXT),
    st.builds("title in ('{}','{}')".format, _TEXT, _TEXT),
    st.sampled_from(["pages eq 1", "title eq null", "contains(title,'A')"]),
)  # fmt: skip
_FILTER = st.recursive(
    _TERM,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=6,
)


@given(_FILTER, st.one_of(st.none(), _TEXT), st.one_of(st.none(), _TEXT), st.integers(0, 2))
def test_what_a_filter_keeps_lies_within_its_reaches(
    text: str, title: str | None, shelf: str | None, pages: int
) -> None:
    node = folded(bound(text), comparable)
    found = drive(node, INDEXED)
    if found is None:
        return
    book = Book(
        title=None if title is None else comparable(title),
        shelf=None if shelf is None else comparable(shelf),
        pages=pages,
    )
    frame = Frame(Guard(), 0)
    frame.slots[0] = book
    keeps = evaluator(node)(frame) is True
    within = any(
        (value := getattr(book, reach.property)) is not None and reach.low <= value <= reach.high
        for reach in found.reaches
    )
    assert within or not keeps
    if found.exact:
        assert keeps is within


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("title eq 'ÉTÉ'", True),
        ("toupper(title) eq 'Été'", True),
        ("tolower(title) eq 'ETE'", True),
        ("contains(title,'TÉ')", True),
        ("tags/any(t:t eq 'Ö')", True),
        ("added lt 2020-01-01T00:00:00Z", False),
        ("title in ('été','x')", True),
        ("case(title eq 'ETE':'A',true:'B') eq 'a'", True),
    ],
)
def test_folded_values_compare_with_folded_values(text: str, kept: bool) -> None:
    frame = Frame(Guard(), 0)
    frame.slots[0] = Book(title=comparable("Été"), tags=[comparable("ö")])
    assert evaluator(folded(bound(text), comparable))(frame) is kept


def test_a_reference_that_leads_nowhere_is_empty() -> None:
    for text, reach in (
        ("writer eq null", Reach("writer", "", "")),
        ("null ne writer", Reach("writer", FIRST, LAST)),
    ):
        node = folded(bound(text), comparable)
        assert drive(node, ["writer"]) == Drive((reach,), exact=True)
        assert drive(node, INDEXED) is None
        assert properties(node) == {"writer"}


@pytest.mark.parametrize("text", ["matchesPattern(title,'^A')", "writer/name eq 'a'"])
def test_what_depends_on_case_or_leads_away_is_not_folded(text: str) -> None:
    with pytest.raises(ValueError, match=r"matchesPattern|writer"):
        folded(bound(text), comparable)


def test_an_expression_tells_what_it_looks_at() -> None:
    text = "title eq 'a' and (tags/any(t:t eq shelf) or not (publisher/seat/name eq null))"
    assert properties(bound(text)) == {"title", "tags", "shelf", "publisher", "seat", "name"}
