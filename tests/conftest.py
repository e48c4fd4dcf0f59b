import pytest

pytest.register_assert_rewrite(
    "clients.client_contract",
    "contract.answers_contract",
    "contract.group_contract",
    "contract.store_contract",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
