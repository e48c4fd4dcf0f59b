from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.shape import shape
from unit.odata.library import DUNE, EMPTY, NOW, Book, Writer, plan, row


def shown(book: Book = DUNE, **options: str) -> dict[str, Any]:
    made = plan(**options)
    decoded: dict[str, Any] = msgspec.json.decode(made.shown(row(book).text, made.frame(NOW)))
    return decoded


def test_a_selection_shows_what_it_names_and_the_key() -> None:
    assert shown(select="title,pages") == {"id": "1", "title": "Dune", "pages": 412}
    assert shown(select="Title") == {"id": "1", "title": "Dune"}
    assert shown(select="microsoft.graph.book/title") == {"id": "1", "title": "Dune"}
    assert shown(select="*") == shown()
    assert shown(select=" title , id ") == {"id": "1", "title": "Dune"}


def test_a_selection_reaches_into_complex_values() -> None:
    expected = {"id": "1", "publisher": {"name": "Chilton", "seat": {"name": "Philadelphia"}}}
    assert shown(select="publisher/name,publisher/seat/name") == expected
    assert shown(select="publisher($select=name,seat($select=name))") == expected
    assert shown(EMPTY, select="publisher/name") == {"id": "2", "publisher": None}
    assert shown(select="chapters/title")["chapters"] == [{"title": "Dune"}, {"title": "Muad'Dib"}]


def test_a_selection_takes_options_for_collections_inside() -> None:
    assert shown(select="chapters($filter=pages gt 150;$select=title)")["chapters"] == [
        {"title": "Dune"}
    ]
    assert shown(select="tags($filter=contains($this,'o');$orderby=$this desc)") == {
        "id": "1",
        "tags": ["épopée", "worms"],
    }
    assert shown(select="tags($top=1;$skip=1;$count=true)") == {
        "id": "1",
        "tags@odata.count": 3,
        "tags": ["worms"],
    }
    assert shown(select="chapters($search=spice;$select=pages)")["chapters"] == [{"pages": 190}]
    assert shown(select="chapters($filter=title eq $it/title;$select=title)")["chapters"] == [
        {"title": "Dune"}
    ]
    assert shown(select="chapters(@n=150;$filter=pages gt @n)")["chapters"][0]["pages"] == 190
    assert shown(select="chapters($compute=pages mul 2 as twice;$select=twice)")["chapters"] == [
        {"twice": 380},
        {"twice": 244},
    ]
    assert shown(EMPTY, select="tags($top=1)") == {"id": "2", "tags": []}


def test_a_selection_tells_how_a_context_lists_it() -> None:
    selection = plan(select="title,publisher/name,chapters($select=title),writer").selection
    assert selection is not None
    assert set(selection.names) == {"title", "publisher/name", "chapters/title", "writer"}
    assert selection.navigation == {"writer"}
    assert plan().selection is None
    assert plan().verbatim


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("titel", "book has no property 'titel' (did you mean 'title'?)"),
        ("publisher/nam", "publisher has no property 'nam' (did you mean 'name'?)"),
        ("title/x", "title is Edm.String, it has no properties"),
        ("title,title", "title is selected twice"), ("title,Title", "title is selected twice"),
        ("publisher,publisher/name", "publisher is selected as a whole already"),
        ("publisher/name,publisher", "publisher is selected twice"),
        ("publisher/*", "* stands alone"), ("", "malformed at position 0"),
        ("title,", "position 6"),
        ("title pages", "malformed at position 6"), ("title($top=1)", "title is no collection"),
        ("tags($top=1", "malformed at position 11: expected ')'"), ("tags)", "position 4"),
        ("tags($top)", "an option like $top=5"), ("tags($top=x)", "$top of tags in $select is 'x'"),
        ("tags($expand=a)", "'$expand' is no option of tags in $select"),
        ("tags($foo=1)", "'$foo' is no option"),
        ("tags($select=a)", "Edm.String has no properties"),
        ("tags($top=1;top=2)", "stands twice"), ("publisher/Ns.T/name", "'Ns.T' is no type of"),
        ("microsoft.graph.book", "is followed by no property"), ("tags()", "an option like $top=5"),
        ("chapters($filter=nope eq 1)", "$filter of chapters in $select, at position 0: chapter"),
        ("publisher($select=nam)", "$select of publisher in $select, at position 0: publisher has"),
    ],
)  # fmt: skip
def test_a_selection_that_does_not_fit_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        plan(select=text)
    assert told in refusal.value.message
    assert "$select" in refusal.value.message


def test_what_is_computed_is_shown_and_used() -> None:
    assert shown(compute="pages mul 2 as twice", select="twice") == {"id": "1", "twice": 824}
    assert shown(compute="pages mul 2 as twice")["twice"] == 824
    assert shown(compute="pages mul 2 as twice", select="*")["twice"] == 824
    assert "twice" not in shown(compute="pages mul 2 as twice", select="title")
    assert shown(EMPTY, compute="pages mul 2 as twice", select="twice") == {
        "id": "2",
        "twice": None,
    }
    rows = [row(DUNE), row(EMPTY, 1)]
    made = plan(compute="pages mul 2 as twice", filter="twice eq 824", orderby="twice desc")
    assert [each.id for each in made.page(rows, page_size=9, now=NOW).rows] == ["1"]


