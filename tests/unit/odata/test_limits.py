"""Each limit of the query language has its refusal, and no text gets past all of them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest
from openprofile.odata.limits import DEFAULT, Limits
from openprofile.odata.query.compile import prepare
from openprofile.odata.query.options import options
from unit.odata.library import DUNE, NOW, Book, plan, row, status

BEYOND: dict[str, tuple[dict[str, int], dict[str, str], str]] = {
    "option_bytes": ({}, {"filter": "a" * 8193}, "has 8193 bytes; at most 8192"),
    "tokens": ({}, {"filter": f"pages in ({'1,' * 1000}1)"}, "too many terms; at most 2000"),
    "depth": ({}, {"filter": "(" * 33 + "inPrint" + ")" * 33}, "levels of nesting; at most 32"),
    "lambdas": (
        {},
        {"filter": "chapters/any(a:chapters/any(b:chapters/any(c:true)))"},
        "any, all or $count inside each other; at most 2",
    ),
    "calls": ({}, {"orderby": "trim(" * 9 + "title" + ")" * 9}, "function calls inside each other"),
    "list_items": ({}, {"filter": f"pages in ({','.join(['1'] * 201)})"}, "members in a list; at"),
    "orderby": ({}, {"orderby": ",".join(["pages"] * 9)}, "sort keys; at most 8"),
    "select": ({}, {"select": ",".join(["title"] * 201)}, "items; at most 200"),
    "expand": ({}, {"expand": ",".join(["writer"] * 21)}, "items; at most 20"),
    "expand_depth": (
        {},
        {"expand": "similar($expand=" * 3 + "similar($expand=similar)" + ")" * 3},
        "levels of nested options; at most 3",
    ),
    "levels": ({}, {"expand": "similar($levels=21)"}, "at most 20"),
    "search_terms": ({}, {"search": "a " * 33}, "terms; at most 32"),
    "number_text": (
        {},
        {"filter": f"pages eq {'1' * 65}"},
        "characters in one literal; at most 64",
    ),
    "pattern": ({}, {"filter": f"matchesPattern('a','{'a' * 257}')"}, "at most 256 are allowed"),
    "skip": ({}, {"skip": "100001"}, "expected at most 100000"),
    "work": ({"work": 100}, {"filter": "pages eq 1"}, "takes too much work"),
}
HARMLESS = {
    "page": "a larger page is cut into several",
    "sort_text": "a longer text is ordered by its beginning",
    "cached_query": "a longer query is parsed each time",
}


def answer(limits: Limits, given: dict[str, str]) -> Any:
    rows = [row(DUNE, index) for index in range(50)]
    return plan(limits, **given).page(rows, page_size=5, now=NOW)


def test_every_limit_has_its_case() -> None:
    assert {*BEYOND, *HARMLESS} == set(Limits.__struct_fields__)


@pytest.mark.parametrize("limit", sorted(BEYOND))
def test_going_beyond_a_limit_is_refused(limit: str) -> None:
    changed, given, told = BEYOND[limit]
    with pytest.raises(BadRequest) as refusal:
        answer(msgspec.structs.replace(DEFAULT, **changed), given)
    assert told in refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 4000, "not " * 2000, "-" * 8000, "[" * 4000, '{"a":' * 1500, "a/" * 4000, "f(" * 4000,
        "1 add " * 1000 + "1", "a/any(b:" * 900, "case(" * 1500, "cast(" * 1500, "a/$filter(" * 800,
        "a eq " * 1600 + "a", "a/$count($filter=" * 480, "'" * 8001, '"' * 8001, "\\" * 8000,
        "((((1 add 1) add 1) add 1) add 1)" * 200, "a in (" * 1300, "@a" * 4000,
        "(" * 31 + "1" + " add 1)" * 31, "not (" * 31 + "true" + ")" * 31,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_deep_or_long_text_never_overflows(text: str) -> None:
    for option in ("filter", "orderby", "search", "select", "expand", "compute"):
        given = {option: text}
        assert status(lambda given=given: answer(DEFAULT, given)) in (200, 400, 501)


def test_aliases_cannot_multiply_beyond_the_limits() -> None:
    given = {"filter": "@a0 and true"}
    given |= {f"_a{place}": f"@a{place + 1} and @a{place + 1}" for place in range(30)}
    with pytest.raises(BadRequest, match="at most"):
        answer(DEFAULT, given | {"_a30": "true"})


def test_a_text_cannot_be_doubled_without_end() -> None:
    big = Book(id="1", title="x" * 1_000_000)
    rows = [row(big, index) for index in range(20)]
    doubled = "title"
    for _ in range(6):
        doubled = f"concat({doubled},{doubled})"
    with pytest.raises(BadRequest, match="takes too much work"):
        plan(filter=f"length({doubled}) gt 1").page(rows, page_size=9, now=NOW)


def test_nested_any_over_large_collections_is_refused() -> None:
    big = Book(id="1", tags=["a"] * 3000)
    rows = [row(big, index) for index in range(10)]
    with pytest.raises(BadRequest, match="takes too much work"):
        plan(filter="tags/any(a:tags/any(b:a ne b))").page(rows, page_size=9, now=NOW)
    with pytest.raises(BadRequest, match="takes too much work"):
        plan(filter="hassubset(tags,tags)").page(rows, page_size=9, now=NOW)


def test_a_search_through_much_text_is_refused() -> None:
    rows = [row(Book(id=str(index), title="é" * 1_000_000), index) for index in range(40)]
    with pytest.raises(BadRequest, match="takes too much work"):
        plan(search="a").page(rows, page_size=9, now=NOW)


@given(
    st.text(max_size=200),
    st.sampled_from(["filter", "orderby", "search", "select", "expand", "compute"]),
)
def test_no_text_is_answered_with_anything_but_a_fault(text: str, option: str) -> None:
    given = {option: text.encode("utf-8", "replace").decode()}
    assert status(lambda: answer(DEFAULT, given)) in (200, 400, 501)


PIECES = st.sampled_from(
    [
        "title", "pages", "tags", "chapters", "writer", "publisher", "genre", "added", " eq ",
        " and ", " in ", " has ", " add ", " div ", "'a'", "0", "1.5", "null", "(", ")", ",",
        "/", "any(", "all(x:", "x", "$it", "$count", "not ", "-", "@a", "[", "]", "length(",
        "concat(", "cast(", "Edm.String", "2020-01-01", " desc", ";", "$top=1", "$filter=", "*",
        "$ref", "case(", ":", "true", "NaN", "INF", "1e400", "duration'PT1S'", " as z",
        "'fiction'",
    ]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=14).map("".join),
    st.sampled_from(["filter", "orderby", "search", "select", "expand", "compute"]),
)
def test_no_mix_of_the_grammar_is_answered_with_anything_but_a_fault(
    text: str, option: str
) -> None:
    def show() -> None:
        made = plan(**{option: text}, _a="pages")
        page = made.page([row(DUNE), row(Book(id="2"), 1)], page_size=5, now=NOW)
        for each in page.rows:
            made.shown(each.text, made.frame(NOW))

    assert status(show) in (200, 400, 501)


@given(st.text(alphabet="$@%=&+filtertopskipcount;'#0123456789aA", max_size=60))
def test_no_query_string_is_answered_with_anything_but_a_fault(query: str) -> None:
    assert status(lambda: options(query)) in (200, 400, 501)
    assert status(lambda: prepare(query, Book)) in (200, 400, 501)
