"""The limits of one request: what is at one is answered, what is beyond it is refused or cut."""

import json
from typing import Any

import pytest

from api.batching import batch, error, get, post, send
from api.conftest import FACET_LIMIT, Client, Service, fault
from api.test_facets import create
from openprofile import sample
from openprofile.clock import Clock
from openprofile.finding import terms
from openprofile.http import guard
from openprofile.http.exchange import LONGEST_CLIENT_ID
from openprofile.http.expansions import MOST_INLINED
from openprofile.http.form import LARGEST_FORM
from openprofile.http.query import LARGEST_PAGE
from openprofile.identity import pending
from openprofile.identity.oauth import LONGEST as LONGEST_PARAMETER
from openprofile.identity.tokens import LONGEST
from openprofile.model.directory import Person, User
from openprofile.odata.batch import LONGEST_ID
from openprofile.odata.multipart import LONGEST_PART_HEAD
from openprofile.odata.payload import MOST_FAULTS, MOST_NESTED
from openprofile.settings import Limits

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
HEADERS = {"Content-Type": "application/json"}
DEFAULT = Limits()


def padded(document: dict[str, Any], size: int) -> bytes:
    """A JSON document of so many bytes."""
    text = json.dumps(document).encode()
    return text + b" " * (size - len(text))


async def test_a_body_has_so_many_bytes(ada: Client) -> None:
    for size, status in ((DEFAULT.body, 201), (DEFAULT.body + 1, 413)):
        response = await ada("POST", PATH, content=padded({}, size), headers=HEADERS)
        assert response.status_code == status


async def test_a_batch_has_so_many_bytes(ada: Client) -> None:
    document = {"requests": [get("1")]}
    for size, status in ((DEFAULT.batch_body, 200), (DEFAULT.batch_body + 1, 413)):
        response = await ada("POST", "$batch", content=padded(document, size), headers=HEADERS)
        assert response.status_code == status


async def test_a_request_of_a_batch_has_as_many_bytes_as_one_by_itself(ada: Client) -> None:
    small, large = ("x" * (DEFAULT.body - room) for room in (100, 0))
    answers = await batch(ada, post("1", {"description": small}), post("2", {"description": large}))
    assert (answers["1"]["status"], answers["2"]["status"]) == (201, 413)


async def test_a_body_is_nested_so_deep(ada: Client) -> None:
    def nested(depth: int) -> bytes:
        return b'{"description":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    path = f"{PATH}/{(await create(ada))['id']}"
    for depth, said in ((MOST_NESTED, "expected Edm.String"), (MOST_NESTED + 1, "too deeply")):
        response = await ada("POST", PATH, content=nested(depth), headers=HEADERS)
        assert said in fault(response, 400, "BadRequest")["message"]
        response = await ada("PATCH", path, content=nested(depth), headers=HEADERS)
        assert said in fault(response, 400, "BadRequest")["message"]
        answers = await batch(ada, post("1", json.loads(nested(depth))))
        assert said in error(answers["1"], 400, "BadRequest")


NESTED = "categories/any(a:categories/any(b:b eq concat(a,'x')))"


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}?$filter={NESTED}",
        f"{PATH}?$orderby={NESTED}",
        f"{PATH}?$compute={NESTED} as found",
        f"{PATH}?$select=categories($filter={NESTED.replace('categories', '$it/categories')})",
        f"me/profile?$expand=interests($compute={NESTED} as it),skills($compute={NESTED} as it)",
    ],
)
async def test_one_request_takes_so_much_work_however_many_items_it_shows(
    ada: Client, path: str
) -> None:
    for facet in ("interests", "skills"):
        for _ in range(12):
            await create(ada, facet, categories=[str(n) for n in range(100)])
    refused = fault(await ada("GET", path), 400, "BadRequest")
    assert "takes too much work" in refused["message"]


async def test_a_batch_has_so_many_requests(ada: Client) -> None:
    requests = [get(str(n)) for n in range(DEFAULT.batch + 1)]
    assert len(await batch(ada, *requests[1:])) == DEFAULT.batch
    refusal = fault(await send(ada, *requests), 400, "BadRequest")
    assert str(DEFAULT.batch) in refusal["message"]


async def test_a_url_has_so_many_bytes(ada: Client) -> None:
    start = f"{PATH}?a={'y' * 6_000}&b={'y' * 6_000}&c="
    most = start + "y" * (DEFAULT.url - len(f"/beta/{start}") + len("?"))
    assert (await ada("GET", most)).status_code == 200
    fault(await ada("GET", f"{most}y"), 414, "uriTooLong")
    assert (await batch(ada, get("1", f"{most}y")))["1"]["status"] == 414


async def test_a_facet_has_so_many_items(ada: Client) -> None:
    for _ in range(FACET_LIMIT):
        await create(ada, "notes")
    fault(await ada("POST", "me/profile/notes", json={}), 507, "quotaLimitReached")
    assert (await ada("POST", PATH, json={})).status_code == 201


