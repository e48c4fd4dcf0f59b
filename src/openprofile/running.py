"""A stand-in as tests come by one: in a thread of theirs, in a process, or there already."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from openprofile.options import BadOptions, Options, TestOptions, documented

_SECONDS = 60
"""How long a stand-in may take to start."""


class NotStarted(Exception):
    """The stand-in ended before it answered; the message holds what it said."""


@dataclasses.dataclass(frozen=True)
class Running:
    """Where a stand-in answers, and the PEM file that its certificate is trusted by."""

    url: str
    ca: Path


@contextlib.contextmanager
def started(wanted: TestOptions) -> Iterator[Running]:
    """A stand-in that runs as long as the context lasts, its data in a folder that goes with it
    unless one is named.

    Raises BadOptions, NotStarted, and what the stand-in itself raises.
    """
    with contextlib.ExitStack() as stack:
        folder = wanted.data or Path(stack.enter_context(_folder()))
        if wanted.url is not None:
            yield _found(wanted.url, folder)
            return
        start = _process if wanted.spawn else _thread
        yield stack.enter_context(start(wanted, Path(folder)))


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="openprofile-")


@contextlib.contextmanager
def _thread(wanted: TestOptions, data: Path) -> Iterator[Running]:
    # Only here: whoever spawns it, or has one, need not wait until it is loaded.
    from openprofile.http.control import Endpoints  # noqa: PLC0415
    from openprofile.server.listening import run  # noqa: PLC0415
    from openprofile.server.program import answer  # noqa: PLC0415
    from openprofile.telemetry import silenced  # noqa: PLC0415

    answering: Future[tuple[Endpoints, Callable[[], object]]] = Future()

    async def main() -> None:
        loop, until = asyncio.get_running_loop(), asyncio.Event()

        def ready(_: object, endpoints: Endpoints) -> None:
            answering.set_result((endpoints, lambda: loop.call_soon_threadsafe(until.set)))

        await answer(_plain(wanted), data, ready, until)

    def work() -> None:
        try:
            run(main())
        except BaseException as error:
            if answering.done():
                raise
            answering.set_exception(error)

    thread = threading.Thread(target=work, name="openprofile", daemon=True)
    with silenced():
        thread.start()
        endpoints, stop = answering.result(_SECONDS)
        try:
            yield Running(endpoints.url, Path(endpoints.ca))
        finally:
            stop()
            thread.join()


@contextlib.contextmanager
def _process(wanted: TestOptions, data: Path) -> Iterator[Running]:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "openprofile", "dev", "--with-parent"]
    command += _arguments(wanted, data)
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(  # noqa: S603  it is this program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        try:
            yield _announced(process, log, data)
        finally:
            process.terminate()


def _announced(process: subprocess.Popen[bytes], log: IO[bytes], data: Path) -> Running:
    """What a process tells of itself; it is silent until it answers."""
    assert process.stdout is not None
    if not process.stdout.readline():
        process.wait()
        log.seek(0)
        raise NotStarted(log.read().decode(errors="replace").strip())
    told = json.loads((data / "endpoints.json").read_bytes())
    return Running(told["url"], Path(told["ca"]))


def _arguments(wanted: TestOptions, data: Path) -> Iterator[str]:
    """The options as the command line takes them."""
    for one in documented(Options):
        value = data if one.name == "data" else getattr(wanted, one.name)
        if one.type is bool:
            if value != one.default:
                yield f"--{one.spelled}" if value else f"--no-{one.spelled}"
        elif value is not None:
            yield f"--{one.spelled}={value}"


def _plain(wanted: TestOptions) -> Options:
    return Options(**{one.name: getattr(wanted, one.name) for one in documented(Options)})


def _found(url: str, folder: Path) -> Running:
    """A stand-in that runs already; its certificate may lie on another machine."""
    url = url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise BadOptions(f"The option 'url' is {url!r}; expected an http or https URL.")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ca = folder / "ca.pem"
    try:
        with opener.open(f"{url}/_openprofile/ca.pem", timeout=10) as answer:
            ca.write_bytes(answer.read())
    except OSError as error:
        raise NotStarted(f"No stand-in answers at {url}: {error}") from error
    return Running(url, ca)
