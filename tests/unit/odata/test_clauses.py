"""Graph's ``$search`` on directory objects."""

import pytest

from openprofile.errors import BadRequest
from openprofile.odata.query.clauses import Clause, clauses, words

KNOWN = ("displayName", "mail")


def test_words_are_folded_and_end_at_every_sign() -> None:
    assert words("Émile Çelik-Strauß, o'Neill_2") == ["emile", "celik", "strauss", "o", "neill_2"]


def test_and_binds_before_or() -> None:
    ada = Clause("displayName", "ada", ("ada",))
    mail = Clause("mail", "m@x", ("m", "x"))
    assert clauses('"displayName:Ada"', KNOWN) == ((ada,),)
    assert clauses(' "displayname: Ada"  AND "mail:M@x" OR "mail:m@x"', KNOWN) == (
        (ada, mail),
        (mail,),
    )
    assert clauses(r'"displayName:a\"da"', KNOWN)[0][0].words == ("a", "da")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada", "position 0"),
        ('"mail:a" "mail:b"', "AND or OR"),
        ('"mail:a" NOT "mail:b"', "AND or OR"),
        ('"mail:a" AND', "expected a clause"),
        ('"mail:a', "position 0"),
        ("", "expected a clause"),
        ('"surname:a"', "displayName, mail"),
        ('"mail: ."', "no clause"),
        ('"mail"', "no clause"),
        (" OR ".join(['"mail:a"'] * 33), "too many"),
    ],
)
def test_what_is_no_search_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        clauses(text, KNOWN)
