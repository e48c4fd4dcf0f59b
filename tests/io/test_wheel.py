"""The wheel: what of the project others install."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (file,) = folder.glob("*.whl")
    return zipfile.Path(file)


def test_it_holds_every_file_of_the_package(wheel: zipfile.Path) -> None:
    files = [file for file in (ROOT / "src").rglob("*") if file.is_file()]
    wanted = {str(one.relative_to(ROOT / "src")) for one in files if "__pycache__" not in str(one)}
    assert {Path(one).suffix for one in wanted} >= {".py", ".html", ".css", ".js", ".sql", ".typed"}
    assert wanted <= set(wheel.root.namelist())


def test_type_checkers_read_its_types(wheel: zipfile.Path) -> None:
    assert (wheel / "openprofile" / "py.typed").is_file()


def test_it_brings_the_command_and_the_plugin_of_pytest(wheel: zipfile.Path) -> None:
    (about,) = (one for one in wheel.iterdir() if one.name.endswith(".dist-info"))
    told = (about / "entry_points.txt").read_text()
    assert "openprofile = openprofile.cli:main" in told
    assert "[pytest11]\nopenprofile = openprofile.pytest_plugin" in told
