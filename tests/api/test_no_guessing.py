"""Nothing of another person or tenant is reached by guessing ids, in any form of a URL.

The paths come from the model's operations and from the application's routes: a new one is walked
without being listed here.
"""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx2
import pytest
from starlette.routing import Route

from api import batching
from api.conftest import (
    OTHER_TENANT,
    TRUSTED_TENANT,
    Client,
    Service,
    of_another_tenant,
    user,
)
from openprofile import sample
from openprofile.http.pages import PERSON
from openprofile.identity.issuer import Authority
from openprofile.model.directory import VERSIONS, User
from openprofile.model.facets import FACETS
from openprofile.odata.operations import operations
from openprofile.policy.caller import GLOBAL_ADMINISTRATOR
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
SECRET = "é ☕"
"""A part of every text in the items that are not to be seen (see ``values``)."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ADA, ZOE = (
    user("ada"),
    User(id="99999999-8888-4777-8666-555555555555", user_principal_name="zoe@meadow.example"),
)
WRITE = "User.ReadWrite.All"
GUESSERS = (
    "nobody",
    "colleague",
    "another tenant's administrator",
    "another tenant's application",
    "a trusted tenant's administrator",
)


class World:
    """Two people of two tenants with secrets, and those who guess."""

    def __init__(self, service: Service, zoe: Client, guessers: dict[str, Client]) -> None:
        self._app = service.parts.app
        self._control = service.parts.control.faces()
        self.owners = {"ada": service.person("ada"), "zoe": zoe}
        self.guessers = guessers
        self.items: dict[str, dict[str, str]] = {"ada": {}, "zoe": {}}

    async def fill(self) -> None:
        for owner, client in self.owners.items():
            for facet in WRITABLE:
                body = settable(FACETS[facet]) | {"allowedAudiences": "me"}
                created = await client("POST", f"me/profile/{facet}", json=body)
                assert SECRET in created.text
                self.items[owner][facet] = created.json()["id"]

    def routes(self) -> list[Route]:
        """The application's routes besides the API."""
        found = [route for route in self._app.routes if isinstance(route, Route)]
        assert len(found) == len(self._app.routes)
        return found

    def methods(self, route: Route) -> Collection[str]:
        """Those that lead to what is kept.

        The control routes change it for whoever runs the stand-in, as they say, without asking
        for a token; they are no part of the service (test_foreign_issuers), and what guards them
        is in test_control. Here they are read.
        """
        return ("GET",) if route.path in self._control else route.methods or METHODS

    async def profiles(self) -> list[str]:
        """Everything that the owners have, their ETags included."""
        return [(await client("GET", "me/profile")).text for client in self.owners.values()]


@pytest.fixture
async def world(service: Service, data: Path) -> World:
    token = await of_another_tenant(
        data, service.parts, ZOE, WRITE, directory_roles=[GLOBAL_ADMINISTRATOR]
    )
    yan = User(id=sample.person_id("yan"), user_principal_name="yan@meadow.example")
    administrator = await of_another_tenant(
        data, service.parts, yan, WRITE, directory_roles=[GLOBAL_ADMINISTRATOR]
    )
    application = Authority(data / "authority", OTHER_TENANT, service.parts.clock).application(
        [WRITE], expires_in=3600
    )
    trusted = await of_another_tenant(
        data,
        service.parts,
        User(id=sample.person_id("uma"), user_principal_name="uma@forest.example"),
        WRITE,
        directory_roles=[GLOBAL_ADMINISTRATOR],
        tenant=TRUSTED_TENANT,
    )
    guessers = (
        service.anonymous(),
        service.person("bram", WRITE, "User.Read.All", "Directory.ReadWrite.All"),
        service.bearing(administrator),
        service.bearing(application),
        service.bearing(trusted),
    )
    world = World(service, service.bearing(token), dict(zip(GUESSERS, guessers, strict=True)))
    await world.fill()
    return world


