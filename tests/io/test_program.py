"""The program from outside: what it prints, where it listens, what it keeps."""

import json
import re
import socket
import sqlite3
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
        ended = run("dev", "--port", port, "--data", str(tmp_path / "other"))
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


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
