"""Documents: the same values from JSON and YAML, and the line of every place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile import document
from openprofile.document import BadDocument

YAML = """\
# people
people:
  - userPrincipalName: lea@harbour.example
    displayName: Lea "the Lion" Brandt
    profile:
      interests:
        - displayName: Chess
          categories: [Games,
                       Boards]
        - {displayName: Go}
groups: []
"""
JSON = """\
{
\t"people": [
\t\t{"userPrincipalName": "lea@harbour.example", "displayName": "Lea \\"the Lion\\" Brandt",
\t\t "profile": {
\t\t   "interests": [
\t\t     {"displayName": "Chess", "categories": ["Games",
\t\t       "Boards"]},
\t\t     {"displayName": "Go"}
\t\t]}}
\t],
\t"groups": []
}
"""
VALUE = {
    "people": [
        {
            "userPrincipalName": "lea@harbour.example",
            "displayName": 'Lea "the Lion" Brandt',
            "profile": {
                "interests": [
                    {"displayName": "Chess", "categories": ["Games", "Boards"]},
                    {"displayName": "Go"},
                ]
            },
        }
    ],
    "groups": [],
}
INTERESTS = ("people", 0, "profile", "interests")


@pytest.mark.parametrize(
    ("text", "yaml", "lines"),
    [(YAML, True, [3, 7, 9, 10, 11, 10]), (JSON, False, [3, 6, 7, 8, 11, 8])],
)
def test_a_value_is_found_again_in_its_text(text: str, yaml: bool, lines: list[int]) -> None:
    found = document.read(text.encode(), yaml=yaml)
    assert found.value == VALUE
    places: list[tuple[str | int, ...]] = [
        ("people", 0, "userPrincipalName"),
        (*INTERESTS, 0),
        (*INTERESTS, 0, "categories", 1),
        (*INTERESTS, 1, "displayName"),
        ("groups",),
        (*INTERESTS, 1, "nothing", "here"),
    ]
    assert [found.line(place) for place in places] == lines


TEXTS = st.text(st.characters(codec="utf-8"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS,
        lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    ),
    st.sampled_from([None, 1, "\t"]),
)
def test_json_is_read_as_python_reads_it_and_every_place_is_found(
    value: Any, indent: int | str | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    found = document.read(text.encode(), yaml=False)
    assert found.value == value
    for place, inner in places(value):
        start = "".join(text.splitlines(keepends=True)[found.line(place) - 1 :])
        assert json.dumps(inner, ensure_ascii=False)[:1] in start


def places(value: Any, place: tuple[Any, ...] = ()) -> Any:
    yield place, value
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, one in inner:
        yield from places(one, (*place, step))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": "yes"}),
        ("a: on\nb: 2026-01-01\nc: 12:30:00", {"a": "on", "b": "2026-01-01", "c": "12:30:00"}),
        ("a: true\nb: ~\nc:\nd: -7\ne: 1.5", {"a": True, "b": None, "c": None, "d": -7, "e": 1.5}),
        ("a: '7'\nb: !!str 7\nc: |\n  7\n", {"a": "7", "b": "7", "c": "7\n"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("", None),
        ('{"a": 1}', {"a": 1}),
    ],
)
def test_yaml_means_what_it_looks_like(text: str, value: Any) -> None:
    assert document.read(text.encode(), yaml=True).value == value


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "yaml", "line", "reason"),
    [
        (b"a: 1\nb: [", True, 2, "not YAML"),
        (b"a: 1\n\tb: 1", True, 2, "not YAML"),
        (b"a: 1\nb: 2\na: 3", True, 3, "'a' is there twice"),
        (b"a: 1\n? [x]\n: 1", True, 2, "must be a string"),
        (b"a: &a [*a]", True, 1, "nested too deeply"),
        (BOMB.encode(), True, 1, "more than 1000000 values"),
        (b"[" * 100_000, True, 1, "nested too deeply"),
        (b"a: 1\n---\nb: 2", True, 2, "not YAML"),
        (b"a: \x01", True, 1, "not YAML"),
        (b'{"a": 1,\n"b": }', False, 2, "not JSON"),
        (b"[" * 100_000, False, 1, "nested too deeply"),
        (b'{"a": NaN}', False, 1, "NaN is no JSON"),
        (b"a: 1\nb: \xff", True, 2, "not UTF-8"),
        (b'a: 1\nb: "\\ud800"', True, 2, "half a surrogate pair"),
        (b'{"a": 1,\n"b": "\\ud800"}', False, 2, "half a surrogate pair"),
        (b'{"a": 1,\n"\\ud800": 1}', False, 2, "half a surrogate pair"),
        (b" " * (16 * 1024 * 1024 + 1), True, 1, "more than 16777216 bytes"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(
    text: bytes, yaml: bool, line: int, reason: str
) -> None:
    with pytest.raises(BadDocument, match=reason) as refused:
        document.read(text, yaml=yaml)
    assert refused.value.line == line
