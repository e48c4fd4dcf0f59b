"""The composition root: the only place that names a concrete store and puts the parts together."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
import ssl
import sys
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import uvicorn
from starlette.routing import BaseRoute, Route

if sys.platform != "win32":
    import uvloop

from openprofile import sample
from openprofile.admission import Admission
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.hosts import is_loopback, web_host
from openprofile.http.app import App
from openprofile.http.audit import audited
from openprofile.http.auth import authenticate
from openprofile.http.authority import AuthorityFace
from openprofile.http.cors import ANY
from openprofile.http.exchange import Face
from openprofile.http.explain import PATH as EXPLAIN_PATH
from openprofile.http.explain import Explainer
from openprofile.http.graph import Graph
from openprofile.http.origin import Network, Origins
from openprofile.http.protocol import Protocol
from openprofile.http.recent import PATH as RECENT_PATH
from openprofile.http.recent import RecentRequests
from openprofile.http.relations import PATH as RELATIONS_PATH
from openprofile.http.relations import RelationsFace
from openprofile.identity.flows import Flows
from openprofile.identity.issuer import AUDIENCE, GRAPH_ID, Authority
from openprofile.identity.keys import PublishedKeys
from openprofile.identity.tokens import TokenVerifier, TrustedIssuer
from openprofile.profiles import Profiles
from openprofile.relations import Relations
from openprofile.settings import BadSettings, IssuerSettings, Limits, Settings
from openprofile.store.base import Store
from openprofile.store.rehearsal import Rehearsal
from openprofile.store.sqlite import SqliteStore


class StandIn(msgspec.Struct):
    """The parts of a running stand-in."""

    app: App
    authority: Authority
    clock: Clock
    directory: Directory
    store: Store
    explainer: Explainer


def database(data: Path) -> Path:
    """The stand-in's database file in its data folder."""
    return data / "openprofile.sqlite3"


def authority(data: Path, clock: Clock) -> Authority:
    """The local authority whose key is in the data folder; raises BadFile."""
    return Authority(data / "authority", sample.TENANT, clock)


async def open_store(dsn: str) -> Store:
    """The store that a database's URL names.

    Raises BadSettings for a URL of no kind that is known, and what the store raises.
    """
    kind, _, rest = dsn.partition("://")
    if kind == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SqliteStore(Path(rest[1:]))
    if kind in ("postgresql", "postgres"):
        try:  # its driver is an extra, and nobody else should wait for it to load
            from openprofile.store.postgres import PostgresStore  # noqa: PLC0415
        except ImportError as error:
            raise BadSettings(
                "The database is PostgreSQL, and its driver is not installed: install "
                "openprofile[postgres]."
            ) from error
        return await PostgresStore.open(dsn)
    raise BadSettings(
        f"The database {kind}://… is of no kind that is known; expected sqlite:///FILE or "
        "postgresql://…"
    )


