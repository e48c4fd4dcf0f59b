"""``openprofile explain``, as a process."""

from pathlib import Path

from program import Program, run


def token(data: Path, *options: str) -> str:
    return run("token", "--data", str(data), *options).stdout.strip()


def test_it_says_who_asks_for_what_and_which_rule_refuses(tmp_path: Path) -> None:
    bearer = token(tmp_path, "--user", "bram@harbour.example", "--scope", "User.ReadWrite.All")
    path = "users/ada@harbour.example/profile/interests"
    told = run("explain", "post", path, "--token", bearer, "--body", "{}", "--data", str(tmp_path))
    assert told.returncode == 0, told.stderr
    request, caller, held, owner, permission, person, outcome, *_ = told.stdout.splitlines()
    assert request.split() == ["request", "POST", f"/beta/{path}"]
    assert "bram@harbour.example through Sample application" in caller
    assert held.split() == ["token", "User.ReadWrite.All"]
    assert owner.split() == ["owner", "ada@harbour.example"]
    assert permission.split()[:2] == ["permission", "allowed:"]
    assert person.split()[:2] == ["person", "refused:"]
    assert "no administrator" in person
    assert outcome.split() == ["outcome", "refused:", "403"]


def test_it_asks_a_stand_in_that_keeps_nothing_on_the_disk(tmp_path: Path) -> None:
    with Program(tmp_path / "data", "--memory", "--port", "0") as program:
        url = program.url
        options = ("--token", program.token(), "--url", url)
        for path in (f"{url}/beta/me/profile?$select=id", "beta/me/profile", "me/profile"):
            told = run("explain", "GET", path, *options)
            assert "outcome     allowed: 200" in told.stdout, told.stderr
    gone = run("explain", "GET", "me/profile", *options)
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"Error: No stand-in explains at {url}")


def test_options_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    common = ("explain", "GET", "me/profile", "--token", "x")
    for option, value in (("--header", "If-Match"), ("--url", "ftp://localhost")):
        told = run(*common, option, value)
        assert told.returncode == 2
        assert option in told.stderr


def test_it_leaves_no_trace_where_no_stand_in_was(tmp_path: Path) -> None:
    told = run("explain", "GET", "me/profile", "--token", "x", "--data", str(tmp_path / "none"))
    assert "outcome     refused: 401" in told.stdout
    assert list(tmp_path.iterdir()) == []
    token(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    told = run("explain", "GET", "me", "--token", token(tmp_path), "--data", str(tmp_path))
    assert "outcome     allowed: 200" in told.stdout
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
