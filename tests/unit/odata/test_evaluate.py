"""What expressions mean, by the rules of OData URL Conventions 4.01, section 5.1.1."""

from typing import Any

import msgspec
import pytest

from openprofile.errors import BadRequest
from unit.odata.library import DUNE, EMPTY, NOW, Book, found, plan, row, value

T, F, N = True, False, None


@pytest.mark.parametrize(
    ("expression", "dune", "empty"),
    [
        # null is equal to null only; order comparisons with null are false
        ("title eq 'Dune'", T, F), ("title ne 'Dune'", F, T), ("title eq null", F, T),
        ("title ne null", T, F), ("null eq null", T, T), ("pages gt null", F, F),
        ("pages gt 411", T, F), ("pages lt 1000", T, F), ("pages ge null", F, T),
        ("pages le null", F, T), ("null ge null", T, T), ("null gt null", F, F),
        ("not (pages gt 5)", F, T), ("not (title eq 'a')", T, T),
        ("inPrint", T, N), ("not inPrint", F, N), ("inPrint eq true", T, F),
        # Kleene's logic
        ("inPrint and true", T, N), ("inPrint and false", F, F), ("inPrint or true", T, T),
        ("inPrint or false", T, N), ("null and false", F, F), ("null or true", T, T),
        ("null and null", N, N), ("not null", N, N), ("false or inPrint and true", T, N),
        # precedence
        ("true or false and false", T, T), ("not false and false", F, F),
        ("1 add 2 mul 3 eq 7", T, T), ("(1 add 2) mul 3 eq 9", T, T),
        ("2 sub 1 sub 1 eq 0", T, T), ("-2 add 3 eq 1", T, T), ("- pages eq -412", T, F),
        # strings
        ("contains(title,'un')", T, N), ("contains(title,'UN')", F, N),
        ("not contains(title,'x')", T, N), ("startswith(title,'Du')", T, N),
        ("startswith(title,'')", T, N), ("endswith(title,'ne')", T, N),
        ("endswith(title,'longer than it')", F, N), ("indexof(title,'n') eq 2", T, F),
        ("indexof(title,'x') eq -1", T, F), ("length(tags/$count) eq 1", "error", N),
        ("title lt 'dune'", T, F), ("title in ('Dune','Emma')", T, F),
        ("title in (null,'Emma')", F, T), ("title in ()", F, F), ("title in []", F, F),
        ("'Dune' in tags", F, F), ("'sand' in tags", T, F), ("pages in (1,412.0)", T, F),
        # case does not matter in keywords
        ("Title EQ 'Dune' AND pages Gt 1", T, F), ("CONTAINS(title,'une')", T, N),
        ("NOT (title EQ 'x')", T, T), ("inPrint eq TRUE", T, F), ("title eq NULL", F, T),
        # enumerations
        ("genre eq 'fiction'", T, F), ("'fiction' eq genre", T, F), ("genre ne 'poetry'", T, T),
        ("genre eq microsoft.graph.genre'fiction'", T, F), ("genre lt 'science'", T, F),
        ("genre in ('poetry','fiction')", T, F), ("genre eq '0'", T, F),
        ("media has 'audio'", T, N), ("media has 'audio,paper'", T, N),
        ("media has 'braille'", F, N), ("media has null", N, N), ("media eq 'audio,paper'", T, F),
        ("media has microsoft.graph.media'paper'", T, N), ("'paper' in (media)", "error", N),
        # collections
        ("tags/any()", T, F), ("tags/any(t:t eq 'sand')", T, F), ("tags/all(t:t ne 'x')", T, T),
        ("tags/all(t:t eq 'sand')", F, T), ("tags/any(t:t eq 'SAND')", F, F),
        ("chapters/any(c:c/pages gt 150)", T, F), ("chapters/all(c:c/pages gt 150)", F, T),
        ("chapters/any(c:c/keywords/any(k:k eq 'spice'))", T, F),
        ("chapters/any(c:c/keywords/any(k:k eq c/title))", F, F),
        ("chapters/any(c:c/title eq title)", T, F), ("chapters/any(c:c/title eq $it/title)", T, F),
        ("chapters/any(title:title/title eq 'Dune')", T, F),
        ("publisher/seat/name eq 'Philadelphia'", T, F), ("publisher/seat/country eq null", T, T),
        ("publisher eq null", F, T), ("publisher/seat ne null", T, F),
        ("tags/$count eq 3", T, F), ("tags/$count eq 0", F, T),
        ("chapters/$count($filter=pages gt 150) eq 1", T, F),
        ("chapters/$count($filter=$this/pages gt 150;$search=dune) eq 1", T, F),
        ("chapters/$count($search=spice) eq 1", T, F), ("tags/$count($search=epopee) eq 1", T, F),
        ("chapters/$filter(pages gt 150)/any(c:c/title eq 'Dune')", T, F),
        ("chapters/$filter(pages gt 150)/$count eq 1", T, F),
        ("tags eq ['sand','worms','épopée']", T, F), ("tags ne ['sand']", T, T),
        ("marks eq [4,1,3]", T, F), ("startswith(tags,['sand','worms'])", T, F),
        ("endswith(marks,[1,3])", T, F), ("contains(marks,[1,3])", T, F),
        ("contains(marks,[4,3])", F, F), ("indexof(marks,[3]) eq 2", T, F),
        ("hassubset(marks,[3,4])", T, F), ("hassubset(marks,[3,3])", F, F),
        ("hassubsequence(marks,[4,3])", T, F), ("hassubsequence(marks,[3,4])", F, F),
        ("length(marks) eq 3", T, F), ("concat(marks,[9]) eq [4,1,3,9]", T, F),
        # complex values and entities
        ("publisher eq publisher", T, T), ("publisher ne publisher", F, F),
        ('publisher/seat eq {"name":"Philadelphia"}', T, F),
        ('publisher/seat eq {"Name":"Philadelphia","country":null}', T, F),
        ('{"name":"Philadelphia","country":"US"} ne publisher/seat', T, T),
        ('publisher eq {"name":title,"founded":1904.0,"seat":publisher/seat}', F, F),
        ('publisher eq {"name":\'Chilton\',"founded":1904.0,"seat":publisher/seat}', T, F),
        ("publisher eq {}", F, F), ("publisher in [{},null]", F, T), ("publisher in (null)", F, T),
        ('publisher/seat in [{"name":"Rome"},{"name":"Philadelphia"}]', T, F),
        ("chapters eq chapters", T, T), ("chapters eq []", F, T), ("chapters ne []", T, F),
        ('chapters/any(c:c eq {"title":"Muad\'Dib","pages":122})', T, F),
        ('{"title":"Muad\'Dib","pages":122} in chapters', T, F),
        ("chapters/all(c:c in chapters)", T, T), ("$it eq $it", T, T),
        # numbers
        ("price gt 9", T, F), ("price eq 9.5", T, F), ("price eq 9.5e0", T, F),
        ("pages eq 412.0", T, F), ("price lt INF", T, F), ("NaN eq NaN", F, F),
        ("price add 0.5 eq 10", T, F), ("pages add null eq null", T, T), ("5 div 2 eq 2", T, T),
        ("-5 div 2 eq -2", T, T), ("5 divby 2 eq 2.5", T, T), ("5.0 div 2 eq 2.5", T, T),
        ("5 mod 3 eq 2", T, T), ("-5 mod 3 eq -2", T, T), ("5 mod -3 eq 2", T, T),
        ("-5.5 mod 2 eq -1.5", T, T), ("1e0 div 0 eq INF", T, T), ("-1e0 div 0 eq -INF", T, T),
        ("0e0 div 0 eq null", F, F), ("1e0 mod 0 eq null", F, F), ("price div 0 eq INF", T, F),
        # dates, times and durations
        ("published eq 1965-08-01", T, F), ("published lt 2000-01-01", T, F),
        ("added eq 2020-07-07T01:34:12.2294868Z", T, F), ("added gt 2020-07-07T01:34:12Z", T, F),
        ("added eq 2020-07-07T03:34:12.2294868 02:00", T, F), ("added gt 2020-07-07", T, F),
        ("added lt now()", T, F), ("published lt added", T, F),
        ("added in (2020-07-07T01:34:12.2294868Z)", T, F),
        ("listening eq duration'PT21H2M1.5S'", T, F), ("listening gt 'PT21H'", T, F),
        ("added add duration'PT1S' gt added", T, F), ("added sub added eq duration'PT0S'", T, F),
        ("published add duration'P31D' eq 1965-09-01", T, F),
        ("published sub 1965-07-01 eq duration'P31D'", T, F),
        ("listening mul 2 eq duration'P1DT18H4M3S'", T, F), ("listening div 1.5 gt 'PT14H'", T, F),
        ("-listening lt duration'PT0S'", T, F), ("added sub 'PT1S' lt added", T, F),
        ("listening add listening eq listening mul 2", T, T),
        ("year(added) eq 2020", T, F), ("date(added) eq 2020-07-06", T, F),
        ("time(added) eq 23:34:12.2294868", T, F), ("now() sub now() eq duration'PT0S'", T, T),
        # guids
        ("code eq 0123abcd-0000-4000-8000-00000000000F", T, F),
        # types
        ("isof(microsoft.graph.book)", T, T), ("isof(microsoft.graph.comic)", F, F),
        ("isof(title,Edm.String)", T, N), ("isof(genre,genre)", T, N),
        ("isof(publisher,town)", F, N),
        ("isof(microsoft.graph.entity)", T, T),
        ("cast('fiction',genre) eq genre", T, F), ("isof(pages,Edm.String)", F, N),
        ("microsoft.graph.comic/colour eq null", T, T), ("cast(pages,Edm.String) eq '412'", T, F),
        ("cast('412',Edm.Int32) eq pages", T, F), ("cast('x',Edm.Int32) eq null", T, T),
        ("cast('300',Edm.Byte) eq null", T, T), ("cast('1965-08-01',Edm.Date) eq published", T, F),
        ("cast('PT1S',Edm.Duration) lt listening", T, F),
        ("cast(genre,Edm.String) eq 'fiction'", T, F),
        ("cast('fiction',microsoft.graph.genre) eq genre", T, F),
        ("cast(null,Edm.String) eq null", T, T),
        ("cast(null,Edm.Int32) add 1.5e0 eq null", T, T), ("genre eq cast(null,Edm.String)", F, T),
        ("listening eq cast(null,Edm.String)", F, T),
        ("cast(price,Edm.Int32) eq 9", T, F), ("cast(INF,Edm.Int32) eq null", T, T),
        ("cast(added,Edm.Date) eq 2020-07-06", T, F),
        ("cast(publisher,microsoft.graph.publisher)/name eq 'Chilton'", T, F),
        ("cast(media,Edm.String) eq 'paper,audio'", T, F),
        # case
        ("case(pages gt 400:'long',true:'short') eq 'long'", T, F),
        ("case(pages gt 500:1) eq null", T, T), ("case(inPrint:1,true:2.5) eq 2.5", F, T),
        # regular expressions
        ("matchesPattern(title,'^D.n[a-f]$')", T, N), ("matchespattern(title,'dune')", F, N),
        # names in another case, where none fits exactly
        ("TITLE eq 'Dune' and InPrint", T, F), ("$it/title eq 'Dune'", T, F),
        ("$this/title eq 'Dune'", T, F),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(expression: str, dune: object, empty: object) -> None:
    if dune == "error":
        with pytest.raises(BadRequest):
            value(DUNE, expression)
        return
    assert value(DUNE, expression) is dune
    assert value(EMPTY, expression) is empty
    kept = [book.id for book, held in ((DUNE, dune), (EMPTY, empty)) if held is True]
    assert found([DUNE, EMPTY], filter=expression) == kept


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("concat(concat(title,' '),'Messiah')", "Dune Messiah"), ("substring(title,1)", "une"),
        ("substring(title,1,2)", "un"), ("substring(title,9)", ""), ("substring(title,-2)", "ne"),
        ("substring(title,-9)", "Dune"), ("substring(title,-3,2)", "un"),
        ("substring('a😀b',1,1)", "😀"), ("length('a😀b')", 3), ("indexof('a😀b','b')", 2),
        ("tolower('ÀÉ')", "àé"), ("toupper('straße')", "STRASSE"), ("trim('\u00a0 a b\t')", "a b"),
        ("substring(marks,1)", [1, 3]), ("title", "Dune"), ("'O''Neil'", "O'Neil"),
        ("round(2.5)", 3), ("round(-2.5)", -3), ("round(0.5e0)", 1.0), ("round(-0.5e0)", -1.0),
        ("round(0.49999999999999994e0)", 0.0), ("floor(-1.5)", -2), ("ceiling(-1.5)", -1),
        ("floor(1.5e0)", 1.0), ("ceiling(price)", 10.0), ("round(pages)", 412),
        ("round(INF)", "INF"),
        ("year(published)", 1965), ("month(published)", 8), ("day(published)", 1),
        ("hour(added)", 23), ("minute(added)", 34), ("second(added)", 12), ("day(added)", 6),
        ("hour(13:20:01.5)", 13), ("second(13:20:01.5)", 1), ("fractionalseconds(13:20:01.5)", 0.5),
        ("fractionalseconds(added)", 0.2294868), ("totaloffsetminutes(added)", -120),
        ("totalseconds(listening)", 75721.5), ("totalseconds('-PT0.5S')", -0.5),
        ("year(-10000-04-01)", -10000), ("month(0000-02-29)", 2), ("year(mindatetime())", 1),
        ("maxdatetime()", "9999-12-31T23:59:59.9999999Z"), ("now()", "2023-11-14T22:13:20Z"),
        ("date(now())", "2023-11-14"), ("time(now())", "22:13:20"),
        ("added", "2020-07-06T23:34:12.2294868-02:00"),
        ("listening", "PT21H2M1.5S"), ("duration'-P1DT0.25S'", "-P1DT0.25S"),
        ("duration'P0D'", "PT0S"),
        ("genre", "fiction"), ("media", "paper,audio"), ("tags", ["sand", "worms", "épopée"]),
        ("publisher/seat", {"name": "Philadelphia", "country": None}), ("1.50", 1.5),
        ("INF", "INF"),
        ("-INF", "-INF"), ("NaN", "NaN"), ("binary'Zm8='", "Zm8="),
        ("12345678901234567890", 12345678901234567890),
        ("cast(1.5,Edm.String)", "1.5"), ("cast(true,Edm.String)", "true"),
        ("cast(2e0,Edm.String)", "2.0"),
        ("cast(9.99,Edm.Int16)", 9), ("cast(1e300,Edm.Decimal) gt 1", True), ("5 div 2", 2),
        ("7 divby 2", 3.5),
        ("case(false:1)", None), ("case(true:1,true:2.5)", 1),
        ("round(case(true:1,true:2.5))", 1), ("cast('1e999',Edm.Decimal) mul 10.0 gt 1", True),
        ("cast(cast('1e999',Edm.Decimal),Edm.String)", "1E+999"), ("@absent", None),
    ],
)  # fmt: skip
def test_an_expression_gives_a_value(expression: str, result: Any) -> None:
    given = value(DUNE, expression)
    assert given == result
    assert type(given) is type(result) or isinstance(given, (int, float))