@asynccontextmanager
async def stand_in(
    data: Path,
    *,
    memory: bool = False,
    exposed: bool = False,
    limits: Limits | None = None,
    tenants: Sequence[str] = (),
) -> AsyncIterator[StandIn]:
    """The stand-in with its data in the folder ``data``, ready to answer; closed at the end.

    With ``memory`` people and profiles are kept in memory alone. Unless it is ``exposed``, links
    lead to a loopback name whatever Host a request claims. The local authority may speak for more
    ``tenants`` than the sample people's. Raises SchemaTooNew for a database of a newer program,
    Unavailable for one that cannot be opened.
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

        rules = IssuerSettings(
            audience=[AUDIENCE, GRAPH_ID], tenants=[signer.tenant, *tenants], clock_skew=0
        )
        issuer = TrustedIssuer(
            signer.issuers, rules, PublishedKeys(published, clock), signer.serves
        )
        verifier = TokenVerifier([issuer], clock)
        origins = Origins(signer.url, believes=_anybody if exposed else is_loopback)
        face = AuthorityFace(
            Flows(signer, clock, partial(directory.find, signer.tenant)),
            verifier,
            directory,
            clock,
            origins,
            domain=sample.DOMAIN,
        )
        recent = RecentRequests(clock, origins)
        graph_over = await _graph_over(store, clock, limits, verifier)
        explainer = Explainer(graph_over(cast("Store", Rehearsal(store))), directory)
        app = _app(
            graph_over,
            store,
            clock,
            limits,
            verifier,
            origins,
            allowed_origins=[ANY],
            recent=recent,
            faces={EXPLAIN_PATH: explainer.answer},
            routes=[*face.routes(), Route(RECENT_PATH, recent.__call__)],
        )
        yield StandIn(app, signer, clock, directory, store, explainer)
    finally:
        await store.close()


@asynccontextmanager
async def service(settings: Settings, listening: str) -> AsyncIterator[App]:
    """The service that ``settings`` describe, ready to answer; closed at the end.

    ``listening`` is the URL that it listens on, which stands in for a public URL where only this
    machine reaches it. Raises BadSettings for a start that would not be secure, SchemaTooNew and
    Unavailable for a database that cannot be used.
    """
    # Only here: the HTTP client takes a tenth of a second to load, and the stand-in needs none.
    from openprofile.identity.discovery import foreign_issuers, http_client  # noqa: PLC0415

    public_url, proxies = secured(settings, listening), networks(settings.trusted_proxies)
    limits = Limits(body=settings.body_limit, items=settings.item_limit)
    clock = Clock()
    async with http_client() as client:
        issuers = [
            trusted
            for rules in settings.all_issuers()
            for trusted in foreign_issuers(rules, client, clock)
        ]
        keys = {id(one.keys): one.keys for one in issuers}.values()
        store = await open_store(settings.database)
        try:
            for published in keys:
                published.start()  # an issuer that cannot be used is in the log from the start on
            directory = Directory(store, clock)
            admission = Admission(directory, create=settings.create_people)
            verifier = TokenVerifier(issuers, clock, admission)
            # Where clients come by a URL that is known, no header can tell another.
            believes = _nobody if settings.public_url else is_loopback
            yield _app(
                await _graph_over(store, clock, limits, verifier),
                store,
                clock,
                limits,
                verifier,
                Origins(lambda: public_url, believes=believes, proxies=proxies),
                allowed_origins=settings.allowed_origins,
            )
        finally:
            for published in keys:
                await published.close()
            await store.close()


async def _graph_over(
    store: Store, clock: Clock, limits: Limits, verifier: TokenVerifier
) -> Callable[[Store], Face]:
    """What makes the Graph API on a view of ``store``, or on the store itself."""
    token_key = await store.secret()

    def graph_over(store: Store) -> Face:
        directory = Directory(store, clock)
        profiles = Profiles(store, directory, clock, limit=limits.items)
        return Graph(profiles, directory, verifier, clock, token_key).answer

    return graph_over


def _app(
    graph_over: Callable[[Store], Face],
    store: Store,
    clock: Clock,
    limits: Limits,
    verifier: TokenVerifier,
    origins: Origins,
    *,
    allowed_origins: Collection[str],
    recent: RecentRequests | None = None,
    faces: Mapping[str, Face] | None = None,
    routes: Sequence[BaseRoute] = (),
) -> App:
    """What the stand-in and the service have in common; ``faces`` and ``routes`` are added."""
    relations = RelationsFace(Relations(Directory(store, clock), limit=limits.relations), verifier)
    return App(
        face_over=lambda store: audited(graph_over(store), recent),
        authenticate=partial(authenticate, verifier=verifier),
        store=store,
        clock=clock,
        limits=limits,
        origins=origins,
        allowed_origins=allowed_origins,
        faces={RELATIONS_PATH: audited(relations.answer, recent), **(faces or {})},
        routes=routes,
    )


def secured(settings: Settings, listening: str) -> str:
    """The URL that clients reach the service by; raises BadSettings where tokens or answers could
    be read on the way, or tokens of anybody would be accepted.
    """
    issuers = settings.all_issuers() or [settings]
    for one in issuers:
        one.check()
    names = [one.issuer for one in issuers]
    if len(set(names)) < len(names):
        raise BadSettings("An issuer is named twice.")
    url = (settings.public_url or listening).rstrip("/")
    host = web_host(url)
    if host is None or url.count("/") > 2:
        raise BadSettings(f"The public_url {url} is not a URL of scheme and host alone.")
    if url.startswith("http:") and not is_loopback(host) and not settings.trusted_proxies:
        raise BadSettings(
            f"The public URL {url} is not https, so tokens could be read on the way: set "
            "OPENPROFILE_PUBLIC_URL to the https URL that clients use, or list the proxy that "
            "ends TLS in OPENPROFILE_TRUSTED_PROXIES."
        )
    return url


def networks(texts: Sequence[str]) -> list[Network]:
    """Addresses and networks as they are written in settings; raises BadSettings."""
    found = []
    for text in texts:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise BadSettings(f"trusted_proxies: {error}.") from error
        if network.prefixlen == 0:
            raise BadSettings(f"trusted_proxies: {text} would believe whoever asks.")
        found.append(network)
    return found


def _anybody(host: str) -> bool:
    return True


def _nobody(host: str) -> bool:
    return False


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
) -> None:
    """Answer on ``sockets`` over http and on those of ``tls`` over https until the process is
    told to stop; call ``ready`` once it answers.
    """
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        proxy_headers=False,  # http/origin.py judges them
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    await _Announcing(config, ready, tls).serve(sockets)


class _Announcing(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        tls: tuple[ssl.SSLContext, list[socket.socket]] | None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._tls = tls

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
        if self._tls:
            await self._listen(*self._tls)
        if self.started:
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
                protocol, sock=opened, ssl=context, backlog=self.config.backlog
            )
            self.servers.append(server)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the program on uvloop, or on asyncio's loop on Windows, which uvloop does not serve."""
    if sys.platform == "win32":
        asyncio.run(main)
    else:
        uvloop.run(main)
