"""Microsoft's authentication library for Python, ``msal``, against the local authority over TLS."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import msal
import pytest
import requests

from clients.conftest import Interests, choose

TENANT_NAMES = ["id", "domain", "common", "organizations"]
SCOPE = "https://graph.microsoft.com/.default"
REDIRECT = "http://localhost:54321/signed-in"


@pytest.fixture(params=["id"])
def authority(request: pytest.FixtureRequest, endpoints: dict[str, Any], tls_url: str) -> str:
    """The authority, by one of the names that its tenant has."""
    tenant = {"id": endpoints["tenant"], "domain": "harbour.example"}.get(
        request.param, request.param
    )
    return f"{tls_url}/{tenant}"


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """MSAL would make one of its own, and never close it."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def public(
    authority: str, application: dict[str, str], http: requests.Session
) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        application["id"], authority=authority, instance_discovery=False, http_client=http
    )


@pytest.fixture
def confidential(
    authority: str, application: dict[str, str], http: requests.Session
) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        application["id"],
        client_credential=application["secret"],
        authority=authority,
        instance_discovery=False,
        http_client=http,
    )


def token(answer: dict[str, Any]) -> str:
    assert "error" not in answer, answer
    text: str = answer["access_token"]
    return text


def begin(public: msal.PublicClientApplication, scope: str) -> dict[str, Any]:
    flow: dict[str, Any] = public.initiate_auth_code_flow(
        [scope], REDIRECT, response_mode="form_post"
    )
    return flow


def posted(page: httpx2.Response) -> dict[str, str]:
    """What the page posts to the client."""
    assert f'action="{REDIRECT}"' in page.text
    found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


@pytest.mark.parametrize("authority", ["id", "domain"], indirect=True)
def test_an_application_by_itself(
    confidential: msal.ConfidentialClientApplication,
    endpoints: dict[str, Any],
    interests_api: Interests,
) -> None:
    bearer = token(confidential.acquire_token_for_client([SCOPE]))
    item = interests_api.add(bearer, f"users/{endpoints['users'][2]['id']}")
    assert item["createdBy"]["application"]["id"] == endpoints["client"]["id"]
    again = confidential.acquire_token_for_client([SCOPE])
    assert again["token_source"] == "cache"


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1"])
def test_the_scope_may_name_the_service_by_its_host(
    confidential: msal.ConfidentialClientApplication,
    endpoints: dict[str, Any],
    interests_api: Interests,
    host: str,
) -> None:
    resource = f"https://{host}" if host else endpoints["tls_url"]
    bearer = token(confidential.acquire_token_for_client([f"{resource}/.default"]))
    interests_api.add(bearer, f"users/{endpoints['users'][2]['id']}")


def test_a_wrong_secret(
    authority: str, application: dict[str, str], http: requests.Session
) -> None:
    app = msal.ConfidentialClientApplication(
        application["id"],
        client_credential="wrong",
        authority=authority,
        instance_discovery=False,
        http_client=http,
    )
    answer = app.acquire_token_for_client([SCOPE])
    assert answer["error"] == "invalid_client"
    assert "AADSTS7000215" in answer["error_description"]


def test_the_oidc_authority(
    endpoints: dict[str, Any], tls_url: str, http: requests.Session
) -> None:
    app = msal.ConfidentialClientApplication(
        endpoints["client"]["id"],
        client_credential=endpoints["client"]["secret"],
        oidc_authority=f"{tls_url}/{endpoints['tenant']}/v2.0",
        http_client=http,
    )
    assert token(app.acquire_token_for_client([SCOPE]))


