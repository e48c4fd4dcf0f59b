"""A lane: one connection to PostgreSQL, and the task that owns it and serves what waits in a queue.

A lane takes all that waits, up to a bound, and carries it out together; while it does, the next
group gathers. It connects when there is something to do and the connection it had is gone, so a
restarted server is found by the first request that needs it, and a server that is away is told to
each request at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec
import psycopg
from psycopg.rows import TupleRow

from openprofile.metering import SIZES, Histogram
from openprofile.store.base import Unavailable

Job = TypeVar("Job")
Result = TypeVar("Result")
Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]

WAITING = 10_000
"""How many jobs one queue holds before it refuses more."""


class Session(msgspec.Struct, frozen=True):
    """How to connect, and how long to wait for what; times are in seconds."""

    dsn: str
    connect_timeout: float
    """For each address that the DSN names."""
    statement_timeout: float
    """The server ends a statement that takes longer."""
    answer_timeout: float
    """The program cuts the connection when a group of jobs takes longer."""

    async def connect(self) -> Connection:
        """A connection that acknowledges no commit before it is on the server's disk."""
        async with asyncio.timeout(self.answer_timeout):
            connection = await psycopg.AsyncConnection.connect(
                self.dsn,
                autocommit=True,
                prepare_threshold=0,
                cursor_factory=psycopg.AsyncRawCursor,
                client_encoding="UTF8",
                connect_timeout=max(2, round(self.connect_timeout)),
                fallback_application_name="openprofile",
            )
            try:
                await connection.execute(
                    _SETTINGS, (_ms(self.statement_timeout), _ms(self.answer_timeout))
                )
            except BaseException:
                await connection.close()
                raise
        return connection


# A server, a database or a role may be set to acknowledge earlier; one that waits for its
# standbys to apply a commit (remote_apply) is left to.
_SETTINGS = """SELECT set_config('statement_timeout', $1, false),
           set_config('idle_in_transaction_session_timeout', $2, false),
           CASE WHEN current_setting('synchronous_commit') <> 'remote_apply'
                THEN set_config('synchronous_commit', 'on', false) END
"""


class Queue(Generic[Job, Result]):
    """Jobs on their way to a lane, or to several that share the queue."""

    def __init__(self, most: int = WAITING) -> None:
        self._waiting: asyncio.Queue[_Ticket[Job, Result] | None] = asyncio.Queue(most)
        self.groups = Histogram(SIZES)
        """How many were carried out at once."""

    def __len__(self) -> int:
        """How many jobs wait."""
        return self._waiting.qsize()

    async def ask(self, job: Job) -> Result:
        """The result of ``job``; raises what it raised, or Unavailable."""
        ticket: _Ticket[Job, Result] = _Ticket(job)
        try:
            self._waiting.put_nowait(ticket)
        except asyncio.QueueFull:
            most = self._waiting.maxsize
            raise Unavailable(f"{most} requests wait for the database already") from None
        return await ticket.future

    async def end(self) -> None:
        """Have one lane end when everything asked before is done."""
        await self._waiting.put(None)

    async def take(self, most: int) -> list[_Ticket[Job, Result]]:
        """All that waits, up to ``most``, and at least one; empty when the lane is to end."""
        first = await self._waiting.get()
        if first is None:
            return []
        group = [first]
        while len(group) < most and not self._waiting.empty():
            ticket = self._waiting.get_nowait()
            if ticket is None:
                self._waiting.put_nowait(None)
                break
            group.append(ticket)
        self.groups.add(len(group))
        return group


class _Ticket(Generic[Job, Result]):
    """A job, and the future of whoever waits for it."""

    __slots__ = ("future", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: Result | Exception) -> None:
        if self.future.cancelled():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


Work: TypeAlias = Callable[[Connection, Sequence[Job]], Awaitable[Sequence[Result | Exception]]]
"""What carries out a group of jobs: the outcome of each, in their order."""


class Lane(Generic[Job, Result]):
    """A connection and its task; ``work`` carries out at most ``most`` jobs at a time."""

    def __init__(
        self, session: Session, queue: Queue[Job, Result], work: Work[Job, Result], most: int
    ) -> None:
        self._session = session
        self._queue = queue
        self._work = work
        self._most = most
        self._connection: Connection | None = None
        self.connects = 0
        """How often it has connected."""
        self._task = asyncio.create_task(self._run())

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    async def ended(self) -> None:
        """Return once the lane has done everything before the ``end`` of its queue."""
        await self._task

    async def _run(self) -> None:
        try:
            while group := await self._queue.take(self._most):
                outcomes = await self._carry_out([ticket.job for ticket in group])
                for ticket, outcome in zip(group, outcomes, strict=True):
                    ticket.settle(outcome)
        finally:
            await self._disconnect()

    async def _carry_out(self, jobs: Sequence[Job]) -> Sequence[Result | Exception]:
        try:
            connection = await self._connected()
            with _cut_after(self._session.answer_timeout, connection):
                return await self._work(connection, jobs)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            # The database refused one job of the group, and has kept none.
            await self._disconnect()
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in await self._carry_out([job])]
            return [unavailable(error)]
        except (psycopg.Error, OSError) as error:
            await self._disconnect()
            return [unavailable(error) for _ in jobs]
        except Exception as error:  # noqa: BLE001  a defect, of which those who wait are told
            await self._disconnect()
            return [error for _ in jobs]

    async def _connected(self) -> Connection:
        if self._connection is not None and _has_news(self._connection):
            await self._disconnect()
        if self._connection is None:
            self._connection = await self._session.connect()
            self.connects += 1
        return self._connection

    async def _disconnect(self) -> None:
        """Let go of the connection, and with it of whatever it was in the middle of."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def unavailable(error: Exception) -> Unavailable:
    """``error``, of the database or on the way to it, as a store tells of it.

    A server's message goes without its details, which quote the rows concerned.
    """
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return Unavailable(message or str(error) or type(error).__name__)


def _has_news(connection: Connection) -> bool:
    """Whether an idle connection has something to read: that the server has closed it, as a rule.

    Seen without asking the server, so a connection lost between two requests fails neither.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@contextlib.contextmanager
def _cut_after(seconds: float, connection: Connection) -> Iterator[None]:
    """Cut the connection if the block takes longer: what waits for it gets an error.

    The server's own timeouts do not help where it is stopped, or cannot be reached any more.
    """
    alarm = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        alarm.cancel()


def _cut(connection: Connection) -> None:
    with (
        contextlib.suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
