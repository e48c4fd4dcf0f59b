"""Whatever a client sends, the answer has one shape and says what was expected."""

import json
from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"


@pytest.mark.parametrize(
    ("body", "target", "expected"),
    [
        ({"displayname": "x"}, "displayname", "displayName"),
        ({"colour": "x"}, "colour", "collaborationTags"),
        ({"displayName": 1}, "displayName", "expected Edm.String, got the number 1"),
        ({"displayName": ["x"]}, "displayName", "expected Edm.String, got an array"),
        ({"isSearchable": "true"}, "isSearchable", "expected Edm.Boolean, got the string 'true'"),
        ({"categories": "x"}, "categories", "Collection(Edm.String), a JSON array"),
        ({"categories": ["a", 2, None]}, "categories/1", "got the number 2"),
        ({"categories": [None]}, "categories/0", "got null"),
        ({"inference": 1}, "inference", "microsoft.graph.inferenceData, a JSON object"),
        ({"inference": {"confidenceScore": "1"}}, "inference/confidenceScore", "Edm.Double"),
        ({"inference": {"score": 1}}, "inference/score", "confidenceScore"),
        ({"inference": {"confidenceScore": True}}, "inference/confidenceScore", "got true"),
        ({"allowedAudiences": "friends"}, "allowedAudiences", "me, family, contacts"),
        ({"allowedAudiences": "me,"}, "allowedAudiences", "'' is not a member"),
        ({"allowedAudiences": 8}, "allowedAudiences", "got the number 8"),
        ({"allowedAudiences": "unknownFutureValue"}, "allowedAudiences", "expected one of"),
        ({"@odata.type": "#microsoft.graph.skillProficiency"}, "@odata.type", "personInterest"),
        ({"@odata.type": 1}, "@odata.type", "personInterest"),
        ({"source": {"type": "User"}}, "source/type", "Collection(Edm.String)"),
        ({"x" * 5000: 1}, "x" * 127 + "…", "no such property"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_each_property_at_fault_is_named(
    ada: Client, method: str, body: dict[str, Any], target: str, expected: str
) -> None:
    kept = (await ada("POST", PATH, json={"displayName": "kept"})).json()
    path = PATH if method == "POST" else f"{PATH}/{kept['id']}"
    if method == "PATCH" and body.get("allowedAudiences") == "unknownFutureValue":
        # graph/patterns/evolvable-enums.md: in an update the sentinel counts as absent
        assert (await ada(method, path, json=body)).status_code == 200
        return
    error = fault(await ada(method, path, json=body), 400, "BadRequest")
    assert target in [detail["target"] for detail in error["details"]]
    assert target in error["message"]
    assert expected in error["message"]
    (only,) = (await ada("GET", PATH)).json()["value"]
    assert only["@odata.etag"] == kept["@odata.etag"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"displayName": "x"',
        b"{'displayName': 'x'}",
        b'{"displayName": "x",}',
        b'{"displayName": NaN}',
        b'{"displayName": "\xff"}',
        b'{"displayName": "\\ud800"}',
        b'{"inference": {"confidenceScore": Infinity}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"inference":' * 50_000 + b"1" + b"}" * 50_000,
        b"null",
        b"[]",
        b'"text"',
        b"1",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_body_that_is_no_json_object_is_a_bad_request(
    ada: Client, method: str, body: bytes
) -> None:
    item = (await ada("POST", PATH, json={})).json()
    path = PATH if method == "POST" else f"{PATH}/{item['id']}"
    response = await ada(method, path, content=body, headers={"Content-Type": "application/json"})
    fault(response, 400, "BadRequest")
    assert len((await ada("GET", PATH)).json()["value"]) == 1


async def test_so_many_faults_of_a_body_are_told_and_no_more(ada: Client) -> None:
    for body in ({"categories": [1] * 100_000}, {f"displayNam{n}": 1 for n in range(50_000)}):
        response = await ada("POST", PATH, json=body)
        error = fault(response, 400, "BadRequest")
        assert len(error["details"]) == 20
        assert len(response.content) < 20_000


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000])
async def test_a_number_out_of_range_names_its_property(ada: Client, number: str) -> None:
    body = f'{{"inference": {{"confidenceScore": {number}}}}}'
    response = await ada("POST", PATH, content=body, headers={"Content-Type": "application/json"})
    fault(response, 400, "BadRequest")


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/xml", "application/json;charset=utf-16", "nonsense"],
)
async def test_another_media_type_is_refused(ada: Client, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await ada("POST", PATH, content=b"{}", headers=headers)
    error = fault(response, 415, "unsupportedMediaType")
    assert "application/json" in error["message"]


async def test_an_encoded_body_is_refused(ada: Client) -> None:
    response = await ada("POST", PATH, json={}, headers={"Content-Encoding": "br"})
    fault(response, 415, "unsupportedMediaType")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", "application/json;odata.metadata=full"],
)
async def test_json_by_any_spelling_is_read(ada: Client, content_type: str) -> None:
    response = await ada("POST", PATH, content=b"{}", headers={"Content-Type": content_type})
    assert response.status_code == 201


async def test_a_body_over_a_mebibyte_is_refused(ada: Client) -> None:
    most = json.dumps({"description": ""}).encode()
    most = most.replace(b'""', b'"' + b"x" * (1024 * 1024 - len(most)) + b'"')
    headers = {"Content-Type": "application/json"}
    assert len(most) == 1024 * 1024
    assert (await ada("POST", PATH, content=most, headers=headers)).status_code == 201
    response = await ada("POST", PATH, content=most + b" ", headers=headers)
    fault(response, 413, "requestEntityTooLarge")

    async def unannounced() -> Any:
        for _ in range(20):
            yield b" " * 100_000

    response = await ada("POST", PATH, content=unannounced(), headers=headers)
    fault(response, 413, "requestEntityTooLarge")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", PATH, "GET, HEAD, POST"),
        ("DELETE", PATH, "GET, HEAD, POST"),
        ("PATCH", PATH, "GET, HEAD, POST"),
        ("POST", f"{PATH}/some-id", "GET, HEAD, PATCH, DELETE"),
        ("PUT", f"{PATH}/some-id", "GET, HEAD, PATCH, DELETE"),
        ("DELETE", f"{PATH}/$ref", "GET, HEAD, POST"),
        ("POST", f"{PATH}/$count", "GET, HEAD"),
        ("TRACE", PATH, "GET, HEAD, POST"),
    ],
)
async def test_another_method_is_refused_with_those_allowed(
    ada: Client, method: str, path: str, allow: str
) -> None:
    response = await ada(method, path)
    error = fault(response, 405, "Request_BadRequest")
    assert response.headers["allow"] == allow
    assert method in error["message"]


