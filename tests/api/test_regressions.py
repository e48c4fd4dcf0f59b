"""What went wrong in other services of this kind, each tried here.

Names say what happens; the public id of an advisory stands in the docstring where there is one.
"""

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from api.batching import JSON, batch, error, get, post, send
from api.conftest import BASE, Client, Service, fault
from api.test_facets import create
from openprofile import sample

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
HOSTILE = ["a\0b", "é\U0001f600\u202e", "'; DROP TABLE items; --", "%' OR '1'='1", '"\\', "a\tb\nc"]


async def count(client: Client) -> int:
    return int((await client("GET", f"{PATH}/$count")).text)


# ----- text


@pytest.mark.parametrize("text", HOSTILE)
async def test_any_text_is_kept_and_found_as_it_is(ada: Client, text: str) -> None:
    """SQL injection by literals and lists: CVE-2026-12076, CVE-2026-63316."""
    item = await create(ada, displayName=text)
    await create(ada, displayName="other")
    assert (await ada("GET", f"{PATH}/{item['id']}")).json()["displayName"] == text
    literal = quote("'" + text.replace("'", "''") + "'")
    for condition in (f"displayName eq {literal}", f"displayName in ({literal})",
                      f"contains(displayName,{literal})"):  # fmt: skip
        found = (await ada("GET", f"{PATH}?$filter={condition}")).json()["value"]
        assert [each["id"] for each in found] == [item["id"]]


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud800x"])
async def test_a_lone_surrogate_is_no_text(ada: Client, escape: str) -> None:
    body = f'{{"displayName": "{escape}"}}'.encode()
    fault(await ada("POST", PATH, content=body, headers=JSON), 400, "BadRequest")
    assert await count(ada) == 0


@pytest.mark.parametrize("path", ["%c0%af", "%e0%80%af", "%ed%a0%80", "%ff", "%f8%80%80%80%80"])
async def test_over_long_utf_8_is_no_text(ada: Client, path: str) -> None:
    for url in (f"{PATH}/{path}", f"{PATH}('{path}')", f"{PATH}?$filter=displayName eq '{path}'",
                f"{PATH}?$search={path}"):  # fmt: skip
        fault(await ada("GET", url), 400, "BadRequest")
    body = b'{"displayName": "\xc0\xaf"}'
    fault(await ada("POST", PATH, content=body, headers=JSON), 400, "BadRequest")


@pytest.mark.parametrize(
    "key", ["%00", "%2F", "%5C", "%2527", "..%2F..", "%2e%2e", ".%00", "%252F"]
)
async def test_a_strange_key_is_one_key_that_there_is_not(ada: Client, key: str) -> None:
    await create(ada)
    for path in (f"{PATH}/{key}", f"{PATH}('{key}')", f"{PATH}(@k)?@k='{key}'"):
        fault(await ada("GET", path), 404, "itemNotFound")
    response = await ada("GET", f"users/{key}/profile/interests")
    fault(response, 404, "Request_ResourceNotFound")


async def test_a_doubly_encoded_quote_is_decoded_once(ada: Client) -> None:
    await create(ada, displayName="%27")
    for written, number in (("'%2527'", 1), ("'%27%27'", 0)):
        response = await ada("GET", f"{PATH}/$count?$filter=displayName eq {written}")
        assert response.text == str(number)
    fault(await ada("GET", f"{PATH}?$filter=displayName eq '%27'"), 400, "BadRequest")


@pytest.mark.parametrize(
    "column", ["displayName;DROP", "(SELECT 1)", "1;--", "id desc; x", "rowid"]
)
async def test_a_name_that_the_model_has_not_reaches_no_database(ada: Client, column: str) -> None:
    """SQL injection by sort columns and paths: GHSA-cp8p and others, CVE-2026-12076."""
    for option in ("orderby", "select", "expand", "filter"):
        response = await ada("GET", f"{PATH}?${option}={quote(column)}")
        fault(response, 400, "BadRequest")


