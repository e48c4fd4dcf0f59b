"""Several processes that answer at one address, and the one that keeps them running.

The parent opens the sockets and never answers; each worker is a program of its own, started
afresh, which inherits its sockets. On Linux each has a queue of connections of its own, so the
kernel spreads them; elsewhere all take from one. The parent keeps them open, so that connections
to a worker that died wait for the next.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence

import msgspec

from openprofile.server.listening import BACKLOG, listen
from openprofile.settings import Settings
from openprofile.telemetry import log

RESTART_AFTER = 1.0
"""Seconds between the end of a worker and the start of the next in its place."""
PATIENCE = 20.0
"""Seconds after which a worker that was told to stop is killed."""
READY = b"ready\n"
"""What a worker prints once it answers."""


class WorkerFailed(Exception):
    """A worker did not start; it has said why."""


class Work(msgspec.Struct, frozen=True):
    """What a worker is told on its standard input, whose end means that the parent is gone."""

    number: int
    count: int
    """How many workers there are."""
    folder: str
    """Where they find each other."""
    settings: Settings
    url: str
    """The URL that the service listens on."""
    sockets: list[int]
    """The file descriptors of the sockets that it inherits."""


def open_sockets(host: str, port: int, workers: int) -> list[list[socket.socket]]:
    """Listening sockets for each worker, on one port; raises OSError as ``listen`` does."""
    first = listen(host, port)
    if sys.platform != "linux":
        return [first] * workers
    # The first look refuses a port that another program has, which sharing would not.
    port = first[0].getsockname()[1]
    for opened in first:
        opened.close()
    shares = [listen(host, port, shared=True) for _ in range(workers)]
    for share in shares:
        for opened in share:
            opened.listen(BACKLOG)
    return shares


class Supervisor:
    """Starts the workers, starts one anew that ends, and stops them all."""

    def __init__(
        self, settings: Settings, url: str, shares: Sequence[Sequence[socket.socket]]
    ) -> None:
        """``shares`` are the sockets of each worker."""
        self._settings = settings
        self._url = url
        self._shares = shares
        self._stopping = asyncio.Event()
        self._processes: dict[int, asyncio.subprocess.Process] = {}

    async def run(self, ready: Callable[[], None]) -> None:
        """Run until the process is told to stop; call ``ready`` once all workers answer.

        Raises WorkerFailed where one does not start; the first starts alone, so that what stops
        them all is said once.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        stop = asyncio.create_task(self._stopping.wait())
        self._folder = tempfile.mkdtemp(prefix="openprofile-")
        workers = range(len(self._shares))
        keepers: list[asyncio.Task[None]] = []
        try:
            for group in (workers[:1], workers[1:]):
                starts = asyncio.gather(*(self._start(number) for number in group))
                await asyncio.wait((starts, stop), return_when=asyncio.FIRST_COMPLETED)
                if self._stopping.is_set():
                    starts.cancel()
                    return
                starts.result()
            ready()
            keepers = [asyncio.create_task(self._keep(number)) for number in workers]
            await stop
        finally:
            for task in (stop, *keepers):
                task.cancel()
            await self._stop()
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _start(self, number: int) -> None:
        """Start a worker and wait until it answers; raises WorkerFailed if it ends before."""
        descriptors = [opened.fileno() for opened in self._shares[number]]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "openprofile", "serve-worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
        )
        self._processes[number] = process
        assert process.stdin is not None
        assert process.stdout is not None
        work = Work(number, len(self._shares), self._folder, self._settings, self._url, descriptors)
        process.stdin.write(msgspec.json.encode(work) + b"\n")
        if await process.stdout.readline() != READY:
            await process.wait()
            raise WorkerFailed(f"worker {number} ended with {process.returncode}")

    async def _keep(self, number: int) -> None:
        """Start a worker anew whenever it has ended."""
        while True:
            process = self._processes[number]
            status = await process.wait()
            log.error("worker ended", worker=number, pid=process.pid, status=status)
            while True:
                await asyncio.sleep(RESTART_AFTER)
                try:
                    await self._start(number)
                except (WorkerFailed, OSError) as error:
                    log.error("worker not started", reason=str(error))
                else:
                    log.info("worker started", worker=number, pid=self._processes[number].pid)
                    break

    async def _stop(self) -> None:
        """Tell all workers to stop, and wait until they have; who takes too long is killed."""
        for share in self._shares:
            for opened in share:
                opened.close()
        running = [each for each in self._processes.values() if each.returncode is None]
        for process in running:
            process.terminate()
        ends = [asyncio.create_task(process.wait()) for process in running]
        if ends:
            _, late = await asyncio.wait(ends, timeout=PATIENCE)
            for process, end in zip(running, ends, strict=True):
                if end in late:
                    log.error("worker killed", pid=process.pid)
                    process.kill()
            await asyncio.gather(*ends)
