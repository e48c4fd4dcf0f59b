"""A system query option that means nothing where it stands is refused, by every route."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_directory import CHESS
from openprofile import sample
from openprofile.model.directory import BETA
from openprofile.odata.operations import operations, system_operations
from openprofile.odata.query.options import Options

pytestmark = pytest.mark.anyio
TEXT = {"Content-Type": "text/plain"}
BRAM = sample.person_id("bram")

VALUES = {
    "$filter": "id eq 'x'", "$search": "x", "$orderby": "id", "$compute": "1 add 1 as two",
    "$select": "id", "$expand": "*", "$top": "1", "$skip": "1", "$count": "true", "$levels": "1",
    "$format": "json", "$skiptoken": "x", "$id": "x", "$index": "0", "$apply": "identity",
    "$deltatoken": "x", "$schemaversion": "x", "$mine": "1",
}  # fmt: skip
"""Every system query option of OData, and one that is none, each with a value that is well formed
somewhere."""
PAGED = {"$filter", "$search", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format"}
ONE = {"$select", "$expand", "$compute", "$format"}
TAKEN = {
    "list": PAGED | ONE, "references": PAGED, "count": {"$filter", "$search", "$format"},
    "get": ONE, "read": ONE, "create": ONE, "add": ONE, "update": ONE, "modify": ONE,
    "reference": {"$format"}, "delete": set(), "erase": set(), "link": set(), "unlink": set(),
}  # fmt: skip
"""By the kind of operation, the options that may mean something there."""

OPERATIONS = [
    each for each in (*operations(BETA), *system_operations(BETA)) if each.kind != "batch"
]
FACETS_TRIED = {"account", "interests", "positions"}


def refused() -> Iterator[tuple[str, str, str]]:
    for each in OPERATIONS:
        segments = each.path.split("/")
        if "profile" in segments[:-1] and not FACETS_TRIED & set(segments):
            continue
        for name in VALUES:
            if name not in TAKEN[each.kind]:
                yield each.method, each.path, name


def body_of(operation: str) -> dict[str, Any]:
    if operation.endswith("/$ref") and "profile" not in operation:
        return {"@odata.id": f"{BASE}/beta/users/{BRAM}"}
    return {}


def test_every_option_is_tried() -> None:
    names = {name.removeprefix("$") for name in VALUES}
    assert set(Options.__struct_fields__) - {"aliases"} <= names
    assert {each.kind for each in OPERATIONS} == set(TAKEN)


async def test_an_option_that_means_nothing_is_never_passed_over(service: Service) -> None:
    hiro = service.administrator(
        "User.ReadWrite.All", "Directory.ReadWrite.All", "GroupMember.ReadWrite.All"
    )
    paths: dict[str, str] = {}
    tried = 0
    for method, path, name in refused():
        if path not in paths:
            paths[path] = await filled(hiro, path)
        url = f"{paths[path]}?{name}={VALUES[name]}"
        options = {"json": body_of(path)} if method in {"POST", "PATCH", "PUT"} else {}
        response = await hiro(method, url, **options)
        assert response.status_code in {400, 501}, (method, url, response.text)
        assert response.json()["error"]["code"] in {
            "BadRequest", "NotImplemented", "Request_UnsupportedQuery",
        }  # fmt: skip
        tried += 1
    assert tried > 500
    # and nothing of it was done
    assert (await hiro("GET", f"users/{BRAM}")).status_code == 200
    assert (await hiro("GET", "me/profile/interests/$count")).text == "1"


async def filled(client: Client, path: str) -> str:
    """A path of an operation, on things that are there."""
    path = path.removeprefix("/").replace("{group-id}", CHESS)
    path = path.replace("{user-id}", BRAM)
    collection, brace, rest = path.partition("{")
    if brace:
        listed = (await client("GET", collection.removesuffix("/"))).json()["value"]
        if not listed:
            listed = [(await client("POST", collection.removesuffix("/"), json={})).json()]
        path = f"{collection}{listed[0]['id']}{rest.partition('}')[2]}"
    return path


@pytest.mark.parametrize("name", sorted({*VALUES} - {"$format"}))
async def test_nor_is_one_on_a_property_or_a_document(ada: Client, name: str) -> None:
    item = (await ada("POST", "me/profile/interests", json={"displayName": "Chess"})).json()
    url, query = f"me/profile/interests/{item['id']}", f"?{name}={VALUES[name]}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"{url}/displayName", {}),
        ("GET", f"{url}/displayName/$value", {}),
        ("PUT", f"{url}/displayName", {"json": {"value": "Go"}}),
        ("PUT", f"{url}/displayName/$value", {"content": "Go", "headers": TEXT}),
        ("DELETE", f"{url}/displayName", {}),
        ("GET", f"{url}/$ref", {}),
        ("GET", f"{url}/allowedAudiences", {}),
        ("GET", f"{url}/isSearchable", {}),
        ("GET", f"{url}/createdDateTime", {}),
        ("GET", "me/displayName", {}),
        ("GET", "me/profile/id", {}),
        ("GET", "me/profile/$ref", {}),
        ("GET", "me/$ref", {}),
        ("GET", "$metadata", {}),
        ("GET", "/beta", {}),
    ]
    for method, path, options in calls:
        response = await ada(method, path + query, **options)
        assert response.status_code in {400, 501}, (method, path + query, response.text)
    assert (await ada("GET", url)).json()["displayName"] == "Chess"


async def test_the_id_of_a_reference_that_goes_is_named_once(service: Service) -> None:
    hiro = service.administrator("GroupMember.ReadWrite.All")
    url = f"groups/{CHESS}/members"
    there = [each["id"] for each in (await hiro("GET", url)).json()["value"]]
    reference = f"{BASE}/beta/users/{there[0]}"
    both = await hiro("DELETE", f"{url}/{there[0]}/$ref?$id={reference}")
    fault(both, 400, "BadRequest")
    for path in (f"{url}/$ref", f"{url}/$ref?$top=1&$id={reference}"):
        fault(await hiro("DELETE", path), 400, "BadRequest")
    assert (await hiro("DELETE", f"{url}/$ref?$id={reference}")).status_code == 204
    left = [each["id"] for each in (await hiro("GET", url)).json()["value"]]
    assert left == there[1:]