async def test_members_that_the_model_has_not_are_not_to_be_selected(ada: Client) -> None:
    """Properties outside the model were reachable in AspNetCoreOData before 9.5."""
    for name in ("tenant", "version", "text", "__struct_fields__", "allowed_audiences", "of"):
        for query in (f"$select={name}", f"$filter={name} ne null", f"$orderby={name}"):
            fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


# ----- bodies


@pytest.mark.parametrize(
    "media", ["application/xml", "application/atom+xml", "text/xml",
              "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"],
)  # fmt: skip
async def test_no_body_but_json_is_read(ada: Client, media: str) -> None:
    """XXE by XML bodies, CVE-2019-17554; forms without limits, CVE-2026-42561, CVE-2026-54283."""
    body = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    response = await ada("POST", PATH, content=body, headers={"Content-Type": media})
    fault(response, 415, "unsupportedMediaType")
    assert await count(ada) == 0


async def test_of_a_repeated_member_the_last_one_counts(ada: Client) -> None:
    body = b'{"displayName": "first", "displayName": "last", "inference": {}, "inference": null}'
    response = await ada("POST", PATH, content=body, headers=JSON)
    item = response.json()
    assert (item["displayName"], item["inference"]) == ("last", None)
    body = b'{"displayName": 1, "displayName": "last", "inference": {"x": 1}, "inference": null}'
    response = await ada("POST", PATH, content=body, headers=JSON)
    assert (response.json()["displayName"], response.json()["inference"]) == ("last", None)


@pytest.mark.parametrize("opening", [b'{"inference":', b"[", b'{"categories":[[', b'{"x":{"y":'])
@pytest.mark.parametrize("depth", [100, 1_000, 100_000])
async def test_deep_json_is_refused(ada: Client, opening: bytes, depth: int) -> None:
    """Stack overflow by nesting: CVE-2020-36518, CVE-2024-27454, CVE-2025-67221."""
    body = (opening * depth)[: 1024 * 1024]
    for whole in (body, body + b"1" + b"}" * depth):
        response = await ada("POST", PATH, content=whole[: 1024 * 1024], headers=JSON)
        fault(response, 400, "BadRequest")
    requests = b'{"requests":' + body
    fault(await ada("POST", "$batch", content=requests, headers=JSON), 400, "BadRequest")


@pytest.mark.parametrize(
    "number",
    ["9" * 5_000, "-" + "9" * 100_000, "1e400", "1e999999999", "1" + "0" * 500_000],
)
async def test_a_huge_number_is_refused(ada: Client, number: str) -> None:
    """Quadratic conversion of digits: CVE-2020-10735, CVE-2026-59171."""
    body = f'{{"inference": {{"confidenceScore": {number}}}}}'.encode()
    fault(await ada("POST", PATH, content=body, headers=JSON), 400, "BadRequest")
    number = number[:8_000]
    queries = [f"$top={number}", f"$skip={number}"]
    if number != "1e400":  # which is INF in an expression
        queries.append(f"$filter=inference/confidenceScore eq {number}")
    for query in queries:
        fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


async def test_a_body_inflates_to_its_limit_and_no_further(ada: Client) -> None:
    """Decompression bombs: CVE-2026-69304."""
    bomb = gzip.compress(b" " * 50 * 1024 * 1024)
    headers = JSON | {"Content-Encoding": "gzip"}
    for path in (PATH, "$batch"):
        response = await ada("POST", path, content=bomb, headers=headers)
        fault(response, 413, "requestEntityTooLarge")
        response = await ada("POST", path, content=gzip.compress(bomb), headers=headers)
        fault(response, 400, "BadRequest")
    headers["Content-Encoding"] = "gzip, gzip"
    response = await ada("POST", PATH, content=gzip.compress(bomb), headers=headers)
    fault(response, 415, "unsupportedMediaType")


# ----- the query


