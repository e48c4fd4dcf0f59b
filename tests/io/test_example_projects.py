"""The projects in ``examples`` pass their own tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def passes(name: str, folder: Path, *command: str) -> str:
    project = shutil.copytree(EXAMPLES / name, folder / name)
    installed = str(Path(sys.executable).parent)
    path = os.pathsep.join([installed, os.environ.get("PATH", os.defpath)])
    ended = subprocess.run(
        command,
        cwd=project, env=os.environ | {"PATH": path},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_python_project_passes(tmp_path: Path) -> None:
    printed = passes("python-pytest", tmp_path, sys.executable, "-m", "pytest", "-q")
    assert "4 passed" in printed


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_node_project_passes(tmp_path: Path) -> None:
    assert "# pass 4" in passes("node-test", tmp_path, "node", "--test", "--test-reporter=tap")
