"""Load by wrk (https://github.com/wg/wrk): requests made beforehand, sent in turn."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("load.lua")


class Outcome(msgspec.Struct):
    """What came of some seconds of load."""

    requests: int
    failed: int
    seconds: float
    p50: float
    """Milliseconds."""
    p99: float
    processor: float = 0
    """Microseconds that the program took of a processor for each request."""

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return self.requests / self.seconds


def require() -> None:
    """End the program where wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("The load comes from wrk: apt-get install wrk (or brew install wrk).")


def written(requests: Sequence[bytes], path: Path) -> Path:
    """A file of requests as the script reads it."""
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n%s" % (len(request), request))
    return path


def put(url: str, requests: Path, seconds: float, core: int | None) -> Outcome:
    """Send the requests of a file to ``url`` on CONNECTIONS connections for some seconds."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    # wrk takes whole seconds alone
    whole = str(max(1, round(seconds)))
    turn = str(random.randrange(2**31))  # noqa: S311  not the same requests first in every round
    ended = subprocess.run(
        [
            *(*pinned, "wrk", "--threads", "1", "--connections", str(CONNECTIONS)),
            *("--duration", whole, "--timeout", "10", "--script", str(_SCRIPT), url),
            *("--", str(requests), turn),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = msgspec.json.decode(ended.stdout.splitlines()[-1], type=Outcome)
    if found.failed:
        raise SystemExit(f"{found.failed} of {found.requests} requests of {requests} failed.")
    return found
