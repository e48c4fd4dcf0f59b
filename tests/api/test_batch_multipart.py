"""Multipart batches, as OData Protocol 4.01, section 11.7.7, describes them."""

import email
import email.policy
import json
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.batching import PATH, error, get, names, post, send
from api.conftest import BASE, Client, fault

pytestmark = pytest.mark.anyio


def single(line: str, body: Any = None, id: str | None = None, **headers: str) -> str:
    """A part that holds one request."""
    mime = "Content-Type: application/http\r\n" + (f"Content-ID: {id}\r\n" if id else "")
    if body is not None:
        headers["Content-Type"] = "application/json"
    sent = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    text = "" if body is None else json.dumps(body)
    return f"{mime}\r\n{line} HTTP/1.1\r\n{sent}\r\n{text}"


def change_set(*parts: str) -> str:
    inner = "".join(f"--cs\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/mixed; boundary=cs\r\n\r\n{inner}--cs--"


async def sent(client: Client, *parts: str, **headers: str) -> httpx2.Response:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers.setdefault("Content-Type", "multipart/mixed; boundary=b")
    return await client("POST", "/beta/$batch", content=body.encode(), headers=headers)


def parts(response: httpx2.Response) -> list[Any]:
    """The answers: (Content-ID, status, body), and a list of them for a change set."""
    assert response.status_code == 200, response.text
    head = f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + response.content, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/mixed"
    assert isinstance(message, EmailMessage)
    return _divided(message)


def _divided(message: EmailMessage) -> list[Any]:
    found: list[Any] = []
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        if part.is_multipart():
            found.append(_divided(part))
            continue
        assert part.get_content_type() == "application/http"
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        head, _, body = content.partition(b"\r\n\r\n")
        protocol, status, _ = head.split(b"\r\n")[0].decode().split(" ", 2)
        assert protocol == "HTTP/1.1"
        found.append((part["Content-ID"], int(status), json.loads(body) if body else None))
    return found


async def test_requests_are_answered_in_order(ada: Client) -> None:
    response = await sent(
        ada,
        single(f"GET {PATH}"),
        change_set(
            single(f"POST /beta/{PATH}", {"displayName": "one"}, "1", Host="localhost:8080"),
            single("PATCH $1", {"description": "d"}, "2"),
            single(f"POST {BASE}/beta/{PATH}", {"displayName": "two"}, "3"),
        ),
        single(f"GET /{PATH}"),
        single("DELETE $1", id="4"),
        single(f"GET {PATH}"),
    )
    before, change, between, deleted, after = parts(response)
    assert response.headers["odata-version"] == "4.0"
    assert before[:2] == (None, 200)
    assert before[2]["value"] == []
    assert [(id, status) for id, status, _ in change] == [("1", 201), ("2", 200), ("3", 201)]
    assert [item["displayName"] for item in between[2]["value"]] == ["one", "two"]
    assert deleted == ("4", 204, None)
    assert len(after[2]["value"]) == 1


async def test_a_change_set_that_fails_is_one_answer_and_ends_the_batch(ada: Client) -> None:
    response = await sent(
        ada,
        change_set(
            single(f"POST {PATH}", {"displayName": "one"}, "1"),
            single(f"POST {PATH}", {"colour": "red"}, "2"),
        ),
        single(f"POST {PATH}", {"displayName": "never"}),
    )
    ((id, status, body),) = parts(response)
    assert (id, status, body["error"]["code"]) == ("2", 400, "BadRequest")
    assert await names(ada) == []


@pytest.mark.parametrize(
    ("prefer", "goes_on"),
    [
        ("continue-on-error", True),
        ("respond-async, odata.continue-on-error=true", True),
        ('Continue-On-Error="true"; x=y', True),
        ("continue-on-error=false", False),
        ("return=minimal", False),
        ("", False),
    ],
)
async def test_an_error_is_the_last_answer_unless_preferred_otherwise(
    ada: Client, prefer: str, *, goes_on: bool
) -> None:
    response = await sent(
        ada,
        single(f"GET {PATH}/nope", id="1"),
        single("DELETE $1"),
        single(f"GET {PATH}"),
        Prefer=prefer,
    )
    statuses = [status for _, status, _ in parts(response)]
    assert statuses == ([404, 424, 200] if goes_on else [404])
    assert ("preference-applied" in response.headers) is goes_on
    if goes_on:
        assert response.headers["preference-applied"].endswith("continue-on-error")


async def test_accept_decides_the_form_of_the_answer(ada: Client) -> None:
    response = await sent(
        ada,
        single(f"GET {PATH}"),
        change_set(single(f"POST {PATH}", {}, "1"), single(f"POST {PATH}", {}, "2")),
        Accept="application/json",
    )
    assert response.headers["content-type"] == "application/json"
    first, second, third = response.json()["responses"]
    assert "id" not in first
    assert "atomicityGroup" not in first
    assert (second["id"], second["status"]) == ("1", 201)
    assert second["atomicityGroup"] == third["atomicityGroup"]

    response = await send(ada, get("a"), post("b"), headers={"Accept": "multipart/mixed"})
    assert [(id, status) for id, status, _ in parts(response)] == [("a", 200), ("b", 201)]


@pytest.mark.parametrize(
    ("accept", "multipart"),
    [
        ("*/*", True),
        ("", True),
        ("text/html", True),
        ("multipart/*", True),
        ("application/json;q=0.5, multipart/mixed", True),
        ("application/json, multipart/mixed", True),
        ("application/json, */*;q=0.1", False),
        ("application/json;odata.metadata=minimal", False),
        ("multipart/mixed;q=nonsense, application/*", False),
    ],
)
async def test_the_form_that_is_liked_best_is_answered(
    ada: Client, accept: str, *, multipart: bool
) -> None:
    response = await sent(ada, single(f"GET {PATH}"), Accept=accept)
    assert response.headers["content-type"].startswith("multipart/mixed") is multipart


async def test_format_stands_above_accept(ada: Client) -> None:
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Accept": "multipart/mixed"}
    response = await ada("POST", "$batch?$format=json", content=b"--b--", headers=headers)
    assert response.json() == {"responses": []}


@pytest.mark.parametrize(
    "line",
    [
        "GET https://evil.example/beta/me/profile",
        "GET /livez/../..",
        "GET /v1.0/me",
        "POST $batch",
        "OPTIONS /me/profile",
    ],
)
async def test_a_request_that_leads_out_of_the_service_root_is_refused(
    ada: Client, line: str
) -> None:
    ((_, status, body),) = parts(await sent(ada, single(line)))
    assert status == 400
    assert body["error"]["code"] == "BadRequest"


async def test_a_foreign_host_is_refused(ada: Client) -> None:
    response = await sent(ada, single("GET /beta/me/profile", Host="evil.example"))
    assert parts(response)[0][1] == 400


async def test_an_etag_reference_protects_an_update(ada: Client) -> None:
    item = (await ada("POST", PATH, json={})).json()["id"]
    response = await sent(
        ada,
        single(f"GET {PATH}/{item}", id="1"),
        single(f"PATCH {PATH}/{item}", {"description": "a"}, If_Match="$1"),
        single(f"PATCH {PATH}/{item}", {"description": "b"}, If_Match="$1"),
    )
    assert [status for _, status, _ in parts(response)] == [200, 200, 412]


@pytest.mark.parametrize(
    "content_type",
    ["multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; boundary=other"],
)
async def test_a_batch_without_its_boundary_is_refused(ada: Client, content_type: str) -> None:
    response = await sent(ada, single(f"GET {PATH}"), Content_Type=content_type)
    fault(response, 400, "BadRequest")


async def test_more_requests_than_allowed_are_refused(ada: Client) -> None:
    fault(await sent(ada, *[single(f"GET {PATH}")] * 21), 400, "BadRequest")
    changes = [
        change_set(*(single(f"POST {PATH}", {}, f"{n}{m}") for m in "abc")) for n in range(7)
    ]
    fault(await sent(ada, *changes), 400, "BadRequest")
    assert await names(ada) == []


async def test_a_failed_group_is_told_of_in_json_request_by_request(ada: Client) -> None:
    response = await sent(
        ada,
        change_set(single(f"POST {PATH}", {}, "1"), single("POST /nothing", {}, "2")),
        Accept="application/json",
    )
    one, two = response.json()["responses"]
    error(one, 424, "failedDependency")
    error(two, 400, "BadRequest")


lines = st.sampled_from(
    [
        "--b",
        "--b--",
        "--cs",
        "--cs--",
        "Content-Type: application/http",
        "Content-Type: multipart/mixed; boundary=cs",
        "Content-Type: application/json",
        "Content-ID: 1",
        "Content-Length: 1",
        "If-Match: $1",
        "",
        f"GET {PATH} HTTP/1.1",
        f"POST {PATH} HTTP/1.1",
        "PATCH $1 HTTP/1.1",
        "GET / HTTP/1.1",
        "{}",
        "\x00",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.lists(lines, max_size=20).map("\r\n".join) | st.text(),
    accept=st.sampled_from(["application/json", "multipart/mixed"]),
    whole=st.booleans(),
)
async def test_no_multipart_batch_is_a_server_error(
    ada: Client, body: str, accept: str, *, whole: bool
) -> None:
    if whole:
        body = f"--b\r\nContent-Type: application/http\r\n\r\n{body}\r\n--b--"
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Accept": accept}
    response = await ada("POST", "$batch", content=body.encode(), headers=headers)
    assert response.status_code in (200, 400)
    assert b"HTTP/1.1 500" not in response.content
    assert b'"status":500' not in response.content