@pytest.mark.parametrize(
    "query",
    [
        "$filter=" + "(" * 3_000 + "true" + ")" * 3_000,
        "$filter=" + "not " * 1_500 + "true",
        "$filter=" + "-" * 3_000 + "1 eq 1",
        "$filter=" + "concat(" * 900 + "'a'" + ",'b')" * 300,
        "$filter=" + "cast(" * 600 + "1" + ",Edm.Int32)" * 300,
        "$filter=" + "categories/any(c:" * 400 + "true" + ")" * 400,
        "$filter=" + "[" * 4_000,
        "$filter=" + "inference/" * 700 + "x eq 1",
        "$orderby=" + "(" * 4_000,
        "$search=" + "(" * 4_000 + "a" + ")" * 4_000,
        "$expand=" + "interests($expand=" * 300,
        "$select=" + "inference($select=" * 300 + "x" + ")" * 300,
        "$compute=" + "(" * 4_000,
    ],
)
async def test_a_deep_query_is_refused(ada: Client, query: str) -> None:
    """Denial of service by nesting: CVE-2018-8269, CVE-2024-58102, CVE-2026-45646."""
    fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


@pytest.mark.parametrize(
    "query",
    ["$filter=" + " or ".join(["true"] * 1_100), "$filter=id in (" + ",".join(["''"] * 1_000) + ")",
     "$filter=" + " and ".join(["1 eq 1"] * 700), "$orderby=" + ",".join(["id"] * 1_000),
     "$select=" + ",".join(["id"] * 2_000), "$search=" + "a " * 3_000,
     "$expand=" + ",".join(["interests"] * 500)],
)  # fmt: skip
async def test_a_wide_query_is_bounded(ada: Client, query: str) -> None:
    """Allocation without limits: CVE-2026-45646; `$compute` by-passed a bound in go-odata."""
    await create(ada)
    fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")


async def test_no_option_gets_round_the_bound_of_a_list(ada: Client) -> None:
    huge = f"id in ({','.join(['1'] * 500)})"
    for query in (f"$filter={huge}", f"$orderby={huge}", f"$compute={huge} as x",
                  f"$filter=@a&@a={huge}", f"$select=categories($filter={huge})"):  # fmt: skip
        response = await ada("GET", f"{PATH}?{query.replace(' ', '%20')}")
        fault(response, 400, "BadRequest")


async def test_an_alias_that_grows_is_bounded(ada: Client) -> None:
    aliases = [f"@a{n}=@a{n + 1} and @a{n + 1}" for n in range(25)]
    query = "&".join(["$filter=@a0", *aliases, "@a25=true"])
    fault(await ada("GET", f"{PATH}?{query}"), 400, "BadRequest")
    for cycle in ("@a=@a", "@a=@b&@b=@a"):
        fault(await ada("GET", f"{PATH}?$filter=@a&{cycle}"), 400, "BadRequest")


@pytest.mark.parametrize(
    ("pattern", "status"),
    [("(a%2B)%2B$", 200), ("(a*)*b", 200), ("(a|aa)%2B$", 200), ("(.*a){25}", 200),
     ("a{1000}{1000}", 400), ("(", 400), ("a" * 300, 400)],
)  # fmt: skip
async def test_a_pattern_takes_linear_time(ada: Client, pattern: str, status: int) -> None:
    """A backtracking engine would not end: 10,000 characters are tried with each pattern."""
    await create(ada, displayName="a" * 10_000 + "!")
    response = await ada("GET", f"{PATH}?$filter=matchesPattern(displayName,'{pattern}')")
    assert response.status_code == status


@pytest.mark.parametrize("size", ["0", "-1", "-0", "00", "1e9", "99999999999999999999", "", "x"])
async def test_no_page_size_switches_paging_off(ada: Client, size: str) -> None:
    """`Prefer: maxpagesize=0` switched paging off: AspNetCoreOData #1575 and #1601."""
    await create(ada)
    for prefix in ("", "odata."):
        response = await ada("GET", PATH, headers={"Prefer": f"{prefix}maxpagesize={size}"})
        assert response.status_code == 200
        assert "maxpagesize=0" not in response.headers.get("preference-applied", "")


