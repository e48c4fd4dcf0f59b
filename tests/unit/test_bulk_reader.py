"""What a line may hold, and what is said of one that holds something else."""

import json
from typing import Any

import pytest

from openprofile.bulk import reader as bulk_reader
from openprofile.bulk.reader import LONGEST_NAME, Reader
from openprofile.clock import Clock
from openprofile.errors import BadRequest, InvalidPayload
from openprofile.settings import Limits
from openprofile.store.base import Join, PutGroup, PutItem, PutPerson, Record

LIMITS = Limits(items=3, relations=2, body=200)
PERSON = {"userPrincipalName": "ada@x.example", "displayName": "Ada"}
ID = "0f5b1c1e-0000-4000-8000-00000000000a"


def reader() -> Reader:
    clock = Clock()
    clock.freeze(17_000_000_000_000_000)
    return Reader("t", LIMITS, clock)


def read(**members: Any) -> list[Any]:
    return list(reader().read(json.dumps(members).encode()))


def items(*values: dict[str, Any], **members: Any) -> list[Record]:
    """The records that a person's interests are where there are none yet."""
    _, *puts = read(**PERSON, **members, profile={"interests": list(values)})
    assert all(isinstance(put, PutItem) for put in puts)
    return [put.make(None) for put in puts]


def test_a_line_has_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_reader, "LONGEST_LINE", 100)
    line = json.dumps(PERSON).encode()
    assert reader().read(line.ljust(100))
    with pytest.raises(BadRequest, match="more than 100 bytes"):
        reader().read(line.ljust(101))


def test_a_name_on_a_line_has_so_many_characters() -> None:
    (put,) = read(userPrincipalName="x" * LONGEST_NAME)
    assert put.name == "x" * LONGEST_NAME
    with pytest.raises(InvalidPayload, match="'userPrincipalName': expected 1 to 256 printable"):
        read(userPrincipalName="x" * (LONGEST_NAME + 1))


def test_a_person_is_put_with_what_is_theirs() -> None:
    put, join, item = read(
        **PERSON,
        id=ID.upper(),
        manager="NOOR",
        memberOf=["G"],
        relations={"family": ["Bram"]},
        profile={"skills": [{"displayName": "Go"}]},
    )
    assert isinstance(put, PutPerson)
    assert (put.id, put.name, put.new) == (ID, "ada@x.example", False)
    assert json.loads(put.text)["manager"] == "noor"
    assert json.loads(put.text)["family"] == ["bram"]
    assert join == Join("t", "g", ID, anyway=True)
    assert isinstance(item, PutItem)
    assert (item.key.owner, item.key.facet, item.limit) == (ID, "skills", 3)


def test_a_group_is_put_and_keeps_its_members() -> None:
    for name in ("#microsoft.graph.group", "#graph.group"):
        (put,) = read(**{"@odata.type": name}, id="G", displayName="Chess")
        assert isinstance(put, PutGroup)
        assert (put.id, put.members) == ("g", None)


def test_what_has_no_id_has_the_same_every_time() -> None:
    twins = {"profile": {"interests": [{"displayName": "Chess"}, {"displayName": "Chess"}]}}
    once, again = read(**PERSON, **twins), read(**PERSON, **twins)
    assert once[0] == again[0]
    ids = [put.key.id for put in once[1:]]
    assert ids == [put.key.id for put in again[1:]]
    assert len(set(ids)) == 2
    assert ids[0] not in [put.key.id for put in read(**PERSON, id="other", **twins)[1:]]


def test_what_is_left_out_is_filled_in_as_in_a_create() -> None:
    (record,) = items({"displayName": "Chess"})
    item = json.loads(record.text)
    assert item["allowedAudiences"] == "organization"
    assert item["createdDateTime"] == item["lastModifiedDateTime"] == "2023-11-14T22:13:20.0000000Z"
    assert item["createdBy"]["application"]["displayName"] == "openprofile import"
    assert item["sources"]
    assert record.created == 17_000_000_000_000_000


def test_what_is_on_the_line_is_kept() -> None:
    (record,) = items(
        {
            "@odata.etag": 'W/"41"',
            "id": ID,
            "createdDateTime": "2020-01-01T00:00:00.0000001Z",
            "createdBy": {"user": {"id": "x"}},
            "isSearchable": True,
        }
    )
    item = json.loads(record.text)
    assert (record.id, record.version) == (ID, 41)
    assert record.created == 15_778_368_000_000_001
    assert item["createdBy"]["user"]["id"] == "x"
    assert item["isSearchable"] is True