async def test_a_page_has_so_many_bytes(ada: Client) -> None:
    text = "x" * (DEFAULT.body - 1_000)
    number = LARGEST_PAGE // DEFAULT.body + 1
    for n in range(number):
        await create(ada, displayName=str(n), description=text)
    page = (await ada("GET", PATH)).json()
    assert 0 < len(page["value"]) < number
    rest = (await ada("GET", page["@odata.nextLink"])).json()
    shown = [item["displayName"] for item in page["value"] + rest["value"]]
    assert shown == [str(n) for n in range(number)]


async def test_a_token_has_so_many_characters(service: Service) -> None:
    token = service.parts.authority.application([], expires_in=60)
    padding = "A" * (LONGEST + 1 - len(token))
    response = await service.bearing(token + padding)("GET", PATH)
    fault(response, 401, "InvalidAuthenticationToken")


async def test_a_client_request_id_has_so_many_characters(ada: Client) -> None:
    for size, echoed in ((LONGEST_CLIENT_ID, True), (LONGEST_CLIENT_ID + 1, False)):
        response = await ada("GET", PATH, headers={"client-request-id": "x" * size})
        assert ("client-request-id" in response.headers) is echoed


async def test_an_id_in_a_batch_has_so_many_characters(ada: Client) -> None:
    assert (await send(ada, get("x" * LONGEST_ID))).status_code == 200
    fault(await send(ada, get("x" * (LONGEST_ID + 1))), 400, "BadRequest")


async def test_the_headers_of_a_part_have_so_many_bytes(ada: Client) -> None:
    for size, status in ((LONGEST_PART_HEAD - 100, 200), (LONGEST_PART_HEAD, 400)):
        lines = ["--b", "Content-Type: application/http", f"X: {'y' * size}", "",
                 f"GET /beta/{PATH} HTTP/1.1", "", "", "--b--", ""]  # fmt: skip
        response = await ada(
            "POST", "$batch", content="\r\n".join(lines).encode(),
            headers={"Content-Type": "multipart/mixed; boundary=b"},
        )  # fmt: skip
        assert response.status_code == status


async def test_so_many_faults_of_a_body_are_told(ada: Client) -> None:
    sent = {f"wrong{n}": 1 for n in range(MOST_FAULTS + 5)}
    error = fault(await ada("POST", PATH, json=sent), 400, "BadRequest")
    assert len(error["details"]) == MOST_FAULTS


async def test_a_form_has_so_many_bytes(service: Service) -> None:
    path = f"/{sample.TENANT}/oauth2/v2.0/token"
    for size, status in ((LARGEST_FORM, 400), (LARGEST_FORM + 1, 413)):
        response = await service.anonymous()(
            "POST", path, content="x=" + "y" * (size - 2),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        assert (response.status_code, response.json()["error"]) == (status, "invalid_request")


def test_so_many_sign_ins_wait() -> None:
    waiting: pending.Pending[int] = pending.Pending(Clock(), seconds=60)
    kept = [waiting.put(number) for number in range(pending.KEPT + 1)]
    assert waiting.get(kept[0]) is None
    assert [waiting.get(name) for name in kept[1:]] == list(range(1, pending.KEPT + 1))


def test_the_index_keeps_so_many_characters_of_a_value() -> None:
    most = "x" * terms.LONGEST
    assert terms.key(f"{most}y") == terms.key(most) == most


async def test_a_parameter_of_the_token_endpoint_has_so_many_characters(service: Service) -> None:
    path = f"/{sample.TENANT}/oauth2/v2.0/token"
    for beyond in (0, 1):
        form = {"grant_type": "x" * (LONGEST_PARAMETER + beyond)}
        response = await service.anonymous()("POST", path, data=form)
        assert response.status_code == 400
        told = f"more than {LONGEST_PARAMETER} characters"
        assert (told in response.json()["error_description"]) is bool(beyond)


async def test_the_expansions_of_an_answer_inline_so_many_objects(service: Service) -> None:
    """Each of 300 people reports to the next, so that every one has twenty levels above."""
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(300)]
    people = [
        Person(
            user=User(id=one, display_name=one, user_principal_name=f"{one}@harbour.example"),
            manager=leader,
        )
        for one, leader in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    await service.parts.directory.put(sample.TENANT, people, [])
    reader = service.person("ada", "User.Read.All")
    path = "users?$select=id&$filter=startswith(displayName,'00000000')&$top={}&$expand={}"
    expand = "manager($select=id;$levels=max)"
    most = MOST_INLINED // 20
    assert (await reader("GET", path.format(most, expand))).status_code == 200
    response = await reader("GET", path.format(most + 1, expand))
    error = fault(response, 400, "Request_UnsupportedQuery")
    assert str(MOST_INLINED) in error["message"]


async def test_bodies_have_so_many_bytes_together(
    service: Service, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = service.parts.app.meter
    monkeypatch.setattr(guard, "MOST_HELD", 150_000)
    large = {"displayName": "x", "description": "x" * 100_000}
    path = "me/profile/interests"
    meter.held += 100_000  # somebody else's
    refused = await ada("POST", path, json=large)
    fault(refused, 503, "serviceNotAvailable")
    assert refused.headers["Retry-After"] == "1"
    assert (await ada("POST", path, json={})).status_code == 201  # small ones do not count
    meter.held -= 100_000
    assert (await ada("POST", path, json=large)).status_code == 201
    assert (await ada("POST", path, json={"colour": "x" * 100_000})).status_code == 400
    assert meter.held == 0
