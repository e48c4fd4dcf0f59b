"""The composition root: the only place that names a concrete store and puts the parts together."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

if sys.platform != "win32":
    import uvloop

from openprofile import sample
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.http.app import App
from openprofile.http.auth import authenticate
from openprofile.http.authority import authority_routes
from openprofile.http.cors import ANY
from openprofile.http.exchange import Face
from openprofile.http.graph import Graph
from openprofile.http.origin import Origins
from openprofile.http.protocol import Protocol
from openprofile.identity.issuer import AUDIENCE, Authority
from openprofile.identity.keys import PublishedKeys
from openprofile.identity.tokens import TokenVerifier, TrustedIssuer
from openprofile.profiles import Profiles
from openprofile.settings import Limits
from openprofile.store.base import Store
from openprofile.store.sqlite import SqliteStore


class StandIn(msgspec.Struct):
    """The parts of a running stand-in."""

    app: App
    authority: Authority
    clock: Clock
    directory: Directory
    store: Store


def database(data: Path) -> Path:
    """The stand-in's database file in its data folder."""
    return data / "openprofile.sqlite3"


def authority(data: Path, clock: Clock) -> Authority:
    """The local authority whose key is in the data folder."""
    return Authority(data / "authority", sample.TENANT, clock)


@asynccontextmanager
async def stand_in(
    data: Path, *, memory: bool = False, exposed: bool = False, limits: Limits | None = None
) -> AsyncIterator[StandIn]:
    """The stand-in with its data in the folder ``data``, ready to answer; closed at the end.

    With ``memory`` people and profiles are kept in memory alone. Unless it is ``exposed``, links
    lead to a loopback name whatever Host a request claims. Raises SchemaTooNew for a
    database of a newer program, Unavailable for one that cannot be opened.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = limits or Limits()
    clock = Clock()
    store = SqliteStore(None if memory else database(data))
    try:
        directory = Directory(store, clock)
        await sample.seed(directory)
        signer = authority(data, clock)

        async def published() -> bytes:
            return signer.jwks()

        issuer = TrustedIssuer(signer.issuers, [AUDIENCE], PublishedKeys(published, clock))
        verifier = TokenVerifier([issuer], clock)

        token_key = await store.secret()

        def face_over(store: Store) -> Face:
            directory = Directory(store, clock)
            profiles = Profiles(store, directory, clock, limit=limits.items)
            return Graph(profiles, directory, verifier, clock, token_key).answer

        app = App(
            face_over=face_over,
            authenticate=partial(authenticate, verifier=verifier),
            store=store,
            clock=clock,
            limits=limits,
            origins=Origins(signer.url, exposed=exposed),
            allowed_origins=[ANY],
            routes=authority_routes(signer),
        )
        yield StandIn(app, signer, clock, directory, store)
    finally:
        await store.close()


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets on every address of ``host``, all on one port, a free one where ``port`` is 0.

    ``localhost`` is 127.0.0.1 and ::1, whatever the machine's hosts file says. Raises OSError,
    with the address, where the port is taken or the host unknown.
    """
    sockets: list[socket.socket] = []
    for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        for family, kind, protocol, _, where in socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            opened = socket.socket(family, kind, protocol)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                opened.bind((where[0], port, *where[2:]))
            except OSError as error:
                opened.close()
                if sockets and error.errno != errno.EADDRINUSE:
                    continue  # the machine has no IPv6, say: the first address is enough
                for other in sockets:
                    other.close()
                raise OSError(error.errno, f"{error.strerror}: {where[0]} port {port}") from error
            sockets.append(opened)
            port = opened.getsockname()[1]
    return sockets


async def serve(app: App, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    """Answer on ``sockets`` until the process is told to stop; call ``ready`` once it answers."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    await _Announcing(config, ready).serve(sockets)


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM, and go on to what closes the store.

        uvicorn's own would raise the signal again once it has stopped, and end the process there.
        """
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for number in caught:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the program on uvloop, or on asyncio's loop on Windows, which uvloop does not serve."""
    if sys.platform == "win32":
        asyncio.run(main)
    else:
        uvloop.run(main)
