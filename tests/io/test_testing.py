"""``openprofile.testing``: the stand-in in a thread, in a process, or there already."""

import asyncio
import contextlib
import datetime
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from openprofile.options import BadOptions
from openprofile.running import NotStarted
from openprofile.testing import Refused, Server, Tenant, running, serving

INTERESTS = "me/profile/interests"


@pytest.fixture(scope="module", params=["thread", "process", "there"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    given: dict[str, Any] = {"spawn": request.param == "process"}
    with serving(**given) as server:
        if request.param != "there":
            yield server
            return
        with serving(url=server.url) as other:
            yield other


@pytest.fixture
def tenant(server: Server) -> Iterator[Tenant]:
    tenant = server.tenant()
    yield tenant
    server.remove(tenant)


def test_a_client_writes_and_reads_over_http_and_https(tenant: Tenant) -> None:
    added = tenant.client().post(INTERESTS, json={"displayName": "Chess"})
    assert added.status_code == 201
    assert added.headers["location"].startswith(tenant.url)
    read = tenant.client(tls=True).get(f"/{INTERESTS}/{added.json()['id']}")
    assert read.json()["displayName"] == "Chess"
    assert read.json()["@odata.context"].startswith(tenant.tls_url)
    assert tenant.client("bram").get(INTERESTS).json()["value"] == []


def test_an_asynchronous_client_does_the_same(tenant: Tenant) -> None:
    async def read() -> int:
        async with tenant.async_client(tls=True) as client:
            return (await client.get(INTERESTS)).status_code

    assert asyncio.run(read()) == 200


def test_people_are_named_by_alias_name_and_id(tenant: Tenant) -> None:
    ada = tenant.user("Ada")
    assert ada == tenant.user(ada.id) == tenant.user(ada.name) == tenant.users[0]
    assert ada.name == "ada@harbour.example"
    for who in (ada, "ada", ada.name, ada.id):
        assert tenant.client(who).get("me").json()["id"] == ada.id
    with pytest.raises(Refused, match="Nobody is called 'zoe'; there are ada, "):
        tenant.token("zoe")


def test_a_credential_is_what_sdks_take(tenant: Tenant) -> None:
    credential = tenant.credential("bram", scope="User.Read")
    token = credential.get_token("https://graph.microsoft.com/.default", claims=None)
    answer = httpx2.get(f"{tenant.url}/beta/me", headers={"Authorization": f"Bearer {token.token}"})
    assert answer.json()["userPrincipalName"] == "bram@harbour.example"
    assert token.expires_on > time.time()


def test_other_programs_sign_in_with_the_environment(tenant: Tenant) -> None:
    environment = tenant.environment
    answer = httpx2.post(
        f"{environment['AZURE_AUTHORITY_HOST']}/{environment['AZURE_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": environment["AZURE_CLIENT_ID"],
            "client_secret": environment["AZURE_CLIENT_SECRET"],
            "scope": "https://graph.microsoft.com/.default",
        },
        verify=tenant.ssl_context,
    )
    assert answer.status_code == 200
    assert Path(environment["NODE_EXTRA_CA_CERTS"]).read_text().startswith("-----BEGIN")


def test_the_token_authority_is_as_slow_and_as_unsteady_as_planned(tenant: Tenant) -> None:
    keys = f"{tenant.authority}/discovery/v2.0/keys"
    tenant.faults.add(drop=True, path="/discovery/v2.0/keys", count=1)
    tenant.faults.add(slow_body=0.05, latency=0.01, path="/discovery/v2.0/keys")
    with pytest.raises(httpx2.TransportError):
        httpx2.get(keys, verify=tenant.ssl_context)
    assert httpx2.get(keys, verify=tenant.ssl_context).json()["keys"]
    answered, dropped = tenant.requests()
    assert (answered["status"], answered["outcome"], dropped["rule"]) == (200, "allowed", "fault")
    assert len(answered["planned"]) == 1


def test_a_dropped_connection_has_no_answer(tenant: Tenant) -> None:
    client = tenant.client()
    tenant.faults.add(drop=True, method="GET", count=1)
    tenant.faults.add(drop=True, method="POST", count=1, after=True)
    with pytest.raises(httpx2.TransportError):
        client.get(INTERESTS)
    with pytest.raises(httpx2.TransportError):
        client.post(INTERESTS, json={"displayName": "Chess"})
    assert len(client.get(INTERESTS).json()["value"]) == 1
    kept, post, get = tenant.requests()
    assert (kept["planned"], post["rule"], get["rule"]) == ([], "fault", "fault")
    assert "the connection is dropped" in get["reason"]
    assert "carried out first" in post["reason"]


def test_a_fault_names_its_person_as_everything_does(tenant: Tenant) -> None:
    ada, bram = tenant.client("ada"), tenant.client("bram")
    for person in ("bram", "bram@harbour.example", tenant.user("bram").id, tenant.user("bram")):
        tenant.faults.add(status=500, person=person, count=1)
        assert [client.get("me").status_code for client in (ada, bram, bram)] == [200, 500, 200]
    with pytest.raises(Refused, match="Nobody is called 'zoe'"):
        tenant.faults.add(status=500, person="zoe")


def test_an_item_that_is_dropped_drops_its_batch(tenant: Tenant) -> None:
    client = tenant.client()
    tenant.faults.add(drop=True, path="/me/profile/skills", count=1)
    batch = {"requests": [{"id": "1", "method": "GET", "url": "/me/profile/skills"}]}
    with pytest.raises(httpx2.TransportError):
        client.post("$batch", json=batch)
    assert client.post("$batch", json=batch).json()["responses"][0]["status"] == 200


def test_a_slow_body_comes_in_pieces_and_whole(tenant: Tenant) -> None:
    client = tenant.client()
    client.post(INTERESTS, json={"displayName": "Chess"})
    tenant.faults.add(slow_body=0.05, latency=0.01)
    with client.stream("GET", INTERESTS) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 3
    assert b"Chess" in b"".join(pieces)
    assert int(answer.headers["content-length"]) == len(b"".join(pieces))
    (line, _) = tenant.requests()
    assert line["outcome"] == "allowed"
    assert "the body takes 0.05 s" in line["planned"][0]


def test_faults_tell_what_has_become_of_them(tenant: Tenant) -> None:
    planned = tenant.faults.add(status=429, retry_after=3, person=tenant.user("ada"), count=2)
    assert tenant.client().get(INTERESTS).headers["retry-after"] == "3"
    (told,) = tenant.faults
    assert (told["id"], told["happened"], told["count"]) == (planned, 1, 2)
    tenant.faults.remove(planned)
    assert list(tenant.faults) == []
    with pytest.raises(Refused, match="no planned fault"):
        tenant.faults.remove(planned)
    with pytest.raises(Refused, match="does nothing"):
        tenant.faults.add()


def test_the_clock_is_frozen_set_and_advanced(tenant: Tenant) -> None:
    at = datetime.datetime(2027, 1, 1, 12, tzinfo=datetime.UTC)
    tenant.clock.freeze(at)
    assert tenant.clock.now() == tenant.clock.now() == at
    tenant.clock.advance(datetime.timedelta(days=1))
    tenant.clock.advance(0.5)
    assert tenant.clock.now() == at + datetime.timedelta(days=1, seconds=0.5)
    created = tenant.client().post(INTERESTS, json={"displayName": "x"}).json()
    assert created["createdDateTime"].startswith("2027-01-02T12:00:00.5")
    tenant.clock.run()
    assert tenant.clock.now() > at + datetime.timedelta(days=1)
    tenant.clock.set("2028-01-01T00:00:00Z")
    assert tenant.clock.now().year == 2028
    tenant.clock.reset()
    assert abs(tenant.clock.now().timestamp() - time.time()) < 60
    with pytest.raises(BadOptions, match="time zone"):
        tenant.clock.set(at.replace(tzinfo=None))
    for number in (float("nan"), float("inf")):
        with pytest.raises(BadOptions, match=f"'advance' is {number}; expected a finite"):
            tenant.clock.advance(number)
        with pytest.raises(BadOptions, match=f"'latency' is {number}; expected a finite"):
            tenant.faults.add(latency=number)


def test_fifty_at_a_time_never_meet(server: Server) -> None:
    """Each with a tenant, what it writes there, a time and a fault of its own."""
    together = threading.Barrier(50)

    def one(number: int) -> None:
        tenant = server.tenant()
        with tenant.client() as client:
            tenant.clock.freeze(f"2030-01-01T00:00:{number:02d}Z")
            together.wait()
            fresh = tenant.client()
            tenant.faults.add(status=503, skip=number % 5, count=1, method="POST")
            names = [f"{number}-{item}" for item in range(5)]
            found = [fresh.post(INTERESTS, json={"displayName": name}) for name in names]
            statuses = [answer.status_code for answer in found]
            assert statuses == [503 if i == number % 5 else 201 for i in range(5)]
            stored = fresh.get(INTERESTS).json()["value"]
            kept = [name for index, name in enumerate(names) if index != number % 5]
            assert [item["displayName"] for item in stored] == kept
            times = {item["createdDateTime"] for item in stored}
            assert times == {f"2030-01-01T00:00:{number:02d}.0000000Z"}
            assert len(tenant.requests()) == 6
            assert client.get(INTERESTS).status_code == 401  # of before the clock was put ahead
        server.remove(tenant)

    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(one, range(50)))) == 50


