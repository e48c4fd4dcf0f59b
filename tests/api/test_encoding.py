"""What is encoded: bodies by gzip, as the Go SDK's Kiota does unless it is told not to, and paths
by percent signs.
"""

import gzip

import pytest

from api.conftest import BASE, Client, Service, fault

pytestmark = pytest.mark.anyio
PATH = "me/profile/interests"
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


async def test_a_gzip_body_is_read(ada: Client) -> None:
    body = gzip.compress(b'{"displayName": "Chess"}')
    created = await ada("POST", PATH, content=body, headers=HEADERS)
    assert created.status_code == 201
    changed = await ada(
        "PATCH",
        f"{PATH}/{created.json()['id']}",
        content=gzip.compress(b'{"displayName": "Go"}'),
        headers=HEADERS,
    )
    assert changed.json()["displayName"] == "Go"


async def test_a_body_that_inflates_beyond_the_limit_is_refused(ada: Client) -> None:
    bomb = gzip.compress(b" " * 20 * 1024 * 1024)
    response = await ada("POST", PATH, content=bomb, headers=HEADERS)
    error = fault(response, 413, "requestEntityTooLarge")
    assert str(1024 * 1024) in error["message"]


async def test_a_body_that_is_not_gzip_is_refused(ada: Client) -> None:
    response = await ada("POST", PATH, content=b"{}", headers=HEADERS)
    fault(response, 400, "BadRequest")


async def test_another_encoding_is_refused_with_the_one_that_is_read(ada: Client) -> None:
    response = await ada("POST", PATH, json={}, headers={"Content-Encoding": "br"})
    error = fault(response, 415, "unsupportedMediaType")
    assert "gzip" in error["message"]
    assert response.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(("written", "version"), [("%62eta", "beta"), ("v1%2E0", "v1.0")])
async def test_a_version_may_be_percent_encoded(
    service: Service, written: str, version: str
) -> None:
    reader = service.person("ada", "User.Read.All")
    for path in ("me", "me/$ref", "me/displayName", "users?$top=2&$expand=manager($select=id)"):
        plain = await reader("GET", f"/{version}/{path}")
        encoded = await reader("GET", f"/{written}/{path}")
        assert encoded.status_code == plain.status_code == 200
        assert encoded.json()["@odata.context"] == plain.json()["@odata.context"]
    for url in ("/me", f"/{version}/me", f"{BASE}/{version}/me"):
        requests = {"requests": [{"id": "1", "method": "GET", "url": url}]}
        answer = await reader("POST", f"/{written}/%24batch", json=requests)
        (only,) = answer.json()["responses"]
        assert only["status"] == 200


async def test_the_name_of_a_key_is_known_in_any_case(ada: Client) -> None:
    item = (await ada("POST", PATH, json={})).json()
    assert (await ada("GET", f"{PATH}(ID='{item['id']}')")).json()["id"] == item["id"]
    found = await ada("GET", "users(UserPrincipalName='ada@harbour.example')/profile/id")
    assert found.json()["value"] == "profileId"
    fault(await ada("GET", f"{PATH}(key='{item['id']}')"), 400, "BadRequest")
