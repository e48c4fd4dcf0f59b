import pytest

pytest.register_assert_rewrite(
    "contract.store_contract", "contract.group_contract", "contract.answers_contract"
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
