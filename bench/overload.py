"""Ten times what the service can take: it sheds, and is itself again when that is over."""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import msgspec
from bench import load

from mixed_load import OWNERS

FULL, TIMES = 64, 10
"""Connections that keep the service busy all the time, and how many times as many are offered."""
SETTINGS = {"CONNECTION_LIMIT": "400", "REQUEST_LIMIT": "64"}
"""Of a service small enough for one machine to offer it that."""
_SCRIPT = Path(__file__).with_name("overload.lua")
_ITEMS = "/beta/users/owner-{owner}/profile/interests"
_AFTER = 50
"""Requests that are timed, one by one, before and behind the overload."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of some seconds of load."""

    carried_out: int
    shed: int
    """Answered with 429 or 503."""
    unexplained: int
    """Of those, without a Retry-After."""
    other: int
    unanswered: int
    seconds: float
    p99: float
    """Milliseconds."""

    @property
    def rate(self) -> float:
        """Requests carried out in a second."""
        return self.carried_out / self.seconds

    @property
    def offered(self) -> float:
        """Requests sent in a second."""
        return (self.carried_out + self.shed + self.other + self.unanswered) / self.seconds


def overload(url: str, headers: dict[str, str], folder: Path, seconds: float) -> bool:
    """Fill the service at ``url``, then offer it TIMES as much, print what became of it, and
    return whether it shed what it could not take and answered as before at once afterwards.
    """
    load.require()
    with httpx2.Client(base_url=url, headers=headers, timeout=60, verify=False) as http:
        file = load.written(_requests(http, url, headers), folder / "requests")
        _alone(http)
        before = _alone(http)
        full = _put(url, file, seconds, FULL)
        over = _put(url, file, seconds, FULL * TIMES)
        after = _alone(http)
    print(
        f"{full.rate:.0f} requests/s carried out with {FULL} connections; with {FULL * TIMES}: "
        f"{over.offered:.0f}/s offered, {over.rate:.0f}/s carried out"
    )
    print(
        f"  shed: {over.shed}, {over.unexplained} of them without Retry-After; other: {over.other};"
        f" unanswered: {over.unanswered}; p99 {over.p99:.0f} ms"
    )
    print(
        f"  one by one: {before[0]:.1f} ms before; behind it the first after {after[1]:.1f} ms, "
        f"then {after[0]:.1f} ms"
    )
    return bool(over.shed) and not (over.unexplained or over.other or over.unanswered)


def _requests(http: httpx2.Client, url: str, headers: dict[str, str]) -> list[bytes]:
    """Lists, items and changes of items, of several people."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    host = urlsplit(url).netloc
    made = []
    for owner in range(OWNERS):
        items = _ITEMS.format(owner=owner)
        for number in range(20):
            body = {"displayName": f"{number}", "description": "x" * 500}
            http.post(items, json=body).raise_for_status()
        for item in http.get(items).json()["value"]:
            one, text = f"{items}/{item['id']}", b'{"description":"changed"}'
            made += [
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode()
                for path in (items, one, one, items)
            ]
            made.append(
                f"PATCH {one} HTTP/1.1\r\nHost: {host}\r\n{lines}"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\n\r\n".encode()
                + text
            )
    return made


def _put(url: str, file: Path, seconds: float, connections: int) -> Outcome:
    ended = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", str(max(1, round(seconds))), "--timeout", "30"),
            *("--script", str(_SCRIPT), url, "--", str(file)),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return msgspec.json.decode(ended.stdout.splitlines()[-1], type=Outcome)


def _alone(http: httpx2.Client) -> tuple[float, float]:
    """The median time of some requests, one by one, and the time of the first; milliseconds."""
    times = []
    for _ in range(_AFTER):
        began = time.perf_counter()
        http.get(_ITEMS.format(owner=0)).raise_for_status()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times), times[0]
