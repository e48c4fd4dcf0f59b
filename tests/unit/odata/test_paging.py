from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest
from openprofile.model.primitives import DateTimeOffset
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.cursor import Cursor, seal, unseal
from openprofile.odata.query.plan import Plan
from unit.odata.library import DUNE, NOW, Book, Day, Genre, Publisher, Row, found, plan, row

KEY = b"0" * 32


def walk(made: Plan, rows: list[Row], size: int) -> list[str]:
    """The ids on all pages, by way of the tokens that a client would carry."""
    ids: list[str] = []
    cursor = None
    for _ in range(len(rows) + 2):
        page = made.page(rows, page_size=size, now=NOW, cursor=cursor)
        assert len(page.rows) <= size
        ids += [each.id for each in page.rows]
        if page.next is None:
            return ids
        assert page.rows
        cursor = unseal(seal(page.next, KEY, "here"), KEY, "here")
    raise AssertionError("the pages have no end")


BOOKS = [
    Book(id="a", title="b", pages=2, price=1.5, in_print=True, genre=Genre("science")),
    Book(id="b", title=None, pages=None, price=99.0, in_print=None, genre=None),
    Book(id="c", title="B", pages=2, price=-1.0, in_print=False, genre=Genre("fiction")),
    Book(id="d", title="\U0001f600", pages=1, published=Day("1999-01-01"), genre=Genre("poetry")),
    Book(id="e", title="\uffff", added=DateTimeOffset("2020-01-01T01:00:00+02:00")),
    Book(id="f", title="é", added=DateTimeOffset("2020-01-01T00:00:00Z"), publisher=Publisher()),
]


@pytest.mark.parametrize(
    ("orderby", "ids"),
    [
        ("title", "bcafed"), ("title desc", "defacb"), ("pages", "befdac"),
        ("pages desc", "acdbef"),
        ("pages,title", "bfedca"), ("pages desc,title desc", "acdefb"),
        ("pages asc,price", "efbdca"),
        ("price", "defcab"), ("price desc", "bacdef"), ("inPrint", "bdefca"),
        ("inPrint desc", "acbdef"),
        ("genre", "befcda"), ("genre desc", "adcbef"), ("added", "abcdef"),
        ("added desc", "feabcd"),
        ("published desc", "dabcef"), ("tolower(title)", "bacfed"), ("length(title)", "bacdef"),
        ("pages mul -1", "befacd"), ("title eq 'b'", "bcdefa"),
        ("contains(title,'b') desc", "acdefb"),
        ("publisher/name", "abcdef"), ("tags/$count", "abcdef"), ("null", "abcdef"),
        ("price sub price", "defabc"), ("case(id eq 'a':NaN,id eq 'b':1)", "cdefab"),
        ("Pages DESC", "acdbef"), ("id desc", "fedcba"),
    ],
)  # fmt: skip
def test_items_come_in_the_order_that_is_asked_for(orderby: str, ids: str) -> None:
    assert found(BOOKS, orderby=orderby) == list(ids)
    rows = [row(book, index) for index, book in enumerate(BOOKS)]
    for size in (1, 2, 4):
        assert walk(plan(orderby=orderby), rows, size) == list(ids)


def test_top_and_skip_cut_after_the_count() -> None:
    rows = [row(book, index) for index, book in enumerate(BOOKS)]
    made = plan(top="2", skip="1", count="true", filter="pages ne 1")
    page = made.page(rows, page_size=9, now=NOW)
    assert ([each.id for each in page.rows], page.count, page.next) == (["b", "c"], 5, None)
    assert made.count(rows, now=NOW) == 5
    assert plan(top="0", count="true").page(rows, page_size=9, now=NOW).rows == []
    assert plan(skip="99").page(rows, page_size=9, now=NOW).rows == []
    assert plan().page(rows, page_size=9, now=NOW).count is None
    assert walk(plan(top="5", skip="1"), rows, 2) == list("bcdef")
    assert walk(plan(top="4"), rows, 4) == list("abcd")
    assert plan(top="4").page(rows, page_size=4, now=NOW).next is None


@pytest.mark.parametrize("size", [0, -1, -999, 1])
def test_a_page_is_never_unlimited(size: int) -> None:
    rows = [row(book, index) for index, book in enumerate(BOOKS)]
    assert len(plan().page(rows, page_size=size, now=NOW).rows) == 1


def test_nothing_is_decoded_that_nothing_asks_for() -> None:
    rows = [Row(str(index), index, "not json") for index in range(5)]
    for made in (plan(top="3"), plan(count="true", skip="2"), plan(select="title")):
        assert not made.evaluates
        assert made.page(rows, page_size=2, now=NOW).items is None
    assert walk(plan(), rows, 2) == list("01234")


changes = st.lists(
    st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 40), st.integers(0, 3)),
    max_size=6,
)


