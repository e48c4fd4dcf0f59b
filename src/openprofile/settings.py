"""Every setting, with one sentence each; docs/settings.md lists them, and a test compares."""

from __future__ import annotations

import re
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class BadSettings(Exception):
    """The settings cannot stand; the message says in a sentence which and why."""


class Limits(msgspec.Struct, frozen=True):
    """What one request, and one person's facet, may hold."""

    body: int = 1024 * 1024
    """Bytes of a request's body."""
    batch: int = 20
    """Individual requests of a batch."""
    batch_body: int = 4 * 1024 * 1024
    """Bytes of a batch's body."""
    url: int = 16 * 1024
    """Bytes of a request's path and query."""
    items: int = 1000
    """Items of one facet of one person."""
    relations: int = 500
    """People on each of the lists that one person keeps."""


class Capacity(msgspec.Struct, frozen=True):
    """What one process takes on at once, and how many seconds it waits for its clients."""

    connections: int = 1000
    requests: int = 128
    rate: int = 0
    """Requests a second of one caller; 0 for any number."""
    head: float = 10
    body: float = 30
    idle: float = 75


class IssuerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer of tokens, how its tokens are read, and whom it may speak for."""

    issuer: Annotated[
        str,
        Meta(
            description="The URL of the OpenID Connect issuer whose tokens are accepted, as the "
            "claim `iss` spells it; its keys are found by discovery."
        ),
    ] = ""
    audience: Annotated[
        list[str],
        Meta(
            description="The values of the claim `aud` of which a token must have one: what this "
            "service is called at the issuer."
        ),
    ] = []
    tenant: Annotated[
        str | None,
        Meta(
            description="The tenant of everybody whom this issuer names, whatever its tokens say; "
            "without it and `tenants`, the tenant is the GUID in the issuer's URL, or one made "
            "from that URL."
        ),
    ] = None
    tenants: Annotated[
        list[str],
        Meta(
            description="The tenants (claim `tid`) whose tokens are accepted; needed for an issuer "
            "of many, such as Entra ID's `https://login.microsoftonline.com/organizations/v2.0`."
        ),
    ] = []
    person_claim: Annotated[
        str,
        Meta(
            description="The claim that holds the person's id, or the principal name of a person "
            "of the directory; a path such as `user/id` reaches into a claim."
        ),
    ] = "oid"
    scope_claim: Annotated[
        str,
        Meta(description="The claim that holds the delegated permissions; Keycloak's is `scope`."),
    ] = "scp"
    role_claim: Annotated[
        str,
        Meta(
            description="The claim that holds roles, application permissions among them; "
            "Keycloak's is `realm_access/roles`."
        ),
    ] = "roles"
    administrator_roles: Annotated[
        list[str],
        Meta(
            description="The roles that make a person an administrator of people, besides the "
            "directory roles in Entra ID's claim `wids`."
        ),
    ] = []
    clock_skew: Annotated[
        int,
        Meta(ge=0, le=600, description="Seconds by which the issuer's clock may differ from ours."),
    ] = 60

    def check(self) -> None:
        """Raise BadSettings for what would let the wrong people in."""
        if not self.issuer:
            raise BadSettings(
                "There is no issuer: set OPENPROFILE_ISSUER to the OpenID Connect issuer whose "
                "tokens are accepted."
            )
        if not self.audience:
            raise BadSettings(
                f"There is no audience for the issuer {self.issuer}: set OPENPROFILE_AUDIENCE to "
                "what its tokens for this service carry in the claim 'aud'."
            )

    @property
    def accepted_tenants(self) -> frozenset[str]:
        """The values of ``tid`` that a token must have one of; empty where it is not looked at."""
        if self.tenant:
            return frozenset()
        named = self.tenants or _GUID.findall(self.issuer)[:1]
        return frozenset(one.casefold() for one in named)

    @property
    def spoken_for(self) -> list[str]:
        """The tenants that the people of its tokens are of."""
        if self.tenant:
            return [self.tenant.casefold()]
        return sorted(self.accepted_tenants) or [str(uuid.uuid5(uuid.NAMESPACE_URL, self.issuer))]


class Settings(IssuerSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of ``openprofile serve``; the issuer's stand for the first issuer."""

    issuers: Annotated[
        list[IssuerSettings],
        Meta(
            description="Further issuers: in the file a table `[[issuers]]` each with the settings "
            "of an issuer, in the environment a JSON list of them."
        ),
    ] = []
    federated_tenants: Annotated[
        dict[str, list[str]],
        Meta(
            description="For each tenant the tenants that it trusts, whose people see what its "
            "people have for `federatedOrganizations`: a table in the file, a JSON object in the "
            "environment."
        ),
    ] = {}
    database: Annotated[
        str,
        Meta(
            description="Where people and profiles are kept: `sqlite:///FILE`, or a "
            "`postgresql://` URL as libpq takes it."
        ),
    ] = "sqlite:///openprofile.sqlite3"
    public_url: Annotated[
        str,
        Meta(
            description="The https URL by which clients reach the service, without a path: links "
            "in answers begin with it."
        ),
    ] = ""
    trusted_proxies: Annotated[
        list[str],
        Meta(
            description="Addresses and networks of the proxies in front, whose "
            "`X-Forwarded-Proto` and `X-Forwarded-Host` are believed; they must set both."
        ),
    ] = []
    allowed_origins: Annotated[
        list[str],
        Meta(
            description="The origins of web pages whose scripts may call the API (CORS), as "
            "`https://app.example.org`; `*` is every one."
        ),
    ] = []
    host: Annotated[str, Meta(description="The name or address to listen on.")] = "localhost"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port; 0 takes a free one.")] = 8080
    tls_certificate: Annotated[
        str | None,
        Meta(
            description="The PEM file of the certificate (and those above it) to answer https with."
        ),
    ] = None
    tls_key: Annotated[
        str | None,
        Meta(description="The PEM file of its key, unless that is in the certificate's file."),
    ] = None
    create_people: Annotated[
        bool,
        Meta(
            description="Whether a person whom a trusted issuer names, and the directory does not "
            "know, is put there at the first call; whoever has been deleted, by a token that was "
            "issued since."
        ),
    ] = True
    body_limit: Annotated[
        int, Meta(ge=1024, description="Bytes that a request's body may have.")
    ] = 1024 * 1024
    batch_limit: Annotated[
        int, Meta(ge=1, le=1000, description="Requests that one batch may hold.")
    ] = 20
    item_limit: Annotated[
        int, Meta(ge=1, description="Items that one facet of one person may hold.")
    ] = 1000
    repeat_client_requests: Annotated[
        bool,
        Meta(
            description="Whether a write whose `client-request-id` comes again within five "
            "minutes, from the same caller with the same method, URL and body, is the same "
            "request, answered again and not carried out again."
        ),
    ] = False
    connection_limit: Annotated[
        int,
        Meta(
            ge=1,
            description="Connections that one process keeps open; a request on any further is "
            "answered 503.",
        ),
    ] = 1000
    request_limit: Annotated[
        int,
        Meta(
            ge=1,
            description="Requests that one process answers at once; any further waits for a "
            "second, and is then answered 503 with `Retry-After`.",
        ),
    ] = 128
    write_queue_limit: Annotated[
        int,
        Meta(
            ge=1,
            description="Writes that wait for the database in one process; any further is answered "
            "503 with `Retry-After`.",
        ),
    ] = 1000
    rate_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests a second that one caller may make of one process, ten times as "
            "many in a burst, before they are answered 429 with `Retry-After`; 0 is any number.",
        ),
    ] = 0
    head_timeout: Annotated[
        float,
        Meta(gt=0, description="Seconds that a client has to send a request's line and headers."),
    ] = 10
    body_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds that a client then has to send the body, and to take the answer.",
        ),
    ] = 30
    idle_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="Seconds that a connection stays open without a request; more than a proxy "
            "in front keeps it.",
        ),
    ] = 75
    metrics_token: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(
            description="The bearer token that `/metrics` is read with; without one, it is read "
            "from this machine alone, and not at all where there is a `public_url`.",
        ),
    ] = None
    trace_endpoint: Annotated[
        Annotated[str, Meta(pattern="^https?://[^/]")] | None,
        Meta(
            description="Where traces are sent, by OTLP over HTTP, as "
            "`http://localhost:4318/v1/traces`; needs `openprofile[otel]`."
        ),
    ] = None
    log_level: Annotated[
        str,
        Meta(
            pattern="^(debug|info|warning|error)$",
            description="The least that is logged: `debug`, `info`, `warning` or `error`.",
        ),
    ] = "info"

    @property
    def capacity(self) -> Capacity:
        """What one process takes on."""
        return Capacity(
            connections=self.connection_limit,
            requests=self.request_limit,
            rate=self.rate_limit,
            head=self.head_timeout,
            body=self.body_timeout,
            idle=self.idle_timeout,
        )

    @property
    def limits(self) -> Limits:
        """What requests and facets may hold by these settings."""
        return Limits(
            body=self.body_limit,
            batch=self.batch_limit,
            batch_body=max(Limits().batch_body, self.body_limit),
            items=self.item_limit,
        )

    def all_issuers(self) -> list[IssuerSettings]:
        """Every issuer, the first one first."""
        values = {name: getattr(self, name) for name in IssuerSettings.__struct_fields__}
        first = [IssuerSettings(**values)] if self.issuer else []
        return first + self.issuers

    def all_tenants(self) -> list[str]:
        """Every tenant that an issuer speaks for, in the issuers' order."""
        return [*dict.fromkeys(one for each in self.all_issuers() for one in each.spoken_for)]

    def trusts(self) -> dict[str, frozenset[str]]:
        """The trust list of each tenant; raises BadSettings for a tenant of no issuer."""
        known = self.all_tenants()
        found: dict[str, frozenset[str]] = {}
        for tenant, trusted in self.federated_tenants.items():
            for one in (tenant, *trusted):
                if one.casefold() not in known:
                    raise BadSettings(
                        f"federated_tenants names {one}, for which no issuer speaks; expected one "
                        f"of {', '.join(known)}."
                    )
            found[tenant.casefold()] = frozenset(one.casefold() for one in trusted)
        return found
