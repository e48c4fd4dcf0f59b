"""The bench runs to its end; what it measures is nobody's promise."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(shutil.which("wrk") is None, reason="the load comes from wrk, which is missing")
def test_the_bench_prints_a_ratio_for_an_operation() -> None:
    options = ["ratios", "--people", "100", "--rounds", "1", "--seconds", "1", "--only", "create"]
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"^\| create \| \d+\.\d\d \| [\d,]+ \|", ended.stdout, re.MULTILINE)
