"""The service of an organisation: its own issuers, its own database, refused where insecure."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from openprofile.admission import Admission
from openprofile.clock import Clock
from openprofile.directory import Directory
from openprofile.hosts import is_loopback, web_host
from openprofile.http.app import App
from openprofile.http.audit import audited_batch, audited_unread
from openprofile.http.auth import authenticate
from openprofile.http.exchange import Face
from openprofile.http.metrics import Readers
from openprofile.http.origin import Network, Origins
from openprofile.http.throttle import Throttle
from openprofile.identity.tokens import TokenVerifier
from openprofile.metering import Meter
from openprofile.policy.federation import Federation
from openprofile.server.assembly import faces, graph_factory, metrics_route
from openprofile.server.issuers import trusted_issuers
from openprofile.server.sibling import Sibling
from openprofile.server.stores import open_store
from openprofile.settings import BadSettings, Settings
from openprofile.tracing import Tracer


@asynccontextmanager
async def service(
    settings: Settings, listening: str, sibling: Sibling | None = None
) -> AsyncIterator[App]:
    """The service that ``settings`` describe, ready to answer; closed at the end.

    ``listening`` is the URL that it listens on, which stands in for a public URL where only this
    machine reaches it. Raises BadSettings for a start that would not be secure, SchemaTooNew and
    Unavailable for a database that cannot be used.
    """
    public_url, proxies = secured(settings, listening), networks(settings.trusted_proxies)
    federation = Federation(tuple(settings.all_tenants()), settings.trusts())
    limits = settings.limits
    clock = Clock()
    async with trusted_issuers(settings, clock) as issuers:
        tracer = Tracer(settings.trace_endpoint) if settings.trace_endpoint else None
        store = await open_store(settings.database, waiting=settings.write_queue_limit)
        try:
            directory = Directory(store, clock)
            admission = Admission(directory, create=settings.create_people)
            verifier = TokenVerifier(issuers, clock, admission)
            # Where clients come by a URL that is known, no header can tell another.
            believes = _nobody if settings.public_url else is_loopback
            capacity = settings.capacity
            meter = Meter(sibling.number if sibling else Sibling().number)
            throttle = Throttle(partial(authenticate, verifier=verifier), meter, capacity.rate)
            found = faces(
                graph_factory(await store.secret(), clock, limits, verifier, federation),
                store,
                clock,
                limits,
                verifier,
                around=throttle.over if capacity.rate else _as_it_is,
                repeat_client_requests=settings.repeat_client_requests,
            )
            readers = Readers(settings.metrics_token, local=not settings.public_url)
            yield App(
                face_over=found.face_over,
                authenticate=found.authenticate,
                store=store,
                clock=clock,
                limits=limits,
                origins=Origins(lambda: public_url, believes=believes, proxies=proxies),
                allowed_origins=settings.allowed_origins,
                faces=found.others,
                routes=[metrics_route(meter, store, readers, sibling)],
                capacity=capacity,
                meter=meter,
                tracer=tracer,
                around_batch=audited_batch,
                unread=partial(audited_unread, verifier=verifier),
            )
        finally:
            await store.close()
            if tracer:
                await asyncio.to_thread(tracer.close)


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
        found.append(network)
    if _everybody(found):
        raise BadSettings(f"trusted_proxies: {' '.join(texts)} would believe whoever asks.")
    return found


def _everybody(found: Sequence[Network]) -> bool:
    """Whether networks, each by itself or several together, are all that there is."""
    four = [each for each in found if isinstance(each, ipaddress.IPv4Network)]
    six = [each for each in found if isinstance(each, ipaddress.IPv6Network)]
    return any(each.prefixlen == 0 for each in ipaddress.collapse_addresses(four)) or any(
        each.prefixlen == 0 for each in ipaddress.collapse_addresses(six)
    )


def _nobody(host: str) -> bool:
    return False


def _as_it_is(face: Face) -> Face:
    return face
