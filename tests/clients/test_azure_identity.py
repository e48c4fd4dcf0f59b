"""``azure-identity`` for Python, and Microsoft's SDK with its credentials, over TLS."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import httpx2
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    ClientSecretCredential,
    DeviceCodeCredential,
    OnBehalfOfCredential,
)
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph_beta import GraphServiceClient
from msgraph_beta.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory

from clients.conftest import Interests, choose

SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
def common(tls_url: str) -> dict[str, Any]:
    return {"authority": tls_url, "disable_instance_discovery": True}


def test_an_application_by_itself(
    common: dict[str, Any], endpoints: dict[str, Any], interests_api: Interests
) -> None:
    client = endpoints["client"]
    with ClientSecretCredential(
        endpoints["tenant"], client["id"], client["secret"], **common
    ) as credential:
        bearer = credential.get_token(SCOPE).token
    interests_api.add(bearer, f"users/{endpoints['users'][2]['id']}")


def test_a_wrong_secret(common: dict[str, Any], endpoints: dict[str, Any]) -> None:
    with (
        ClientSecretCredential(
            endpoints["tenant"], endpoints["client"]["id"], "wrong", **common
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


def test_a_device(
    common: dict[str, Any],
    endpoints: dict[str, Any],
    visitor: httpx2.Client,
    interests_api: Interests,
) -> None:
    person = endpoints["users"][1]

    def enter(page: str, code: str, _: Any) -> None:
        choose(visitor, f"{page}?user_code={code}", person["id"])

    with DeviceCodeCredential(
        endpoints["client"]["id"], tenant_id=endpoints["tenant"], prompt_callback=enter, **common
    ) as credential:
        bearer = credential.get_token(SCOPE).token
    assert interests_api.add(bearer)["createdBy"]["user"]["id"] == person["id"]


def test_a_service_goes_on_in_the_name_of_its_caller(
    common: dict[str, Any], endpoints: dict[str, Any], token: str, interests_api: Interests
) -> None:
    client = endpoints["client"]
    with OnBehalfOfCredential(
        endpoints["tenant"],
        client["id"],
        client_secret=client["secret"],
        user_assertion=token,
        **common,
    ) as credential:
        bearer = credential.get_token(SCOPE).token
    person = endpoints["users"][0]
    assert interests_api.add(bearer)["createdBy"]["user"]["id"] == person["id"]


@pytest.mark.anyio
@pytest.mark.filterwarnings(
    "ignore:This class is deprecated:DeprecationWarning:msgraph_beta.generated",
    "ignore:GetQueryParameters is deprecated:DeprecationWarning:kiota_abstractions",
)
@pytest.mark.parametrize("scopes", [None, [SCOPE]], ids=["by-host", "graph"])
async def test_the_sdk_gets_its_own_tokens(
    common: dict[str, Any],
    endpoints: dict[str, Any],
    scopes: list[str] | None,
) -> None:
    client = endpoints["client"]
    trusting = ssl.create_default_context()
    async with (
        AsyncClientSecretCredential(
            endpoints["tenant"], client["id"], client["secret"], **common
        ) as credential,
        # as in test_msgraph_beta_sdk.py: a transport that can be closed
        httpx.AsyncHTTPTransport(verify=trusting) as transport,
    ):
        http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(transport=transport), options=options
        )
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=scopes or [], allowed_hosts=["localhost"]
        )
        adapter = GraphRequestAdapter(provider, http)
        adapter.base_url = f"{endpoints['tls_url']}/beta"
        user = GraphServiceClient(request_adapter=adapter).users.by_user_id(
            endpoints["users"][0]["id"]
        )
        assert (await user.profile.interests.get()).value is not None
