"""The local authority of the stand-in: a signing key, kept, and the tokens that it signs."""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from openprofile.clock import Clock, new_id
from openprofile.hosts import LOOPBACK, is_loopback, web_host, web_origin
from openprofile.identity import files
from openprofile.identity.applications import Application, applications
from openprofile.model.directory import User

AUDIENCE = "https://graph.microsoft.com"
"""The audience of the tokens unless another is asked for: the stand-in answers in the place of
Graph."""
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
"""What Microsoft Entra ID also calls Graph: the id of its application."""

_NAMES = 100
"""Issuer names that are kept: each start on a free port adds one."""


class Authority:
    """Signs tokens for one tenant; its key, its names and the applications that it knows are
    kept in ``folder``.
    """

    def __init__(self, folder: Path, tenant: str, clock: Clock) -> None:
        """Read the key in ``folder``, or make one there, readable by this user alone.

        Raises BadFile for a file that cannot be used.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tenant = tenant
        self._clock = clock
        self._names = folder / "issuers"
        self._key = _key(folder / "signing-key.pem")
        self.applications = applications(folder / "applications.json")
        self.sample = next(iter(self.applications.values()))
        self._url: str | None = None
        if not self._kept():
            self.answer_to("http://localhost:8080")
            self._url = None

    def of(self, tenant: str, clock: Clock) -> Authority:
        """What speaks for another tenant with the same key and addresses, and knows the same
        applications.
        """
        other = copy.copy(self)
        vars(other).update(tenant=tenant, _clock=clock)
        return other

    def issuers(self) -> Sequence[str]:
        """The issuer names that this authority has signed under, the current one last."""
        addresses = (name.removesuffix("/v2.0").rpartition("/")[0] for name in self._kept())
        return [f"{address}/{self.tenant}/v2.0" for address in addresses]

    def _kept(self) -> Sequence[str]:
        try:
            return self._names.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError as error:
            raise files.BadFile(f"{self._names}: it is not text; remove it.") from error

    def url(self) -> str:
        """The address that the authority answers at, and the service with it."""
        if self._url is not None:
            return self._url
        return self.issuers()[-1].removesuffix(f"/{self.tenant}/v2.0")

    def answer_to(self, url: str) -> None:
        """From now on sign in the name of the issuer at ``url``; earlier names stay valid."""
        name = f"{url}/{self.tenant}/v2.0"
        with files.alone(self._names):
            kept = [*(other for other in self._kept() if other != name), name]
            files.replace(self._names, "".join(f"{line}\n" for line in kept[-_NAMES:]).encode())
        self._url = url

    def serves(self, audience: str) -> bool:
        """Whether ``audience`` names this service: Graph's own name, or a host that it has."""
        if audience in (AUDIENCE, GRAPH_ID):
            return True
        host = web_host(audience)
        return host in LOOPBACK or host in {web_host(name) for name in self.issuers()} - {None}

    def may_ask(self, origin: str) -> bool:
        """Whether pages of ``origin`` may fetch tokens: those of this machine, and those where a
        sign-in may return to.
        """
        if is_loopback(web_host(origin) or ""):
            return True
        registered = self.applications.values()
        return any(origin == web_origin(uri) for one in registered for uri in one.redirect_uris)

    def jwks(self) -> bytes:
        """The JWKS document with the public key, as the authority publishes it."""
        public = {**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}
        return msgspec.json.encode({"keys": [public]})

    def delegated(
        self,
        user: User,
        scopes: Sequence[str],
        *,
        roles: Sequence[str] = (),
        directory_roles: Sequence[str] = (),
        application: Application | None = None,
        audience: str = AUDIENCE,
        expires_in: int,
    ) -> str:
        """A token in which ``user`` lets an application, or the sample's, act with ``scopes``."""
        application = application or self.sample
        return self._access(
            {
                "idtyp": "user",
                "oid": user.id,
                "sub": self.subject(application, user),
                "name": user.display_name,
                "upn": user.user_principal_name,
                "scp": " ".join(scopes),
                "roles": list(roles),
                "wids": list(directory_roles),
            },
            application,
            audience,
            expires_in,
        )

    def application(
        self,
        roles: Sequence[str],
        *,
        application: Application | None = None,
        audience: str = AUDIENCE,
        expires_in: int,
    ) -> str:
        """A token in which an application, or the sample's, acts by itself, with ``roles``."""
        application = application or self.sample
        principal = str(uuid.uuid5(uuid.NAMESPACE_OID, application.id))
        claims = {"idtyp": "app", "oid": principal, "sub": principal, "roles": list(roles)}
        return self._access(claims, application, audience, expires_in)

    def identity(
        self, user: User, application: Application, *, nonce: str | None, expires_in: int
    ) -> str:
        """An OpenID Connect ID token, which tells ``application`` who signed in."""
        claims = {
            "aud": application.id,
            "sub": self.subject(application, user),
            "oid": user.id,
            "preferred_username": user.user_principal_name,
            "name": user.display_name,
            "email": user.mail,
            "nonce": nonce,
            "ver": "2.0",
        }
        return self.sign(
            {name: value for name, value in claims.items() if value is not None}, expires_in
        )

    def subject(self, application: Application, user: User) -> str:
        """The claim ``sub``: a person's name among the users of one application."""
        return hashlib.sha256(f"{application.id}/{user.id}".encode()).hexdigest()[:43]

    def sign(self, claims: dict[str, Any], expires_in: int) -> str:
        """A token with ``claims`` and those that every token has."""
        now = self._clock.seconds()
        common = {
            "iss": self.issuers()[-1],
            "iat": now,
            "nbf": now,
            "exp": now + expires_in,
            "tid": self.tenant,
            "jti": new_id(),
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key.kid}
        return jwt.encode(header, common | claims, self._key)

    def read(self, token: str, accepts: Callable[[str], bool]) -> dict[str, Any] | None:
        """The claims of a token that this authority signed for an audience that ``accepts`` takes;
        None if it does not hold (any more).
        """
        rules = jwt.JWTClaimsRegistry(now=self._clock.seconds(), exp={"essential": True})
        try:
            claims = jwt.decode(token, self._key, algorithms=["RS256"]).claims
            rules.validate(claims)
        except (JoseError, ValueError):
            return None
        return claims if accepts(claims["aud"]) else None

    def _access(
        self, claims: dict[str, Any], application: Application, audience: str, expires_in: int
    ) -> str:
        about = {
            "aud": audience,
            "appid": application.id,
            "app_displayname": application.name,
            "ver": "1.0",
        }
        return self.sign(about | claims, expires_in)


def _key(path: Path) -> RSAKey:
    if not path.exists():
        made: RSAKey = RSAKey.generate_key(2048)
        files.create(path, made.as_pem(private=True))
    try:
        # Its primes were checked when it was made; again at each start would take 30 ms.
        raw = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise files.BadFile(
            f"{path} holds no private key in PEM form that can be read; remove it, and a new one "
            "is made (tokens of the old one are then refused)."
        ) from error
    if not isinstance(raw, RSAPrivateKey) or raw.key_size < 2048:
        raise files.BadFile(f"{path}: expected an RSA key of 2048 bits or more.")
    key = RSAKey(raw, raw)
    key.ensure_kid()
    return key
