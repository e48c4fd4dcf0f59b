"""What a start loads, in a process of its own: each library that it can do without takes time and
memory from every start.
"""

import subprocess
import sys

import pytest

_SELDOM = {"jinja2", "prometheus_client", "re2", "yaml", "openprofile.odata.csdl"}
_OF_TOKENS = {"cryptography", "joserfc"}


@pytest.mark.parametrize(
    ("command", "later"),
    [
        pytest.param("serve", _SELDOM | _OF_TOKENS | {"httpx2", "psycopg"}, id="serve"),
        pytest.param("dev", _SELDOM | {"httpx2", "openprofile.bulk.reader"}, id="dev"),
    ],
)
def test_a_command_does_not_load_what_only_some_requests_need(
    command: str, later: set[str]
) -> None:
    loaded = _told(f"found = main.get_command(None, {command!r}); print(*sys.modules)")
    assert f"openprofile.cli.{command}" in loaded
    assert not later & loaded


def test_the_garbage_collector_passes_over_what_a_command_loaded_and_works_on() -> None:
    told = _told(
        "main.get_command(None, 'serve'); print(gc.isenabled(), gc.get_freeze_count() > 0)"
    )
    assert told == {"True"}


def _told(program: str) -> set[str]:
    """The words that a Python program prints, which has ``main`` of the commands."""
    head = "import gc, sys; from openprofile.cli import main; "
    done = subprocess.run([sys.executable, "-c", head + program], capture_output=True, check=True)
    return set(done.stdout.decode().split())
