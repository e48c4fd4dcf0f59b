"""The tests for a live tenant, sent to a stand-in in its place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openprofile.testing import running

ROOT = Path(__file__).parents[2]
TESTS = "tests/api/test_live.py"
LIGHT = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
"""Without what takes a second and a half to load, and they do not need."""


def sent(token: str, url: str) -> tuple[int, str]:
    told = {"OPENPROFILE_LIVE_TOKEN": token, "OPENPROFILE_LIVE_URL": url}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *LIGHT, TESTS, "-k", "live"],
        cwd=ROOT, env=os.environ | told, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_reads_go_to_the_live_service_and_nothing_else() -> None:
    with running(spawn=True) as tenant:
        status, printed = sent(tenant.token(), tenant.url)
        assert status == 0, printed
        assert "skipped" not in printed
        seen = {(one["method"], one["status"]) for one in tenant.requests()}
        assert {method for method, _ in seen} == {"GET"}
        assert {200, 400, 401, 404} <= {code for _, code in seen}


def test_a_live_service_that_differs_is_found() -> None:
    with running(spawn=True) as tenant:
        tenant.faults.add(status=503, path="/beta/me/profile/skills")
        status, printed = sent(tenant.token(), tenant.url)
    assert status == 1
    assert "[live-skills]" in printed or "[skills-live]" in printed


def test_without_a_token_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENPROFILE_LIVE_TOKEN", raising=False)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", *LIGHT, TESTS, "-k", "live and token"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert "OPENPROFILE_LIVE_TOKEN holds no token" in ended.stdout
