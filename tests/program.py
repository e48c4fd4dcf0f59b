"""The real program as a process of its own: start it, talk to it, pull its plug."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self


class Program:
    """``openprofile dev`` on a free port; entering waits until it has said that it answers."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._command = [sys.executable, "-m", "openprofile", "dev", *("--data", str(data))]
        self._command += options or ("--port", "0")
        self.announcement = ""

    def __enter__(self) -> Self:
        self._log: IO[bytes] = (self.data.parent / f"{self.data.name}.log").open("ab")
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self.process.stdout is not None
        # It is silent until it answers, and its output ends if it cannot start.
        for line in self.process.stdout:
            self.announcement += line
            if line.startswith("curl "):
                return self
        self.stop()
        raise AssertionError(f"the program ended: {self.log}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "endpoints.json").read_text())
        return found

    @property
    def url(self) -> str:
        url: str = self.endpoints["url"]
        return url

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def token(self, *options: str) -> str:
        return run("token", "--data", str(self.data), *options).stdout.strip()

    def kill(self) -> None:
        """End the process where it stands, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask the process to stop and return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        status = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        return status


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command ``openprofile`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "openprofile", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
