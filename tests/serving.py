"""``openprofile serve`` as a process of its own: start it, talk to it, read its log."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil


def environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """The variables of a start: this process's own, but for settings and what it trusts."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("OPENPROFILE_")}
    database = {"OPENPROFILE_DATABASE": f"sqlite:///{folder}/profiles.sqlite3"}
    return kept | database | {f"OPENPROFILE_{name}": text for name, text in settings.items()}


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "openprofile", "serve", "--port", "0", *options]


class Serving:
    """The running service; entering waits until it has said that it answers."""

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        """``folder`` is where its database is, unless the settings name another, and its log."""
        self.folder = folder
        self._command = command(*options)
        self._environment = environment(folder, settings)
        self.trusts: str | None = None
        """A file of certificates, instead of the system's."""
        self.files: int | None = None
        """How many it may have open when it starts, unless it asks for more."""
        self.announcement = ""

    def __enter__(self) -> Self:
        trusted = {"SSL_CERT_FILE": self.trusts} if self.trusts else {}
        few = ["sh", "-c", f'ulimit -Sn {self.files} && exec "$@"', "sh"] if self.files else []
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*few, *self._command], env=self._environment | trusted, text=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self.process.stdout is not None
        self.announcement = self.process.stdout.readline()
        found = re.search(r"answers at (\S+)/beta", self.announcement)
        if not found:
            self.stop()
            raise AssertionError((self.folder / "log").read_text())
        self.url = found[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = self.stop()
        if kind is None:
            assert status == 0, (self.folder / "log").read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit status."""
        assert self.process.stdout is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(40)
        if not self.process.stdout.closed:
            self.announcement += self.process.stdout.read()
            self.process.stdout.close()
        return status

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log, which are JSON."""
        lines = (self.folder / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
