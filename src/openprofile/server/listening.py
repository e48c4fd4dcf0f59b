"""The process that answers: its sockets, its TLS, its loop, its signals."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, cast

import uvicorn

if sys.platform != "win32":
    import resource

    import uvloop

from openprofile.http.app import App
from openprofile.http.cors import Application
from openprofile.http.protocol import CROWD, Outbox, Protocol
from openprofile.settings import BadSettings

BACKLOG = 2048
"""Connections that wait on one socket to be accepted."""


GRACE = 10
"""Seconds that requests have to be answered once the process is told to stop."""
OTHER_FILES = 256
"""Files that a process may have open besides the connections of its clients."""
HANDSHAKE = 10.0
"""Seconds that a client has for TLS."""


def listen(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Sockets on every address of ``host``, all on one port, a free one where ``port`` is 0.

    ``localhost`` is 127.0.0.1 and ::1, whatever the machine's hosts file says. Where it is
    ``shared``, more such sockets may be opened on the port, and each gets a share of the
    connections. Raises OSError, with the address, where the port is taken or the host unknown.
    """
    sockets: list[socket.socket] = []
    for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        for family, kind, protocol, _, where in socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            opened = socket.socket(family, kind, protocol)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
                reason = f"{error.strerror}: {where[0]} port {port}"
                if error.errno == errno.EADDRINUSE:
                    reason += ", where another program listens; name another port, or 0 for any"
                raise OSError(error.errno, reason) from error
            sockets.append(opened)
            port = opened.getsockname()[1]
    return sockets


def certificate(chain: str, key: str | None) -> ssl.SSLContext:
    """A TLS server's context with a certificate of the operator's; raises BadSettings."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(chain, key, password="")
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(
            f"The certificate {chain} with its key cannot be used: {error}."
        ) from error
    return context


async def serve(
    app: App,
    sockets: list[socket.socket],
    ready: Callable[[], None],
    tls: tuple[ssl.SSLContext, list[socket.socket]] | None = None,
    *,
    around: Callable[[App], Application] = lambda app: app,
    protocol: type[Protocol] = Protocol,
    until: asyncio.Event | None = None,
) -> None:
    """Answer on ``sockets`` over http and on those of ``tls`` over https; call ``ready`` once it
    answers. It ends when the process is told to stop, or when ``until`` is set, where there is
    such an event: then signals are left to others. Requests go to what ``around`` makes of ``app``.
    """
    config = uvicorn.Config(
        around(app),
        interface="asgi3",
        http=cast("type[asyncio.Protocol]", partial(protocol, app.capacity, app.meter, Outbox())),
        ws="none",
        proxy_headers=False,  # http/origin.py judges them
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=cast("int", app.capacity.idle),
        timeout_graceful_shutdown=GRACE,
    )
    if until is None:  # the process is its own
        _allow_files(CROWD * app.capacity.connections + OTHER_FILES)
    server = _Announcing(config, ready, tls, until)
    app.meter.connections = lambda: len(server.server_state.connections)
    await server.serve(sockets)


class _Announcing(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        tls: tuple[ssl.SSLContext, list[socket.socket]] | None,
        until: asyncio.Event | None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._tls = tls
        self._until = until

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM, and go on to what closes the store.

        uvicorn's own would raise the signal again once it has stopped, and end the process there.
        """
        if self._until is not None:
            yield
            return
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for number in caught:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                cast("Protocol", connection).expire(now)
        told = self._until is not None and self._until.is_set()
        return await super().on_tick(counter) or told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tls:
            await self._listen(*self._tls)
        if self.started:
            if self._until is None:  # the process is its own
                _collect_seldom()
            self._ready()

    async def _listen(self, context: ssl.SSLContext, sockets: list[socket.socket]) -> None:
        """Answer over TLS as well, which uvicorn by itself does instead of plainly."""

        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(
                config=self.config,  # type: ignore[call-arg]
                server_state=self.server_state,
                app_state=self.lifespan.state,
            )

        loop = asyncio.get_running_loop()
        for opened in sockets:
            server = await loop.create_server(
                protocol,
                sock=opened,
                ssl=context,
                backlog=self.config.backlog,
                ssl_handshake_timeout=HANDSHAKE,
            )
            self.servers.append(server)


def _allow_files(wanted: int) -> None:
    """Let the process have so many files open, as far as it may: a connection that there is no
    file for is not answered, it is cut.

    What a shell or a service manager grants at first, often 1024, is for programs that ``select``.
    """
    if sys.platform == "win32":
        return
    granted, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if resource.RLIM_INFINITY != granted < allowed:
        with contextlib.suppress(OSError, ValueError):  # a system may have further bounds
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


def _collect_seldom() -> None:
    """Let the garbage collector look at what requests leave, seldom, and at nothing else.

    They leave few cycles; with Python's thresholds it takes a twelfth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the program on uvloop, or on asyncio's loop on Windows, which uvloop does not serve."""
    if sys.platform == "win32":
        asyncio.run(main)
    else:
        uvloop.run(main)
