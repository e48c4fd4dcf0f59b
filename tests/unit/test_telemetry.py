import json
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
    for as_json in (False, True):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(json=as_json)],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert "AttributeError" in ended.stderr
        assert "unexpected failure" in ended.stderr
        assert "a-token-of-somebody" not in ended.stderr


def test_the_lines_of_a_request_are_as_the_logger_would_write_them() -> None:
    program = """
from openprofile import telemetry
from openprofile.http.account import Account

told = {{"method": "GET", "path": "/beta/me", "status": 200, "request_id": "a"}}
telemetry.configure(json=True, level={level!r}, worker={worker!r})
telemetry.answered(seconds=0.0012345, **told)
telemetry.log.info("request", ms=1.23, **told)
nobody = dict.fromkeys(["tenant", "person", "application", "owner", "reason"])
told = dict(
    nobody, request_id="a", method="POST", target="/beta/é", outcome="refused", status=401,
    code="InvalidAuthenticationToken", rule="token",
)
telemetry.log_account(Account(**told))
telemetry.log.info("audit", **told)
"""
    for worker in (None, 2):
        lines = [json.loads(line) for line in _logged(program.format(level="info", worker=worker))]
        assert len(lines) == 4
        for own, plain in zip(lines[::2], lines[1::2], strict=True):
            assert own.pop("timestamp") <= plain.pop("timestamp")
            assert own == plain
        assert list(_logged(program.format(level="warning", worker=worker))) == []


def test_what_libraries_warn_of_is_a_line_of_this_log() -> None:
    program = """
import logging
from openprofile import telemetry

telemetry.configure(json=True, worker=1)
logging.getLogger("a.library").warning("no %s\\n\\tto be had", "answer")
logging.getLogger("a.library").info("nobody asked")
"""
    (line,) = map(json.loads, _logged(program))
    assert line.pop("timestamp")
    assert line == {
        "event": "library", "library": "a.library", "message": "no answer\n\tto be had",
        "level": "warning", "worker": 1,
    }  # fmt: skip


def _logged(program: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stderr.splitlines()
