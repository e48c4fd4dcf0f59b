"""The local authority of the stand-in: a signing key, kept, and the tokens that it signs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from openprofile.clock import Clock, new_id
from openprofile.model.directory import User

AUDIENCE = "https://graph.microsoft.com"
"""The audience of the tokens: the stand-in answers in the place of Graph."""

APPLICATION_ID = "5d1f9c0a-6b0e-4c53-9a57-1f6f0c0f7a11"
APPLICATION_NAME = "Sample application"
_SERVICE_PRINCIPAL_ID = "9a2b1f0e-3c64-4d0b-8f0e-7b9c1d2e3f40"


class Authority:
    """Signs tokens for one tenant; its key and names outlive the process in ``folder``."""

    def __init__(self, folder: Path, tenant: str, clock: Clock) -> None:
        """Read the key in ``folder``, or make one there, readable by this user alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tenant = tenant
        self._clock = clock
        self._names = folder / "issuers"
        self._key = _key(folder / "signing-key.pem")
        if not self._names.exists():
            self.answer_to("http://localhost:8080")

    def issuers(self) -> Sequence[str]:
        """The issuer names that this authority has signed under, the current one last."""
        return self._names.read_text(encoding="utf-8").split()

    def url(self) -> str:
        """The address that the authority answers at, and the service with it."""
        return self.issuers()[-1].removesuffix(f"/{self.tenant}/v2.0")

    def answer_to(self, url: str) -> None:
        """From now on sign in the name of the issuer at ``url``; earlier names stay valid."""
        name = f"{url}/{self.tenant}/v2.0"
        known = self.issuers() if self._names.exists() else []
        kept = [*(other for other in known if other != name), name]
        _replace(self._names, "".join(f"{line}\n" for line in kept))

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
        expires_in: int,
    ) -> str:
        """A token in which ``user`` lets the sample application act with ``scopes``."""
        return self._sign(
            {
                "idtyp": "user",
                "oid": user.id,
                "name": user.display_name,
                "upn": user.user_principal_name,
                "scp": " ".join(scopes),
                "roles": list(roles),
                "wids": list(directory_roles),
            },
            expires_in,
        )

    def application(self, roles: Sequence[str], *, expires_in: int) -> str:
        """A token in which the sample application acts by itself, with ``roles``."""
        return self._sign(
            {"idtyp": "app", "oid": _SERVICE_PRINCIPAL_ID, "roles": list(roles)}, expires_in
        )

    def _sign(self, claims: dict[str, Any], expires_in: int) -> str:
        now = self._clock.seconds()
        common = {
            "aud": AUDIENCE,
            "iss": self.issuers()[-1],
            "iat": now,
            "nbf": now,
            "exp": now + expires_in,
            "tid": self.tenant,
            "sub": claims["oid"],
            "appid": APPLICATION_ID,
            "app_displayname": APPLICATION_NAME,
            "jti": new_id(),
            "ver": "1.0",
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key.kid}
        return jwt.encode(header, common | claims, self._key)


def _key(path: Path) -> RSAKey:
    if not path.exists():
        made: RSAKey = RSAKey.generate_key(2048)
        _create(path, made.as_pem(private=True))
    key: RSAKey = RSAKey.import_key(path.read_bytes())
    key.ensure_kid()
    return key


def _create(path: Path, content: bytes) -> None:
    """Write a new file whole; if another process was first, its file stays."""
    temporary = _beside(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _replace(path: Path, content: str) -> None:
    _beside(path, content.encode()).replace(path)


def _beside(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
