import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

pytest.register_assert_rewrite(
    "clients.client_contract",
    "contract.answers_contract",
    "contract.group_contract",
    "contract.store_contract",
)

# httpx2 imports it for each request into an application; it is not there, and looked for anew
absent: Any = None  # as the import system has it, which the stubs do not know
sys.modules.setdefault("sniffio", absent)


def pytest_collection_finish() -> None:
    """Have the garbage collector look at what tests leave, seldom, as the program does."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def log() -> Iterator[None]:
    """Log as JSON, which takes a fifth of the time that aligned columns do."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=repr),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
