"""JSON batches, as Graph and OData JSON Format 4.01, section 19, describe them."""

import gzip
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.batching import JSON, PATH, batch, delete, error, get, names, patch, post, send
from api.conftest import BASE, FACET_LIMIT, Client, Service, fault
from openprofile.model.facets import FACETS

pytestmark = pytest.mark.anyio
GUID = "0fb4c1e3-c1e3-0fb4-e3c1-b40fe3c1b40f"


async def test_each_request_gets_its_answer(ada: Client) -> None:
    answers = await batch(ada, post("a"), get("b", "me/profile"), get("c", f"{PATH}/nope"))
    assert list(answers) == ["a", "b", "c"]
    assert answers["a"]["status"] == 201
    assert answers["a"]["body"]["displayName"] == "a"
    assert answers["a"]["headers"]["Location"].startswith(f"{BASE}/beta/")
    assert answers["a"]["headers"]["ETag"] == answers["a"]["body"]["@odata.etag"]
    assert answers["b"]["status"] == 200
    error(answers["c"], 404, "itemNotFound")
    item = (await ada("GET", answers["a"]["headers"]["Location"])).json()
    assert item == answers["a"]["body"]


@pytest.mark.parametrize("facet", [name for name, kind in FACETS.items() if not kind.read_only])
async def test_every_facet_can_be_batched(ada: Client, facet: str) -> None:
    path = f"/me/profile/{facet}"
    answers = await batch(
        ada,
        post("1", {}, path),
        get("2", "$1"),
        patch("3", "$1", {"isSearchable": True}, dependsOn=["2"]),
        delete("4", "$1", dependsOn=["3"]),
        get("5", path, dependsOn=["4"]),
    )
    assert [answer["status"] for answer in answers.values()] == [201, 200, 200, 204, 200]
    assert answers["5"]["body"]["value"] == []


@pytest.mark.parametrize("version", ["beta", "v1.0"])
async def test_both_versions_take_batches_of_their_own(ada: Client, version: str) -> None:
    response = await ada("POST", f"/{version}/$batch", json={"requests": [get("1", "/$metadata")]})
    (answer,) = response.json()["responses"]
    assert answer["status"] == 200
    assert answer["headers"]["Content-Type"] == "application/xml"
    other = await ada("POST", "/v1.0/$batch", json={"requests": [get("1")]})
    error(other.json()["responses"][0], 400, "BadRequest")


@pytest.mark.parametrize("path", ["/beta/%24batch", "/beta/$batch/", "$batch?$format=json"])
async def test_the_batch_s_own_url_has_other_spellings(ada: Client, path: str) -> None:
    response = await ada("POST", path, json={"requests": [get("1")]})
    assert response.json()["responses"][0]["status"] == 200


async def test_a_batch_of_pnpjs(ada: Client) -> None:
    # Ids count from "1" and come back as numbers; no slash in front, the token repeated, a
    # Content-Type on reads too; each answer's headers["Content-Type"] is looked at.
    headers = {
        "Content-Type": "application/json",
        "SdkVersion": "PnPCoreJS/4.21.0",
        "X-PnPjs-RequestId": GUID,
        "Authorization": ada._authorization["Authorization"],
    }
    answers = await batch(
        ada,
        *(post(str(n), url="me/profile/interests", headers=headers) for n in range(1, 11)),
        *(get(str(n), "me/profile/languages", headers=headers) for n in range(11, 21)),
    )
    assert [int(id) for id in answers] == list(range(1, 21))
    assert [answer["status"] for answer in answers.values()] == [201] * 10 + [200] * 10
    assert len(await names(ada)) == 10


