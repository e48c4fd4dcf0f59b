"""What ``/openapi.json`` says holds for any request made from it: schemathesis makes them."""

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import anyio.from_thread
import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks

from api.conftest import BASE, Service
from openprofile import sample
from openprofile.model.directory import BETA
from openprofile.model.facets import FACETS
from openprofile.odata.operations import operations, system_operations
from openprofile.server.stand_in import stand_in
from openprofile.settings import Limits

EXAMPLES = 12
"""Requests of each operation; the seed is fixed, so that they are the same in each run."""
REFUSED = {501, 507}
"""What a valid request may be answered with: not supported, and no more room."""
THROUGH_USERS = {"account", "interests"}
"""The facets that are also tried at /users; their handlers are those of /me."""
FATAL = ("DELETE", "/beta/users/{user-id}")
"""With a known id this would delete the caller."""

KEYS = [
    (operation.method, f"/beta{operation.path}")
    for operation in (*operations(BETA), *system_operations(BETA))
    if not operation.path.startswith("/users/{user-id}/profile/")
    or THROUGH_USERS & set(operation.path.split("/"))
]

VALID = {
    "$expand": ["*", "names", "skills($top=1;$select=displayName),notes/$ref", "emails/$count"],
    "$filter": ["id ne null", "isSearchable eq false", "not (id eq 'x')", "sources/any()"],
    "$orderby": ["id", "createdDateTime desc,id", "inference/confidenceScore"],
    "$search": ["a", '"a b" OR NOT c', "x y"],
    "$select": ["id", "*", "createdDateTime,createdBy/user"],
}
"""Options of which most requests have these; what is generated is hardly ever well-formed."""
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


class Api:
    """The service in a thread of its own, with a person's token and an item in each facet."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, service: Service) -> None:
        self._portal = portal
        self._call = service.administrator(
            "User.ReadWrite.All", "Directory.ReadWrite.All", "Group.Read.All"
        )
        (group, *_) = self.send("GET", f"{BASE}/beta/groups").json()["value"]
        self._known = {
            "user-id": sample.person_id("hiro"),
            "group-id": group["id"],
            "directoryObject-id": sample.person_id("bram"),
        }
        self.schema = schemathesis.openapi.from_dict(
            self.send("GET", f"{BASE}/openapi.json").json()
        )

    def key(self, name: str, path: str) -> str:
        """A value of a parameter of a path, with which it leads to something."""
        if name in self._known:
            return self._known[name]
        return self.item(path.partition("/profile/")[2].partition("/")[0])

    def item(self, facet: str) -> str:
        """The id of an item that the facet has now."""
        path = f"{BASE}/beta/me/profile/{facet}"
        if not FACETS[facet].read_only:
            # the id is kept; where it is taken, the item is there
            self.send("POST", path, json={"id": str(uuid5(NAMESPACE_URL, facet))})
        items = self.send("GET", path).json()["value"]
        return str(items[0]["id"])

    def send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        async def call() -> httpx2.Response:
            return await self._call(method, url, **options)

        return self._portal.call(call)


@pytest.fixture(scope="module")
def api(data: Any) -> Iterator[Api]:
    with anyio.from_thread.start_blocking_portal() as portal:
        parts = portal.wrap_async_context_manager(stand_in(data, memory=True, limits=Limits()))
        with parts as running:
            http = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=running.app), base_url=BASE, verify=False
            )
            with portal.wrap_async_context_manager(http) as client:
                yield Api(portal, Service(running, client))


@pytest.mark.parametrize(("method", "path"), KEYS)
def test_every_answer_is_as_described_and_none_fails(api: Api, method: str, path: str) -> None:
    operation = api.schema[path][method]

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        case=operation.as_strategy(),
        known=st.integers(0, 3),
        valid=st.fixed_dictionaries({name: st.sampled_from(some) for name, some in VALID.items()}),
    )
    def tries(case: schemathesis.Case, known: int, valid: dict[str, str]) -> None:
        names = case.path_parameters or {}
        if known and case.query:
            case.query.update({name: valid[name] for name in case.query if name in valid})
        if known and (method, path) != FATAL:
            names.update({name: api.key(name, path) for name in names})
        sent = case.as_transport_kwargs(base_url=BASE)
        request = {name: sent[name] for name in ("params", "json") if name in sent}
        if isinstance(sent.get("data"), (bytes, str)):
            request["content"] = sent["data"]
        headers = {
            str(name): str(value)
            for name, value in sent["headers"].items()
            if name.lower() != "authorization"  # a made-up token would end every request at 401
        }
        assume(all(value.isascii() and value.isprintable() for value in headers.values()))
        response = api.send(method, sent["url"], headers=headers, **request)
        assert response.status_code != 401
        assert response.status_code < 500 or response.status_code in REFUSED, response.text
        case.validate_response(response, checks=CHECKS)

    tries()