def test_items_keep_their_order() -> None:
    dated = {"displayName": "old", "createdDateTime": "2020-01-01T00:00:00Z"}
    records = items({"displayName": "b"}, {"displayName": "a"}, dated)
    names = [json.loads(record.text)["displayName"] for record in records]
    assert names == ["b", "a", "old"]
    places = [(record.created, record.id) for record in records]
    assert places == sorted(places)


def test_an_item_that_is_there_already_stays() -> None:
    _, put = read(**PERSON, profile={"interests": [{"id": ID, "displayName": "Chess"}]})
    before = put.make(None)
    later = Clock()
    later.freeze(18_000_000_000_000_000)
    line = {**PERSON, "profile": {"interests": [{"id": ID, "displayName": "Chess"}]}}
    (_, again) = Reader("t", LIMITS, later).read(json.dumps(line).encode())
    assert isinstance(again, PutItem)
    assert again.make(before) is before
    line["profile"] = {"interests": [{"id": ID, "displayName": "Go"}]}
    (_, other) = Reader("t", LIMITS, later).read(json.dumps(line).encode())
    assert isinstance(other, PutItem)
    after = other.make(before)
    assert after.version > before.version
    assert after.created == before.created
    old, new = json.loads(before.text), json.loads(after.text)
    assert new["createdDateTime"] == old["createdDateTime"] < new["lastModifiedDateTime"]


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({}, "userPrincipalName"),
        ({"userPrincipalName": 5}, "userPrincipalName"),
        ({"userPrincipalName": "a\nb"}, "userPrincipalName"),
        ({"@odata.type": "#microsoft.graph.device"}, "@odata.type"),
        ({"@odata.type": 5}, "@odata.type"),
        ({"@odata.type": "#microsoft.graph.group", "displayName": "G"}, "id"),
        ({"@odata.type": "#microsoft.graph.group", "id": "g", "memberOf": []}, "memberOf"),
        ({"@odata.type": "#microsoft.graph.group", "id": "g", "mail": "x" * 257}, "mail"),
        ({**PERSON, "id": 5}, "id"),
        ({**PERSON, "displayName": "x" * 257}, "displayName"),
        ({**PERSON, "nickname": "x"}, "nickname"),
        ({**PERSON, "manager": 5}, "manager"),
        ({**PERSON, "manager": ""}, "manager"),
        ({**PERSON, "memberOf": "g"}, "memberOf"),
        ({**PERSON, "memberOf": ["g", ""]}, "memberOf/1"),
        ({**PERSON, "directoryRoles": [5]}, "directoryRoles"),
        ({**PERSON, "relations": {"friends": []}}, "relations"),
        ({**PERSON, "relations": {"family": ["a", "b", "c"]}}, "relations/family"),
        ({**PERSON, "profile": []}, "profile"),
        ({**PERSON, "profile": {"hobbies": []}}, "profile/hobbies"),
        ({**PERSON, "profile": {"account": [{}]}}, "profile/account"),
        ({**PERSON, "profile": {"skills": [{}, {}, {}, {}]}}, "profile/skills"),
        ({**PERSON, "profile": {"skills": [{}, 5]}}, "profile/skills/1"),
        ({**PERSON, "profile": {"skills": [{}, {"id": "1"}]}}, "profile/skills/1/id"),
        ({**PERSON, "profile": {"skills": [{"id": ID}, {"id": ID}]}}, "profile/skills/1/id"),
        ({**PERSON, "profile": {"skills": [{"displayName": "x" * 200}]}}, "profile/skills/0"),
        (
            {**PERSON, "profile": {"skills": [{}, {"createdDateTime": "now"}]}},
            "profile/skills/1/createdDateTime",
        ),
        (
            {**PERSON, "profile": {"skills": [{"createdBy": {"user": {"id": 5}}}]}},
            "profile/skills/0/createdBy/user/id",
        ),
    ],
)
def test_a_fault_names_the_property(members: dict[str, Any], at: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**members)
    assert caught.value.target == at
    assert f"'{at}'" in caught.value.message


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"displayName": "\xff"}', b"[" * 10_000]
)
def test_what_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(BadRequest):
        reader().read(line)