async def test_a_batch_of_kiota(ada: Client) -> None:
    ids = [str(uuid.UUID(int=n)) for n in range(3)]
    (await ada("POST", PATH, json={"displayName": "kept", "id": GUID})).raise_for_status()
    answers = await batch(
        ada,
        post(ids[0], {"@odata.type": "#microsoft.graph.personInterest"}, f"/{PATH}"),
        # As shipped, the Python SDK writes absolute URLs, and the TypeScript SDK empty objects.
        get(ids[1], f"{BASE}/beta/{PATH}/{GUID}", headers={}, body={}, depends_on=["x"]),
        delete(ids[2], f"{BASE}/beta/{PATH}/nope", headers={}, body={}),
    )
    assert [answers[id]["status"] for id in ids] == [201, 200, 404]
    assert answers[ids[1]]["body"]["displayName"] == "kept"


async def test_a_batch_of_the_javascript_client(ada: Client) -> None:
    answers = await batch(
        ada,
        post("1", url="/me/profile/interests"),
        get("2", "/me/profile/interests", dependsOn=["1"]),
        delete("3", f"/me/profile/interests/{GUID}", dependsOn=["2"]),
        get("4", "/me/profile/interests", dependsOn=["3"]),
    )
    assert [answers[id]["status"] for id in "1234"] == [201, 200, 404, 424]
    assert len(answers["2"]["body"]["value"]) == 1


@pytest.mark.parametrize("method", ["get", "Get", "GET"])
async def test_the_method_has_any_case(ada: Client, method: str) -> None:
    answers = await batch(ada, get("1") | {"method": method})
    assert answers["1"]["status"] == 200


async def test_dependants_run_after_what_they_depend_on(ada: Client) -> None:
    answers = await batch(
        ada,
        *(post(str(n), dependsOn=[str(n - 1)] if n else []) for n in range(10)),
        get("last", dependsOn=["9"]),
    )
    assert [item["displayName"] for item in answers["last"]["body"]["value"]] == list("0123456789")


async def test_what_depends_on_a_failure_is_not_run(ada: Client) -> None:
    answers = await batch(
        ada,
        get("gone", f"{PATH}/nope"),
        post("next", dependsOn=["gone"]),
        post("after", dependsOn=["Next"]),
        post("free"),
    )
    assert "'gone'" in error(answers["next"], 424, "failedDependency")
    assert "404" in answers["next"]["body"]["error"]["message"]
    error(answers["after"], 424, "failedDependency")
    assert answers["free"]["status"] == 201
    assert await names(ada) == ["free"]


async def test_a_failure_in_the_middle_stops_its_own_chain_alone(ada: Client) -> None:
    answers = await batch(
        ada,
        post("1"),
        get("2", f"{PATH}/nope", dependsOn=["1"]),
        post("3", dependsOn=["2"]),
        post("4", dependsOn=["1", "3"]),
        *(post(str(n), dependsOn=[str(n - 1)] if n > 5 else ["1"]) for n in range(5, 20)),
        get("20", dependsOn=["19"]),
    )
    error(answers["2"], 404, "itemNotFound")
    assert "'2', on which" in error(answers["3"], 424, "failedDependency")
    assert "'3', on which" in error(answers["4"], 424, "failedDependency")
    chain = [str(n) for n in range(5, 20)]
    assert {answers[id]["status"] for id in chain} == {201}
    assert [each["displayName"] for each in answers["20"]["body"]["value"]] == ["1", *chain]


@pytest.mark.parametrize("body", [{}, None, "x", {"displayName": "x"}, [[]]])
async def test_a_body_where_the_method_has_none_means_nothing(ada: Client, body: Any) -> None:
    gone = (await ada("POST", PATH, json={"displayName": "gone"})).json()["id"]
    answers = await batch(
        ada,
        get("1", body=body, headers={}),
        get("2", body=body, headers=JSON),
        delete("3", f"{PATH}/{gone}", body=body, dependsOn=["1", "2"]),
    )
    assert [answers[id]["status"] for id in "123"] == [200, 200, 204]


