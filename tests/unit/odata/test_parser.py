"""What is an expression and what is not; a table written from the ABNF of OData 4.01."""

import pytest

from openprofile.errors import BadRequest, NotSupported
from openprofile.odata.limits import Guard
from openprofile.odata.query.parser import compute, expression, orderby
from openprofile.odata.query.syntax import Binary, Literal, Logic, Member, Node, Unary


def parse(text: str) -> Node:
    return expression(text, "$filter", Guard())


@pytest.mark.parametrize(
    "text",
    [
        "a", " a ", "a/b/c", "true", "null", "a eq null", "not a", "not (a)", "not(a)",
        "a eq 1", "a\teq\t1", "(a eq 1)", "((a))", "a in (1,2)", "a in ( 1 , 2 )", "a in()",
        "a in b", "a in (b)", "a in [1,2]", 'a in ["x","y"]', "a in (@p,1)", "a in @p",
        "a has Ns.Color'Red'", "a has Ns.Color'Red,Blue'", "a has Ns.Color'-3'", "a eq -1",
        "a eq +1", "a eq -b", "a eq - b", "-(1 add 2) lt a", "-1 add -1 eq -2",
        "a/any()", "a/any(b:b eq 1)", "a/all( b : b/c eq 1 )", "a/any(b:b/c/any(d:d eq b/e))",
        "a/$count gt 1", "a/$count($filter=b eq 1) gt 1", "a/$count($search=x y;$filter=b) eq 1",
        "a/$count(filter=b eq 1) eq 1", "a/$filter(b eq 1)/$count eq 1", "a/$filter(b)/any()",
        "f()", "f( )", "f(a,b)", "f( a , b )", "Ns.f(x=1,y=@z)", "a/Ns.f(x=1)/b", "f(g(h(1)))",
        "cast(a,Edm.String)", "cast(Edm.String)", "isof(Ns.T)", "isof(a,Collection(Edm.String))",
        "case(a:1,b:2)", "case(a eq 1:b add 2,true:0) eq 3", "Ns.T/a eq 1", "a/Ns.T/b eq 1",
        "$it/a eq 1", "$this eq 1", "$root/a eq 1", "@a eq @b", "@a/b eq 1", "a/@Ns.Term eq 1",
        "@Ns.Term#q/a eq 1", "a eq 'it''s'", "a eq ''", "a eq 'b)c('", "a eq 1.5", "a eq 1e5",
        "a eq -1.5E-05", "a eq INF", "a eq -INF", "a eq NaN", "a eq 2020-02-29", "a eq 12:30",
        "a eq 12:30:59.999999999999", "a eq 2020-01-01T00:00Z", "a eq 2020-01-01t00:00:00.1+05:30",
        "a eq 2020-01-01T00:00:00 05:30", "a eq duration'PT1S'", "a eq DURATION'P1DT1H'",
        "a eq 01234567-89ab-cdef-0123-456789ABCDEF", "a eq abcdefab-89ab-cdef-0123-456789ABCDEF",
        "a eq binary'Zg'", "a eq binary''", "straße eq 1", "_a eq 1", "A eq 1 AND b eq 2",
        "and eq 1", "eq eq eq", "any eq 1", "a/any eq 1",
        '{"a":1,"b":[1,{"c":null}]}', "[]", "[1, 2 add 3]", '["a\\u00e9\\"b"]', "a eq [1]",
        "a eq 2020-01-01T12:00+23:59", "a eq binary'Zm8'", "a eq --1", "a eq - -b", '["a","b"]',
        "a eq 0000-01-01", "a eq -10000-12-31", "not  (a)", "a\tin\t( 1\t)",
        "a div 2 mod 3 divby 4 mul 5", "a/0 eq 1", "a/-1 eq 1", "a in [[1],[2]]",
    ],
)  # fmt: skip
def test_an_expression_is_read(text: str) -> None:
    assert isinstance(parse(text), Node)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a name, a literal or"), ("   ", 3, "a name"), ("a eq", 4, "a name, a literal"),
        ("eq 1", 3, "an operator or the end"), ("a 1", 2, "an operator or the end"),
        ("a = 1", 2, "an operator or the end"), ("a eq 'b", 7, "a closing '"),
        ('["b]', 4, 'a closing "'), ("(a", 2, "an operator or ')'"), ("a)", 1, "an operator"),
        ("a eq 1 b", 7, "an operator or the end"), ("a and", 5, "a name"),
        ("a in (1,", 8, "a name"),
        ("a in (1 2)", 8, "a comma or ')'"), ("a in (b,c)", 7, "an operator or ')'"),
        ("a in (1,b)", 8, "a literal"), ("f(a", 3, "a comma or ')'"), ("f(a,)", 4, "a name"),
        ("f(,a)", 2, "a name"), ("a/", 2, "a name, any, all"), ("a//b", 2, "a name, any, all"),
        ("/a", 0, "a name"), ("a/any(", 6, "a name"), ("a/any(b)", 7, "':'"),
        ("a/any(b:)", 8, "a name"), ("a/all()", 6, "a name"), ("any()", 3, "an operator"),
        ("Ns.f", 4, "'(' or '/'"), ("a/Ns.f", 6, "'/' or '('"),
        ("a eq 1.", 6, "the end of a number"),
        ("a eq .5", 5, "a name"), ("a eq 1e", 6, "the end of a number"),
        ("a eq 2020-13-01", 10, "a month"),
        ("a eq 2021-02-29", 13, "a day between 01 and 28"), ("a eq 25:00", 6, "between 00 and 23"),
        ("a eq 2020-01-01T24:00Z", 17, "between 00 and 23"), ("a eq 12:60", 8, "between 00 and 59"),
        ("a eq 2020-01-01T12:00+24:00", 21, "an offset"),
        ("a eq 02020-01-01", 10, "an operator"), ("a eq 2020-01-01T23:59:60Z", 22, "between 00"),
        ("a eq 2020-01-01T12:00", 21, "Z or an offset"),
        ("a eq duration'1S'", 14, "a duration"), ("a eq duration'P'", 14, "a duration"),
        ("a eq duration'P1M'", 14, "a duration"), ("a eq binary'Z'", 12, "bytes in base64url"),
        ("a eq X'00'", 5, "a literal (only duration"), ("a eq guid'x'", 5, "a literal (only"),
        ("a eq Ns.E'x y'", 10, "members of an enumeration"), ("a eq#1", 4, "a name, a literal"),
        ("a eq 1!", 6, "a name, a literal"), ("a eq $x", 5, "$it, $this, $root"),
        ("a/$x eq 1", 2, "$count or $filter"), ("a/$count(top=1)", 9, "$filter or $search"),
        ("a/$count($filter=b;$filter=c)", 19, "$filter once"), ("case()", 5, "a name"),
        ("case(a)", 6, "an operator or ':'"), ("cast(a,1)", 7, "a type"),
        ("{a:1}", 1, "a name in double quotes"), ('{"a" 1}', 5, "':'"),
        ('{"a":1 "b":2}', 7, "a comma"),
        ("[1 2]", 3, "a comma or ']'"), ("[1", 2, "a comma or ']'"), ("(a)eq 1)", 7, "an operator"),
        ("(a)eq'x'", 3, "an operator or the end"), ("aeq 1", 4, "an operator"),
        ("a or or b", 8, "an operator"),
        ("-", 1, "a name"), ("not", 3, None), ("not eq 1", 7, "an operator"),
        ("٣ eq 1", 0, "a name"), ("a eq ٣", 5, "a name"),
        ("a eq 5x", 6, "the end of a number"), ('["\\x"]', 1, "a JSON string"),
        ("a has 'x' 'y'", 10, "an operator"), ('a eq "b"', 5, "a string in single quotes"),
        ('["b" eq c]', 5, "a comma or ']'"), ('{"a":"b" eq c}', 9, "a comma"),
        ('a in ("b")', 6, "in single quotes"), ("a eq binary'Zh'", 12, "bytes in base64url"),
        ("a eq binary'Zm9='", 12, "bytes in base64url"), ("a / b", 2, "an operator"),
        ("a /b", 2, "an operator"), ("a/ b", 2, "a name, any, all"), ("f (a)", 2, "an operator"),
        ("a/any (b:b)", 6, "an operator"),
        ("1 add'x'", 2, "an operator or the end"), ("'a'eq 'b'", 3, "a space before"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_told_with_its_position(
    text: str, position: int, expected: str | None
) -> None:
    if expected is None:
        assert isinstance(parse(text), Member)
        return
    with pytest.raises(BadRequest) as refusal:
        parse(text)
    message = refusal.value.message
    assert f"at position {position}: expected" in message
    assert expected in message
    assert refusal.value.target == "$filter"


@pytest.mark.parametrize(
    "text", ["a eq geography'SRID=0;Point(1 2)'", "a eq GEOMETRY'SRID=0;Point(1 2)'"]
)
def test_a_geography_is_not_supported(text: str) -> None:
    with pytest.raises(NotSupported):
        parse(text)


def test_operators_bind_by_their_precedence() -> None:
    found = parse("a or b and not c eq 1 add 2 mul -d")
    assert isinstance(found, Logic)
    assert found.operator == "or"
    right = found.operands[1]
    assert isinstance(right, Logic)
    equal = right.operands[1]
    assert isinstance(equal, Binary)
    assert equal.operator == "eq"
    assert isinstance(equal.left, Unary)
    assert isinstance(equal.right, Binary)
    assert equal.right.operator == "add"


def test_a_chain_of_and_is_one_node() -> None:
    found = parse(" and ".join(["a"] * 900))
    assert isinstance(found, Logic)
    assert len(found.operands) == 900


@pytest.mark.parametrize(
    ("text", "edm"),
    [
        ("1", "Edm.Int32"), ("2147483647", "Edm.Int32"), ("2147483648", "Edm.Int64"),
        ("-9223372036854775808", "Edm.Int64"), ("9223372036854775808", "Edm.Decimal"),
        ("1.0", "Edm.Decimal"), ("1e0", "Edm.Double"), ("INF", "Edm.Double"), ("'1'", "Edm.String"),
        ("true", "Edm.Boolean"), ("2020-01-01", "Edm.Date"), ("10:00", "Edm.TimeOfDay"),
        ("2020-01-01T10:00Z", "Edm.DateTimeOffset"), ("duration'PT1S'", "Edm.Duration"),
        ("binary'Zg'", "Edm.Binary"), ("01234567-89ab-cdef-0123-456789ABCDEF", "Edm.Guid"),
    ],
)  # fmt: skip
def test_a_literal_has_the_type_that_it_is_written_like(text: str, edm: str) -> None:
    found = parse(text)
    assert isinstance(found, Literal)
    assert found.edm == edm


def test_sort_keys_have_a_direction() -> None:
    found = orderby("a, b/c DESC ,length(d) asc", "$orderby", Guard())
    assert [descending for _, descending in found] == [False, True, False]
    for text in ("", "a,", "a up", "a desc desc", "a asc b"):
        with pytest.raises(BadRequest, match=r"\$orderby is malformed at position"):
            orderby(text, "$orderby", Guard())


def test_a_computed_name_follows_as() -> None:
    found = compute("a add 1 as b,c AS d", "$compute", Guard())
    assert [name for name, _ in found] == ["b", "d"]
    for text in ("a", "a as", "a as b.c", "a as b,", "a as 'b'"):
        with pytest.raises(BadRequest, match=r"\$compute is malformed at position"):
            compute(text, "$compute", Guard())
