"""What is measured, as processes of their own: the service, and an answer that never changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

ROOT = Path(__file__).parent.parent


class Running(msgspec.Struct, frozen=True):
    """A program that answers."""

    url: str
    process: psutil.Process
    took: float
    """Seconds from its start until it said that it answers."""

    def processor(self) -> float:
        """Seconds of a processor that it has taken."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def resident(self) -> float:
        """Megabytes of memory that it holds."""
        return float(self.process.memory_info().rss / 1_000_000)


@contextmanager
def floor(log: Path, core: int | None, *options: str) -> Iterator[Running]:
    """The application of ``floor.py``."""
    with _started(["-m", "bench.floor", *options], {}, log, core) as running:
        yield running


@contextmanager
def serve(
    database: str, issuer: str, tenant: str, log: Path, core: int | None, **more: str
) -> Iterator[Running]:
    """``openprofile serve``, with ``more`` settings."""
    settings = {
        **{f"OPENPROFILE_{name}": text for name, text in more.items()},
        "OPENPROFILE_DATABASE": database,
        "OPENPROFILE_ISSUER": issuer,
        "OPENPROFILE_TENANT": tenant,
        "OPENPROFILE_AUDIENCE": "profiles",
    }
    arguments = ["-m", "openprofile", "serve", "--port", "0"]
    with _started(arguments, settings, log, core) as running:
        yield running


@contextmanager
def dev(data: Path, log: Path, core: int | None, *options: str) -> Iterator[Running]:
    """``openprofile dev``."""
    arguments = ["-m", "openprofile", "dev", "--port", "0", "--data", str(data), *options]
    with _started(arguments, {}, log, core) as running:
        yield running


@contextmanager
def _started(
    arguments: Sequence[str], settings: Mapping[str, str], log: Path, core: int | None
) -> Iterator[Running]:
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    kept = {name: text for name, text in os.environ.items() if not name.startswith("OPENPROFILE_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # a program that is installed has its bytecode
    began = time.perf_counter()
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [*pinned, _python(settings), *arguments],
            env=kept | dict(settings), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=output,
        ) as process,
    ):  # fmt: skip
        try:
            url = _url(process, log)
            yield Running(url, psutil.Process(process.pid), time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(30)


def _python(settings: Mapping[str, str]) -> str:
    """Python with what a user has installed, where scripts/bench has made it, and nothing else."""
    installed = ROOT / ".venv/bin/python"
    needs_driver = settings.get("OPENPROFILE_DATABASE", "").startswith("postgres")
    return str(installed) if installed.exists() and not needs_driver else sys.executable


def _url(process: subprocess.Popen[str], log: Path) -> str:
    """What the program says that it answers at."""
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.removesuffix("/beta")
    raise SystemExit(f"The program ended: {log.read_text()[-2000:]}")