async def test_a_reference_stands_for_the_item_of_another_answer(ada: Client) -> None:
    answers = await batch(
        ada,
        post("new", url=f"/{PATH}/$ref"),
        patch("1", "/$new", {"description": "d"}),
        get("2", "$NEW", dependsOn=["1"]),
        get("3", "%242"),
        delete("4", "$3", headers={"If-Match": "$2"}),
        get("5", PATH, dependsOn=["4"]),
    )
    assert [answer["status"] for answer in answers.values()] == [201, 200, 200, 200, 204, 200]
    assert answers["2"]["body"]["description"] == "d"
    assert answers["5"]["body"]["value"] == []


async def test_a_reference_may_be_continued(ada: Client) -> None:
    answers = await batch(ada, get("1", "me/profile"), get("2", "$1/interests"))
    assert answers["2"]["body"]["value"] == []


async def test_an_etag_reference_protects_an_update(ada: Client) -> None:
    item = (await ada("POST", PATH, json={})).json()["id"]
    condition = {"headers": JSON | {"if-match": "$read"}}
    answers = await batch(
        ada,
        get("read", f"{PATH}/{item}"),
        patch("1", f"{PATH}/{item}", **condition, dependsOn=["read"]),
        patch("2", f"{PATH}/{item}", **condition, dependsOn=["1"]),
    )
    assert answers["1"]["status"] == 200
    error(answers["2"], 412, "resourceModified")


async def test_a_reference_to_nothing_is_its_request_s_fault(ada: Client) -> None:
    answers = await batch(
        ada,
        get("1", "$none"),
        get("2", "$2"),
        get("3", "$4"),
        get("4", PATH),
        patch("5", f"{PATH}/x", headers=JSON | {"If-Match": "$none"}),
        delete("6", f"{PATH}/x", headers={"If-Match": "$4"}),
        get("7", "$1"),
    )
    for id in "1235":
        assert "earlier request" in error(answers[id], 400, "BadRequest")
    assert "has none" in error(answers["6"], 400, "BadRequest")
    error(answers["7"], 424, "failedDependency")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/beta/me/profile",
        "//evil.example/beta/me/profile",
        f"{BASE}/livez",
        f"{BASE}/v1.0/me",
        "/v1.0/me",
        "/../livez",
        "/me/%2e%2e/%2e%2e/livez",
        "/$batch",
        "$batch",
        f"{BASE}/beta/$batch",
        "/%24batch",
        "",
        "/me#x",
        "http://[",
    ],
)
async def test_a_url_that_leads_out_of_the_service_root_is_refused_alone(
    ada: Client, url: str
) -> None:
    answers = await batch(ada, get("1", url), get("2"))
    error(answers["1"], 400, "BadRequest")
    assert answers["2"]["status"] == 200


async def test_a_header_may_not_name_another_host(ada: Client) -> None:
    answers = await batch(
        ada,
        post("1", headers=JSON | {"Host": "evil.example"}),
        post("2", headers=JSON | {"Host": "localhost:8080", "X-Forwarded-Host": "evil.example"}),
    )
    error(answers["1"], 400, "BadRequest")
    assert answers["2"]["headers"]["Location"].startswith(f"{BASE}/beta/")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (get("1", "/nothing"), 400, "BadRequest"),
        (get("1", "/me//profile"), 400, "BadRequest"),
        (get("1") | {"method": "HEAD"}, 400, "BadRequest"),
        (get("1") | {"if": "$1/$succeeded"}, 501, "NotImplemented"),
        (patch("1", PATH), 405, "Request_BadRequest"),
        (post("1", "{}"), 400, "BadRequest"),
        (post("1", {"colour": 1}), 400, "BadRequest"),
        (post("1", "x", headers={"Content-Type": "text/plain"}), 415, "unsupportedMediaType"),
        (post("1", "x", headers={"Content-Type": "image/png"}), 400, "BadRequest"),
        (post("1", {"description": "x" * 1024 * 1024}), 413, "requestEntityTooLarge"),
        (get("1", f"{PATH}?x={'y' * 20_000}"), 414, "uriTooLong"),
        (get("1", "users/nobody/profile"), 404, "Request_ResourceNotFound"),
    ],
)
async def test_a_request_is_refused_as_it_is_by_itself(
    ada: Client, request_: dict[str, Any], status: int, code: str
) -> None:
    answers = await batch(ada, request_, post("2"))
    error(answers["1"], status, code)
    assert answers["2"]["status"] == 201
    if status == 405:
        assert answers["1"]["headers"]["Allow"] == "GET, HEAD, POST"


