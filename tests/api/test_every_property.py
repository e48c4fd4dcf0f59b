"""Every property of every facet can be asked for in every option, whatever its type."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.conftest import Client, fault
from api.test_facets import create
from openprofile.model.facets import FACETS
from openprofile.model.shape import Property, Shape, shape
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio


def paths(of: Shape, before: str = "", depth: int = 3) -> Iterator[tuple[str, Property]]:
    """The paths to all properties that no collection stands before."""
    for name, found in of.properties.items():
        yield before + name, found
        if found.shape is not None and not found.collection and depth:
            yield from paths(found.shape, f"{before}{name}/", depth - 1)


def questions(path: str, found: Property) -> Iterator[str]:
    """Queries that mean something for a property of this type."""
    yield f"$filter={path} eq {path}"
    yield f"$filter={path} ne null"
    yield f"$filter={path} in ({path})" if found.collection else f"$filter={path} in (null)"
    yield f"$compute={path} as it&$select=it"
    yield f"$select={path}"
    if found.collection:
        inner = "x" if found.shape is None else "x eq x"
        predicate = f"{inner} ne null" if found.shape is None else inner
        yield f"$filter={path}/any(x:{predicate}) or not {path}/all(x:{predicate})"
        yield f"$orderby={path}/$count desc"
        yield f"$select={path}($filter=$this ne null;$count=true;$top=1)"
        yield f"$filter=hassubset({path},{path}) and length({path}) ge 0"
    elif found.shape is None:
        yield f"$orderby={path} desc"
        yield f"$filter={path} ge {path} or {path} lt null"
        yield f"$filter=cast({path},Edm.String) ne ''&$orderby=cast({path},Edm.String)"
        yield f"$filter=isof({path},{found.edm})"


@pytest.mark.parametrize("facet", WRITABLE)
async def test_a_property_is_filtered_ordered_selected_and_computed_with(
    ada: Client, facet: str
) -> None:
    kind = FACETS[facet]
    await create(ada, facet, **settable(kind))
    await create(ada, facet)
    for path, found in paths(shape(kind)):
        for query in questions(path, found):
            response = await ada("GET", f"me/profile/{facet}?{query}")
            if found.collection and " in (" in query:
                fault(response, 400, "BadRequest")
                continue
            assert response.status_code == 200, (query, response.text)
            value: list[dict[str, Any]] = response.json()["value"]
            if query == f"$filter={path} eq {path}":
                assert len(value) == 2, query
