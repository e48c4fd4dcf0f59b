"""The service from outside: what it needs to start, and what it answers."""

import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2
import psycopg
import pytest

from issuer import ForeignIssuer
from openprofile.clock import Clock
from openprofile.identity.certificates import Certificates
from postgres import Server
from program import Program, run
from serving import Serving, command, environment

PATH = "/beta/me/profile/interests"


@contextmanager
def served(folder: Path, *options: str, trust: str | None = None, **settings: str) -> Iterator[str]:
    """The URL of a running service, which trusts the certificates in the file ``trust``."""
    service = Serving(folder, *options, **settings)
    service.trusts = trust
    with service:
        yield service.url


def refusal(folder: Path, *options: str, **settings: str) -> str:
    """What it says when it does not start."""
    ended = subprocess.run(
        command(*options), env=environment(folder, settings),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stdout == ""
    (said,) = ended.stderr.splitlines()
    assert not list(folder.iterdir()), "nothing may be left by a start that was refused"
    return said


@pytest.fixture
def issuer() -> Iterator[ForeignIssuer]:
    with ForeignIssuer() as issuer:
        yield issuer


TRUSTED = {"ISSUER": "https://issuer.example/", "AUDIENCE": "profiles"}


@pytest.mark.parametrize(
    ("settings", "saying"),
    [
        ({}, "no issuer"),
        ({"AUDIENCE": "profiles"}, "no issuer"),
        ({"ISSUER": "https://issuer.example/"}, "no audience"),
        ({**TRUSTED, "ISSUER": "http://issuer.example/"}, "must be an https URL"),
        ({**TRUSTED, "PUBLIC_URL": "http://profiles.example"}, "is not https"),
        ({**TRUSTED, "HOST": "0.0.0.0"}, "is not https"),
        ({**TRUSTED, "TRUSTED_PROXIES": "::/0"}, "would believe whoever asks"),
        ({**TRUSTED, "TRUSTED_PROXIES": "0.0.0.0/1 128.0.0.0/1"}, "would believe whoever asks"),
        ({**TRUSTED, "ISUER": "x"}, "no setting OPENPROFILE_ISUER"),
        ({**TRUSTED, "TLS_CERTIFICATE": "/nowhere.pem"}, "cannot be used"),
        ({**TRUSTED, "DATABASE": "oracle://u:secret@h/"}, "expected sqlite:///FILE"),
        ({**TRUSTED, "DATABASE": "postgresql://u:secret@127.0.0.1:1/x"}, "127.0.0.1"),
    ],
)
def test_a_start_that_would_not_be_secure_is_refused_with_one_sentence(
    tmp_path: Path, settings: dict[str, str], saying: str
) -> None:
    said = refusal(tmp_path, **settings)
    assert saying in said
    assert "secret" not in said


def test_a_token_of_the_issuer_is_believed_and_its_person_kept(
    tmp_path: Path, issuer: ForeignIssuer
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles other"}
    with served(tmp_path, **settings) as url:
        assert httpx2.get(f"{url}/readyz").json() == {"status": "ready"}
        added = httpx2.post(url + PATH, json={"displayName": "Chess"}, headers=headers)
        assert added.status_code == 201
        assert added.headers["location"].startswith(f"{url}/beta/")
    with served(tmp_path, **settings) as url:
        (kept,) = httpx2.get(url + PATH, headers=headers).json()["value"]
        assert kept["id"] == added.json()["id"]
    log = (tmp_path / "log").read_text()
    assert '"event":"request"' in log
    assert headers["Authorization"].rpartition(".")[2] not in log


def test_profiles_may_be_kept_in_postgresql(tmp_path: Path, issuer: ForeignIssuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    with Server("18") as postgres:
        words = psycopg.conninfo.conninfo_to_dict(postgres.dsn)
        database = f"postgresql:///{words.pop('dbname', 'postgres')}?{urlencode(words)}"
        settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles", "DATABASE": database}
        for kept in range(2):
            with served(tmp_path, **settings) as url:
                found = httpx2.get(url + PATH, headers=headers).json()["value"]
                assert len(found) == kept
                assert httpx2.post(url + PATH, json={}, headers=headers).status_code == 201


def test_keys_come_over_tls_from_an_issuer_whose_certificate_is_trusted(tmp_path: Path) -> None:
    """The stand-in's authority is an issuer like any other."""
    with Program(tmp_path / "data") as program:
        told = program.endpoints
        settings = {
            "ISSUER": f"{told['tls_url']}/{told['tenant']}/v2.0",
            "AUDIENCE": "https://graph.microsoft.com",
        }
        headers = {"Authorization": f"Bearer {program.token()}"}
        with served(tmp_path, trust=told["ca"], **settings) as url:
            assert httpx2.get(url + PATH, headers=headers).status_code == 200
        with served(tmp_path, **settings) as url:
            assert httpx2.get(url + PATH, headers=headers).status_code == 503
    assert "CERTIFICATE_VERIFY_FAILED" in (tmp_path / "log").read_text()


def test_nothing_of_the_stand_in_is_there(tmp_path: Path, issuer: ForeignIssuer) -> None:
    with served(tmp_path, ISSUER=issuer.url, AUDIENCE="profiles") as url:
        dev_only = ["reset", "tokens", "faults", "clock", "seed", "requests", "explain", "parity"]
        dev_only += ["tenants", "ca.pem", "log", "people/ada@harbour.example", "assets/page.js"]
        for path in (
            *("", "common/oauth2/v2.0/token", "common/oauth2/v2.0/authorize", "_openprofile"),
            *(f"_openprofile/{one}" for one in dev_only),
        ):
            for method in ("GET", "POST"):
                assert httpx2.request(method, f"{url}/{path}").status_code == 404


def test_the_settings_may_stand_in_a_file(tmp_path: Path, issuer: ForeignIssuer) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text(f'issuer = "{issuer.url}"\naudience = ["profiles"]\n')
    with served(tmp_path, "--config", str(file)) as url:
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        assert httpx2.get(url + PATH, headers=headers).status_code == 200


def test_it_answers_over_tls_with_a_certificate_of_the_operators(
    tmp_path: Path, issuer: ForeignIssuer
) -> None:
    certificates = Certificates(tmp_path / "tls", Clock())
    certificates.server_context("localhost")
    trusting = ssl.create_default_context(cafile=certificates.ca)
    certificate = str(tmp_path / "tls" / "server.pem")
    settings = {"ISSUER": issuer.url, "AUDIENCE": "profiles", "TLS_CERTIFICATE": certificate}
    with served(tmp_path, **settings) as url:
        assert url.startswith("https://")
        assert httpx2.get(f"{url}/livez", verify=trusting).status_code == 200


def test_an_issuer_that_cannot_be_used_is_in_the_log_from_the_start(
    tmp_path: Path, issuer: ForeignIssuer
) -> None:
    issuer.name = "https://calls-itself.example"
    with served(tmp_path, ISSUER=issuer.url, AUDIENCE="profiles") as url:
        headers = {"Authorization": f"Bearer {issuer.token(iss=issuer.url)}"}
        assert httpx2.get(url + PATH, headers=headers).status_code == 503
    assert "calls-itself.example" in (tmp_path / "log").read_text()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that nobody has used yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/profiles.sqlite3"
        return
    with Server("18") as server:
        parts = psycopg.conninfo.conninfo_to_dict(server.dsn)
        name = parts.pop("dbname", "postgres")
        yield f"postgresql:///{name}?{urlencode(parts, quote_via=quote)}"


def content(tmp_path: Path, database: str) -> list[object]:
    """Every row of people and items, with their versions."""
    rows: list[object] = []
    for table in ("person", "item", "term"):
        statement = f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4"
        if database.startswith("sqlite"):
            with closing(sqlite3.connect(tmp_path / "profiles.sqlite3")) as connection:
                rows += connection.execute(statement).fetchall()
        else:
            with psycopg.connect(database) as connection:
                rows += connection.execute(statement).fetchall()
    return rows


def test_it_explains_the_service_on_its_own_database_and_changes_nothing(
    tmp_path: Path, issuer: ForeignIssuer, database: str
) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text(
        f'issuer = "{issuer.url}"\naudience = ["profiles"]\ndatabase = "{database}"\nport = 0\n'
    )
    config = ("--config", str(file))
    mine = ("--token", issuer.token())
    path = "/beta/me/profile/interests"
    unready = run("explain", "GET", path, *mine, *config)
    assert unready.returncode == 1
    assert len(unready.stderr.splitlines()) == 1
    assert not (tmp_path / "profiles.sqlite3").exists()

    with served(tmp_path, *config, DATABASE=database) as url:
        bearer = {"Authorization": f"Bearer {mine[1]}"}
        body = {"displayName": "Chess", "allowedAudiences": "me"}
        with httpx2.Client(base_url=url, headers=bearer) as client:
            item = client.post(path, json=body).json()["id"]
        before = content(tmp_path, database)
        other = ("--token", issuer.token(oid="bram", preferred_username="bram@example.org"))
        theirs = f"users/ade@example.org/profile/interests/{item}"
        told = run("explain", "GET", theirs, *other, *config)
        assert told.returncode == 0, told.stderr
        assert f"audience    hidden: {item}: The item is for me;" in told.stdout
        assert "caller      bram@example.org through an application" in told.stdout
        assert "owner       ade@example.org" in told.stdout
        assert "outcome     refused: 404" in told.stdout
        for method, options, outcome in (
            ("DELETE", mine, "allowed: 204"),
            ("PATCH", (*mine, "--body", "{}"), "allowed: 200"),
            ("DELETE", other, "refused: 403"),
        ):
            told = run("explain", method, theirs, *options, *config)
            assert f"outcome     {outcome}" in told.stdout, told.stdout
        told = run("explain", "POST", path, *other, *config, "--body", "{}")
        assert "outcome     allowed: 201" in told.stdout, told.stdout
    stale = run("explain", "GET", path, "--token", issuer.token(exp=1), *config)
    assert "expired at 1970-01-01T00:00:01Z" in stale.stdout
    assert content(tmp_path, database) == before


def test_settings_that_cannot_stand_are_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "openprofile.toml"
    file.write_text("port = 1\n")
    told = run("explain", "GET", "me", "--token", "x", "--config", str(file))
    assert told.returncode == 1
    assert told.stderr.startswith("Error: There is no issuer")
