"""The pages of the stand-in, as they are without a browser."""

import re
from html import unescape
from pathlib import Path

import pytest
from starlette.routing import Route

from api.conftest import OTHER_TENANT, Service, fault
from openprofile import sample
from openprofile.http.pages import LOG, OVERVIEW, PERSON
from openprofile.http.rendering import ASSETS
from openprofile.model.facets import FACETS
from values import WRITABLE, settable

pytestmark = pytest.mark.anyio
ADA = PERSON.format(id=sample.person_id("ada"))
HOSTILE = "<script>alert('é')</script>\"&{{ 7*7 }}"


async def shown(service: Service, path: str) -> str:
    answer = await service.anonymous()("GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


@pytest.mark.parametrize("path", [OVERVIEW, LOG, ADA])
async def test_a_page_runs_nothing_but_its_own_script_and_is_kept_nowhere(
    service: Service, path: str
) -> None:
    answer = await service.anonymous()("GET", path)
    policy = dict(
        directive.split(" ", 1)
        for directive in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[name] for name in ("base-uri", "frame-ancestors")} == {"'none'"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    assert not re.search(r"<script(?! src=)| on[a-z]+=|javascript:|<style|\bstyle=", answer.text)
    assert re.findall(r'(?:src|href)="(?![/#])', answer.text) == []


async def test_what_a_page_needs_is_there(service: Service) -> None:
    for path in re.findall(rf'"({ASSETS}/[^"]+)"', await shown(service, OVERVIEW)):
        answer = await service.anonymous()("GET", path)
        assert answer.status_code == 200
        assert "'none'" in answer.headers["content-security-policy"]
    for path in (f"{ASSETS}/pages.py", f"{ASSETS}/base.html", f"{ASSETS}/..%2Fpages.py"):
        fault(await service.anonymous()("GET", path), 404, "Request_ResourceNotFound")


async def test_the_overview_has_what_is_needed_to_connect(service: Service) -> None:
    text = await shown(service, OVERVIEW)
    values = [unescape(value) for value in re.findall(r'<input id="[^"]+" value="([^"]*)"', text)]
    authority = service.parts.authority
    assert f"{service.parts.addresses.url}/beta" in values
    assert f"{service.parts.addresses.tls_url}/{sample.TENANT}" in values
    assert {authority.sample.id, authority.sample.secret} <= set(values)
    mine, own = (value for value in values if value.startswith("eyJ"))
    assert (await service.bearing(mine)("GET", "me")).json()["givenName"] == "Ada"
    everybody = (await service.bearing(own)("GET", "users")).json()["value"]
    for person in everybody:
        assert person["displayName"] in text
        assert PERSON.format(id=person["id"]) in text


async def test_the_page_of_a_person_has_their_tokens_and_everything_of_theirs(
    service: Service,
) -> None:
    person = service.person("ada")
    for facet in WRITABLE:
        body = settable(FACETS[facet]) | {"allowedAudiences": "me,family"}
        assert (await person("POST", f"me/profile/{facet}", json=body)).status_code == 201
    text = await shown(service, ADA)
    for facet in WRITABLE:
        assert f'<h3 id="{facet}">' in text
    assert text.count('class="label"') == len(WRITABLE)
    assert text.count('class="tag">me,family<') == len(WRITABLE)
    (token,) = re.findall(r'value="(eyJ[^"]+)"', text)
    assert (await service.bearing(token)("GET", "me")).json()["givenName"] == "Ada"
    assert f"{len(WRITABLE)} items" in await shown(service, OVERVIEW)


async def test_an_administrator_has_a_token_that_administers(service: Service) -> None:
    text = await shown(service, PERSON.format(id=sample.person_id("hiro")))
    _, token = re.findall(r'value="(eyJ[^"]+)"', text)
    answer = await service.bearing(token)("PATCH", f"users/{sample.person_id('ada')}", json={})
    assert answer.status_code < 300


async def test_whoever_is_not_there_has_no_page(service: Service) -> None:
    for who in (sample.TENANT, "nobody@harbour.example", "%00", "x" * 5000):
        answer = await service.anonymous()("GET", PERSON.format(id=who))
        fault(answer, 404, "Request_ResourceNotFound")
    answer = await service.anonymous()("GET", f"{OVERVIEW}?tenant=elsewhere")
    fault(answer, 404, "Request_ResourceNotFound")


async def test_the_log_tells_why_each_refusal(service: Service) -> None:
    item = await service.person("ada")(
        "POST", "me/profile/interests", json={"displayName": "Chess", "allowedAudiences": "me"}
    )
    of_ada = f"users/{sample.person_id('ada')}/profile/interests"
    refused = [
        await service.person("bram")("GET", f"{of_ada}/{item.json()['id']}"),
        await service.person("bram")("POST", of_ada, json={}),
        await service.person("ada")("GET", "me/profile/interests?$filter=("),
        await service.person("ada")("POST", "me/profile/interests", json={"displayName": 1}),
        await service.anonymous()("GET", "me/profile"),
    ]
    text = unescape(await shown(service, LOG))
    assert "The item is for me;" in text
    for answer in refused[1:]:
        assert answer.json()["error"]["message"].rpartition("operation. ")[2] in text
    assert text.count('class="refused"') == len(refused)
    only = await shown(service, f"{LOG}?only=refused")
    assert only.count('<li id="request-') == len(refused)
    assert (await shown(service, f"{LOG}?most=2")).count('<li id="request-') == 2
    assert "Bram Okafor, about Ada Lindqvist" in text


async def test_without_scripts_the_log_refreshes_itself_until_it_is_told_not_to(
    service: Service,
) -> None:
    assert '<noscript><meta http-equiv="refresh"' in await shown(service, LOG)
    (stop,) = re.findall(rf'<a href="({LOG}[^"]*)">Stop', await shown(service, LOG))
    paused = await shown(service, unescape(stop))
    assert "http-equiv" not in paused
    (again,) = re.findall(rf'<a href="({LOG}[^"]*)">Refresh', paused)
    assert "http-equiv" in await shown(service, unescape(again))


async def test_each_tenant_has_its_own_people_and_its_own_log(service: Service) -> None:
    await service.person("ada")("GET", "me/profile/awards")
    for path in (OVERVIEW, LOG):
        first = await shown(service, path)
        (link,) = set(re.findall(rf'href="(/\?tenant={OTHER_TENANT})"', first))
        assert "me/profile/awards" in first
        other = await shown(service, f"{path}?tenant={OTHER_TENANT}")
        assert "me/profile/awards" not in other
        assert f'href="{LOG}?tenant={OTHER_TENANT}"' in other
        assert await shown(service, link)
    assert "Ada" not in await shown(service, f"{OVERVIEW}?tenant={OTHER_TENANT}")


async def test_nothing_that_is_stored_or_sent_becomes_markup(service: Service) -> None:
    person = service.person("ada")
    created = await person("POST", "me/profile/interests", json={"displayName": HOSTILE})
    assert created.status_code == 201
    changed = await service.administrator()(
        "PATCH",
        f"users/{sample.person_id('ada')}",
        json={"displayName": HOSTILE, "jobTitle": HOSTILE},
    )
    assert changed.status_code < 300
    await person("GET", f"me/profile/{HOSTILE}?$filter={HOSTILE}")
    await person("POST", "me/profile/interests", json={HOSTILE: 1})
    for path in (OVERVIEW, LOG, f"{LOG}?only={HOSTILE}&most={HOSTILE}&live={HOSTILE}", ADA):
        text = await shown(service, path)
        assert "<script>" not in text
        assert "49" not in re.sub(r"[0-9a-f-]{36}|eyJ[\w.-]+|\d\d:\d\d:\d\d|T[\d:.]+Z", "", text)
    assert unescape(await shown(service, ADA)).count(HOSTILE) >= 3


async def test_a_page_whose_name_was_turned_to_this_machine_sees_nothing(service: Service) -> None:
    for path in (OVERVIEW, LOG, ADA):
        answer = await service.anonymous()("GET", path, headers={"Host": "evil.example"})
        fault(answer, 404, "Request_ResourceNotFound")
        assert "Ada" not in answer.text


async def test_the_pages_are_only_read(service: Service) -> None:
    for route in service.parts.app.routes:
        assert isinstance(route, Route)
        if route.path in (OVERVIEW, LOG, PERSON, f"{ASSETS}/{{name}}"):
            assert route.methods == {"GET", "HEAD"}


def test_the_templates_are_in_the_package() -> None:
    folder = Path(__file__).parents[2] / "src" / "openprofile" / "http" / "templates"
    assert {file.suffix for file in folder.iterdir()} == {".html", ".css", ".js", ".svg"}
