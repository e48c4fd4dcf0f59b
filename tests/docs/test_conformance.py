"""The page of OData's requirements is what the tests show."""

import json
import os
from pathlib import Path

import pytest

from api.conformance import links, references
from docs.conformance_page import ROOT, markdown, requirements, witnesses


def test_the_page_is_what_the_tests_show() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert page == markdown(), "run scripts/docs"


def test_what_is_met_has_a_test_and_what_is_not_has_a_reason() -> None:
    shown = witnesses()
    for one in requirements():
        assert one.outcome in {"met", "not met", "not applicable"}
        assert bool(one.why) is (one.outcome != "met"), one.id
        assert shown[one.id] or one.outcome != "met", one.id


def test_no_must_of_a_claimed_level_is_not_met() -> None:
    assert [one.id for one in requirements() if one.strength == "MUST" and "not met" in one] == []


def test_references_count_as_soon_as_the_model_has_some() -> None:
    outcomes = {one.id: one.outcome for one in requirements()}
    expected = "met" if references(collection=False) else "not applicable"
    assert {outcomes[id] for id in ("m22", "m25", "M9h", "I3")} == {expected}
    expected = "met" if links() else "not applicable"
    assert {outcomes[id] for id in ("m21", "M19")} == {expected}


@pytest.mark.skipif(
    "OPENPROFILE_ODATA" not in os.environ,
    reason="OPENPROFILE_ODATA names no folder with OData's requirements to compare with",
)
def test_every_requirement_that_applies_has_a_test() -> None:
    folder = Path(os.environ["OPENPROFILE_ODATA"])
    listed = json.loads((folder / "conformance.json").read_text(encoding="utf-8"))
    ours = {one.id: one for one in requirements()}
    shown = witnesses()
    assert [each["id"] for each in listed] == list(ours)
    for each in listed:
        assert each["strength"] == ours[each["id"]].strength
        assert each["level"].startswith(ours[each["id"]].level)
        if each["strength"] == "MUST" and each["applies"] == "Y":
            assert shown[each["id"]], f"{each['id']}: {each['text']}"
