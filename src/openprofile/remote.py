"""A stand-in by remote control, as tests have it: its calls, a tenant's time, planned faults."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2

from openprofile.options import BadOptions


class Refused(Exception):
    """The stand-in refused what was asked of it; the message says why."""


class User(NamedTuple):
    """A person of a tenant."""

    id: str
    name: str
    """The userPrincipalName."""

    @property
    def alias(self) -> str:
        """The name without the domain."""
        return self.name.partition("@")[0]


class Control:
    """Calls of the control API below one path; they raise BadOptions for what JSON cannot say, and
    Refused.
    """

    def __init__(self, http: httpx2.Client, prefix: str = "") -> None:
        self._http = http
        self._prefix = prefix

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        for name, value in body.items() if isinstance(body, dict) else ():
            if isinstance(value, float) and not math.isfinite(value):
                raise BadOptions(f"'{name}' is {value}; expected a finite number.")
        return self._send(method, path, {} if body is None else {"json": body})

    def send_file(self, path: str, file: Path) -> Any:
        """Post the content of a JSON or YAML file."""
        kind = "application/json" if file.suffix.lower() == ".json" else "application/yaml"
        options = {"content": file.read_bytes(), "headers": {"Content-Type": kind}}
        try:
            return self._send("POST", path, options)
        except Refused as error:
            raise Refused(f"{file}: {error}") from error

    def _send(self, method: str, path: str, options: dict[str, Any]) -> Any:
        answer = self._http.request(method, self._prefix + path, **options)
        if answer.is_error:
            raise Refused(answer.json()["error"]["message"])
        return answer.json() if answer.content else None


class Clock:
    """The time in one tenant: tokens run out by it, and what is written is stamped with it."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> datetime.datetime:
        """What it shows."""
        shown = self._control("GET", "clock")["now"]
        return datetime.datetime.fromisoformat(f"{shown[:26]}+00:00")

    def freeze(self, at: datetime.datetime | str | None = None) -> None:
        """Hold it at a moment, or where it stands."""
        self._change(now=at, frozen=True)

    def set(self, at: datetime.datetime | str) -> None:
        """Put it to a moment; it stands still if it did, and runs on if it ran."""
        self._change(now=at)

    def advance(self, by: float | datetime.timedelta) -> None:
        """Put it ahead, by seconds if it is a number."""
        seconds = by.total_seconds() if isinstance(by, datetime.timedelta) else by
        self._change(advance=seconds)

    def run(self) -> None:
        """Let it run on from where it stands."""
        self._change(frozen=False)

    def reset(self) -> None:
        """Let it show the machine's time again."""
        self._control("DELETE", "clock")

    def _change(self, *, now: datetime.datetime | str | None = None, **change: Any) -> None:
        if isinstance(now, datetime.datetime):
            if now.tzinfo is None:
                raise BadOptions(f"{now!r} is of no time zone; add tzinfo=datetime.UTC.")
            now = now.isoformat()
        self._control("POST", "clock", change | ({"now": now} if now else {}))


class Faults:
    """What is planned to go wrong in one tenant."""

    def __init__(self, control: Control, find: Callable[[str], User]) -> None:
        """``find`` returns the person with an id, principal name or alias."""
        self._control = control
        self._find = find

    def add(
        self,
        *,
        status: int | None = None,
        retry_after: int | None = None,
        latency: float = 0,
        drop: bool = False,
        slow_body: float = 0,
        after: bool = False,
        method: str | None = None,
        path: str | None = None,
        person: str | User | None = None,
        skip: int = 0,
        count: int | None = None,
        rate: float = 1,
    ) -> str:
        """Plan a fault and return its id; docs/stand-in.md says what each of these does.

        Raises Refused for a fault that cannot happen, of a ``person`` there is not for one.
        """
        if isinstance(person, str):
            person = self._find(person)
        fault = {
            "status": status,
            "retryAfter": retry_after,
            "latency": latency,
            "drop": drop,
            "slowBody": slow_body,
            "after": after,
            "method": method,
            "path": path,
            "person": person.id if person else None,
            "skip": skip,
            "count": count,
            "rate": rate,
        }
        added: str = self._control("POST", "faults", fault)["id"]
        return added

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every planned fault; ``happened`` says how often it has."""
        return iter(self._control("GET", "faults")["value"])

    def remove(self, fault: str) -> None:
        """Take back the fault with this id."""
        self._control("DELETE", f"faults/{quote(fault, safe='')}")

    def clear(self) -> None:
        """Take all back."""
        self._control("DELETE", "faults")
