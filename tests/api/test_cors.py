"""What a browser must be told before its pages may call the API (Fetch, section 3.2)."""

import httpx2
import pytest

from api.conftest import Client, Service

pytestmark = pytest.mark.anyio
APP = "https://app.example"
PATH = "me/profile/interests"
PREFLIGHT = {
    "Origin": APP,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type,sdkversion",
}
SDK_HEADERS = [
    "Authorization",
    "SdkVersion",
    "client-request-id",
    "ConsistencyLevel",
    "Prefer",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "OData-Version",
    "OData-MaxVersion",
    "Repeatability-Request-ID",
]


def names(response: httpx2.Response, header: str) -> set[str]:
    return set(response.headers[header].split(", "))


@pytest.mark.parametrize(
    "path", ["/beta/" + PATH, "/beta/$batch", "/beta", "/v1.0/me", "/v1.0/$batch"]
)
async def test_a_preflight_is_answered_without_a_token(service: Service, path: str) -> None:
    response = await service.anonymous()("OPTIONS", path, headers=PREFLIGHT)
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["access-control-allow-origin"] == "*"
    assert {"GET", "POST", "PATCH", "PUT", "DELETE"} <= names(
        response, "access-control-allow-methods"
    )
    # "*" stands for every header but Authorization, which must be named.
    assert {*SDK_HEADERS, "*"} <= names(response, "access-control-allow-headers")
    assert int(response.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in response.headers


async def test_every_answer_may_be_read_by_the_page(service: Service, ada: Client) -> None:
    for response, status in (
        (await ada("GET", PATH, headers={"Origin": APP}), 200),
        (await ada("GET", f"{PATH}/nope", headers={"Origin": "null"}), 404),
        (await ada("POST", "$batch", json={"requests": []}, headers={"Origin": APP}), 200),
        (await service.anonymous()("GET", PATH, headers={"Origin": APP}), 401),
        (await ada("GET", f"{PATH}?x={'y' * 20_000}", headers={"Origin": APP}), 414),
    ):
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "*"
        assert {"request-id", "client-request-id", "ETag", "Location", "OData-Version"} | {
            "Preference-Applied", "Retry-After", "WWW-Authenticate", "openprofile-hint",
        } <= names(response, "access-control-expose-headers")  # fmt: skip


async def test_a_request_of_no_page_gets_no_such_headers(ada: Client) -> None:
    response = await ada("GET", PATH)
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_options_that_are_no_preflight_are_like_any_method(ada: Client) -> None:
    assert (await ada("OPTIONS", PATH)).status_code == 405
    assert (await ada("OPTIONS", PATH, headers={"Origin": APP})).status_code == 405


async def test_pages_do_not_reach_what_is_beside_the_api(service: Service) -> None:
    response = await service.anonymous()("GET", "/livez", headers={"Origin": APP})
    assert "access-control-allow-origin" not in response.headers
