"""Microsoft's SDK for Python, ``msgraph-beta-sdk``, with its base URL pointed at the stand-in."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph_beta import GraphServiceClient
from msgraph_beta.generated.models.allowed_audiences import AllowedAudiences
from msgraph_beta.generated.models.inference_data import InferenceData
from msgraph_beta.generated.models.o_data_errors.main_error import MainError
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_beta.generated.models.person_interest import PersonInterest
from msgraph_beta.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

from clients.client_contract import ClientContract, Item

if TYPE_CHECKING:  # collecting the tests would import what the filters below are for
    from msgraph_beta.generated.users.item.profile.interests.interests_request_builder import (
        InterestsRequestBuilder,
    )

pytestmark = [
    pytest.mark.anyio,
    # The SDK's generated modules warn of classes of their own when they are imported, which the
    # SDK does at the first call; a caller can do nothing about it.
    pytest.mark.filterwarnings(
        "ignore:This class is deprecated:DeprecationWarning:msgraph_beta.generated",
        "ignore:GetQueryParameters is deprecated:DeprecationWarning:kiota_abstractions",
    ),
]

Connect = Callable[[str], GraphServiceClient]


class FixedToken(AccessTokenProvider):
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(
        self,
        uri: str,
        additional_authentication_context: dict[str, Any] | None = None,
    ) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


@asynccontextmanager
async def connecting(base: str) -> AsyncIterator[Connect]:
    """Makes clients of the service at ``base`` that send the token they are given."""
    # The SDK's own way to make its HTTP client, except that this transport can be closed:
    # the one that the SDK wraps stays open even when its client is closed.
    async with httpx.AsyncHTTPTransport(verify=ssl.create_default_context()) as transport:

        def make(token: str) -> GraphServiceClient:
            http = GraphClientFactory.create_with_default_middleware(
                client=httpx.AsyncClient(transport=transport), options=options
            )
            authentication = BaseBearerTokenAuthenticationProvider(FixedToken(token))
            adapter = GraphRequestAdapter(authentication, http)
            adapter.base_url = base
            return GraphServiceClient(request_adapter=adapter)

        yield make


@pytest.fixture
async def connect(url: str) -> AsyncIterator[Connect]:
    async with connecting(f"{url}/beta") as make:
        yield make


@pytest.fixture(params=["me", "users"])
def interests(
    request: pytest.FixtureRequest, connect: Connect, token: str, endpoints: dict[str, Any]
) -> InterestsRequestBuilder:
    """The interests of the token's person, reached by each of the two paths."""
    client = connect(token)
    if request.param == "me":
        return client.me().profile.interests
    principal_name = endpoints["users"][0]["userPrincipalName"]
    return client.users.by_user_id(principal_name).profile.interests


async def test_the_life_of_an_interest(interests: InterestsRequestBuilder) -> None:
    created = await interests.post(
        PersonInterest(
            display_name="Chess ♟",
            description="Slow games, mostly “correspondence”.",
            categories=["Games", "Clubs"],
            web_url="https://chess.example/",
            allowed_audiences=AllowedAudiences.GroupMembers,
            inference=InferenceData(confidence_score=0.25, user_has_verified_accuracy=False),
        )
    )
    assert created.display_name == "Chess ♟"
    assert created.description == "Slow games, mostly “correspondence”."
    assert created.categories == ["Games", "Clubs"]
    assert created.web_url == "https://chess.example/"
    assert created.allowed_audiences == [AllowedAudiences.GroupMembers]
    assert created.inference.confidence_score == 0.25
    assert created.inference.user_has_verified_accuracy is False
    assert created.created_by.user.display_name == "Ada Lindqvist"
    assert created.created_date_time == created.last_modified_date_time

    interest = interests.by_person_interest_id(created.id)
    # two of the SDK's models are never equal, but their repr holds every property
    assert repr(await interest.get()) == repr(created)
    assert await _ids(interests) >= {created.id}

    changed = await interest.patch(PersonInterest(categories=["Sports"]))
    assert changed.id == created.id
    assert changed.categories == ["Sports"]
    assert changed.display_name == "Chess ♟"
    assert changed.inference.confidence_score == 0.25
    assert changed.created_date_time == created.created_date_time
    assert changed.last_modified_date_time > created.last_modified_date_time
    assert repr(await interest.get()) == repr(changed)

    assert await interest.delete() is None
    assert created.id not in await _ids(interests)
    with pytest.raises(ODataError) as gone:
        await interest.get()
    assert gone.value.response_status_code == 404
    assert _error(gone.value).code == "itemNotFound"
    assert created.id in _error(gone.value).message
    assert _error(gone.value).inner_error.request_id


async def test_several_audiences_are_read_as_a_list(interests: InterestsRequestBuilder) -> None:
    # The SDK writes one audience and silently leaves a list out, though it reads one:
    # its users send several as additional data.
    created = await interests.post(
        PersonInterest(additional_data={"allowedAudiences": "organization,contacts"})
    )
    both = [AllowedAudiences.Contacts, AllowedAudiences.Organization]
    assert created.allowed_audiences == both
    interest = interests.by_person_interest_id(created.id)
    assert (await interest.get()).allowed_audiences == both


