"""What the service says of itself, without a token, and that it is so."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from api.conftest import BASE, Client, Service, fault
from openprofile.model.directory import BETA
from openprofile.odata.operations import operations, system_operations

pytestmark = pytest.mark.anyio
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
def nobody(service: Service) -> Client:
    return service.anonymous()


async def test_the_service_document_names_the_entry_points(nobody: Client) -> None:
    for path in ("/beta", "/beta/"):
        assert (await nobody("GET", path)).json() == {
            "@odata.context": f"{BASE}/beta/$metadata",
            "value": [
                {"name": "me", "kind": "Singleton", "url": "me"},
                {"name": "users", "kind": "EntitySet", "url": "users"},
                {"name": "groups", "kind": "EntitySet", "url": "groups"},
            ],
        }


async def test_metadata_is_xml_unless_json_is_asked_for(nobody: Client) -> None:
    for options in ("", "?$format=xml", "?$format=application/xml"):
        response = await nobody("GET", f"$metadata{options}")
        assert response.headers["content-type"] == "application/xml"
        assert response.headers["odata-version"] == "4.0"
        assert ET.fromstring(response.content).tag.endswith("}Edmx")
    for headers, options in (({"Accept": "application/json"}, ""), ({}, "?$format=json")):
        response = await nobody("GET", f"$metadata{options}", headers=headers)
        assert response.headers["content-type"] == "application/json"
        assert response.json()["$EntityContainer"] == "microsoft.graph.GraphService"
    fault(await nobody("GET", "$metadata", headers={"Accept": "text/csv"}), 406, "notAcceptable")
    fault(await nobody("POST", "$metadata"), 405, "Request_BadRequest")


async def test_both_forms_say_the_same(nobody: Client) -> None:
    root = ET.fromstring((await nobody("GET", "$metadata")).content)
    types = (await nobody("GET", "$metadata?$format=json")).json()["microsoft.graph"]
    for element in (*root.iter(f"{EDM}EntityType"), *root.iter(f"{EDM}ComplexType")):
        said = types[element.attrib["Name"]]
        members = {name for name in said if not name.startswith("$")}
        assert members == {
            child.attrib["Name"]
            for child in element
            if child.tag in (f"{EDM}Property", f"{EDM}NavigationProperty")
        }
        assert said.get("$BaseType", "") == element.attrib.get("BaseType", "")
    for element in root.iter(f"{EDM}EnumType"):
        numbers = {child.attrib["Name"]: int(child.attrib["Value"]) for child in element}
        assert {
            name: number
            for name, number in types[element.attrib["Name"]].items()
            if not name.startswith("$")
        } == numbers


async def test_the_older_version_has_no_profile(nobody: Client) -> None:
    text = (await nobody("GET", "/v1.0/$metadata")).text
    assert 'Name="user"' in text
    assert "profile" not in text


async def test_openapi_describes_every_operation(nobody: Client) -> None:
    document = (await nobody("GET", "/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == {
        (operation.method, f"/beta{operation.path}")
        for operation in (*operations(BETA), *system_operations(BETA))
    }
    references = set(_references(document))
    for reference in references:
        node: Any = document
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    ids = [
        item[method]["operationId"]
        for item in document["paths"].values()
        for method in item
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids))


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json;q=0.1, application/xml", "application/xml"),
        ("application/json, application/xml;q=0.9", "application/json"),
        ("application/xml;q=0, */*;q=0.1", "application/xml"),
        ("text/csv, application/json;q=0.5", "application/json"),
        ("*/*", "application/xml"),
        ("", "application/xml"),
    ],
)
async def test_the_metadata_is_there_as_the_client_likes_it_best(
    ada: Client, accept: str, media: str
) -> None:
    response = await ada("GET", "$metadata", headers={"Accept": accept})
    assert response.headers["content-type"] == media
    fault(await ada("GET", "$metadata", headers={"Accept": "application/json;q=0"}), 406,
          "notAcceptable")  # fmt: skip
