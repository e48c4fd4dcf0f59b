"""The program from outside: what it prints, where it listens, what it keeps."""

import json
import re
import socket
import sqlite3
import ssl
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

from openprofile import sample
from program import Program, run


def read(program: Program, path: str = "/beta/me/profile/interests") -> httpx2.Response:
    return httpx2.get(program.url + path, headers={"Authorization": f"Bearer {program.token()}"})


def test_the_printed_curl_line_adds_an_interest_that_outlives_a_kill(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        line = re.search("^curl .*$", program.announcement, re.MULTILINE)
        assert line is not None
        added = subprocess.run(
            ["sh", "-c", line[0]], capture_output=True, text=True, check=True, timeout=20
        )
        item = json.loads(added.stdout)
        assert item["displayName"] == "Chess"
        program.kill()
    with Program(tmp_path / "data") as program:
        (kept,) = read(program).json()["value"]
        assert kept["id"] == item["id"]


def test_a_token_outlives_a_restart_on_another_port(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        headers = {"Authorization": f"Bearer {program.token()}"}
        first = program.url
    with Program(tmp_path / "data") as program:
        assert program.url != first
        answer = httpx2.get(f"{program.url}/beta/me/profile/interests", headers=headers)
        assert answer.status_code == 200


def test_endpoints_tell_where_it_is_once_it_is_ready(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        told = program.endpoints
        assert httpx2.get(told["url"] + "/readyz").json() == {"status": "ready"}
        assert httpx2.get(told["url"] + "/livez").json() == {"status": "alive"}
        assert told["tenant"] == sample.TENANT
        assert told["users"][0] == {
            "id": sample.person_id("ada"),
            "userPrincipalName": "ada@harbour.example",
        }
        assert len(told["users"]) == 12


def test_it_answers_over_tls_to_whom_trusts_its_certificate(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        told = program.endpoints
        port = told["tls_url"].rpartition(":")[2]
        trusting = ssl.create_default_context(cafile=told["ca"])
        names = ["localhost", "127.0.0.1", *(["[::1]"] if socket.has_ipv6 else [])]
        for name in names:
            url = f"https://{name}:{port}"
            assert httpx2.get(f"{url}/livez", verify=trusting).status_code == 200
            answer = httpx2.get(
                f"{url}/beta/me/profile/interests",
                headers={"Authorization": f"Bearer {program.token()}"},
                verify=trusting,
            )
            assert answer.json()["@odata.context"].startswith(f"{url}/beta/")
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx2.get(told["tls_url"], verify=ssl.create_default_context())
        assert f"SSL_CERT_FILE={told['ca']}" in program.announcement


def test_its_certificate_authority_outlives_the_process(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        ca = Path(program.endpoints["ca"]).read_bytes()
    with Program(tmp_path / "data") as program:
        assert Path(program.endpoints["ca"]).read_bytes() == ca


def test_the_issuer_answers_over_tls(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        told = program.endpoints
        issuer = f"{told['tls_url']}/{told['tenant']}/v2.0"
        for url, trust in ((told["tls_url"], told["ca"]), (told["url"], None)):
            found = httpx2.get(
                f"{url}/{told['tenant']}/v2.0/.well-known/openid-configuration",
                verify=ssl.create_default_context(cafile=trust),
            ).json()
            assert found["issuer"] == issuer
            assert found["token_endpoint"].startswith(url)


def test_the_sample_application_gets_a_token_with_the_secret_of_the_endpoints(
    tmp_path: Path,
) -> None:
    with Program(tmp_path / "data") as program:
        told = program.endpoints
        assert (tmp_path / "data" / "endpoints.json").stat().st_mode & 0o077 == 0
        answer = httpx2.post(
            f"{told['url']}/{told['tenant']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": told["client"]["id"],
                "client_secret": told["client"]["secret"],
                "scope": "https://graph.microsoft.com/.default",
            },
        )
        assert answer.status_code == 200
        read = httpx2.get(
            f"{told['url']}/beta/users/{told['users'][0]['id']}/profile/interests",
            headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
        )
        assert read.status_code == 200
        assert told["client"]["secret"] not in program.log


def test_an_application_of_ones_own_is_registered_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "data" / "authority" / "applications.json"
    with Program(tmp_path / "data"):
        known = json.loads(file.read_text())
    file.write_text(json.dumps([*known, {"id": "mine", "name": "Mine", "secret": "s"}]))
    with Program(tmp_path / "data") as program:
        form = {"grant_type": "client_credentials", "client_id": "mine", "client_secret": "s"}
        answer = httpx2.post(
            f"{program.url}/common/oauth2/v2.0/token",
            data=form | {"scope": "https://graph.microsoft.com/.default"},
        )
        assert answer.status_code == 200
    file.write_text('[{"id": 7}]')
    ended = run("dev", "--port", "0", "--data", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert "applications.json" in ended.stderr
    assert "$[0].id" in ended.stderr


def test_it_answers_on_every_loopback_address(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        port = program.url.rpartition(":")[2]
        assert httpx2.get(f"http://127.0.0.1:{port}/livez").status_code == 200
        if socket.has_ipv6:
            assert httpx2.get(f"http://[::1]:{port}/livez").status_code == 200


def test_memory_keeps_nothing(tmp_path: Path) -> None:
    options = ("--port", "0", "--memory")
    with Program(tmp_path / "data", *options) as program:
        path = f"{program.url}/beta/me/profile/interests"
        headers = {"Authorization": f"Bearer {program.token()}"}
        assert httpx2.post(path, json={}, headers=headers).status_code == 201
        program.kill()
    with Program(tmp_path / "data", *options) as program:
        assert read(program).json()["value"] == []


def test_a_stop_is_clean(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        assert program.stop() == 0
        assert "Traceback" not in program.log


def test_the_log_holds_no_token(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        token = program.token()
        assert read(program).status_code == 200
        httpx2.get(f"{program.url}/beta/me/profile/interests?access_token={token}")
    assert "/beta/me/profile/interests" in program.log
    assert token.rpartition(".")[2] not in program.log


def test_only_this_user_reads_the_key(tmp_path: Path) -> None:
    run("token", "--data", str(tmp_path / "data"))
    assert (tmp_path / "data" / "authority" / "signing-key.pem").stat().st_mode & 0o077 == 0


def test_a_body_too_large_is_refused_over_the_wire(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        answer = httpx2.post(
            f"{program.url}/beta/me/profile/interests",
            content=b" " * (3 * 1024 * 1024),
            headers={
                "Authorization": f"Bearer {program.token()}", "Content-Type": "application/json",
            },
        )  # fmt: skip
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "requestEntityTooLarge"
        assert read(program).status_code == 200


def test_a_database_of_a_newer_program_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with Program(tmp_path / "data"):
        pass
    with sqlite3.connect(tmp_path / "data" / "openprofile.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    ended = run("dev", "--port", "0", "--data", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert "schema version 9999" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        port = program.url.rpartition(":")[2]
        ended = run("dev", "--port", port, "--data", str(program.data))
        assert ended.returncode == 1
        assert f"port {port}, where another program listens; name another" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert program.url.endswith(port), "it took away what tells of the one that runs"


def test_a_dropped_connection_is_no_defect_in_the_log(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        planned = {"drop": True, "count": 1}
        httpx2.post(f"{program.url}/_openprofile/faults", json=planned).raise_for_status()
        with pytest.raises(httpx2.TransportError):
            read(program)
        assert read(program).status_code == 200
        assert "ASGI" not in program.log


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.com"])
def test_a_host_that_others_reach_must_be_said_twice(tmp_path: Path, host: str) -> None:
    ended = run("dev", "--host", host, "--port", "0", "--data", str(tmp_path / "data"))
    assert ended.returncode == 2
    assert "--expose" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_token_prints_a_token_and_nothing_else(tmp_path: Path) -> None:
    for options in ((), ("--user", "BRAM@harbour.example"), ("--app", "--role", "User.Read.All")):
        ended = run("token", "--data", str(tmp_path / "data"), *options)
        assert ended.returncode == 0
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", ended.stdout)
        assert ended.stderr == ""


def test_token_for_nobody_is_refused(tmp_path: Path) -> None:
    with Program(tmp_path / "data"):
        pass
    for data in ("data", "empty"):
        ended = run("token", "--data", str(tmp_path / data), "--user", "nobody@harbour.example")
        assert ended.returncode == 1
        assert "ada@harbour.example" in ended.stderr
    assert run("token", "--app", "--user", "ada@harbour.example").returncode == 2


def test_a_token_is_for_whom_a_running_stand_in_has_in_memory_alone(tmp_path: Path) -> None:
    seed = tmp_path / "people.yaml"
    seed.write_text("people:\n- {userPrincipalName: lea@harbour.example, displayName: Lea}\n")
    options = ("--data", str(tmp_path / "data"), "--port", "0", "--memory", "--seed", str(seed))
    with Program(tmp_path / "data", *options) as program:
        later = {"now": "2040-01-01T00:00:00Z", "frozen": True}
        httpx2.post(f"{program.url}/_openprofile/clock", json=later)
        headers = {"Authorization": f"Bearer {program.token('--user', 'lea@harbour.example')}"}
        answer = httpx2.get(f"{program.url}/beta/me", headers=headers)
        assert answer.json()["displayName"] == "Lea"
        nobody = run("token", "--data", str(program.data), "--user", "mats@harbour.example")
        assert nobody.returncode == 1
        assert nobody.stderr == "Error: Nobody is called mats@harbour.example.\n"
        told = (program.data / "endpoints.json").read_bytes()
        program.kill()
        assert (program.data / "endpoints.json").read_bytes() == told
        assert program.token().count(".") == 2  # by the key in the folder


def test_a_token_is_forged_for_one_reason_and_for_a_tenant(tmp_path: Path) -> None:
    tenant = "0a1b2c3d-0000-4000-8000-00000000000a"
    with Program(tmp_path / "data") as program:
        made = httpx2.post(f"{program.url}/_openprofile/tenants", json={"id": tenant})
        assert made.status_code == 201
        for options, status in (
            (("--tenant", tenant), 200),
            (("--tenant", tenant, "--forge", "expired"), 401),
            (("--forge", "missing-scope"), 403),
        ):
            headers = {"Authorization": f"Bearer {program.token(*options)}"}
            answer = httpx2.get(f"{program.url}/beta/me/profile/interests", headers=headers)
            assert answer.status_code == status
    ended = run("token", "--data", str(tmp_path / "data"), "--forge", "wax")
    assert ended.returncode == 2
    assert "'not-yet-valid'" in ended.stderr
    assert run("token", "--data", str(tmp_path / "data"), "--tenant", "x").returncode == 2


def test_a_token_holds_as_long_as_it_says(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        headers = {"Authorization": f"Bearer {program.token('--expires-in', '2')}"}
        path = f"{program.url}/beta/me/profile/interests"
        until = time.time() + 20
        assert httpx2.get(path, headers=headers).status_code == 200
        while (answer := httpx2.get(path, headers=headers)).status_code == 200:
            assert time.time() < until
        assert answer.status_code == 401
        assert "expired" in answer.json()["error"]["message"]


def test_endpoints_of_a_run_that_is_over_are_gone(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        assert (tmp_path / "data" / "endpoints.json").exists()
        program.stop()
        assert not (tmp_path / "data" / "endpoints.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("signing-key.pem", b"junk"),
        ("signing-key.pem", b""),
        ("issuers", b"\xff\xfe"),
        ("applications.json", b"[]"),
        ("applications.json", b"\xff"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, name: str, content: bytes
) -> None:
    run("token", "--data", str(tmp_path))
    (tmp_path / "authority" / name).write_bytes(content)
    ended = run("token", "--data", str(tmp_path))
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_names_that_were_lost_are_made_again(tmp_path: Path) -> None:
    run("token", "--data", str(tmp_path))
    (tmp_path / "authority" / "issuers").write_bytes(b"")
    assert run("token", "--data", str(tmp_path)).returncode == 0