@given(
    pages=st.lists(st.integers(0, 3) | st.none(), max_size=12),
    between=st.lists(changes, max_size=12),
    size=st.integers(1, 4),
    orderby=st.sampled_from(["", "pages", "pages desc", "pages,id desc", "pages mod 2 desc"]),
)
def test_pages_neither_repeat_nor_skip_what_stays(
    pages: list[int | None], between: list[Any], size: int, orderby: str
) -> None:
    made = plan(**({"orderby": orderby} if orderby else {}))
    rows = {
        f"{index:03}": row(Book(id=f"{index:03}", pages=each), index)
        for index, each in enumerate(pages)
    }
    stay = set(rows)
    seen: list[str] = []
    cursor, created = None, len(rows)
    for step in range(200):
        page = made.page(list(rows.values()), page_size=size, now=NOW, cursor=cursor)
        seen += [each.id for each in page.rows]
        cursor = page.next
        if cursor is None:
            break
        for what, place, held in between[step] if step < len(between) else []:
            if what == "insert":
                rows[f"{created:03}"] = row(Book(id=f"{created:03}", pages=held), created)
                created += 1
            elif rows:
                gone = list(rows)[place % len(rows)]
                del rows[gone]
                stay.discard(gone)
    assert len(seen) == len(set(seen))
    assert stay <= set(seen)


def test_a_long_text_is_ordered_by_its_beginning_and_keeps_the_token_short() -> None:
    books = [Book(id=str(place), title="x" * 100_000 + end) for place, end in enumerate("cab")]
    rows = [row(book, index) for index, book in enumerate(books)]
    made = plan(orderby="title desc")
    assert walk(made, rows, 1) == ["0", "1", "2"]
    token = made.page(rows, page_size=1, now=NOW).next
    assert token is not None
    assert len(seal(token, KEY, "")) < 1000


def test_a_token_opens_only_unchanged_and_where_it_belongs() -> None:
    cursor = Cursor("f", ("sé", None, "i5", "f1.5", "d2.50", "b1", "x00ff"), 7, "id", 3)
    text = seal(cursor, KEY, "tenant|owner|facet")
    assert unseal(text, KEY, "tenant|owner|facet") == cursor
    assert quote(text) == text
    for place in range(len(text) - 1):
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(BadRequest, match="skiptoken"):
            unseal(text[:place] + other + text[place + 1 :], KEY, "tenant|owner|facet")
    for wrong in ("", "x", "é", "====", "a" * 10_000, text[:-4], text + "AAAA", "\x00"):
        with pytest.raises(BadRequest, match="skiptoken"):
            unseal(wrong, KEY, "tenant|owner|facet")
    with pytest.raises(BadRequest, match="skiptoken"):
        unseal(text, KEY, "tenant|other|facet")
    with pytest.raises(BadRequest, match="skiptoken"):
        unseal(text, b"1" * 32, "tenant|owner|facet")


def test_a_token_of_other_options_is_refused() -> None:
    rows = [row(book, index) for index, book in enumerate(BOOKS)]
    cursor = plan(orderby="title").page(rows, page_size=1, now=NOW).next
    assert cursor is not None
    for options in ({}, {"orderby": "title desc"}, {"orderby": "title", "filter": "pages eq 1"}):
        with pytest.raises(BadRequest, match="skiptoken"):
            plan(**options).page(rows, page_size=1, now=NOW, cursor=cursor)
    again = plan(orderby="title", count="true", select="id")
    assert again.page(rows, page_size=1, now=NOW, cursor=cursor).rows[0].id == "c"


def test_a_query_is_understood_once() -> None:
    assert prepare("$filter=pages%20eq%201", Book) is prepare("$filter=pages%20eq%201", Book)
    one, other = (prepare(f"$orderby=title&$skiptoken={token}", Book) for token in "ab")
    assert one.options.skiptoken == "a"
    assert one.plan is other.plan
    long = "$filter=" + "%20or%20".join(["pages%20eq%201"] * 100)
    assert prepare(long, Book) is not prepare(long, Book)


@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        ({"filter": "contains(title,'u')"}, {"title"}),
        ({"filter": "tags/any(t:t ne $it/shelf)", "orderby": "pages"}, {"tags", "shelf", "pages"}),
        ({"filter": "publisher/seat/name eq 'Rome'"}, {"publisher"}),
        ({"filter": "true"}, set()),
    ],
)
def test_only_what_the_expressions_look_at_is_typed(
    options: dict[str, str], attributes: set[str]
) -> None:
    (item,) = plan(**options).typed([row(DUNE)])
    assert set(item.__struct_fields__) == attributes
    assert all(getattr(item, name) == getattr(DUNE, name) for name in attributes)


@pytest.mark.parametrize(
    "options",
    [
        {"search": "dune"},
        {"filter": "$it eq $it"},
        {"filter": "isof(graph.book)"},
        {"filter": "pages gt 1", "compute": "pages mul 2 as twice"},
    ],
)
def test_an_item_is_typed_whole_where_all_of_it_is_looked_at(options: dict[str, str]) -> None:
    assert plan(**options).typed([row(DUNE)]) == [DUNE]
