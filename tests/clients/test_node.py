"""Microsoft's clients for Node, each with its tests in ``tests/clients/node``."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from program import Program

FOLDER = Path(__file__).parent / "node"


@pytest.mark.parametrize("client", sorted(file.name for file in FOLDER.glob("*.test.mjs")))
def test_client(program: Program, token: str, client: str) -> None:
    (export,) = (line for line in program.announcement.splitlines() if line.startswith("export "))
    trusted = dict(one.split("=", 1) for one in shlex.split(export)[1:])
    told = {
        "OPENPROFILE_TEST_ENDPOINTS": str(program.data / "endpoints.json"),
        "OPENPROFILE_TEST_TOKEN": token,
    }
    ended = subprocess.run(
        ["node", "--test", client],
        cwd=FOLDER, env=os.environ | trusted | told,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\n# pass 0\n" not in ended.stdout
