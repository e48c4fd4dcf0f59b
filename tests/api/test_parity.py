"""What the parity map says is refused, is."""

import pytest

from api.conftest import Service
from openprofile import parity, sample
from openprofile.clock import new_id

pytestmark = pytest.mark.anyio
REFUSED = [row for row in parity.rows() if row.outcome.startswith("refused, ")]


def test_the_map_tells_of_nothing_but_what_works_and_what_is_refused() -> None:
    others = [row for row in parity.rows() if row not in REFUSED]
    assert {row.outcome for row in others} == {"works"}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.operation)
async def test_what_is_not_served_is_refused_as_the_map_says(
    service: Service, row: parity.Row
) -> None:
    method, path = row.operation.split(" ")
    path = path.replace("{user}", f"/users/{sample.person_id('ada')}").replace("{id}", new_id())
    body = {"json": {}} if method in ("POST", "PATCH") else {}
    answer = await service.administrator("Directory.ReadWrite.All", "User.ReadWrite.All")(
        method, f"/beta{path}", **body
    )
    assert row.outcome == f"refused, {answer.status_code}"