async def test_a_limit_holds_for_all_requests_together(ada: Client) -> None:
    for n in range(FACET_LIMIT - 5):
        await ada("POST", PATH, json={"displayName": str(n)})
    answers = await batch(ada, *(post(str(n)) for n in range(20)))
    statuses = sorted(answer["status"] for answer in answers.values())
    assert statuses == [201] * 5 + [507] * 15
    assert len(await names(ada)) == FACET_LIMIT


async def test_each_request_is_authorised_by_itself(service: Service, ada: Client) -> None:
    bram = service.person("bram", "User.Read")._authorization["Authorization"]
    await ada("POST", PATH, json={"displayName": "hers", "allowedAudiences": "me"})
    own, other = "me/profile/interests", "users/ada@harbour.example/profile/interests"
    answers = await batch(
        ada,
        get("1"),
        get("2", other, headers={"authorization": bram}),
        post("3", url=own, headers=JSON | {"Authorization": bram}),
        get("4", headers={"Authorization": "Bearer nonsense"}),
        get("5", headers={"Authorization": ""}),
        post("6", url="users/bram@harbour.example/profile/interests"),
    )
    assert len(answers["1"]["body"]["value"]) == 1
    assert answers["2"]["body"]["value"] == []
    error(answers["3"], 403, "Authorization_RequestDenied")
    for id in "45":
        error(answers[id], 401, "InvalidAuthenticationToken")
        assert answers[id]["headers"]["WWW-Authenticate"].startswith("Bearer")
    error(answers["6"], 403, "Authorization_RequestDenied")


async def test_the_batch_itself_needs_a_token(service: Service, ada: Client) -> None:
    token = ada._authorization["Authorization"]
    for client in (service.anonymous(), service.bearing("nonsense")):
        response = await send(client, get("1", headers={"Authorization": token}))
        fault(response, 401, "InvalidAuthenticationToken")


async def test_ids_of_requests_are_told_apart(ada: Client) -> None:
    mine, own = "client-id-of-the-batch", "client-id-of-the-request"
    response = await send(
        ada,
        get("1", f"{PATH}/nope"),
        get("2", f"{PATH}/nope", headers={"client-request-id": own}),
        get("3", headers={"client-request-id": "x" * 129}),
        headers={"client-request-id": mine},
    )
    one, two, three = response.json()["responses"]
    ids = {each["headers"]["request-id"] for each in (one, two, three)}
    assert len(ids | {response.headers["request-id"]}) == 4
    assert one["body"]["error"]["innerError"]["client-request-id"] == mine
    assert two["body"]["error"]["innerError"]["client-request-id"] == own
    assert two["headers"]["client-request-id"] == own
    assert "client-request-id" not in three["headers"]


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([get(str(n)) for n in range(21)], "20 at most"),
        ([get("a"), get("A")], "'A' is repeated"),
        ([get("1") | {"id": None}], r"requests[0].id"),
        ([get("1", dependsOn=["2"]), get("2")], "'2', which is no earlier request"),
        ([get("1", dependsOn=["1"])], "'1', which is no earlier request"),
        (
            [get("1"), {"id": "x", "method": "POST", "url": PATH, "body": {}}],
            "Write request id : x does not contain Content-Type header or body.",
        ),
        (
            [post("1"), {"id": "y", "method": "patch", "url": PATH, "headers": JSON}],
            "Write request id : y does not contain Content-Type header or body.",
        ),
    ],
)
async def test_a_malformed_batch_is_refused_whole(
    ada: Client, requests: list[dict[str, Any]], reason: str
) -> None:
    refused = fault(await send(ada, *requests), 400, "BadRequest")
    assert reason in refused["message"]
    assert await names(ada) == []


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_a_condition_on_the_whole_batch_is_refused(ada: Client, header: str) -> None:
    refused = fault(await send(ada, get("1"), headers={header: "*"}), 400, "BadRequest")
    assert refused["target"] == header


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
async def test_another_format_is_refused(ada: Client, content_type: str) -> None:
    response = await ada("POST", "$batch", content=b"{}", headers={"Content-Type": content_type})
    assert "multipart/mixed" in fault(response, 415, "unsupportedMediaType")["message"]


