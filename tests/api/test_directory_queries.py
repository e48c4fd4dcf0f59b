"""What can be asked of ``/users``: filters, searches, orders, pages."""

from urllib.parse import quote

import pytest

from api.conftest import BASE, Client, Service, fault
from api.test_directory import VERSIONS, names
from openprofile import sample

pytestmark = pytest.mark.anyio
ALL = ["Ada", "Bram", "Chiara", "Deniz", "Emeka", "Farah",
       "Greta", "Hiro", "Ines", "Jonas", "Mei", "Noor"]  # fmt: skip


@pytest.fixture
def reader(service: Service) -> Client:
    return service.application("User.Read.All")


@pytest.fixture
async def accents(service: Service) -> None:
    """Two more people, whose names have letters that others lack."""
    admin = service.administrator()
    for name, alias in (("Émile Çelik-Strauß", "emile"), ("JOSÉ  o'Neill", "jose")):
        body = {"displayName": name, "userPrincipalName": f"{alias}@harbour.example"}
        assert (await admin("POST", "users", json=body)).status_code == 201


@pytest.mark.parametrize("version", VERSIONS)
async def test_everybody_is_listed_by_display_name(reader: Client, version: str) -> None:
    response = await reader("GET", f"/{version}/users")
    assert names(response) == ALL
    assert response.json()["@odata.context"] == f"{BASE}/{version}/$metadata#users"
    assert "@odata.nextLink" not in response.json()
    assert "@odata.etag" not in response.text
    assert "@odata.type" not in response.text


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("displayName eq 'ada LINDQVIST'", ["Ada"]),
        ("'Ada Lindqvist' eq displayName", ["Ada"]),
        ("displayName eq 'Ada'", []),
        ("userPrincipalName eq 'ADA@harbour.example'", ["Ada"]),
        (f"id eq '{sample.person_id('ada')}'", ["Ada"]),
        (f"id in ('{sample.person_id('mei')}','{sample.person_id('ada')}','x')", ["Ada", "Mei"]),
        ("startswith(displayName,'A')", ["Ada"]),
        ("startsWith(jobTitle,'software')", ["Bram", "Chiara"]),
        ("startswith(displayName,'A') eq true", None),
        ("surname in ('Berg','BERG','okafor')", ["Bram", "Jonas"]),
        ("givenName ge 'jonas'", ["Jonas", "Mei", "Noor"]),
        ("givenName gt 'jonas'", ["Mei", "Noor"]),
        ("givenName lt 'bram' or givenName eq 'noor'", ["Ada", "Noor"]),
        ("department eq 'sales' and jobTitle ne 'Account Manager'", ["Farah", "Greta"]),
        ("department eq 'sales' and contains(jobTitle,'OF s')", ["Greta"]),
        (
            "department eq 'sales' and endswith(mail,'@HARBOUR.example')",
            ["Emeka", "Farah", "Greta"],
        ),
        ("department eq 'sales' and not (surname eq 'vogel')", ["Emeka", "Farah"]),
        ("department eq 'sales' and city eq null", ["Emeka", "Farah", "Greta"]),
        ("department eq 'sales' and toupper(surname) eq 'vogel'", ["Greta"]),
        ("department eq 'sales' and businessPhones/any(p:p eq '1')", []),
        ("department eq 'sales' and businessPhones/$count eq 0", ["Emeka", "Farah", "Greta"]),
        ("department eq 'sales' or surname eq 'berg'", ["Emeka", "Farah", "Greta", "Jonas"]),
        ("department eq 'sales' or startswith(surname,'vo')", ["Emeka", "Farah", "Greta"]),
        ("(department eq 'sales' and surname eq 'vogel') or surname eq 'berg'", ["Greta", "Jonas"]),
        ("createdDateTime le 2026-01-05T08:00:00Z and surname eq 'berg'", ["Jonas"]),
        ("createdDateTime gt 2026-01-05T08:00:00Z and surname eq 'berg'", []),
        ("accountEnabled eq true and surname eq 'berg'", ["Jonas"]),
        ("surname eq @who&@who='Berg'", ["Jonas"]),
        ("contains(displayName,'a')", None),
        ("startswith(displayName,'')", ALL),
        ("surname ne 'berg'", None),
        ("city eq 'Porto'", None),
        ("surname eq 'berg' or city eq 'Porto'", None),
        ("accountEnabled eq true", None),
        ("surname eq null", None),
        ("true", None),
        ("surname eq 'berg' and matchesPattern(surname,'^b')", None),
        ("surname eq 'berg' and manager/surname eq 'x'", None),
        ("manager eq null", ["Ines"]),
        ("null eq manager", ["Ines"]),
        ("manager ne null", [one for one in ALL if one != "Ines"]),
        ("manager eq null or surname eq 'berg'", ["Ines", "Jonas"]),
        ("startswith(displayName,'i') and not (manager ne null)", ["Ines"]),
        ("startswith(displayName,'a') and manager eq null", []),
    ],
)
async def test_a_filter_finds_whom_it_means_or_is_refused(
    reader: Client, wanted: str, found: list[str] | None
) -> None:
    response = await reader("GET", f"users?$filter={wanted}&$count=true")
    if found is None:
        fault(response, 400, "Request_UnsupportedQuery")
        return
    assert sorted(names(response)) == found
    assert response.json()["@odata.count"] == len(found)
    counted = await reader("GET", f"users/$count?$filter={wanted}")
    assert counted.text == str(len(found))
    ordered = await reader("GET", f"users?$filter={wanted}&$orderby=displayName desc")
    assert names(ordered) == found[::-1]


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ('"displayName:ada"', ["Ada"]),
        ('"displayName:lind"', ["Ada"]),
        ('"displayname:LIND ad"', ["Ada"]),
        ('"displayName:indqvist"', []),
        ('"mail:mei@"', ["Mei"]),
        ('"mail:harbour"', []),
        ('"displayName:ada" OR "displayName:berg"', ["Ada", "Jonas"]),
        ('"displayName:a" AND "mail:ada"', ["Ada"]),
        ('"displayName:ada" OR "displayName:m" AND "surname:c"', ["Ada", "Mei"]),
        ('"displayName:m"', ["Chiara", "Mei"]),
    ],
)
async def test_a_search_finds_words_by_their_beginning(
    reader: Client, sought: str, found: list[str]
) -> None:
    for headers in ({}, {"ConsistencyLevel": "eventual"}):
        response = await reader(
            "GET", f"users?$search={quote(sought)}&$count=true", headers=headers
        )
        assert sorted(names(response)) == found
        assert response.json()["@odata.count"] == len(found)
    ordered = await reader("GET", f"users?$search={quote(sought)}&$orderby=displayName desc")
    assert names(ordered) == found[::-1]