def test_an_alias_stands_for_its_value() -> None:
    assert value(DUNE, "title eq @t", _t="'Dune'") is True
    assert (
        value(DUNE, "@a and @b", _a="pages gt @n", _b="tags/any(t:t eq 'sand')", _n="400") is True
    )
    assert value(DUNE, "title in @list", _list='["Emma","Dune"]') is True
    assert value(DUNE, "@p/name", _p="publisher") == "Chilton"
    with pytest.raises(BadRequest, match="'@a' stands for itself"):
        value(DUNE, "@a", _a="@b", _b="@a")


def test_a_value_of_a_derived_type_is_seen_through_a_cast() -> None:
    assert found([Book(id="1")], filter="microsoft.graph.comic/colour eq true") == []


@pytest.mark.parametrize(
    "expression",
    [
        "pages div (pages sub 412)",
        "pages mod 0.0",
        "substring(title,0,-1)",
        "9223372036854775807 add 1",
        "9223372036854775807 mul pages",
        "-9223372036854775808 sub 1",
        "-9223372036854775808 div -1",
        "99999999999999999999999999999999999999.5 mod 0.3",
        "cast('1e9999',Edm.Decimal)",
        "duration'P1D' mul 1e300",
        "duration'P1D' div 0e0",
    ],
)  # fmt: skip
def test_what_cannot_be_computed_fails_the_request(expression: str) -> None:
    with pytest.raises(BadRequest):
        value(DUNE, expression)