@pytest.mark.parametrize(
    "text", ["pages as title", "pages as Title", "1 as a,2 as a", "1 as writer"]
)
def test_a_computed_name_is_new(text: str) -> None:
    with pytest.raises(BadRequest, match="expected a new name"):
        plan(compute=text)


def test_an_expansion_carries_its_own_plan() -> None:
    (writer, similar) = plan(
        expand="writer($select=name;$expand=books($top=2)),similar($filter=pages gt 1;$count=true)"
    ).expand
    assert (writer.name, writer.target, writer.collection) == ("writer", Writer, False)
    assert [each.name for each in writer.plan.expand] == ["books"]
    assert writer.plan.expand[0].plan.options.top == 2
    assert writer.plan.selection is not None
    assert (similar.target, similar.collection, similar.references) == (Book, True, False)
    rows = [row(DUNE), row(EMPTY, 1)]
    page = similar.plan.page(rows, page_size=9, now=NOW)
    assert ([each.id for each in page.rows], page.count) == (["1"], 1)


def test_an_expansion_may_be_of_references_counts_or_everything() -> None:
    assert plan(expand="similar/$ref").expand[0].references
    assert plan(expand="similar/$count($filter=pages gt 1)").expand[0].count_only
    assert [each.name for each in plan(expand="*").expand] == ["writer", "similar"]
    both = plan(expand="*/$ref,writer").expand
    assert {each.name: each.references for each in both} == {"writer": False, "similar": True}
    assert plan(expand="similar($levels=3)").expand[0].levels == 3
    assert plan(expand="similar($levels=max)").expand[0].levels == 20
    assert plan(expand="microsoft.graph.book/writer").expand[0].name == "writer"
    assert plan(expand="similar($search=a;b)").expand[0].plan.options.search == "a;b"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("write", "book has no navigation property 'write' (did you mean 'writer'?)"),
        ("title", "book has no navigation property 'title'"), ("", "malformed at position 0"),
        ("*/$count", "malformed at position 2"), ("*($top=1)", "'$top' is no option of *"),
        ("writer,Writer", "'writer' twice"), ("writer($top=1)", "$top does not apply"),
        ("writer/$ref($levels=1)", "'$levels' is no option of writer/$ref"),
        ("similar/$count($top=1)", "'$top' is no option of similar/$count"),
        ("similar($levels=04)", "is '04'; expected"),
        ("similar($levels=0)", "expected a positive"), ("similar($levels=21)", "at most 20"),
        ("similar($filter=nope)", "$filter of similar in $expand, at position 0: book has no"),
        ("publisher/writer", "'publisher' is no type of microsoft.graph.book"),
        ("similar/$ref/x", "malformed at position"), ("similar($skiptoken=a)", "is no option"),
    ],
)  # fmt: skip
def test_an_expansion_that_does_not_fit_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        plan(expand=text)
    assert told in refusal.value.message


@pytest.mark.parametrize(
    "options",
    [{"select": "@Ns.Term"}, {"expand": "$value"}, {"expand": "@Ns.Term"},
     {"expand": "similar($filter=$it/pages gt 1)"}, {"select": "tags($apply=x)"}],
)  # fmt: skip
def test_annotations_and_streams_are_not_supported(options: dict[str, str]) -> None:
    with pytest.raises(NotSupported):
        plan(**options)


def test_a_navigation_property_is_followed_by_whoever_knows_how() -> None:
    rows = [row(DUNE), row(EMPTY, 1)]
    made = plan(filter="writer/name eq 'Frank' or similar/$count gt 1")
    assert made.navigates
    writers = {"1": Writer(id="9", name="Frank")}

    def navigate(entity: Any, name: str) -> Any:
        return writers.get(entity.id) if name == "writer" else []

    page = made.page(rows, page_size=9, now=NOW, navigate=navigate)
    assert [each.id for each in page.rows] == ["1"]
    without = plan(filter="writer eq null").page(rows, page_size=9, now=NOW, navigate=navigate)
    assert [each.id for each in without.rows] == ["2"]
    with pytest.raises(NotSupported, match="navigation"):
        made.page(rows, page_size=9, now=NOW)


@given(
    st.sets(st.sampled_from(sorted(shape(Book).properties)), min_size=1),
    st.sets(st.sampled_from(sorted(shape(Book).properties))),
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_cut_leaves_what_decoding_the_whole_would(
    names: set[str], missing: set[str], title: str, price: float
) -> None:
    book = msgspec.structs.replace(DUNE, title=title, price=price)
    # an item that was stored before the model had some of its properties
    members = {
        name: value
        for name, value in msgspec.json.decode(row(book).text).items()
        if name not in missing
    }
    text = msgspec.json.encode(members).decode()
    made = plan(select=",".join(names))
    assert made.selection is not None
    expected = msgspec.json.encode(made.selection.project(members, None, None)).decode()
    assert made.shown(text, made.frame(NOW)) == expected
