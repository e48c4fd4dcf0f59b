import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprofile.errors import BadRequest, NotSupported
from openprofile.odata.batch import (
    IndividualRequest,
    IndividualResponse,
    read_json,
    write_json,
)

GET = {"id": "1", "method": "GET", "url": "/me"}
POST = {
    "id": "1",
    "method": "POST",
    "url": "/me/profile/interests",
    "headers": {"Content-Type": "application/json"},
    "body": {"displayName": "Chess"},
}


def read(*requests: dict[str, Any]) -> list[IndividualRequest]:
    return read_json(json.dumps({"requests": requests}).encode(), 20)


def test_a_request_is_read_as_it_was_written() -> None:
    (request,) = read(POST | {"method": "post", "atomicityGroup": "g", "dependsOn": []})
    assert request.id == "1"
    assert request.method == "POST"
    assert request.url == "/me/profile/interests"
    assert request.headers == {"content-type": "application/json"}
    assert json.loads(request.body) == {"displayName": "Chess"}
    assert request.group == "g"
    assert request.fault is None


def test_the_text_of_a_json_body_is_kept() -> None:
    text = '{"n": 1.50, "n": 12345678901234567890, "s": "\\u00e9"}'
    sent = json.dumps({"requests": [POST | {"body": 0}]}).replace("0", text)
    assert read_json(sent.encode(), 1)[0].body == text.encode()


@pytest.mark.parametrize(
    ("content_type", "sent", "body"),
    [
        ("application/json", None, None),
        ("application/json; charset=utf-8", [1], b"[1]"),
        ("text/plain", "é", "é".encode()),
        ("Text/Plain; charset=utf-8", "", b""),
        ("application/octet-stream", "_-8", b"\xff\xef"),
        ("application/octet-stream", "/+8=", b"\xff\xef"),
        ("image/png", "", b""),
    ],
)
def test_a_body_is_read_by_its_media_type(
    content_type: str, sent: object, body: bytes | None
) -> None:
    item = POST | {"headers": {"content-TYPE": content_type}, "body": sent}
    if body is None:
        with pytest.raises(BadRequest, match="Write request id : 1 "):
            read(item)
    else:
        (request,) = read(item)
        assert request.fault is None
        assert request.body == body


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/plain", {"a": 1}),
        ("image/png", 1),
        ("image/png", "a"),
        ("image/png", "é==="),
        ("image/png", "ab cd"),
    ],
)
def test_a_body_in_the_wrong_form_is_the_fault_of_its_request(
    content_type: str, sent: object
) -> None:
    (request,) = read(POST | {"headers": {"Content-Type": content_type}, "body": sent})
    assert isinstance(request.fault, BadRequest)
    assert content_type in request.fault.message


@pytest.mark.parametrize("method", ["GET", "delete"])
def test_a_body_of_a_method_without_one_is_ignored(method: str) -> None:
    # The TypeScript SDK of Kiota writes {} for both in every request (sdk-core preview.17).
    (request,) = read(GET | {"method": method, "headers": {}, "body": {}})
    assert request.body == b""
    assert request.fault is None


def test_members_that_are_unknown_or_null_are_ignored() -> None:
    (request,) = read(
        GET
        | dict.fromkeys(("headers", "body", "dependsOn", "atomicityGroup", "if"))
        | {"depends_on": ["7"], "@odata.type": "x"}
    )
    assert request == IndividualRequest(id="1", method="GET", url="/me", headers={})