def test_and_guards_what_stands_on_its_right() -> None:
    guarded = "pages ne 412 and pages div (pages sub 412) eq 1"
    assert found([DUNE, EMPTY], filter=guarded) == []


def test_a_computed_property_may_use_those_before_it() -> None:
    options = {"compute": "pages add 1 as a,a mul 2 as b,$it/a eq 413 as c", "select": "a,b,c"}
    made = plan(**options)
    shown = msgspec.json.decode(made.shown(row(DUNE).text, made.frame(NOW)))
    assert [shown[name] for name in "abc"] == [413, 826, True]
    assert found([DUNE, EMPTY], compute=options["compute"], filter="b gt 1 and c") == ["1"]
    with pytest.raises(BadRequest, match="book has no property 'b'"):
        plan(compute="b add 1 as a,1 as b")


def test_a_computed_property_costs_what_it_stands_for() -> None:
    doubled = ",".join(f"a{n} add a{n} as a{n + 1}" for n in range(12))
    with pytest.raises(BadRequest, match="too many terms, aliases filled in"):
        plan(compute=f"pages as a0,{doubled}")
    with pytest.raises(BadRequest, match="too many terms, aliases filled in"):
        plan(compute=" or ".join(["inPrint"] * 50) + " as a", filter=" or ".join(["a"] * 50))


def test_what_no_expression_uses_is_read_all_the_same() -> None:
    with pytest.raises(BadRequest, match="@a is malformed at position 0"):
        plan(_a=")")
    with pytest.raises(BadRequest, match=r"\$id names the reference that a DELETE removes"):
        plan(id="x")