@pytest.mark.parametrize("sign", ["%2B", "+", "-"])
async def test_an_offset_may_have_lost_its_plus(ada: Client, sign: str) -> None:
    item = await create(ada)
    query = f"$filter=createdDateTime gt 2020-01-01T00:00:00{sign}05:30&$select=id"
    found = (await ada("GET", f"{PATH}?{query}")).json()["value"]
    assert [each["id"] for each in found] == [item["id"]]


@pytest.mark.parametrize("name", ["$top", "$TOP", "top", "ToP", "%24top", "%24ToP", "$%74op"])
async def test_no_spelling_of_an_option_gets_round_its_check(ada: Client, name: str) -> None:
    for value in ("-1", "x"):
        fault(await ada("GET", f"{PATH}?{name}={value}"), 400, "BadRequest")
    fault(await ada("GET", f"{PATH}?$top=1&{name}=1"), 400, "BadRequest")


@pytest.mark.parametrize(
    ("levels", "status"), [("max", 200), ("20", 200), ("99999999999", 400), ("-1", 400), ("x", 400)]
)
async def test_levels_end(ada: Client, levels: str, status: int) -> None:
    response = await ada("GET", f"me/profile?$expand=interests($levels={levels})")
    assert response.status_code == status


# ----- pages


async def test_a_skiptoken_opens_where_it_was_given_and_nowhere_else(
    service: Service, ada: Client
) -> None:
    """No code is read from a token, CVE-2019-17556; none is believed that is not ours."""
    for name in "abc":
        await create(ada, displayName=name, allowedAudiences="everyone")
    page = (await ada("GET", f"{PATH}?$top=3", headers={"Prefer": "maxpagesize=1"})).json()
    url = page["@odata.nextLink"]
    token = url.rpartition("$skiptoken=")[2]
    for forged in (
        token[::-1], token[:-1], token + "A", token.swapcase(), "", "A" * 8_000, "gASVAAAA",
        "eyJhbGciOiJub25lIn0.e30.", token.replace(token[30], "B" if token[30] != "B" else "C", 1),
    ):  # fmt: skip
        response = await ada("GET", f"{PATH}?$top=3&$skiptoken={forged}")
        fault(response, 400, "BadRequest")
    others = service.person("bram", "User.Read.All")
    owner = sample.person_id("ada")
    response = await others("GET", f"users/{owner}/profile/interests?$top=3&$skiptoken={token}")
    fault(response, 400, "BadRequest")
    response = await ada("GET", f"{PATH}?$top=3&$filter=true&$skiptoken={token}")
    fault(response, 400, "BadRequest")
    first, again = [(await ada("GET", url)).json()["value"] for _ in range(2)]
    assert [item["displayName"] for item in first] == [item["displayName"] for item in again]


# ----- hosts and paths


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:8080@evil.example", "evil.example/..",
             "localhost.evil.example", "[::1].evil.example", "127.0.0.1.evil.example"],
)  # fmt: skip
async def test_no_host_header_poisons_a_link(ada: Client, host: str) -> None:
    for n in range(2):
        await create(ada, displayName=str(n))
    headers = {"Host": host, "X-Forwarded-Host": host, "Prefer": "maxpagesize=1",
               "Forwarded": f"host={host}", "X-Forwarded-Proto": "https"}  # fmt: skip
    for response in (
        await ada("GET", PATH, headers=headers),
        await ada("POST", PATH, json={}, headers=headers),
        await ada("GET", "/beta", headers=headers),
    ):
        assert "evil" not in response.text
        assert response.headers.get("location", BASE).startswith(BASE)


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/beta/me/profile", "//evil.example/beta/me/profile", "http://localhost:1/beta",
     f"{BASE}.evil.example/beta/me/profile", f"{BASE}@evil.example/beta/me", "../livez",
     "/../livez", "me/../../livez", "me/%2e%2e/%2e%2e/livez", "..%2f..%2flivez", "/livez",
     "\\\\evil.example\\x", "javascript:1", "file:///etc/passwd", "/v1.0/me",
     f"{BASE}/livez", f"{BASE}/openapi.json"],
)  # fmt: skip
async def test_a_request_of_a_batch_stays_below_the_service_root(ada: Client, url: str) -> None:
    """Sub-requests left the service root: AspNetCoreOData #1575; SSRF: CVE-2020-1925."""
    answer = (await batch(ada, get("1", url)))["1"]
    assert answer["status"] in {400, 404}
    assert set(answer["body"]) == {"error"}