def test_what_is_wrong_with_one_request_is_its_own() -> None:
    (head,) = read(GET | {"method": "head"})
    assert isinstance(head.fault, BadRequest)
    assert "GET, POST, PATCH, PUT, DELETE" in head.fault.message
    (conditional,) = read(GET | {"if": "$1/$succeeded"})
    assert isinstance(conditional.fault, NotSupported)


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([{"method": "GET", "url": "/me"}], "id"),
        ([GET | {"id": 1}], r"requests\[0\].id"),
        ([GET | {"id": ""}], "id '' is malformed"),
        ([GET | {"id": "a\r\nb"}], "printable"),
        ([GET | {"id": "x" * 257}], "256"),
        ([{"id": "1", "url": "/me"}], "method"),
        ([{"id": "1", "method": "GET"}], "url"),
        ([GET | {"url": None}], "url"),
        ([GET | {"headers": []}], "headers"),
        ([GET | {"headers": {"Prefer": 1}}], "headers"),
        ([GET | {"headers": {"a b": "x"}}], "'a b'"),
        ([GET | {"headers": {"Prefer": "x\r\nHost: y"}}], "'prefer'"),
        ([GET | {"dependsOn": "1"}], "dependsOn"),
        ([GET | {"dependsOn": [1]}], "dependsOn"),
        ([GET, GET], "repeated"),
        ([GET | {"id": "a"}, GET | {"id": "A"}], "repeated"),
        ([GET | {"dependsOn": ["1"]}], "'1' depends on '1'"),
        ([GET | {"dependsOn": ["2"]}, GET | {"id": "2"}], "depends on '2'"),
        ([GET | {"dependsOn": ["no"]}], "depends on 'no'"),
        ([GET | {"atomicityGroup": "g", "dependsOn": ["g"]}], "depends on 'g'"),
        ([GET | {"atomicityGroup": "1"}], "names both"),
        ([GET, GET | {"id": "2", "atomicityGroup": "1"}], "names both"),
        ([GET | {"atomicityGroup": ""}], "atomicity group"),
        (
            [
                GET | {"atomicityGroup": "g"},
                GET | {"id": "2"},
                GET | {"id": "3", "atomicityGroup": "g"},
            ],
            "not adjacent",
        ),
        ([POST | {"headers": {}}], "Write request id : 1 does not contain Content-Type header"),
        ([{**POST, "id": "x", "body": None}], "Write request id : x does not"),
        ([GET | {"id": str(n)} for n in range(21)], "20 at most"),
        ([None], "requests"),
        (["GET /me"], "requests"),
    ],
)
def test_a_malformed_batch_is_refused_whole(requests: list[Any], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        read(*requests)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"requests":null}',
        b'{"requests":{}}',
        b'{"requests":[{"id":"1","method":"GET","url":"\xff"}]}',
        b'{"requests":[{"id":"\\ud800","method":"GET","url":"x"}]}',
        b'{"requests":[{"id":"1","method":"PUT","url":"x","body":' + b"[" * 100_000,
    ],
)
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_json(body, 20)


def test_a_request_may_depend_on_earlier_ones_and_on_groups_that_ended() -> None:
    requests = read(
        GET | {"id": "a"},
        GET | {"id": "b", "atomicityGroup": "g", "dependsOn": ["A"]},
        GET | {"id": "c", "atomicityGroup": "g", "dependsOn": ["b"]},
        GET | {"id": "d", "dependsOn": ["G", "c"]},
    )
    assert [request.depends_on for request in requests] == [(), ("A",), ("b",), ("G", "c")]
    with pytest.raises(BadRequest, match="depends on 'g'"):
        read(
            GET | {"id": "a", "atomicityGroup": "g"},
            GET | {"id": "b", "atomicityGroup": "g", "dependsOn": ["g"]},
        )


def test_an_empty_batch_is_one() -> None:
    assert read() == []
    assert write_json([]) == b'{"responses":[]}'


def test_references_are_found_in_the_url_and_in_the_conditions() -> None:
    (request,) = read(
        GET | {"url": "$a/webUrl", "headers": {"If-Match": "$b", "if-none-match": ' W/"$c"'}}
    )
    assert list(request.references) == ["a", "b"]


@pytest.mark.parametrize(
    ("headers", "body", "member"),
    [
        ({"Content-Type": "application/json;odata.metadata=minimal"}, b'{"n":1.0}', {"n": 1.0}),
        ({"Content-Type": "text/plain"}, b"45", "45"),
        ({"Content-Type": "application/xml"}, b"<a/>\xff\xff", "PGEvPv__"),
        ({}, b"\xff", "_w=="),
    ],
)
def test_a_body_is_written_by_its_media_type(
    headers: dict[str, str], body: bytes, member: object
) -> None:
    response = IndividualResponse(id="Ä", status=200, headers=headers, body=body)
    assert json.loads(write_json([response])) == {
        "responses": [{"id": "Ä", "status": 200, "headers": headers, "body": member}]
    }


def test_an_answer_without_a_body_has_no_such_member() -> None:
    response = IndividualResponse(id="1", status=204, headers={}, group="g")
    assert json.loads(write_json([response])) == {
        "responses": [{"id": "1", "status": 204, "headers": {}, "atomicityGroup": "g"}]
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
items = st.fixed_dictionaries(
    {"id": st.text(max_size=3) | json_values, "method": st.text(max_size=6), "url": st.text()},
    optional={
        "headers": st.dictionaries(st.sampled_from(["Content-Type", "x", ""]), st.text())
        | json_values,
        "body": json_values,
        "dependsOn": json_values,
        "atomicityGroup": json_values,
        "if": json_values,
    },
)


@given(st.lists(items | json_values, max_size=4).map(lambda value: {"requests": value}))
def test_any_document_is_read_or_refused(document: object) -> None:
    try:
        requests = read_json(msgspec.json.encode(document), 3)
    except BadRequest:
        return
    assert len(requests) <= 3
