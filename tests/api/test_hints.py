"""Hints: where Graph would behave otherwise, and where a less privileged permission would do."""

from typing import Any

import pytest

from api import batching
from api.conftest import Client, Service
from openprofile import sample
from openprofile.clock import new_id
from openprofile.http.hints import HEADER

pytestmark = pytest.mark.anyio
INTERESTS = "me/profile/interests"
ADA = f"users/{sample.person_id('ada')}"
SEARCH = 'users?$search="displayName:ada"'


async def hints(client: Client, method: str, path: str, **options: Any) -> list[str]:
    answer = await client(method, path, **options)
    assert answer.is_success, answer.text
    told = answer.headers.get(HEADER)
    return told.split(" | ") if told else []


@pytest.mark.parametrize(
    ("method", "path", "options", "hint"),
    [
        ("POST", f"{INTERESTS}/$ref", {"json": {"displayName": "x"}}, "no POST to .../$ref"),
        ("POST", INTERESTS, {"json": {"id": new_id(), "displayName": "x"}}, "makes the id"),
        ("GET", INTERESTS, {"headers": {"If-None-Match": '"x"'}}, "no ETags"),
        ("GET", f"{INTERESTS}?$top=1", {}, "size of a page"),
        ("GET", f"{INTERESTS}?$count=true", {}, "does not document $count on a profile"),
        ("GET", f"{INTERESTS}?search=x", {}, "does not document $search on a profile"),
        ("GET", f"{INTERESTS}/$count", {}, "does not document /$count on a profile"),
        ("GET", "/openprofile/people/me/relations", {}, "has nothing at this path"),
    ],
)
async def test_what_graph_does_otherwise_on_profiles_is_hinted_at(
    service: Service, ada: Client, method: str, path: str, options: dict[str, Any], hint: str
) -> None:
    (told,) = await hints(ada, method, path, **options)
    assert hint in told
    (newest, *_) = (await service.anonymous()("GET", "/_openprofile/requests")).json()["value"]
    assert newest["hints"] == [told]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (SEARCH, "$search without the header"),
        ("users?$count=true", "$count without the header"),
        ("users/$count", "/$count without the header"),
        ("users?$filter=startswith(displayName,'a')&$orderby=displayName", "$orderby with $filter"),
    ],
)
async def test_what_graph_does_otherwise_in_the_directory_is_hinted_at(
    service: Service, path: str, hint: str
) -> None:
    client = service.person("ada", "User.ReadBasic.All")
    (told,) = await hints(client, "GET", path)
    assert hint in told
    assert not await hints(client, "GET", path, headers={"ConsistencyLevel": "Eventual"})


async def test_a_create_without_a_password_is_hinted_at(service: Service) -> None:
    person = {"userPrincipalName": "lea@harbour.example", "displayName": "L", "mailNickname": "l"}
    admin = service.application("User.ReadWrite.All")
    body = {"accountEnabled": True, **person}
    (told,) = await hints(admin, "POST", "users", json=body)
    assert "passwordProfile" in told


@pytest.mark.parametrize(
    ("client", "method", "path", "least"),
    [
        ({"scopes": ["User.ReadWrite.All"]}, "GET", INTERESTS, "User.Read or User.ReadWrite"),
        ({"scopes": ["User.ReadWrite.All"]}, "POST", INTERESTS, "User.ReadWrite"),
        ({"scopes": ["User.Read.All"]}, "GET", "me", "User.Read"),
        ({"scopes": ["Directory.Read.All"]}, "GET", "users", "User.ReadBasic.All"),
    ],
)
async def test_a_less_privileged_permission_is_named(
    service: Service, client: dict[str, Any], method: str, path: str, least: str
) -> None:
    body = {"json": {"displayName": "x"}} if method == "POST" else {}
    (told,) = await hints(service.person("ada", *client["scopes"]), method, path, **body)
    assert told == (f"A less privileged permission would do: {least}, not {client['scopes'][0]}.")


async def test_who_needs_what_they_have_gets_no_hint(service: Service, ada: Client) -> None:
    assert not await hints(ada, "GET", INTERESTS)
    assert not await hints(ada, "POST", INTERESTS, json={"displayName": "x"})
    admin = service.administrator()
    assert not await hints(admin, "POST", f"{ADA}/profile/skills", json={"displayName": "x"})
    app = service.application("User.Read.All")
    assert not await hints(app, "GET", f"{ADA}/profile/skills")


async def test_items_of_a_batch_have_hints_of_their_own(ada: Client) -> None:
    found = await batching.send(
        ada, batching.get("1", f"/{INTERESTS}"), batching.get("2", f"/{INTERESTS}?$top=1")
    )
    one, other = sorted(found.json()["responses"], key=lambda each: each["id"])
    assert HEADER not in one["headers"]
    assert "size of a page" in other["headers"][HEADER]


async def test_a_hint_is_plain_text_in_a_header(ada: Client) -> None:
    answer = await ada("GET", f"{INTERESTS}?$top=1&$count=true&$search=%E2%98%95")
    assert answer.headers[HEADER].isascii()
    assert len(answer.headers[HEADER].split(" | ")) == 2
