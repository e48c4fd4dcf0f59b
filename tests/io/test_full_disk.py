"""A disk that takes no more: refused, logged, and mended by itself."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from issuer import ForeignIssuer
from serving import Serving

PATH = "/beta/me/profile/interests"
if sys.platform != "linux":
    pytest.skip("only Linux lets a file's size be bounded from outside", allow_module_level=True)


@pytest.fixture
def issuer() -> Iterator[ForeignIssuer]:
    with ForeignIssuer() as issuer:
        yield issuer


def test_what_does_not_fit_is_refused_and_nothing_is_harmed(
    tmp_path: Path, issuer: ForeignIssuer
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    note = {"displayName": "x", "description": "x" * 20_000}
    with (
        Serving(tmp_path, ISSUER=issuer.url, AUDIENCE="profiles") as service,
        httpx2.Client(base_url=service.url, headers=headers, verify=False) as http,
    ):
        assert http.get("/readyz").status_code == 200
        process = psutil.Process(service.process.pid)
        process.rlimit(psutil.RLIMIT_FSIZE, (1_000_000, -1))
        kept, refused = [], None
        while refused is None:
            added = http.post(PATH, json=note)
            if added.status_code == 201:
                kept.append(added.json()["id"])
            else:
                refused = added
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "serviceNotAvailable"
        assert refused.headers["Retry-After"] == "1"
        not_ready = http.get("/readyz")
        assert not_ready.status_code == 503
        assert not_ready.json()["status"] == "unavailable"
        assert http.get("/livez").status_code == 200
        listed = {item["id"] for item in http.get(PATH, params={"$top": 1000}).json()["value"]}
        assert listed == set(kept)
        assert any(line["event"] == "store unavailable" for line in service.log)
        process.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        assert http.get("/readyz").status_code == 200
        assert http.post(PATH, json=note).status_code == 201
    with sqlite3.connect(tmp_path / "profiles.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (count,) = database.execute("SELECT count(*) FROM item").fetchone()
    database.close()
    assert count == len(kept) + 1
