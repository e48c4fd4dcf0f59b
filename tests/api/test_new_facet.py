"""A new facet is one class: everything else follows from it."""

from collections.abc import Iterator

import pytest

from api.conftest import Client, Service, fault
from openprofile.model.enums import SkillProficiencyLevel
from openprofile.model.kinds import FACETS, ItemFacet, facet
from openprofile.model.parts import RelatedPerson
from values import settable

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def instruments() -> Iterator[None]:
    @facet("instruments")
    class PersonInstrument(ItemFacet):
        """What somebody plays."""

        display_name: str | None = None
        level: SkillProficiencyLevel | None = None
        teachers: list[RelatedPerson] = []

    yield
    del FACETS["instruments"]


async def test_a_declared_facet_has_every_call(service: Service, ada: Client) -> None:
    sent = settable(FACETS["instruments"])
    created = await ada("POST", "me/profile/instruments", json=sent)
    assert created.status_code == 201
    item = created.json()
    assert {name: item[name] for name in sent} == sent
    path = f"me/profile/instruments/{item['id']}"
    assert (await ada("GET", path)).json() == item
    assert len((await ada("GET", "me/profile/instruments")).json()["value"]) == 1
    assert len((await ada("GET", "me/profile")).json()["instruments"]) == 1
    updated = await ada("PATCH", path, json={"level": "expert"})
    assert updated.json()["level"] == "expert"
    wrong = await ada("PATCH", path, json={"level": "virtuoso", "teachers": [{"name": "x"}]})
    targets = [found["target"] for found in fault(wrong, 400, "BadRequest")["details"]]
    assert targets == ["level", "teachers/0/name"]
    fault(
        await service.person("bram", "User.Read")("DELETE", path),
        403,
        "Authorization_RequestDenied",
    )
    assert (await ada("DELETE", path)).status_code == 204
    fault(await ada("GET", path), 404, "itemNotFound")


async def test_a_declared_facet_is_in_every_document(service: Service) -> None:
    nobody = service.anonymous()
    assert 'Name="instruments"' in (await nobody("GET", "$metadata")).text
    types = (await nobody("GET", "$metadata?$format=json")).json()["microsoft.graph"]
    assert types["personInstrument"]["level"]["$Type"] == "microsoft.graph.skillProficiencyLevel"
    document = (await nobody("GET", "/openapi.json")).json()
    assert "/beta/me/profile/instruments/{personInstrument-id}" in document["paths"]
    assert "microsoft.graph.personInstrument" in document["components"]["schemas"]
