"""``openprofile serve`` as a process of its own, to be killed and started again."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class Served:
    """The service with these settings; entering starts it and waits until it answers at ``url``."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        kept = {
            name: text for name, text in os.environ.items() if not name.startswith("OPENPROFILE_")
        }
        self._environment = kept | {f"OPENPROFILE_{name}": text for name, text in settings.items()}
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._end()

    def start(self) -> None:
        """Start it, and return once it answers."""
        self._log: IO[bytes] = (self._folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "openprofile", "serve", "--port", "0"],
            env=self._environment, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.search(r"answers at (\S+)/beta", self.process.stdout.readline())
        if found is None:
            self._end()
            raise AssertionError((self._folder / "log").read_text()[-2000:])
        self.url = found[1]

    def kill(self) -> None:
        """End it where it stands, as a power cut would."""
        self.process.kill()
        self._end()

    def _end(self) -> None:
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
