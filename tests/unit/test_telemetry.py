import subprocess
import sys

PROGRAM = """
from openprofile import telemetry

telemetry.configure(json={json})
try:
    bearer = "a-token-of-somebody"
    bearer.nothing
except AttributeError:
    telemetry.log.exception("unexpected failure")
"""


def test_what_failed_is_logged_without_the_values_of_variables() -> None:
    for json in (False, True):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(json=json)],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert "AttributeError" in ended.stderr
        assert "unexpected failure" in ended.stderr
        assert "a-token-of-somebody" not in ended.stderr