@pytest.mark.parametrize(
    "sought",
    ["ada", '"ada"', '"jobTitle:x"', '"displayName:"', '"displayName:a', '"displayName:a" "mail:b"',
     '"displayName:a" AND', 'OR "displayName:a"', "", '"displayName:a" NOT "mail:b"',
     " OR ".join(['"mail:x"'] * 33)],
)  # fmt: skip
async def test_a_search_that_is_none_is_refused(reader: Client, sought: str) -> None:
    error = fault(await reader("GET", f"users?$search={quote(sought)}"), 400, "BadRequest")
    assert error["target"] == "$search"


@pytest.mark.usefixtures("accents")
async def test_names_compare_without_case_and_accents(reader: Client) -> None:
    for wanted in (
        "displayName eq 'emile CELIK-strauss'",
        "startswith(displayName,'ÉMI')",
        "startswith(displayName,'emi') and contains(displayName,'ß')",
    ):
        assert names(await reader("GET", f"users?$filter={quote(wanted)}")) == ["Émile"]
    assert names(await reader("GET", 'users?$search="displayName:celik emi"')) == ["Émile"]
    assert names(await reader("GET", 'users?$search="displayName:neill"')) == ["JOSÉ"]
    quoted_name = quote("displayName eq 'jose  o''neill'")
    assert names(await reader("GET", f"users?$filter={quoted_name}")) == ["JOSÉ"]
    ordered = [*ALL[:5], "Émile", *ALL[5:10], "JOSÉ", *ALL[10:]]
    assert names(await reader("GET", "users?$orderby=displayName")) == ordered
    assert names(await reader("GET", "users?$orderby=displayName desc")) == ordered[::-1]


@pytest.mark.parametrize(
    "options",
    [
        "",
        "$orderby=displayName",
        "$orderby=displayName desc",
        "$orderby=userPrincipalName desc",
        "$filter=startswith(mail,'') or startswith(displayName,'a')",
        "$filter=department eq 'engineering' or startswith(displayName,'c')&$orderby=displayName",
        "$filter=department in ('sales','engineering','nothing')",
        "$search=%22displayName:a%22 OR %22displayName:n%22 OR %22mail:ada%22 OR %22surname:o%22",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 5])
async def test_pages_make_up_the_whole(reader: Client, options: str, size: int) -> None:
    whole = (await reader("GET", f"users?{options}")).json()["value"]
    seen, link, lengths = [], f"/v1.0/users?{options}&$top={size}&$select=id,displayName", []
    while link:
        page = (await reader("GET", link)).json()
        seen += [one["id"] for one in page["value"]]
        lengths.append(len(page["value"]))
        link = page.get("@odata.nextLink")
        assert link is None or link.startswith(f"{BASE}/v1.0/users?")
    assert seen == [one["id"] for one in whole]
    assert len(seen) == len(set(seen)) >= size
    assert set(lengths[:-1]) <= {size}
    assert 0 < lengths[-1] <= size


