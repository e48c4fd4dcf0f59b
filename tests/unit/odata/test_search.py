import pytest

from openprofile.errors import BadRequest
from unit.odata.library import DUNE, Book, Chapter, found

BOOKS = [
    DUNE,
    Book(id="2", title="The Café of Lost Youth", tags=["Paris"], shelf="hidden"),
    Book(
        id="3", title="Blue-green algae", chapters=[Chapter(title="Deep", keywords=["STRASSE 9"])]
    ),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("dune", "1"), ("DUNE", "1"), ("cafe", "2"), ("CAFÉ", "2"), ("epopee", "1"), ("blue", "3"),
        ("green", "3"), ("blue-green", "3"), ("reen", ""), ("straße", "3"), ("str", "3"),
        ("lost youth", "2"), ('"lost youth"', "2"), ('"youth lost"', ""), ('"lost  you"', "2"),
        ("youth AND lost", "2"), ("dune OR paris", "12"), ("NOT dune", "23"), ("NOT NOT", "123"),
        ("NOT (dune OR paris)", "3"), ("(dune OR paris) lost", "2"), ("dune OR paris lost", "12"),
        ("dune AND", ""), ("and", ""), ("hidden", ""), ("'dune'", "1"), ("'\"lost you'", "2"),
        ("''", "123"), ("sand worms", "1"), ("chilton philadelphia", "1"), ("9", "3"),
        ("(dune)", "1"),
        ("((dune) OR (blue))", "13"), ("NOT dune NOT blue", "2"), ("#9", ""),
        ("NOT NOT dune", "1"), ("NOT NOT NOT dune", "23"), ("NOT (NOT dune)", "1"), ('"  "', "123"),
        ("AND OR", ""), ("dune's", ""),
    ],
)  # fmt: skip
def test_a_search_finds_words_whatever_their_case_and_accents(text: str, ids: str) -> None:
    assert found(BOOKS, search=text) == list(ids)


def test_a_search_and_a_filter_must_both_hold() -> None:
    assert found(BOOKS, search="dune OR paris", filter="pages eq null") == ["2"]


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 0), ("  ", 2), ('"a', 0), ('a "b', 2), ('"a"b', 0), ("(a", 2), ("a)", 1), ("()", 1),
     ("(", 1), ('""', 1), ("a OR (", 6), ('a"', 0), ("'a", 0), ("a 'b'", 2), ("NOT NOT (", 9)],
)  # fmt: skip
def test_a_malformed_search_is_refused_with_its_position(text: str, position: int) -> None:
    with pytest.raises(
        BadRequest, match=rf"\$search is malformed at position {position}: expected"
    ):
        found(BOOKS, search=text)
