"""
``$filter`` against an oracle: a second reading of the same rules, as plain as can be.

The oracle walks a generated tree over plain dicts, and knows no parser, binder or compiler.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from unit.odata.library import NOW, Book, Chapter, Genre, Publisher, plan, row

# ----- trees: ("kind", …), each with the text that says the same

Tree = tuple[Any, ...]
TEXTS = st.sampled_from(["", "a", "A", "ab", "b'", "é", "aXb", "b"])
NUMBERS = st.integers(-3, 3)


def _leaf(kind: str, *held: Any) -> st.SearchStrategy[Tree]:
    return st.just((kind, *held))


strings = st.recursive(
    st.one_of(
        _leaf("member", "title"), _leaf("member", "publisher", "name"), _leaf("null"),
        TEXTS.map(lambda text: ("text", text)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.just("call"), st.just("concat"), inner, inner),
        st.tuples(st.just("call"), st.sampled_from(["tolower", "toupper", "trim"]), inner),
    ),
    max_leaves=4,
)  # fmt: skip
numbers = st.recursive(
    st.one_of(
        _leaf("member", "pages"), _leaf("member", "publisher", "founded"), _leaf("null"),
        _leaf("size", "tags"), _leaf("size", "chapters"), NUMBERS.map(lambda n: ("number", n)),
        st.tuples(st.just("call"), st.just("length"), strings),
        st.tuples(st.just("call"), st.just("indexof"), strings, strings),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["add", "sub", "mul"]), inner, inner),
        st.tuples(st.just("minus"), inner),
        st.tuples(st.sampled_from(["div", "mod"]), inner, st.sampled_from([-2, 2]).map(
            lambda n: ("number", n)
        )),
    ),
    max_leaves=4,
)  # fmt: skip
COMPARISONS = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
conditions = st.recursive(
    st.one_of(
        st.tuples(COMPARISONS, strings, strings),
        st.tuples(COMPARISONS, numbers, numbers),
        st.tuples(COMPARISONS, _leaf("member", "genre"), st.sampled_from(["fiction", "poetry"]).map(
            lambda name: ("genre", name)
        )),
        st.tuples(st.just("in"), strings, st.lists(st.none() | TEXTS, max_size=3)),
        st.tuples(st.just("call"), st.sampled_from(["contains", "startswith", "endswith"]), strings,
                  strings),
        st.sampled_from([("member", "inPrint"), ("true",), ("false",), ("null",)]),
        st.tuples(st.just("filled"), st.sampled_from(["tags", "chapters"])),
        st.tuples(st.sampled_from(["any", "all"]), st.just("tags"), COMPARISONS, strings),
        st.tuples(st.sampled_from(["any", "all"]), st.just("chapters"), COMPARISONS, numbers),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("not"), inner),
        st.tuples(COMPARISONS, inner, inner),
    ),
    max_leaves=6,
)  # fmt: skip


def written(tree: Tree) -> str:  # noqa: C901, PLR0912 - a case for each kind of tree
    match tree:
        case ("member", *path):
            return "/".join(path)
        case ("text", text):
            return "'" + text.replace("'", "''") + "'"
        case ("genre", name):
            return f"'{name}'"
        case ("number", number):
            return str(number)
        case ("size", name):
            return f"{name}/$count"
        case ("filled", name):
            return f"{name}/any()"
        case ("call", name, *arguments):
            return f"{name}({','.join(written(each) for each in arguments)})"
        case ("minus", inner):
            return f"-({written(inner)})"
        case ("not", inner):
            return f"not ({written(inner)})"
        case ("in", left, members):
            listed = ",".join(written(("null",) if m is None else ("text", m)) for m in members)
            return f"({written(left)}) in ({listed})"
        case (("any" | "all") as quantifier, "tags", operator, right):
            return f"tags/{quantifier}(x:x {operator} ({written(right)}))"
        case (("any" | "all") as quantifier, "chapters", operator, right):
            return f"chapters/{quantifier}(x:x/pages {operator} ({written(right)}))"
        case (operator, left, right):
            return f"({written(left)}) {operator} ({written(right)})"
        case (constant,):
            return str(constant)
    raise AssertionError(tree)


# ----- the oracle

GENRES = ["fiction", "poetry", "science"]


def judge(tree: Tree, item: dict[str, Any]) -> Any:  # noqa: C901, PLR0912 - likewise
    match tree:
        case ("member", "genre"):
            return None if item["genre"] is None else GENRES.index(item["genre"])
        case ("member", *path):
            value: Any = item
            for name in path:
                value = None if value is None else value[name]
            return value
        case ("text" | "number", value):
            return value
        case ("genre", name):
            return GENRES.index(name)
        case ("size", name):
            return len(item[name])
        case ("filled", name):
            return len(item[name]) > 0
        case ("true",):
            return True
        case ("false",):
            return False
        case ("null",):
            return None
        case ("not", inner):
            value = judge(inner, item)
            return None if value is None else not value
        case ("and", left, right):
            both = [judge(left, item), judge(right, item)]
            return False if False in both else None if None in both else True
        case ("or", left, right):
            both = [judge(left, item), judge(right, item)]
            return True if True in both else None if None in both else False
        case ("in", left, members):
            return judge(left, item) in members
        case ("any", name, operator, right):
            return any(_members(name, operator, right, item))
        case ("all", name, operator, right):
            return all(_members(name, operator, right, item))
        case ("eq" | "ne" | "gt" | "ge" | "lt" | "le", left, right):
            return compare(tree[0], judge(left, item), judge(right, item))
        case ("minus", inner):
            value = judge(inner, item)
            return None if value is None else -value
        case ("call", name, *arguments):
            return call(name, [judge(each, item) for each in arguments])
        case (operator, left, right):
            return call(operator, [judge(left, item), judge(right, item)])
    raise AssertionError(tree)


def _members(name: str, operator: str, right: Tree, item: dict[str, Any]) -> list[bool]:
    held = [each if name == "tags" else each["pages"] for each in item[name]]
    return [compare(operator, each, judge(right, item)) for each in held]


def compare(operator: str, left: Any, right: Any) -> bool:
    equal = (left is None) == (right is None) and left == right
    if operator == "eq":
        return equal
    if operator == "ne":
        return not equal
    if left is None or right is None:
        return equal and operator in ("ge", "le")
    if operator in ("ge", "le") and equal:
        return True
    return bool(left > right if operator in ("gt", "ge") else left < right)


def call(name: str, given: list[Any]) -> Any:
    if None in given:
        return None
    return FUNCTIONS[name](*given)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": lambda one, other: int(one / other),
    "mod": lambda one, other: one - other * int(one / other),
    "concat": lambda one, other: one + other,
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "length": len,
    "indexof": str.find,
    "contains": lambda whole, part: part in whole,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


# ----- both over the same items

items = st.fixed_dictionaries(
    {
        "title": st.none() | TEXTS,
        "pages": st.none() | NUMBERS,
        "inPrint": st.none() | st.booleans(),
        "genre": st.none() | st.sampled_from(GENRES),
        "tags": st.lists(TEXTS, max_size=2),
        "publisher": st.none()
        | st.fixed_dictionaries({"name": st.none() | TEXTS, "founded": st.none() | NUMBERS}),
        "chapters": st.lists(st.fixed_dictionaries({"pages": st.none() | NUMBERS}), max_size=2),
    }
)


def book(item: dict[str, Any]) -> Book:
    publisher, genre = item["publisher"], item["genre"]
    return Book(
        id="1",
        title=item["title"],
        pages=item["pages"],
        in_print=item["inPrint"],
        genre=None if genre is None else Genre(genre),
        tags=item["tags"],
        publisher=None if publisher is None else Publisher(**publisher),
        chapters=[Chapter(**each) for each in item["chapters"]],
    )


@settings(max_examples=400)
@given(tree=conditions, held=st.lists(items, min_size=1, max_size=4))
def test_a_filter_keeps_what_the_oracle_keeps(tree: Tree, held: list[dict[str, Any]]) -> None:
    rows = [row(book(item), place) for place, item in enumerate(held)]
    page = plan(filter=written(tree)).page(rows, page_size=99, now=NOW)
    kept = [each.created for each in page.rows]
    assert kept == [place for place, item in enumerate(held) if judge(tree, item) is True]


@given(key=st.one_of(numbers, strings, conditions), held=st.lists(items, max_size=6))
def test_an_order_is_the_oracles(key: Tree, held: list[dict[str, Any]]) -> None:
    rows = [row(book(item), place) for place, item in enumerate(held)]
    values = {place: judge(key, item) for place, item in enumerate(held)}
    for direction in ("asc", "desc"):
        made = plan(orderby=f"{written(key)} {direction}")
        order = [each.created for each in made.page(rows, page_size=99, now=NOW).rows]
        absent = [place for place in values if values[place] is None]
        there = sorted(
            (place for place in values if values[place] is not None),
            key=lambda place: values[place],
            reverse=direction == "desc",
        )
        assert order == (absent + there if direction == "asc" else there + absent)