def test_what_is_started_is_gone_at_the_end() -> None:
    before = threading.enumerate()
    for spawn in (False, True):
        with running(spawn=spawn) as tenant:
            port = int(tenant.url.rpartition(":")[2])
            folder = tenant.ca.parent
            assert tenant.client().get("me").status_code == 200
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port)).close()
        assert not folder.exists()
    assert threading.enumerate() == before


RUN = """
import os, signal
from openprofile.testing import running
with running(spawn=True) as tenant:
    print(tenant.url, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_started_ends_with_its_parent_however_that_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    port = int(done.stdout.strip().rpartition(":")[2])
    with (
        contextlib.suppress(ConnectionError),  # it has ended already
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
    ):
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_what_is_kept_in_a_folder_is_there_again(tmp_path: Path) -> None:
    for spawn in (False, True):
        with running(data=tmp_path, memory=False, spawn=spawn) as tenant:
            tenant.client().post(INTERESTS, json={"displayName": "Chess"})
    with running(data=tmp_path, memory=False) as tenant:
        assert len(tenant.client().get(INTERESTS).json()["value"]) == 2


def test_the_sample_people_are_left_out_where_they_are_not_wanted() -> None:
    for spawn in (False, True):
        with running(sample=False, spawn=spawn) as tenant:
            assert tenant.users == []
            tenant.reset()
            assert tenant.users == []


SEED = {"people": [{"userPrincipalName": "lea@harbour.example", "displayName": "Lea"}]}


def test_a_tenant_is_seeded_kept_and_put_back(tenant: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text(json.dumps(SEED))
    assert tenant.seed(SEED) == tenant.seed(file) == tenant.seed(str(file))
    before = tenant.snapshot()
    tenant.client("lea").post(INTERESTS, json={"displayName": "Chess"})
    tenant.restore()
    assert tenant.client("lea").get(INTERESTS).json()["value"] == []
    tenant.restore(before)
    with pytest.raises(Refused, match="no snapshot"):
        tenant.restore("x")
    file.write_text("people:\n  - name: Lea")
    with pytest.raises(Refused, match=r"people.yaml: Line 2: .*name"):
        tenant.seed(file)


@pytest.mark.parametrize("spawn", [False, True])
def test_a_seed_is_there_from_the_start_and_in_every_tenant(tmp_path: Path, spawn: bool) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps(SEED))
    with serving(seed=file, sample=False, spawn=spawn) as server:
        for tenant in (server.first, server.tenant()):
            assert [user.alias for user in tenant.users] == ["lea"]
            tenant.reset()
            assert [user.alias for user in tenant.users] == ["lea"]
        assert len(server.tenant(sample=True).users) == 13
    file.write_text('{"people": [\n{"nme": 1}]}')
    with (
        pytest.raises((BadOptions, NotStarted), match=r"people.json: Line 2: .*nme"),
        running(seed=file, spawn=spawn),
    ):
        pass


def test_a_server_that_runs_already_is_left_running() -> None:
    with running() as first:
        with running(url=first.url) as other:
            assert other.id != first.id
            other.client().post(INTERESTS, json={"displayName": "Chess"})
        with pytest.raises(Refused, match="no tenant"):
            first.server.control(f"tenants/{other.id}/")("GET", "requests")
        assert first.client().get(INTERESTS).json()["value"] == []


def test_paths_may_be_strings(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text(json.dumps(SEED))
    with running(
        seed=str(tmp_path / "people.json"), data=str(tmp_path / "data"), sample=False
    ) as tenant:
        assert [user.alias for user in tenant.users] == ["lea"]
        assert tenant.ca == tmp_path / "data" / "ca.pem"


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}"), running(port=port):
            pass
        with pytest.raises(NotStarted, match=f"port {port}"), running(port=port, spawn=True):
            pass
    with (
        pytest.raises(NotStarted, match="No stand-in answers at"),
        running(url="http://localhost:1"),
    ):
        pass
    with pytest.raises(BadOptions, match="'url' is 'localhost'"), running(url="localhost"):
        pass
    with pytest.raises(BadOptions, match="expose"), running(host="0.0.0.0"):
        pass
    with pytest.raises(BadOptions, match="no option 'prot'"), running(prot=1):
        pass


def test_a_thread_of_ones_own_program_tells_nothing() -> None:
    script = (
        "import structlog\nfrom openprofile.testing import running\n"
        "with running() as openprofile:\n"
        "    assert not structlog.is_configured()\n"
        "    with structlog.testing.capture_logs() as logs:\n"
        "        openprofile.client(scope='Mail.Read').get('me')\n"
        "        structlog.get_logger().info('mine')\n"
        "    assert [one['event'] for one in logs] == ['mine']\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("", "")
