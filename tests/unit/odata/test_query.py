import pytest

from openprofile.errors import BadRequest, NotSupported
from openprofile.odata.query.options import Options, options


@pytest.mark.parametrize(
    "query",
    [
        "$filter=a%20eq%20'b%26c'", "filter=a+eq+'b%26c'", "%24filter=a%20eq%20'b%26c'",
        "$FILTER=a%20eq+%27b%26c%27", "&&FilTer=a+eq+'b%26c'&", "%24%46ilter=a+eq+'b%26c'",
        "$filter=a+eq+'b%26c'&custom=1&custom=2&empty&=x",
    ],
)  # fmt: skip
def test_an_option_is_known_by_its_name_in_any_form(query: str) -> None:
    assert options(query) == Options(filter="a eq 'b&c'")


def test_every_option_has_its_place() -> None:
    assert options(
        "$search=a&$orderby=b&$compute=c%20as%20d&$select=e&$expand=f&$top=0&$skip=7&$count=TRUE"
        "&$format=json&$skiptoken=g%2Bh&@i=1&@j='x=y'"
    ) == Options(
        search="a",
        orderby="b",
        compute="c as d",
        select="e",
        expand="f",
        top=0,
        skip=7,
        count=True,
        format="json",
        skiptoken="g+h",
        aliases=(("@i", "1"), ("@j", "'x=y'")),
    )


@pytest.mark.parametrize("query", ["$top=07&$skip=00", "top=7&skip=0"])
def test_a_number_may_begin_with_zeros(query: str) -> None:
    assert options(query) == Options(top=7, skip=0)


def test_no_query_sets_nothing() -> None:
    assert options("") == Options()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$top=1&$top=1", r"\$top stands twice"),
        ("$top=1&top=2", r"\$top stands twice"),
        ("$Top=1&%24top=2", r"\$top stands twice"),
        ("@a=1&@a=1", "@a stands twice"),
        ("$top=-1", "'-1'; expected a non-negative integer"),
        ("$top=1.5", "non-negative integer"),
        ("$top=", "non-negative integer"),
        ("$top=%D9%A3", "non-negative integer"),
        ("$top=" + "9" * 5000, "non-negative integer"),
        ("$skip=-0", "non-negative integer"),
        ("$count=yes", "'yes'; expected true or false"),
        ("$count=1", "true or false"),
        ("$count=", "true or false"),
        ("@1=2", "no name of a parameter alias"),
        ("$filter=%zz", "two hexadecimal digits"),
        ("$filter=%f", "two hexadecimal digits"),
        ("$filter=%ff", "not UTF-8"),
        ("$filter=%c0%af", "not UTF-8"),
        ("$filter=%ed%a0%80", "not UTF-8"),
        ("$search=#1", "expected '%23'"),
    ],
)
def test_a_malformed_query_is_refused(query: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        options(query)


@pytest.mark.parametrize(
    "query",
    ["$unknown=1", "$apply=x", "apply=x", "$deltatoken=1", "$index=1", "index=-42", "$=1",
     "schemaversion=1.42.2", "$levels=2", "$schemaversion=*"],
)  # fmt: skip
def test_a_system_option_that_the_service_lacks_is_not_supported(query: str) -> None:
    with pytest.raises(NotSupported, match="is not supported"):
        options(query)