@pytest.mark.parametrize("options", ["", "$filter=companyName eq 'harbour'&$orderby=displayName"])
async def test_pages_stay_right_when_people_come_and_go(
    service: Service, reader: Client, options: str
) -> None:
    admin = service.administrator()
    page = (await reader("GET", f"users?{options}&$top=4")).json()
    assert [one["givenName"] for one in page["value"]] == ALL[:4]
    for number, name in enumerate(("Aaron", "Dora", "Zoe")):
        body = {
            "displayName": name,
            "companyName": "Harbour",
            "userPrincipalName": f"{number}@harbour.example",
        }
        await admin("POST", "users", json=body)
    for gone in ("deniz", "emeka", "bram"):
        await admin("DELETE", f"users/{sample.person_id(gone)}")
    rest = await reader("GET", page["@odata.nextLink"])
    assert names(rest) == ["Dora", *ALL[5:9]][:4]
    rest = await reader("GET", rest.json()["@odata.nextLink"])
    assert names(rest) == ALL[8:]
    rest = await reader("GET", rest.json()["@odata.nextLink"])
    assert names(rest) == ["Zoe"]
    assert "@odata.nextLink" not in rest.json()


async def test_a_place_in_pages_is_its_readers_and_its_querys(
    service: Service, reader: Client
) -> None:
    link = (await reader("GET", "users?$top=2")).json()["@odata.nextLink"]
    token = link.partition("$skiptoken=")[2]
    other = service.person("ada", "User.Read.All")
    for refused in (
        reader("GET", f"users?$top=2&$filter=surname eq 'berg'&$skiptoken={token}"),
        reader("GET", f"users?$top=2&$orderby=displayName&$skiptoken={token}"),
        reader("GET", f"users?$top=2&$skiptoken={token[:-2]}"),
        reader("GET", f"users?$top=2&$skiptoken=A{token}"),
        reader("GET", f"users/{sample.person_id('noor')}/directReports?$skiptoken={token}"),
        other("GET", link),
    ):
        assert fault(await refused, 400, "BadRequest")["target"] == "$skiptoken"


async def test_a_page_is_as_large_as_it_may_be(reader: Client) -> None:
    for top in ("0", "1000"):
        error = fault(await reader("GET", f"users?$top={top}"), 400, "BadRequest")
        assert "between 1 and 999" in error["message"]
    assert len(names(await reader("GET", "users?$top=999"))) == 12
    response = await reader("GET", "users", headers={"Prefer": "odata.maxpagesize=5"})
    assert len(names(response)) == 5
    assert response.headers["preference-applied"] == "odata.maxpagesize=5"
    response = await reader("GET", "users?$top=2", headers={"Prefer": "odata.maxpagesize=5"})
    assert len(names(response)) == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$orderby=jobTitle", "Request_UnsupportedQuery"),
        ("$orderby=displayName,surname", "Request_UnsupportedQuery"),
        ("$orderby=tolower(displayName)", "Request_UnsupportedQuery"),
        ("$orderby=nothing", "Request_UnsupportedQuery"),
        ("$skip=1", "Request_UnsupportedQuery"),
        ("$compute=1 as one", "Request_UnsupportedQuery"),
        ("$filter=nothing eq 1", "BadRequest"),
        ("$filter=surname eq", "BadRequest"),
        ("$filter=surname eq 1", "BadRequest"),
        ("$top=x", "BadRequest"),
        ("$count=maybe", "BadRequest"),
        ("$select=businessPhones($top=1)", "Request_UnsupportedQuery"),
    ],
)
async def test_an_option_that_the_directory_lacks_is_refused(
    reader: Client, options: str, code: str
) -> None:
    fault(await reader("GET", f"users?{options}"), 400, code)


async def test_option_names_come_in_every_form(reader: Client) -> None:
    for options in (
        "$filter=surname eq 'berg'",
        "filter=surname%20eq%20%27berg%27",
        "%24filter=surname+eq+'berg'",
        "$FILTER=surname eq 'berg'",
    ):
        assert names(await reader("GET", f"/v1.0/users?{options}")) == ["Jonas"]


async def test_metadata_is_told_as_it_is_asked_for(reader: Client) -> None:
    berg = "users?$filter=surname eq 'berg'"
    plain = await reader("GET", f"{berg}&$format=application/json;odata.metadata=none")
    assert list(plain.json()) == ["value"]
    full = await reader("GET", berg, headers={"Accept": "application/json;odata.metadata=full"})
    (jonas,) = full.json()["value"]
    assert jonas["@odata.type"] == "#microsoft.graph.user"
    assert jonas["@odata.id"] == f"{BASE}/beta/users/{sample.person_id('jonas')}"
    assert "@odata.etag" not in jonas


@pytest.mark.parametrize(
    "expand",
    ["manager($compute=1 add 1 as x)", "manager($select=businessPhones($top=1))",
     "directReports($compute=1 add 1 as x)", "directReports($skip=1)", "directReports($levels=2)",
     "directReports($levels=max)", "memberOf($levels=2)", "profile", "*",
     "manager($expand=directReports($skip=1))"],
)  # fmt: skip
async def test_what_an_expansion_cannot_do_is_refused_before_anything_is_read(
    reader: Client, expand: str
) -> None:
    for path in ("me", "users", "users/nobody"):
        response = await reader("GET", f"{path}?$expand={expand}")
        fault(response, 400, "Request_UnsupportedQuery")
