import pytest

from openprofile.errors import BadRequest, NotSupported
from unit.odata.library import DUNE, NOW, plan, row


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("titel eq 'a'", "book has no property 'titel' (did you mean 'title'?)"),
        ("zzz eq 'a'", "book has no property 'zzz' (it has id, title,"),
        ("publisher/nam eq 'a'", "publisher has no property 'nam' (did you mean 'name'?)"),
        ("title/x eq 'a'", "Edm.String has no property 'x'"),
        ("genre/x eq 'a'", "genre has no property 'x'"),
        ("chapters/title eq 'a'", "expected any, all or $count"),
        ("title eq 5", "eq does not compare Edm.String with Edm.Int32; a string literal has"),
        ("5 eq title", "Edm.Int32 with Edm.String"),
        ("pages gt '5'", "gt does not compare Edm.Int32 with Edm.String; a string literal has"),
        ("inPrint eq 'true'", "eq does not compare Edm.Boolean with Edm.String; a string literal"),
        ("added gt '2020-01-01'", "a literal of Edm.DateTimeOffset has no quotes"),
        ("code eq 'x'", "a literal of Edm.Guid has no quotes"),
        ("title eq 01234567-89ab-cdef-0123-456789abcdef", "Edm.String with Edm.Guid"),
        ("published eq 12:30", "Edm.Date with Edm.TimeOfDay"),
        (
            "genre eq 'prose'",
            "'prose' is no value of microsoft.graph.genre; expected one of fiction",
        ),
        ("genre eq 'fiction,poetry'", "is no value of microsoft.graph.genre"),
        ("genre eq title", "only a string literal compares with microsoft.graph.genre"),
        ("genre eq 1", "eq does not compare microsoft.graph.genre with Edm.Int32"),
        (
            "genre eq microsoft.graph.media'paper'",
            "microsoft.graph.genre with microsoft.graph.media",
        ),
        ("genre eq Ns.Kind'a'", "there is no enumeration 'Ns.Kind'"),
        ("genre in ('fiction','x')", "'x' is no value"),
        ("title has 'x'", "has takes an enumeration on its left, this is Edm.String"),
        ("media has 1", "has does not compare microsoft.graph.media with Edm.Int32"),
        ("title", "a condition is Edm.Boolean, this is Edm.String"),
        ("title and true", "an operand of and is Edm.Boolean, this is Edm.String"),
        ("not title", "not takes Edm.Boolean, this is Edm.String"),
        ("not title eq 'a'", "it binds before comparisons, so write not (…)"),
        ("-title eq 'a'", "- takes a number or a duration, this is Edm.String"),
        ("title add 1 eq 2", "add does not take Edm.String and Edm.Int32"),
        ("added add added eq null", "add does not take Edm.DateTimeOffset and Edm.DateTimeOffset"),
        ("pages div 0 eq 1", "div by zero"),
        ("pages mod 0 eq 1", "mod by zero"),
        ("pages divby 0.0 eq 1", "divby by zero"),
        (
            "contains(title,5)",
            "contains takes (Edm.String, Edm.String) or (collection, collection)",
        ),
        ("contains(title)", "it is given (Edm.String)"),
        ("now(1) eq null", "now takes no arguments"),
        ("year(title) eq 1", "year takes (Edm.Date) or (Edm.DateTimeOffset)"),
        ("lenght(title) eq 1", "there is no function 'lenght' (did you mean 'length'?)"),
        ("title/length() eq 1", "there is no function 'length'"),
        ("Ns.f(x=1) eq 1", "there is no function 'Ns.f'"),
        ("title in 'a'", "in takes a value and a collection"),
        ("title in (1,2)", "Edm.String cannot be a member of Collection(Edm.Int32)"),
        ("title in ('a',1)", "the members of a list are of one type"),
        ("tags in ('a')", "in takes a value and a collection"),
        ("tags eq 'a'", "eq does not compare Collection(Edm.String) with Edm.String"),
        ("tags gt ['a']", "gt does not compare Collection(Edm.String)"),
        ("publisher gt null and publisher eq 'x'", "microsoft.graph.publisher with Edm.String"),
        ("title/any()", "any needs a collection, this is Edm.String"),
        ("tags/any(t:t)", "the predicate of any is Edm.Boolean, this is Edm.String"),
        ("publisher/$count eq 1", "$count needs a collection"),
        ("tags/$count($filter=$this) eq 1", "a $filter is Edm.Boolean"),
        ("t eq 'a' and tags/any(t:t eq 'a')", "book has no property 't'"),
        ("cast(title,Edm.Nothing) eq null", "cast does not turn Edm.String into Edm.Nothing"),
        ("cast(published,Edm.Int32) eq 1", "cast does not turn Edm.Date into Edm.Int32"),
        ("cast(publisher,Edm.String) eq 'a'", "cast does not turn microsoft.graph.publisher"),
        ("microsoft.graph.town/name eq 'a'", "neither derived from 'microsoft.graph.town'"),
        ("case(title:1) eq 1", "a condition of case is Edm.Boolean"),
        ("case(true:1,true:'a') eq 1", "the values of case are of one type"),
        ("matchesPattern(shelf,'(')", "is no regular expression"),
        ("matchesPattern(title,'a{2,1}')", "is no regular expression"),
        ("genre in (0,1)", "only a string literal compares with microsoft.graph.genre"),
        ("isof(title,Ns.Nope)", "there is no type 'Ns.Nope'"),
        ("cast(null,Ns.Nope) eq null", "cast does not turn null into Ns.Nope"),
        ("publisher eq publisher/seat", "microsoft.graph.publisher with microsoft.graph.town"),
        ("publisher gt publisher", "gt does not compare microsoft.graph.publisher"),
        ('publisher eq {"nam":"a"}', "'nam' of publisher is not known (did you mean 'name'?)"),
        ('publisher eq {"name":"a","Name":"b"}', "'Name' of publisher is twice"),
        ('publisher eq {"name":1}', "name is Edm.String, not Edm.Int32"),
        ('publisher eq {"seat":"a"}', "Edm.String does not compare with microsoft.graph.town"),
        ('chapters eq [{"keywords":"a"}]', "keywords is Collection(Edm.String), not Edm.String"),
        ('{"a":1} add 1 eq 2', "add does not take a JSON object"),
    ],
)
def test_what_does_not_fit_the_model_is_told(text: str, told: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        plan(filter=text).page([row(DUNE)], page_size=1, now=NOW)
    assert told in refusal.value.message
    if "matches" not in text:
        assert refusal.value.message.startswith("$filter")
        assert refusal.value.target == "$filter"


@pytest.mark.parametrize(
    "text",
    [
        "$root/Books eq null", "@Ns.Term eq 1", "title/@Ns.Term eq 1", "@Messages/any(m:m eq 1)",
        "geo.distance(title,title) eq 1", "geo.length(title) eq 1", "$it eq @b", "tags/0 eq 'a'",
        "[[1]] eq null", '{"a":1} eq @b', "length([@b]) eq 1", "isof(@b,Edm.String)",
        "publisher eq case(true:@b)", 'chapters eq [{"keywords":tags}]', "title eq @b",
        "matchesPattern(title,'a{1001}')",
        "matchesPattern(title,'(?=a)')", 'publisher eq {"@odata.type":"x"}',
        "cast(title,Edm.GeographyPoint) eq null", "isof(tags,Collection(Edm.String))",
    ],
)  # fmt: skip
def test_what_odata_allows_and_the_service_lacks_is_not_supported(text: str) -> None:
    with pytest.raises(NotSupported):
        plan(filter=text, _b='{"a":1}')


def test_a_fault_in_an_alias_names_the_alias() -> None:
    with pytest.raises(BadRequest, match="@a is malformed at position 6") as refusal:
        plan(filter="@a", _a="title q 1")
    assert refusal.value.target == "@a"
    with pytest.raises(BadRequest, match="@b, at position 0: book has no property 'nope'"):
        plan(filter="title eq @b", _b="nope")
