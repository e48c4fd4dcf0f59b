"""What is created is what is read, for any value of every type."""

import json
from typing import Any

import anyio.from_thread
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.conftest import BASE
from openprofile import sample
from openprofile.model.facets import FACETS
from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import UNKNOWN_FUTURE_VALUE, Enumeration
from openprofile.model.shape import Property, shape
from openprofile.server.stand_in import stand_in
from values import WRITABLE

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "Edm.String": text,
    "Edm.Boolean": st.booleans(),
    "Edm.Double": st.floats(allow_nan=False, allow_infinity=False),
    "Edm.Int32": st.integers(-(2**31), 2**31 - 1),
    "Edm.Date": st.dates().map(str),
    "Edm.DateTimeOffset": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
}


def values(kind: type[Entity] | type[Complex]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of the properties that a client may set."""
    members = {
        found.name: member(found) for found in shape(kind).properties.values() if not found.computed
    }
    return st.fixed_dictionaries({}, optional=members)


def member(found: Property) -> st.SearchStrategy[Any]:
    one = value(found)
    if found.collection:
        one = st.lists(one, max_size=3)
    return st.none() | one if found.nullable else one


def value(found: Property) -> st.SearchStrategy[Any]:
    if found.shape is not None:
        return values(found.shape.type)
    if issubclass(found.type, Enumeration):
        names = [name for name in found.type.members if name != UNKNOWN_FUTURE_VALUE]
        if found.type.flags:
            return st.lists(st.sampled_from(names), min_size=1, unique=True).map(
                lambda chosen: ",".join(name for name in names if name in chosen)
            )
        return st.sampled_from(names)
    return PRIMITIVES[found.edm]


@pytest.mark.parametrize("facet", WRITABLE)
def test_what_is_created_is_what_is_read(data: Any, facet: str) -> None:
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(stand_in(data, memory=True)) as parts,
    ):
        token = parts.authority.delegated(
            sample.people()[0].user, ["User.ReadWrite"], expires_in=3600
        )
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=parts.app),
            base_url=f"{BASE}/beta/me/profile/{facet}",
            headers={"Authorization": f"Bearer {token}"},
            verify=False,
        )

        @settings(
            max_examples=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(values(FACETS[facet]))
        def holds(sent: dict[str, Any]) -> None:
            portal.call(_round_trip, client, sent)

        holds()


async def _round_trip(client: httpx2.AsyncClient, sent: dict[str, Any]) -> None:
    created = await client.post("", json=sent)
    assert created.status_code == 201, created.text
    item = created.json()
    assert_holds(item, sent)
    read = await client.get(f"/{item['id']}")
    assert read.json() == item
    (listed,) = (await client.get("")).json()["value"]
    assert listed | {"@odata.context": item["@odata.context"]} == item
    changed = await client.patch(f"/{item['id']}", json=sent)
    assert changed.status_code == 200, changed.text
    assert_holds(changed.json(), sent)
    assert (await client.delete(f"/{item['id']}")).status_code == 204


def assert_holds(answered: Any, sent: Any) -> None:
    """Whatever was sent is in the answer, null as well, but for what is made from the rest."""
    if isinstance(sent, dict):
        for name, inner in sent.items():
            if inner is None and name == "webUrl":
                continue
            assert_holds(answered[name], inner)
    elif isinstance(sent, list):
        assert len(answered) == len(sent)
        for one, other in zip(answered, sent, strict=True):
            assert_holds(one, other)
    else:
        assert answered == sent
        assert json.dumps(answered) == json.dumps(sent) or isinstance(sent, float)
