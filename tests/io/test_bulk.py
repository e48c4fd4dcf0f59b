"""Import and export from outside: what is in a file, what is in the database, what is said."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from commands import openprofile
from openprofile import sample
from openprofile.whole import part
from program import Program

GROUP = {"@odata.type": "#microsoft.graph.group", "id": "club", "displayName": "Chess Club"}


def person(number: int, **members: Any) -> dict[str, Any]:
    return {
        "userPrincipalName": f"p{number}@harbour.example",
        "displayName": f"Person {number}",
        "memberOf": ["club"],
        "profile": {"interests": [{"displayName": "Chess"}, {"displayName": "Go"}]},
        **members,
    }


def ndjson(*objects: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def exported(data: Path) -> list[dict[str, Any]]:
    result = openprofile("export", "--data", data)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout_bytes.splitlines()]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_is_exported_can_be_imported_elsewhere_and_is_the_same(data: Path) -> None:
    lines = ndjson(GROUP, *(person(number) for number in range(250)))
    told = openprofile("import", "--data", data, stdin=lines)
    assert told.stderr.startswith("Imported 250 people, 1 groups, 500 items, 250 memberships in ")
    file, other = data / "out.ndjson", data / "other"
    assert openprofile("export", "--data", data, file).exit_code == 0
    assert not part(file).exists()
    assert file.stat().st_mode & 0o077 == 0
    assert openprofile("import", "--data", other, file).exit_code == 0
    assert openprofile("export", "--data", other).stdout_bytes == file.read_bytes()
    assert len(file.read_bytes().splitlines()) == 251


def test_an_import_that_is_repeated_changes_nothing(data: Path) -> None:
    lines = ndjson(GROUP, *(person(number) for number in range(20)))
    openprofile("import", "--data", data, stdin=lines)
    before = openprofile("export", "--data", data).stdout_bytes
    assert openprofile("import", "--data", data, stdin=lines).exit_code == 0
    assert openprofile("import", "--data", data, stdin=before).exit_code == 0
    assert openprofile("export", "--data", data).stdout_bytes == before


def test_an_import_adds_to_what_there_is(data: Path) -> None:
    chess, go, music = ({"displayName": name} for name in ("Chess", "Go", "Music"))
    openprofile("import", "--data", data, stdin=ndjson(GROUP, person(1)))
    more = person(1, displayName="Renamed", memberOf=[], profile={"interests": [music]})
    openprofile("import", "--data", data, stdin=ndjson(GROUP, more, person(2)))
    _, *people = exported(data)
    (renamed,) = (one for one in people if one["displayName"] == "Renamed")
    assert renamed["memberOf"] == ["club"]
    interests = [item["displayName"] for item in renamed["profile"]["interests"]]
    assert interests == [each["displayName"] for each in (chess, go, music)]
    assert len(people) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"displayName": "x"}', "'userPrincipalName': expected 1 to 256 printable characters"),
        (b'{"userPrincipalName": "x@y", "profile": {"skills": [{"webUrl": 5}]}}',
         "Property 'profile/skills/0/webUrl': expected Edm.String, got the number 5."),
        (b'{"userPrincipalName": "x@y"', "It is not a JSON object in UTF-8"),
        (b'{"userPrincipalName": "x@y", "memberOf": ["nowhere"]}',
         "Property 'memberOf': no group has the id 'nowhere'; groups stand before their members."),
        (b'{"userPrincipalName": "P2@harbour.example", "id": "another"}',
         "Property 'userPrincipalName': another person has 'p2@harbour.example'."),
    ],
)  # fmt: skip
def test_the_first_bad_line_is_named_and_those_before_it_are_stored(
    data: Path, bad: bytes, reason: str
) -> None:
    before, behind = ndjson(GROUP, person(1), person(2)), ndjson(person(3))
    told = openprofile("import", "--data", data, stdin=before + b"\n" + bad + b"\n" + behind)
    assert told.exit_code == 1
    assert f"Error: Line 5: {reason}" in told.stderr or f"Line 5: Property {reason}" in told.stderr
    assert "The lines before it are stored" in told.stderr
    names = {one.get("displayName") for one in exported(data)}
    assert names == {"Chess Club", "Person 1", "Person 2"}


def test_a_check_tells_every_bad_line_and_stores_nothing(data: Path) -> None:
    lines = ndjson(GROUP, {}, person(1), {"userPrincipalName": "x", "manager": 1})
    told = openprofile("import", "--data", data, "--check", stdin=lines)
    assert told.exit_code == 1
    assert [line[:8] for line in told.stderr.splitlines()] == ["Line 2: ", "Line 4: ", "Error: 2"]
    assert not data.exists()
    good = openprofile("import", "--data", data, "--check", stdin=ndjson(GROUP, person(1)))
    assert good.exit_code == 0
    assert "1 people, 1 groups, 2 items, 1 memberships" in good.stderr


def test_an_import_that_was_killed_goes_on_when_it_is_repeated(data: Path) -> None:
    lines = [GROUP, *(person(number) for number in range(600))]
    with subprocess.Popen(
        [sys.executable, "-m", "openprofile", "import", "--data", str(data)],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(ndjson(*lines[:500]))
        process.stdin.flush()
        while len(_stored(data)) < 200:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert 200 <= len(_stored(data)) < 600
    told = openprofile("import", "--data", data, stdin=ndjson(*lines))
    assert told.exit_code == 0
    whole, other = exported(data), data / "other"
    assert len(whole) == 601
    openprofile("import", "--data", other, stdin=ndjson(*lines))
    assert [one["id"] for one in exported(other)] == [one["id"] for one in whole]
    assert all(len(one["profile"]["interests"]) == 2 for one in whole[1:])


def _stored(data: Path) -> list[bytes]:
    """What is there yet, nothing included."""
    return openprofile("export", "--data", data).stdout_bytes.splitlines()


def test_an_export_goes_on_where_it_was_interrupted(data: Path) -> None:
    other = {**GROUP, "id": "other"}
    openprofile("import", "--data", data, stdin=ndjson(GROUP, other, *map(person, range(120))))
    whole = openprofile("export", "--data", data).stdout_bytes
    lines = whole.splitlines(keepends=True)
    file = data / "out.ndjson"
    for kept in (0, 10, 1, 2, 119, 122):
        part(file).write_bytes(b"".join(lines[:kept]) + (lines[kept][:-1] if kept < 122 else b""))
        told = openprofile("export", "--data", data, file, "--resume")
        assert told.exit_code == 0, told.output
        assert file.read_bytes() == whole
        file.unlink()
    told = openprofile("export", "--data", data, file, "--resume")
    assert "There is no" in told.stderr
    assert "go on with" in told.stderr


def test_an_export_replaces_a_file_only_when_told(data: Path) -> None:
    openprofile("import", "--data", data, stdin=ndjson(GROUP))
    file = data / "out.ndjson"
    file.write_text("precious")
    refused = openprofile("export", "--data", data, file)
    assert (refused.exit_code, file.read_text()) == (1, "precious")
    assert "--overwrite" in refused.stderr
    assert openprofile("export", "--data", data, file, "--overwrite").exit_code == 0
    assert len(file.read_bytes().splitlines()) == 1


def test_people_arrive_in_a_stand_in_that_runs(data: Path) -> None:
    with Program(data) as program:
        told = openprofile("import", "--data", data, stdin=ndjson(GROUP, person(1)))
        assert told.exit_code == 0, told.stderr
        token = program.token("--user", "p1@harbour.example")
        answer = httpx2.get(
            f"{program.url}/beta/me/profile/interests",
            headers={"Authorization": f"Bearer {token}"},
        )
        names = [item["displayName"] for item in answer.json()["value"]]
        assert names == ["Chess", "Go"]
        assert len(exported(data)) == 3 + 1 + 12 + 1  # the sample people and groups too


def test_which_tenant_is_asked_where_there_are_several(tmp_path: Path) -> None:
    database = {"OPENPROFILE_DATABASE": f"sqlite:///{tmp_path}/profiles.sqlite3"}
    lines = ndjson(GROUP, person(1))
    told = openprofile("export", **database)
    assert "There is no database" in told.stderr
    told = openprofile("import", stdin=lines, **database)
    assert (told.exit_code, "is empty: name the tenant" in told.stderr) == (2, True)
    for tenant in ("One", "two"):
        assert openprofile("import", "--tenant", tenant, stdin=lines, **database).exit_code == 0
        if tenant == "One":
            assert openprofile("export", **database).exit_code == 0
    told = openprofile("export", **database)
    assert (told.exit_code, "name one by --tenant (one, two)" in told.stderr) == (2, True)
    told = openprofile("export", "--tenant", "TWO", **database)
    assert len(told.stdout_bytes.splitlines()) == 2


def test_the_limits_of_the_service_hold_for_what_is_imported(tmp_path: Path) -> None:
    settings = {
        "OPENPROFILE_DATABASE": f"sqlite:///{tmp_path}/profiles.sqlite3",
        "OPENPROFILE_ITEM_LIMIT": "1",
    }
    told = openprofile("import", "--tenant", "t", stdin=ndjson(GROUP, person(1)), **settings)
    assert "Line 2: Property 'profile/interests': expected at most 1 items, got 2." in told.stderr
    one = person(1, profile={"interests": [{"displayName": "Chess"}]})
    other = person(1, profile={"interests": [{"displayName": "Go"}]})
    told = openprofile("import", "--tenant", "t", stdin=ndjson(GROUP, one, other), **settings)
    assert "Line 3: Property 'profile/interests': with those there it has more" in told.stderr


def test_whoever_stops_reading_an_export_sees_no_traceback(data: Path) -> None:
    openprofile("import", "--data", data, stdin=ndjson(GROUP, *map(person, range(300))))
    with subprocess.Popen(
        [sys.executable, "-m", "openprofile", "export", "--data", str(data)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_export_of_nobody_is_an_error(data: Path) -> None:
    openprofile("import", "--data", data, stdin=ndjson(GROUP))
    told = openprofile("export", "--data", data, "--tenant", "nobody", data / "out.ndjson")
    assert (told.exit_code, "The tenant nobody has nobody." in told.stderr) == (1, True)
    assert list(data.glob("out.ndjson*")) == []


def test_lines_as_other_programs_write_them_are_read(data: Path) -> None:
    lines = ndjson(GROUP, person(1)).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    assert openprofile("import", "--data", data, stdin=b"\xef\xbb\xbf" + lines).exit_code == 0
    assert len(exported(data)) == 2


def test_progress_is_shown_on_a_terminal_alone(data: Path) -> None:
    file = data / "people.ndjson"
    data.mkdir()
    file.write_bytes(ndjson(GROUP, *map(person, range(300))))
    shown, terminal = os.openpty()
    command = [sys.executable, "-m", "openprofile", "import", "--data", str(data), str(file)]
    with os.fdopen(terminal, "wb") as stderr:
        subprocess.run(command, stderr=stderr, check=True)
        told = os.read(shown, 100_000)
    os.close(shown)
    assert b"Importing" in told
    assert b"%" in told
    assert b"Importing" not in subprocess.run(command, capture_output=True, check=True).stderr


def test_the_sample_tenant_is_that_of_the_stand_in(data: Path) -> None:
    openprofile("import", "--data", data, stdin=ndjson(GROUP))
    told = openprofile("export", "--data", data, "--tenant", sample.TENANT)
    assert len(told.stdout_bytes.splitlines()) == 1


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    yield
    assert not (tmp_path / "home").exists()