@pytest.mark.parametrize(
    "url", ["$batch", "/$batch", "/beta/$batch", "%24batch", "$BATCH", "/$batch/"]
)
async def test_a_batch_holds_no_batch(ada: Client, url: str) -> None:
    inner = {"requests": [get("1")]}
    answer = (await batch(ada, post("1", inner, url)))["1"]
    assert answer["status"] >= 400


async def test_a_request_of_a_batch_is_authorised_like_any_other(service: Service) -> None:
    """Sub-requests escaped the checks: AspNetCoreOData #1575."""
    reader = service.person("ada", "User.Read")
    bram = f"users/{sample.person_id('bram')}/profile/interests"
    answers = await batch(reader, get("1"), post("2"), post("3", url=bram))
    assert answers["1"]["status"] == 200
    for id in ("2", "3"):
        error(answers[id], 403, "Authorization_RequestDenied")
    nobody = service.anonymous()
    fault(await send(nobody, get("1")), 401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    "requests",
    [
        [get("1", "$1")],
        [get("1", "$2"), get("2", "$1")],
        [get("1", dependsOn=["2"]), get("2", dependsOn=["1"])],
        [get("1", dependsOn=["1"])],
        [get("1", "$9/displayName")],
    ],
)
async def test_references_in_a_circle_end(ada: Client, requests: list[dict[str, Any]]) -> None:
    response = await send(ada, *requests)
    if response.status_code == 200:
        assert all(each["status"] in {400, 424} for each in response.json()["responses"])
    else:
        fault(response, 400, "BadRequest")


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.1:1/x", "http://169.254.169.254/latest", "file:///etc/passwd"]
)
async def test_no_reference_in_a_body_is_followed(ada: Client, reference: str) -> None:
    """The client is not obeyed where it names a URL: CVE-2020-1925."""
    body = {"@odata.id": reference, "displayName": "x", "@odata.context": reference}
    for path in (PATH, f"{PATH}/$ref"):
        response = await ada("POST", path, content=json.dumps(body), headers=JSON | {
            "Prefer": f'respond-async, callback; url="{reference}"',
        })  # fmt: skip
        assert response.status_code == 201
        assert reference not in response.text
        assert "preference-applied" not in response.headers
        response = await ada("POST", path, json={**body, "inference@odata.bind": reference})
        fault(response, 501, "NotImplemented")
        assert reference not in response.text


async def test_a_client_is_told_to_wait_for_seconds_only(service: Service, ada: Client) -> None:
    """A huge Retry-After blocked clients: CVE-2019-17555."""
    await service.parts.store.close()
    assert int((await ada("POST", PATH, json={})).headers["retry-after"]) <= 10


async def test_a_defect_ends_one_request_and_not_the_program(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SAP CAP ends its process on a programming error."""

    async def fail(*_: object) -> None:
        raise RecursionError

    with monkeypatch.context() as patched:
        patched.setattr(service.parts.store, "collection", fail)
        fault(await ada("GET", PATH), 500, "generalException")
    assert (await ada("GET", PATH)).status_code == 200