@pytest.mark.parametrize("authority", TENANT_NAMES, indirect=True)
def test_a_person_signs_in_on_the_page(
    public: msal.PublicClientApplication,
    visitor: httpx2.Client,
    endpoints: dict[str, Any],
    interests_api: Interests,
) -> None:
    person = endpoints["users"][1]
    flow = begin(public, "User.ReadWrite")
    sent = posted(choose(visitor, flow["auth_uri"], person["id"]))
    result = public.acquire_token_by_auth_code_flow(flow, sent)
    assert interests_api.add(token(result))["createdBy"]["user"]["id"] == person["id"]
    claims = result["id_token_claims"]
    assert claims["preferred_username"] == person["userPrincipalName"]
    assert claims["oid"] == person["id"]
    assert claims["tid"] == endpoints["tenant"]

    (account,) = public.get_accounts()
    assert account["username"] == person["userPrincipalName"]
    assert account["home_account_id"] == f"{person['id']}.{endpoints['tenant']}"
    silent = public.acquire_token_silent(["User.ReadWrite"], account)
    assert silent["token_source"] == "cache"
    renewed = public.acquire_token_silent(["User.ReadWrite"], account, force_refresh=True)
    assert renewed["token_source"] == "identity_provider"
    assert interests_api.add(token(renewed))["createdBy"]["user"]["id"] == person["id"]


def test_a_person_refuses(public: msal.PublicClientApplication, visitor: httpx2.Client) -> None:
    flow = begin(public, "User.ReadWrite")
    sent = posted(choose(visitor, flow["auth_uri"], None))
    assert public.acquire_token_by_auth_code_flow(flow, sent)["error"] == "access_denied"


def test_a_device_waits_until_its_code_is_entered(
    public: msal.PublicClientApplication,
    visitor: httpx2.Client,
    endpoints: dict[str, Any],
    interests_api: Interests,
) -> None:
    person = endpoints["users"][3]
    flow = public.initiate_device_flow(["User.ReadWrite"])
    assert flow["user_code"] in flow["message"]
    result: dict[str, Any] = {}
    waiting = threading.Thread(
        target=lambda: result.update(public.acquire_token_by_device_flow(flow))
    )
    waiting.start()
    done = choose(
        visitor, f"{flow['verification_uri']}?user_code={flow['user_code']}", person["id"]
    )
    assert "goes on by itself" in done.text
    waiting.join(timeout=30)
    assert interests_api.add(token(result))["createdBy"]["user"]["id"] == person["id"]


def test_a_person_by_password(
    public: msal.PublicClientApplication,
    endpoints: dict[str, Any],
    interests_api: Interests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # MSAL asks first whether the person's domain is federated, and drops the authority's port
    # there: only an authority on port 443 can answer. This is its own memory of a 404.
    monkeypatch.setattr(
        type(public.authority), "_domains_without_user_realm_discovery", {"localhost"}
    )
    person = endpoints["users"][4]
    with pytest.warns(DeprecationWarning, match="ropc"):
        result = public.acquire_token_by_username_password(
            person["userPrincipalName"], "openprofile", ["User.ReadWrite"]
        )
    assert interests_api.add(token(result))["createdBy"]["user"]["id"] == person["id"]
    with pytest.warns(DeprecationWarning, match="ropc"):
        wrong = public.acquire_token_by_username_password(
            person["userPrincipalName"], "guess", ["User.ReadWrite"]
        )
    assert wrong["error"] == "invalid_grant"


def test_a_service_goes_on_in_the_name_of_its_caller(
    confidential: msal.ConfidentialClientApplication,
    public: msal.PublicClientApplication,
    visitor: httpx2.Client,
    endpoints: dict[str, Any],
    interests_api: Interests,
) -> None:
    person = endpoints["users"][5]
    own = f"api://{endpoints['client']['id']}/.default"
    flow = begin(public, own)
    sent = posted(choose(visitor, flow["auth_uri"], person["id"]))
    assertion = token(public.acquire_token_by_auth_code_flow(flow, sent))
    result = confidential.acquire_token_on_behalf_of(assertion, [SCOPE])
    assert interests_api.add(token(result))["createdBy"]["user"]["id"] == person["id"]
