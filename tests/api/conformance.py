"""What the tests of OData's requirements share: a small collection, and questions about it."""

from typing import Any
from xml.etree import ElementTree as ET

from api.conftest import BASE, Client, Service
from api.test_facets import create
from openprofile import sample
from openprofile.model.directory import BETA
from openprofile.model.kinds import Navigation

PATH = "me/profile/interests"
ADA = sample.person_id("ada")
BRAM = sample.person_id("bram")
CONTEXT = f"{BASE}/beta/$metadata#users('{ADA}')/profile/interests"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"

INTERESTS: list[dict[str, Any]] = [
    {"displayName": "Chess", "categories": ["Games", "Mind"], "allowedAudiences": "everyone",
     "inference": {"confidenceScore": 0.9}},
    {"displayName": "Go", "categories": ["Games"], "description": "An old game",
     "inference": {"confidenceScore": 0.4}},
    {"displayName": "Hiking", "categories": [], "webUrl": "https://hike.example"},
]  # fmt: skip


async def ada_with_interests(service: Service) -> Client:
    """Ada, who has the INTERESTS."""
    ada = service.person("ada")
    for interest in INTERESTS:
        await create(ada, **interest)
    return ada


async def body(client: Client, path: str, **headers: str) -> dict[str, Any]:
    """The JSON of a successful read."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client("GET", path, headers=sent)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def names(client: Client, query: str, path: str = PATH) -> list[str]:
    """The names of what a query finds."""
    return [item["displayName"] for item in (await body(client, f"{path}?{query}"))["value"]]


async def the_id(client: Client, name: str = "Chess") -> str:
    """The id of the interest with this name."""
    (item,) = (await body(client, f"{PATH}?$filter=displayName eq '{name}'"))["value"]
    found: str = item["id"]
    return found


async def metadata(client: Client) -> ET.Element:
    return ET.fromstring((await client("GET", "$metadata")).content)


def references(*, collection: bool) -> dict[str, Navigation]:
    """The navigation properties of a user that refer, rather than contain."""
    navigation = BETA.container["users"].target.navigation()
    return {
        name: to
        for name, to in navigation.items()
        if not to.contained and to.collection is collection
    }


def links() -> list[str]:
    """The collections of references that clients write."""
    return [
        f"{name}/{property}"
        for name, entry in BETA.container.items()
        for property, to in entry.target.navigation().items()
        if to.collection and not to.contained and not to.read_only
    ]