def every_byte(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def keys(id: str) -> list[str]:
    """The forms that a URL gives a key in, appended to what it is a key of."""
    return [
        f"/{id}",
        f"('{id}')",
        f"({id})",
        f"(id='{id}')",
        f"( id = '{id}' )",
        f"%28%27{id}%27%29",
        f"/{id.upper()}",
        f"('{id.upper()}')",
        f"/{every_byte(id)}",
        f"/{quote(every_byte(id))}",
        f"/{id}/",
        f"//{id}",
        f"/{id}%00",
        f"/{id}%20",
        f"/x%2F..%2F{id}",
        f"/../{id}",
    ]


def owners_of(who: User) -> list[str]:
    """The forms of a path to a person, from below the version."""
    name = who.user_principal_name
    other = [
        f"users/{name}",
        f"users/{name.upper()}",
        f"users('{name}')",
        f"users(userPrincipalName='{name}')",
        f"users/{quote(name, safe='')}",
        f"USERS/{who.id}",
        f"me/%2e%2e/users/{who.id}",
        f"users/{OTHER_TENANT}/{who.id}",
        f"{OTHER_TENANT}/users/{who.id}",
        f"me/users/{who.id}",
    ]
    return [*(f"users{form}" for form in keys(who.id)), *other]


TAILS = ("", "/$ref", "/$value", "/$count", "/id", "/allowedAudiences/$value", "/createdBy/user")


def paths(who: User, items: dict[str, str]) -> Iterator[str]:
    """Every path of every version to what a person has, each part of it in each of its forms."""
    for version, model in VERSIONS.items():
        for operation in operations(model):
            for path in forms(operation.path, who, items):
                yield f"/{version}/{path}"
    for path in forms("/users/{user-id}/profile/interests/{personInterest-id}", who, items):
        for tail in TAILS:
            yield f"/beta/{path}{tail}"


def forms(template: str, who: User, items: dict[str, str]) -> Iterator[str]:
    """A template's paths: its owner in every form, its item in every form, not both at once.

    The facets are alike in this: for all but one, the first forms are enough.
    """
    if "/profile" not in template:
        for key in [*keys(who.id), f"/{who.user_principal_name}"]:
            yield re.sub(r"/\{.+?\}", lambda _, key=key: key, template[1:])
        return
    root, _, below = template[1:].partition("/profile")
    facet = below[1:].partition("/")[0]
    some = slice(None) if facet in ("", "interests") else slice(6)
    item = items.get(facet, who.id)
    collection = re.sub(r"/\{.+?\}", "", below)
    item_keys = keys(item)[some] if "{" in below else [""]
    if root.startswith("users"):
        for owner in owners_of(who)[some]:
            yield f"{owner}/profile{collection}{item_keys[0]}"
    for owner in ("me", f"users/{who.id}", f"users/{sample.person_id('bram')}"):
        for key in item_keys:
            yield f"{owner}/profile{collection}{key}"


async def guess(client: Client, method: str, path: str) -> httpx2.Response:
    body: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {}}
    return await client(method, path, **body)


CASES = [
    *(pytest.param("ada", ADA, guesser, id=f"ada-{guesser}") for guesser in GUESSERS),
    *(pytest.param("zoe", ZOE, guesser, id=f"zoe-{guesser}") for guesser in GUESSERS[:2]),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("owner", "who", "guesser"), CASES)
async def test_no_path_of_the_api_leads_to_what_is_anothers(
    world: World, owner: str, who: User, guesser: str, method: str
) -> None:
    before = await world.profiles()
    client = world.guessers[guesser]
    walked = list(dict.fromkeys(paths(who, world.items[owner])))
    assert len(walked) > 500
    for path in walked:
        answer = await guess(client, method, path)
        assert SECRET not in answer.text, path
        assert answer.status_code < 500 or answer.status_code in (501, 507), path
        if guesser == "nobody" or ((owner, guesser) not in TOGETHER and names(path, who)):
            assert answer.is_error, path
    assert await world.profiles() == before


TOGETHER = {("ada", "colleague")}
"""Those of one tenant, who may see that the other is there."""


def names(path: str, who: User) -> bool:
    """Whether a path names a person."""
    plain = unquote(unquote(path)).lower()
    return who.id in plain or who.user_principal_name in plain


@pytest.mark.parametrize("request_of", [batching.get, batching.patch, batching.delete])
@pytest.mark.parametrize(("owner", "who", "guesser"), CASES)
async def test_no_batch_leads_there_either(
    world: World, owner: str, who: User, guesser: str, request_of: Callable[..., dict[str, Any]]
) -> None:
    before = await world.profiles()
    template = "/users/{user-id}/profile/interests/{personInterest-id}"
    urls = ["me/profile", *forms(template, who, world.items[owner])]
    for start in range(0, len(urls), 20):
        requests = [request_of(str(number), url) for number, url in enumerate(urls[start:][:20])]
        answer = await batching.send(world.guessers[guesser], *requests)
        assert SECRET not in answer.text
        assert guesser == "nobody" or answer.status_code == 200
    assert await world.profiles() == before


@pytest.mark.parametrize("guesser", GUESSERS)
async def test_no_other_route_leads_there(world: World, guesser: str) -> None:
    before = await world.profiles()
    client = world.guessers[guesser]
    ids = [sample.TENANT, OTHER_TENANT, ADA.id, ADA.user_principal_name, ZOE.id]
    ids += [world.items["ada"]["interests"], world.items["zoe"]["interests"]]
    for route in world.routes():
        if route.path == PERSON:  # asks for no token: who reaches the stand-in may be anybody there
            continue
        for id in ids:
            path = re.sub(r"\{.+?\}", id, route.path)
            for method in world.methods(route):
                answer = await guess(client, method, path)
                assert SECRET not in answer.text, (method, path)
                assert answer.status_code < 500, (method, path)
    assert await world.profiles() == before