async def test_what_was_read_may_be_sent_back(interests: InterestsRequestBuilder) -> None:
    created = await interests.post(PersonInterest(display_name="Go", categories=["Games"]))
    interest = interests.by_person_interest_id(created.id)
    read = await interest.get()
    read.description = "Also called weiqi and baduk."

    changed = await interest.patch(read)

    assert changed.description == "Also called weiqi and baduk."
    assert changed.display_name == "Go"
    assert changed.allowed_audiences == [AllowedAudiences.Organization]
    assert changed.last_modified_date_time > read.last_modified_date_time


@pytest.mark.parametrize(
    ("refused", "properties"),
    [
        (
            PersonInterest(allowed_audiences=AllowedAudiences.UnknownFutureValue),
            ["allowedAudiences"],
        ),
        (
            PersonInterest(additional_data={"colour": "red", "inference": {"confidenceScore": ""}}),
            ["colour", "inference/confidenceScore"],
        ),
    ],
    ids=["one", "two"],
)
async def test_a_fault_names_each_property(
    interests: InterestsRequestBuilder, refused: PersonInterest, properties: list[str]
) -> None:
    before = await _ids(interests)
    with pytest.raises(ODataError) as caught:
        await interests.post(refused)
    assert caught.value.response_status_code == 400
    error = _error(caught.value)
    assert error.code == "BadRequest"
    assert all(f"'{name}'" in error.message for name in properties)
    assert [detail.target for detail in error.details] == properties
    assert await _ids(interests) == before


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: "", id="missing"),
        pytest.param(lambda _: "nonsense", id="not-a-token"),
        pytest.param(lambda token: f"{token.rpartition('.')[0]}.AAAA", id="forged"),
    ],
)
async def test_a_token_that_does_not_hold(
    connect: Connect, token: str, spoil: Callable[[str], str]
) -> None:
    client = connect(spoil(token))
    with pytest.raises(ODataError) as caught:
        await client.me().profile.interests.get()
    assert caught.value.response_status_code == 401
    assert _error(caught.value).code == "InvalidAuthenticationToken"


async def _ids(interests: InterestsRequestBuilder) -> set[str]:
    return {item.id for item in (await interests.get()).value}


def _error(fault: ODataError) -> MainError:
    assert fault.error is not None
    return fault.error


class Sdk:
    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client

    @property
    def _interests(self) -> InterestsRequestBuilder:
        return self._client.me().profile.interests

    async def create(self, item: Item) -> Item:
        return _item(await self._interests.post(_model(item)))

    async def list(self, *, filter: str, orderby: str, top: int, select: list[str]) -> list[Item]:
        builder = self._interests
        options = builder.InterestsRequestBuilderGetQueryParameters(
            filter=filter, orderby=[orderby], top=top, select=select
        )
        found = await builder.get(RequestConfiguration(query_parameters=options))
        return [_item(item) for item in found.value]

    async def pages(self, size: int) -> list[Item]:
        wanted: RequestConfiguration[Any] = RequestConfiguration()
        wanted.headers.add("Prefer", f"odata.maxpagesize={size}")
        found: list[Item] = []
        pages = PageIterator(await self._interests.get(wanted), self._client.request_adapter)
        pages.headers.add("Prefer", f"odata.maxpagesize={size}")  # set_headers raises TypeError
        await pages.iterate(lambda item: found.append(_item(item)) is None)
        return found

    async def patch(self, item_id: str, changes: Item) -> Item:
        interest = self._interests.by_person_interest_id(item_id)
        return _item(await interest.patch(_model(changes)))

    async def delete(self, item_id: str) -> None:
        await self._interests.by_person_interest_id(item_id).delete()

    async def batch(self, requests: list[Item]) -> dict[str, int]:
        batch = BatchRequestContent()
        for request in requests:
            # add_request_information(…, id) would answer by an id of its own
            item = BatchRequestItem(self._request(request), request["id"])
            batch.add_request(request["id"], item)
        errors = {"XXX": ODataError}
        answer = await BatchRequestBuilder(self._client.request_adapter, errors).post(batch)
        statuses: dict[str, int] = answer.get_response_status_codes()
        return statuses

    def _request(self, request: Item) -> RequestInformation:
        if request["method"] == "POST":
            return self._interests.to_post_request_information(_model(request["body"]))
        interest = self._interests.by_person_interest_id(request["item"])
        if request["method"] == "DELETE":
            return interest.to_delete_request_information()
        return interest.to_get_request_information()


def _model(item: Item) -> PersonInterest:
    known = {
        "displayName": "display_name",
        "description": "description",
        "categories": "categories",
    }
    return PersonInterest(**{known[name]: value for name, value in item.items()})


def _item(model: PersonInterest) -> Item:
    return {
        "id": model.id,
        "displayName": model.display_name,
        "description": model.description,
        "categories": model.categories,
    }


class TestSdk(ClientContract):
    @pytest.fixture
    async def client(self, base: str, token: str) -> AsyncIterator[Sdk]:
        async with connecting(base) as connect:
            yield Sdk(connect(token))
