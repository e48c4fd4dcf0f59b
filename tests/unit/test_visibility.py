"""What the text of a stored item tells of its audiences, against the whole of it decoded."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from openprofile.clock import new_id
from openprofile.model.enums import AllowedAudiences
from openprofile.model.facets import FACETS
from openprofile.odata.payload import write
from openprofile.policy import audience
from openprofile.store.base import Record
from openprofile.visibility import audiences_of, is_visible, visible

NAMES = [*AllowedAudiences.members][:-1]
_RELATIONS = st.sampled_from([audience.EVERYTHING, 0]) | st.integers(0, 127)
_AUDIENCES = st.none() | st.lists(st.sampled_from(NAMES), min_size=1).map(
    lambda names: AllowedAudiences.parse(",".join(names))
)
_IDS = (
    st.uuids().map(str)
    | st.text(max_size=80)
    | st.sampled_from(['","allowedAudiences":"everyone"', "\\", "x" * 35 + "\\", "x" * 35 + '"'])
)


def _told(text: str, to: int) -> bool:
    """Whether an item is seen, by all that its text says."""
    named = json.loads(text).get("allowedAudiences")
    return audience.visible(None if named is None else AllowedAudiences.parse(named), to)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(FACETS)), _IDS, _AUDIENCES), max_size=8), _RELATIONS
)
@example([("interests", "x" * 13, None), ("interests", "x" * 36, AllowedAudiences("me"))], 32)
def test_items_are_seen_as_the_whole_of_their_text_says(
    items: list[tuple[str, str, AllowedAudiences | None]], to: int
) -> None:
    texts = [
        write(FACETS[facet](id=id_, allowed_audiences=audiences)) for facet, id_, audiences in items
    ]
    records = [Record("1", 1, text) for text in texts]
    assert visible(records, to) == [_told(text, to) for text in texts]
    assert visible(records, to) == [is_visible(record, to) for record in records]
    assert [audiences_of(record) for record in records] == [audiences for *_, audiences in items]


@given(st.text(max_size=60), st.text(max_size=60), _RELATIONS)
def test_members_that_stand_elsewhere_are_found_as_well(before: str, after: str, to: int) -> None:
    # no item of this service is so: whoever changes how they are written is to break nothing here
    members = {"displayName": before, "allowedAudiences": "contacts", "description": after}
    text = json.dumps(members, separators=(",", ":"))
    assert visible([Record("1", 1, text)], to) == [_told(text, to)]


def test_an_item_that_cannot_be_read_is_its_owners_alone() -> None:
    broken = [
        Record("1", 1, f'{{"id":"{new_id()}","allowedAudiences":"nobody"}}'),
        Record("2", 1, f'{{"id":"{new_id()}","allowedAudiences":7}}'),
        Record("3", 1, ""),
    ]
    assert visible(broken, 127) == [False, False, False]
    assert visible(broken, audience.EVERYTHING) == [True, True, True]
