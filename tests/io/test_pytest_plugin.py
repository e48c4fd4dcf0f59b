"""The pytest plugin, in a project of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

FIRST = """
def test_adds(openprofile):
    client = openprofile.client()
    assert client.get("me/profile/interests").json()["value"] == []
    assert client.post("me/profile/interests", json={"displayName": "Chess"}).status_code == 201


def test_finds_nothing_of_it(openprofile):
    assert openprofile.client().get("me/profile/interests").json()["value"] == []
"""


class Project:
    """A folder with tests, which know nothing of this one's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings("")

    def settings(self, text: str) -> None:
        (self.root / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\n{text}\n")

    def run(self, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
        (self.root / "test_it.py").write_text(tests)
        return subprocess.run(
            # which takes a second and a half to load, and they do not need
            [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", *options],
            cwd=self.root, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def passes(self, tests: str, *options: str) -> str:
        ended = self.run(tests, *options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_test_has_a_tenant_of_its_own_in_two_lines(project: Project) -> None:
    assert "2 passed" in project.passes(FIRST)
    assert "2 passed" in project.passes(FIRST, "--openprofile-spawn=yes")


def test_one_server_serves_the_run(project: Project) -> None:
    project.passes(
        "import pytest\nSEEN = set()\n"
        "@pytest.mark.parametrize('n', range(5))\n"
        "def test_it(openprofile, openprofile_server, n):\n"
        "    SEEN.add((openprofile.url, openprofile.id))\n"
        "    assert openprofile.server is openprofile_server\n"
        "    assert len(SEEN) == n + 1\n"
        "    assert len({url for url, _ in SEEN}) == 1\n"
    )


FIFTY = """
import pytest

@pytest.mark.parametrize("number", range(50))
def test_it(openprofile, number):
    client = openprofile.client()
    openprofile.faults.add(status=503, method="DELETE")
    for name in range(number % 5 + 1):
        client.post("me/profile/interests", json={"displayName": f"{number}-{name}"})
    names = [item["displayName"] for item in client.get("me/profile/interests").json()["value"]]
    assert names == [f"{number}-{name}" for name in range(number % 5 + 1)]
    assert client.delete("me/profile").status_code == 503
"""


def test_fifty_tests_side_by_side_never_meet(project: Project) -> None:
    assert "50 passed" in project.passes(FIFTY, "-n", "4")


def test_side_by_side_they_may_share_a_server_that_runs_already(project: Project) -> None:
    from openprofile.testing import running

    with running(spawn=True) as shared:
        assert "50 passed" in project.passes(FIFTY, "-n", "4", f"--openprofile-url={shared.url}")
        assert shared.client().get("me/profile/interests").json()["value"] == []
        assert len(shared.server.control()("GET", "tenants")["value"]) == 1


def test_a_marker_says_how_the_tenant_is_made(project: Project) -> None:
    project.passes(
        "import pytest\n"
        "@pytest.mark.openprofile(sample=False)\n"
        "def test_it(openprofile):\n"
        "    assert openprofile.users == []\n",
        "--strict-markers",
    )


def test_a_seed_comes_from_the_settings_or_the_marker(project: Project) -> None:
    for name in ("lea", "mats"):
        (project.root / f"{name}.yaml").write_text(
            f"people:\n  - userPrincipalName: {name}@harbour.example\n    displayName: {name}\n"
        )
    project.settings("openprofile_seed = lea.yaml\nopenprofile_sample = no")
    project.passes(
        "import pytest\n"
        "def test_settings(openprofile):\n"
        "    assert [user.alias for user in openprofile.users] == ['lea']\n"
        "@pytest.mark.openprofile(seed='mats.yaml')\n"
        "def test_marker(openprofile):\n"
        "    assert [user.alias for user in openprofile.users] == ['mats']\n"
    )


def test_a_marker_takes_a_path_beside_its_test(project: Project) -> None:
    below = project.root / "below"
    below.mkdir()
    (below / "lea.yaml").write_text("people: [{userPrincipalName: lea@harbour.example}]\n")
    (below / "test_below.py").write_text(
        "import pathlib, pytest\n"
        "@pytest.mark.openprofile(seed=pathlib.Path('lea.yaml'), sample=False)\n"
        "def test_it(openprofile):\n"
        "    assert [user.alias for user in openprofile.users] == ['lea']\n"
    )
    assert "1 passed" in project.passes("")


def test_a_marker_takes_no_option_without_its_name(project: Project) -> None:
    ended = project.run(
        "import pytest\n@pytest.mark.openprofile('lea.yaml')\ndef test_it(openprofile):\n    pass\n"
    )
    assert ended.returncode == 1
    assert "takes its options by name: seed=" in ended.stdout


def test_options_come_from_the_settings_and_above_them_the_command_line(project: Project) -> None:
    project.settings(
        "openprofile_host = 127.0.0.1\nopenprofile_data = kept\nopenprofile_memory = no"
    )
    tests = "def test_it(openprofile):\n    assert openprofile.url.startswith('http://{host}:')\n"
    project.passes(tests.format(host="127.0.0.1"))
    assert (project.root / "kept" / "openprofile.sqlite3").exists()
    project.passes(tests.format(host="localhost"), "--openprofile-host=localhost")


@pytest.mark.parametrize(
    ("option", "saying"),
    [
        ("--openprofile-port=x", "The option 'port' is 'x'; expected a number."),
        ("--openprofile-memory=maybe", "The option 'memory' is 'maybe'; expected yes or no."),
        ("--openprofile-url=http://localhost:1", "No stand-in answers at http://localhost:1"),
    ],
)
def test_an_option_that_cannot_stand_is_told(project: Project, option: str, saying: str) -> None:
    ended = project.run(FIRST, option)
    assert ended.returncode == 1
    assert saying in ended.stdout


def test_a_test_that_fails_shows_what_it_asked_for_and_why_it_was_refused(project: Project) -> None:
    ended = project.run(
        "def test_it(openprofile):\n"
        "    answer = openprofile.client(scope='Mail.Read').get('me/profile/interests?$top=1')\n"
        "    assert answer.status_code == 200\n"
    )
    assert ended.returncode == 1
    shown = ended.stdout.partition("openprofile requests")[2]
    assert "403 GET /beta/me/profile/interests?$top=1" in shown
    assert "the token has Mail.Read." in shown


def test_a_test_that_fails_for_want_of_a_stand_in_does_not_end_the_run(project: Project) -> None:
    ended = project.run(
        "def test_it(openprofile):\n"
        "    openprofile.server.control()('DELETE', f'tenants/{openprofile.id}')\n"
        "    assert False\n"
        "def test_next(openprofile):\n"
        "    assert openprofile.users\n"
    )
    assert "INTERNALERROR" not in ended.stdout
    assert "The stand-in does not tell: There is no tenant" in ended.stdout
    assert "1 failed, 1 passed" in ended.stdout


def test_a_project_that_does_not_use_it_does_not_wait_for_it(project: Project) -> None:
    project.passes(
        "import sys\n"
        "def test_it():\n"
        "    slow = {'msgspec', 'starlette', 'uvicorn', 'httpx2', 'structlog', 'cryptography'}\n"
        "    assert not slow & set(sys.modules)\n"
        "    ours = {name for name in sys.modules if name.startswith('openprofile')}\n"
        "    assert ours == {'openprofile', 'openprofile.options', 'openprofile.pytest_plugin'}\n",
    )
