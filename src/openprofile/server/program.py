"""The stand-in as a program: its addresses, its certificate, and the file that tells of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from openprofile import document
from openprofile.document import BadDocument
from openprofile.hosts import in_url, is_loopback
from openprofile.http.control import Endpoints
from openprofile.http.pages import Addresses
from openprofile.http.wire import DroppingProtocol, Wire
from openprofile.identity import files
from openprofile.identity.certificates import Certificates
from openprofile.options import BadOptions, Options
from openprofile.server.listening import listen, serve
from openprofile.server.stand_in import StandIn, stand_in

ENDPOINTS = "endpoints.json"
"""The file in the data folder that tells where the stand-in is, once it answers."""


async def answer(
    options: Options,
    data: Path,
    ready: Callable[[StandIn, Endpoints], None],
    until: asyncio.Event | None = None,
) -> None:
    """Run the stand-in with its data in the folder ``data``; call ``ready`` once it answers.

    It ends as ``listening.serve`` does. Raises BadOptions, and what ``stand_in`` and ``listen``
    raise.
    """
    check(options)
    async with stand_in(
        data, memory=options.memory, exposed=options.expose, with_sample=options.sample
    ) as parts:
        if options.seed is not None:
            try:
                await parts.tenants.first.state.seed(document.read_file(options.seed))
            except BadDocument as error:
                raise BadOptions(f"{options.seed}: {error}") from error
        plain = listen(options.host, options.port)
        secure = _listen_for_tls(options)
        # Of a run that was killed. Only now: had a port been taken, it might be of one that runs.
        (data / ENDPOINTS).unlink(missing_ok=True)
        certificates = Certificates(data, parts.clock)
        context = certificates.server_context(options.host)
        parts.addresses = Addresses(
            url=f"http://{in_url(options.host)}:{plain[0].getsockname()[1]}",
            tls_url=f"https://{in_url(options.host)}:{secure[0].getsockname()[1]}",
            ca=certificates.ca.absolute(),
        )
        parts.authority.answer_to(parts.addresses.tls_url)
        endpoints = await parts.control.endpoints(parts.tenants.first)

        def tell() -> None:
            content = msgspec.json.format(msgspec.json.encode(endpoints)) + b"\n"
            files.replace(data / ENDPOINTS, content)
            ready(parts, endpoints)

        try:
            await serve(
                parts.app,
                plain,
                tell,
                (context, secure),
                around=Wire,
                protocol=DroppingProtocol,
                until=until,
            )
        finally:
            _tell_no_more(data, parts.addresses)


def check(options: Options) -> None:
    """Raise BadOptions where others would be let in by mistake."""
    if not options.expose and not is_loopback(options.host):
        raise BadOptions(
            f"The host {options.host} can be reached by other machines, and the stand-in's tokens "
            "are for tests. Add expose (--expose) if that is what you want."
        )


def _listen_for_tls(options: Options) -> list[socket.socket]:
    if options.tls_port is not None:
        return listen(options.host, options.tls_port)
    try:
        return listen(options.host, 8443 if options.port else 0)
    except OSError:
        return listen(options.host, 0)


def _tell_no_more(data: Path, here: Addresses) -> None:
    """Remove the file, unless another stand-in on this folder tells of itself by now."""
    path = data / ENDPOINTS
    with contextlib.suppress(OSError, msgspec.DecodeError):
        if msgspec.json.decode(path.read_bytes()).get("url") == here.url:
            path.unlink()
