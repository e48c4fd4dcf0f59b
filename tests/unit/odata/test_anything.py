"""Whatever an expression is, it has a value or is refused: 400 or 501, and nothing else."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from unit.odata.library import DUNE, EMPTY, NOW, plan, row, status

ITEMS = [row(DUNE), row(EMPTY, 1)]


def answered(**options: str) -> int:
    """What all that a plan does would be answered with."""

    def carry_out() -> None:
        made = plan(**options)
        page = made.page(ITEMS, page_size=1, now=NOW)
        for each in page.rows:
            made.shown(each.text, made.frame(NOW))
        if page.next is not None:
            made.page(ITEMS, page_size=1, now=NOW, cursor=page.next)

    return status(carry_out)


def texts(*choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


def filled(*parts: Any) -> st.SearchStrategy[str]:
    """Texts and strategies of texts, one after another."""
    return st.tuples(*(st.just(each) if isinstance(each, str) else each for each in parts)).map(
        "".join
    )


ORDER = texts(" eq ", " ne ", " gt ", " ge ", " lt ", " le ")
ARITHMETIC = texts(" add ", " sub ", " mul ", " div ", " divby ", " mod ")
numbers = st.deferred(
    lambda: st.one_of(
        texts(
            "null", "0", "-1", "2147483648", "9223372036854775807", "-9223372036854775808", "0.0",
            "0.1", "99999999999999999999.5", "1e308", "5e-324", "INF", "-INF", "NaN", "pages",
            "price", "publisher/founded", "tags/$count", "cast('1e9999',Edm.Decimal)",
            "cast('-1e-9999',Edm.Decimal)",
        ),
        filled("(", numbers, ARITHMETIC, numbers, ")"),
        filled("-(", numbers, ")"),
        filled(texts("round(", "floor(", "ceiling("), numbers, ")"),
        filled(texts("length(", "indexof('b',"), strings, ")"),
        filled("cast(", numbers, texts(",Edm.Byte)", ",Edm.Int64)", ",Edm.Decimal)")),
        filled(texts("year(", "day(", "totaloffsetminutes(", "fractionalseconds("), instants, ")"),
        filled("totalseconds(", durations, ")"),
        filled("case(", conditions, ":", numbers, ",true:", numbers, ")"),
    )
)  # fmt: skip
strings = st.deferred(
    lambda: st.one_of(
        texts("null", "''", "'a'", "'é'", "title", "shelf", "publisher/seat/name"),
        filled("concat(", strings, ",", strings, ")"),
        filled("substring(", strings, ",", numbers, ")"),
        filled("substring(", strings, ",", numbers, ",", numbers, ")"),
        filled(texts("tolower(", "toupper(", "trim("), strings, ")"),
        filled("cast(", st.one_of(numbers, instants, durations, conditions), ",Edm.String)"),
    )
)
instants = st.deferred(
    lambda: st.one_of(
        texts("null", "added", "now()", "mindatetime()", "maxdatetime()", "-99999-01-01T00:00Z",
              "2020-02-29T23:59:59.999999999999-23:59"),
        filled("(", instants, texts(" add ", " sub "), durations, ")"),
        filled("cast(", strings, ",Edm.DateTimeOffset)"),
    )
)  # fmt: skip
durations = st.deferred(
    lambda: st.one_of(
        texts("null", "listening", "duration'PT0S'", "duration'-P999999999999D'"),
        filled("(", instants, " sub ", instants, ")"),
        filled("(", durations, texts(" mul ", " div ", " divby "), numbers, ")"),
        filled("(", durations, texts(" add ", " sub "), durations, ")"),
    )
)
conditions = st.deferred(
    lambda: st.one_of(
        texts("null", "true", "inPrint", "media has 'paper'", "genre in ('fiction',null)",
              "publisher eq {}", "chapters eq []", "$it ne null"),
        filled(numbers, ORDER, numbers),
        filled(strings, ORDER, strings),
        filled(instants, ORDER, instants),
        filled(durations, ORDER, durations),
        filled("(", conditions, texts(" and ", " or ", " eq "), conditions, ")"),
        filled("not (", conditions, ")"),
        filled(texts("contains(", "matchespattern("), strings, ",", strings, ")"),
        filled(texts("tags/any(x:x", "tags/all(x:x"), ORDER, strings, ")"),
        filled("marks/any(x:x", ORDER, numbers, ")"),
        filled("hassubset(marks,[", numbers, "])"),
        filled("tags/$count($filter=$this", ORDER, strings, ") gt 0"),
    )
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(condition=conditions, key=st.one_of(numbers, strings, instants, durations))
def test_what_fits_the_model_is_computed_or_told(condition: str, key: str) -> None:
    assert answered(filter=condition, orderby=f"{key} desc,{condition}") in (200, 400)
    assert answered(compute=f"{key} as a,{condition} as b", select="a,b") in (200, 400)


TERMS = texts(
    "title", "tags", "chapters", "publisher", "x", "eq", "and", "in", "has", "not", "mul", "cast",
    "isof", "case", "any", "all", "contains", "now", "geo.length", "Edm.Int32", "book", "asc", "as",
    "(", ")", "[", "]", "{", "}", ",", ":", ";", "/", "=", "-", "'", '"', "'a'", '"a"', "1", "1.5",
    "2020-01-01", "12:00", "$it", "$this", "$count", "$filter", "$search", "@a", "@b.c", "x:", "\t",
    " ", "é", "\x00", "*", "$top", "OR", "NOT",
)  # fmt: skip
OPTION = texts("filter", "orderby", "compute", "search", "select", "expand")


@settings(max_examples=300, deadline=None)
@given(terms=st.lists(TERMS, max_size=12), between=texts("", " "), option=OPTION)
def test_what_is_no_expression_is_told(terms: list[str], between: str, option: str) -> None:
    text = between.join(terms)
    assert answered(**{option: text}) in (200, 400, 501)
    assert answered(filter="@a", _a=text) in (200, 400, 501)
