"""Structured logs: one line an event, no secret in any of them."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog


class _Lines:
    """The standard error, to which a turn of the loop writes its lines all at once.

    A line that cannot be written is lost: a log never fails a request.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()

    def msg(self, line: str) -> None:
        self.put(line.encode(errors="replace"))

    def put(self, line: bytes) -> None:
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return  # whoever came first sees to it
        try:
            asyncio.get_running_loop().call_soon(self.write)
        except RuntimeError:  # another thread, or no loop yet
            self.write()

    critical = debug = error = info = warning = msg

    def write(self) -> None:
        lines = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        if lines:
            with contextlib.suppress(OSError, ValueError):
                text = b"\n".join([*lines, b""])
                if hasattr(sys.stderr, "buffer"):
                    sys.stderr.flush()
                    sys.stderr.buffer.write(text)
                else:  # somebody reads them instead
                    sys.stderr.write(text.decode())
                sys.stderr.flush()


def configure(*, json: bool, level: str = "info", worker: int | None = None) -> None:
    """Send every log line to the standard error, as JSON or for a person to read; with the number
    of the ``worker`` that this process is, if it is one of several.
    """

    def add_worker(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["worker"] = worker
        return event

    global _requests  # noqa: PLW0603  as structlog's settings, one for the whole process
    lines = _Lines()
    atexit.register(lines.write)
    logging.basicConfig(handlers=[_Libraries()])
    number = logging.getLevelNamesMapping()[level.upper()]
    at_once = json and number <= logging.INFO
    _requests = _AtOnce(lines, worker) if at_once else _ByTheLogger()
    rendering = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # the usual one shows the values of variables, among them tokens, and takes seconds
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]
    structlog.configure(
        processors=[
            *([] if worker is None else [add_worker]),
            *([_as_json] if json else rendering),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )


class _Libraries(logging.Handler):
    """Makes events of what libraries warn of by the logging of the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        log.log(record.levelno, "library", library=record.name, message=record.getMessage(), **more)


_JSON = msgspec.json.Encoder(enc_hook=repr)


def _as_json(logger: object, level: str, event: MutableMapping[str, Any]) -> str:
    """The line of an event: one function, and not a chain of them."""
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, level, event)
    return _line(event, level).decode()


def _line(event: Mapping[str, Any], level: str) -> bytes:
    return _JSON.encode({**event, "level": level, "timestamp": datetime.now(UTC)})


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
"""The logger of the program."""


class _Answered(msgspec.Struct, frozen=True, gc=False):
    """The line of a request, as ``_as_json`` would write it."""

    method: str
    path: str
    status: int
    ms: float
    request_id: str
    timestamp: datetime
    event: str = "request"
    level: str = "info"
    worker: int | msgspec.UnsetType = msgspec.UNSET


class _ByTheLogger:
    """The lines that requests leave, as any other line."""

    def answered(self, method: str, path: str, status: int, ms: float, request_id: str) -> None:
        log.info("request", method=method, path=path, status=status, ms=ms, request_id=request_id)

    def audit(self, account: dict[str, Any]) -> None:
        log.info("audit", **account)


class _AtOnce:
    """What does as the logger would in a third of the time: requests leave such lines."""

    def __init__(self, lines: _Lines, worker: int | None) -> None:
        self._lines = lines
        self._worker = msgspec.UNSET if worker is None else worker

    def answered(self, method: str, path: str, status: int, ms: float, request_id: str) -> None:
        now = datetime.now(UTC)
        line = _Answered(method, path, status, ms, request_id, now, worker=self._worker)
        self._lines.put(_JSON.encode(line))

    def audit(self, account: dict[str, Any]) -> None:
        of = {} if self._worker is msgspec.UNSET else {"worker": self._worker}
        self._lines.put(_line({"event": "audit", **account, **of}, "info"))


_requests: _ByTheLogger | _AtOnce = _ByTheLogger()


def answered(method: str, path: str, status: int, seconds: float, request_id: str) -> None:
    """Log a request that has been answered."""
    # to hundredths of a millisecond; round(…, 2) goes by way of a text
    _requests.answered(method, path, status, round(seconds * 100_000) / 100, request_id)


def log_account(account: msgspec.Struct) -> None:
    """Log what became of a request, each field of its account by its name."""
    _requests.audit(msgspec.structs.asdict(account))


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Log nothing, whatever the program that this runs in has said of its own lines."""
    # structlog's settings are one for the whole process; this is of one logger.
    global _requests  # noqa: PLW0603
    before = vars(log).get("_wrapper_class"), _requests
    vars(log)["_wrapper_class"] = structlog.make_filtering_bound_logger(logging.CRITICAL)
    _requests = _ByTheLogger()
    try:
        yield
    finally:
        vars(log)["_wrapper_class"], _requests = before