@pytest.mark.parametrize("path", ["users/nobody@harbour.example", "users/0000", "users/%27%2F%00"])
async def test_an_unknown_person_is_not_found(ada: Client, path: str) -> None:
    response = await ada("GET", f"{path}/profile/interests")
    fault(response, 404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    "item_id", ["nope", "0fb4c1e3-c1e3-0fb4-e3c1-b40fe3c1b40f", "%2527", "%00"]
)
async def test_an_unknown_item_is_not_found(ada: Client, item_id: str) -> None:
    for method, options in (("GET", {}), ("PATCH", {"json": {}}), ("DELETE", {})):
        fault(await ada(method, f"{PATH}/{item_id}", **options), 404, "itemNotFound")


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("nothing", "nothing"),
        ("me/nothing", "nothing"),
        ("me/profile/nothing", "nothing"),
        ("me/profile/interests/1/nothing", "nothing"),
        ("me/profile/$nothing", "$nothing"),
        ("/v1.0/me/profile", "profile"),
        ("/v1.0/users/x/profile/interests", "profile"),
    ],
)
async def test_a_path_outside_the_model_is_a_bad_request(
    ada: Client, path: str, segment: str
) -> None:
    error = fault(await ada("GET", path), 400, "BadRequest")
    assert error["message"] == f"Resource not found for the segment '{segment}'."


@pytest.mark.parametrize("path", ["me//profile", "me/profile/interests/%ff", "users(')/profile"])
async def test_a_malformed_path_is_a_bad_request(ada: Client, path: str) -> None:
    fault(await ada("GET", path), 400, "BadRequest")


async def test_a_path_outside_the_api_is_not_found(ada: Client) -> None:
    paths = ("/betas", "/beta%2F", "/beta%2Fme", "/v1.0%2Fx", "/nothing", "/favicon.ico", "/livez/")
    for path in paths:
        fault(await ada("GET", path), 404, "Request_ResourceNotFound")
    mine = {"client-request-id": "mine"}
    refused = await ada("POST", "/livez", headers=mine)
    inner = fault(refused, 405, "Request_BadRequest")["innerError"]
    assert inner["client-request-id"] == refused.headers["client-request-id"] == "mine"


async def test_what_is_not_implemented_says_so(ada: Client) -> None:
    for path in ("me/manager/manager", f"{PATH}?$apply=aggregate(x)", f"{PATH}?$nothing=1"):
        fault(await ada("GET", path), 501, "NotImplemented")


async def test_a_url_that_is_too_long_is_refused(ada: Client) -> None:
    fault(await ada("GET", f"{PATH}?x={'y' * 20_000}"), 414, "uriTooLong")


async def test_the_client_request_id_comes_back(ada: Client) -> None:
    mine = "e5f9a304-2796-b7e8-ccce-dd989953ebc4"
    good = await ada("GET", PATH, headers={"client-request-id": mine})
    assert good.headers["client-request-id"] == mine
    assert good.headers["request-id"] != mine
    bad = await ada("GET", f"{PATH}/nope", headers={"client-request-id": mine})
    assert bad.headers["client-request-id"] == mine
    assert fault(bad, 404, "itemNotFound")["innerError"]["client-request-id"] == mine


async def test_without_a_client_request_id_the_request_id_stands_in(ada: Client) -> None:
    for sent in (None, "x" * 129):
        headers = {"client-request-id": sent} if sent else {}
        response = await ada("GET", f"{PATH}/nope", headers=headers)
        inner = fault(response, 404, "itemNotFound")["innerError"]
        assert inner["client-request-id"] == inner["request-id"]
        assert "client-request-id" not in response.headers


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example/path", "a b", "u@localhost"])
async def test_a_foreign_host_poisons_no_link(ada: Client, host: str) -> None:
    response = await ada("POST", PATH, json={}, headers={"Host": host})
    assert response.status_code == 201
    assert response.headers["location"].startswith(f"{BASE}/beta/")
    assert response.json()["@odata.context"].startswith(f"{BASE}/beta/")


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:5000", "[::1]:443", "LOCALHOST"])
async def test_links_lead_to_where_the_client_came_from(ada: Client, host: str) -> None:
    response = await ada("POST", PATH, json={}, headers={"Host": host})
    assert response.headers["location"].startswith(f"http://{host}/beta/")


async def test_a_defect_is_a_500_that_tells_nothing(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(service.parts.store, "collection", fail)
    response = await ada("GET", PATH)
    fault(response, 500, "generalException")
    assert "secret" not in response.text


async def test_an_unavailable_database_is_a_503_to_retry(service: Service, ada: Client) -> None:
    await service.parts.store.close()
    response = await ada("POST", PATH, json={})
    fault(response, 503, "serviceNotAvailable")
    assert response.headers["retry-after"] == "1"