async def test_what_does_not_apply_to_a_batch_is_refused(ada: Client) -> None:
    response = await ada("GET", "$batch")
    fault(response, 405, "Request_BadRequest")
    assert response.headers["allow"] == "POST"
    response = await ada("POST", "$batch?$filter=x", json={"requests": []})
    fault(response, 501, "NotImplemented")
    fault(await ada("POST", "me/$batch", json={"requests": []}), 400, "BadRequest")


async def test_a_batch_may_be_larger_than_a_request_and_compressed(ada: Client) -> None:
    large = {"description": "x" * 900_000}
    document = {"requests": [post(str(n), large) for n in range(4)]}
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json"}
    for content, encoding in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
        response = await ada("POST", "$batch", content=content, headers=headers | encoding)
        assert [each["status"] for each in response.json()["responses"]] == [201] * 4
    document["requests"] *= 2
    body = json.dumps(document).encode()
    for content, encoding in ((body, {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
        response = await ada("POST", "$batch", content=content, headers=headers | encoding)
        fault(response, 413, "requestEntityTooLarge")


async def test_a_preference_to_stop_at_an_error_is_not_followed(ada: Client) -> None:
    # OData lets a service go on; Graph does.
    response = await send(
        ada, get("1", "/nothing"), post("2"), headers={"Prefer": "continue-on-error=false"}
    )
    assert [each["status"] for each in response.json()["responses"]] == [400, 201]
    assert "preference-applied" not in response.headers


async def test_a_defect_in_one_request_is_its_500(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(service.parts.store, "collection", fail)
    answers = await batch(ada, get("1"), post("2"))
    assert "secret" not in error(answers["1"], 500, "generalException")
    assert answers["2"]["status"] == 201


async def test_an_unavailable_database_is_a_503_of_each_write(
    service: Service, ada: Client
) -> None:
    await service.parts.store.close()
    answers = await batch(
        ada, post("1"), post("2", atomicityGroup="g"), post("3", atomicityGroup="g")
    )
    for answer in answers.values():
        error(answer, 503, "serviceNotAvailable")
        assert answer["headers"]["Retry-After"] == "1"


urls = st.sampled_from(
    [PATH, f"/{PATH}", "$1", "$2/x", "/", "", "?", "//", f"{PATH}/{GUID}", "$metadata", "/$batch"]
) | st.text(max_size=8)
requests = st.fixed_dictionaries(
    {
        "id": st.sampled_from("123456"),
        "method": st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]),
        "url": urls,
        "headers": st.dictionaries(
            st.sampled_from(["If-Match", "If-None-Match", "Host", "Prefer", "Authorization"]),
            st.sampled_from(["$1", "*", "x", '"', "$"]),
        ).map(lambda headers: JSON | headers),
        "body": st.sampled_from([{}, {"displayName": "x"}, {"x": 1}, "x", 1, [], None]),
    },
    optional={
        "dependsOn": st.lists(st.sampled_from("1234g"), max_size=2),
        "atomicityGroup": st.sampled_from("gh"),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.lists(requests, max_size=6))
async def test_no_batch_is_a_server_error(ada: Client, sent: list[dict[str, Any]]) -> None:
    response = await send(ada, *sent)
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        answers = response.json()["responses"]
        assert [each["id"] for each in answers] == [each["id"] for each in sent]
        assert all(each["status"] < 500 or each["status"] in (501, 507) for each in answers)
