"""A foreign issuer on loopback: real documents over real HTTP, and tokens as it would sign them."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

Key = RSAKey | ECKey


def encoded(content: bytes) -> str:
    """base64url without padding, as every part of a token is."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def compact(header: Any, claims: Any, signature: bytes = b"") -> str:
    """A token of these parts, which a library might refuse to make."""
    return ".".join(
        map(encoded, (json.dumps(header).encode(), json.dumps(claims).encode(), signature))
    )


_SPARE: list[RSAKey] = []
"""The keys of issuers that have ended; making one takes as long as fifty requests."""


class ForeignIssuer:
    """Serves a discovery document and keys at ``url``; entering starts it."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self.name: str | None = None
        """What it calls itself, where that is not its URL."""
        # no two issuers at one time have the same
        self._own = _SPARE.pop() if _SPARE else RSAKey.generate_key(2048, {"kid": "first"})
        self.keys: list[Key] = [self._own]
        self.requests: list[str] = []
        """The paths that were asked for, oldest first."""
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        """What to answer at a path instead of what is right: status, headers, body."""
        self.hold = threading.Event()
        """Answers wait until it is set."""
        self.hold.set()
        self.asked = threading.Event()
        """Set by the first request."""

    def __enter__(self) -> Self:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                issuer.asked.set()
                issuer.hold.wait(10)
                status, headers, body = issuer.answers.get(self.path) or issuer._right(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        _SPARE.append(self._own)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return self.origin + self._path

    @property
    def discovery(self) -> str:
        """The path of its discovery document."""
        return f"{self._path.rstrip('/')}/.well-known/openid-configuration"

    @property
    def fetches(self) -> int:
        """How often its keys were fetched."""
        return self.requests.count("/keys")

    def token(
        self, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token with ``claims`` above those of a person's; None leaves one out."""
        key = key or self.keys[-1]
        now = int(time.time())
        whole = {
            "iss": self.name or self.url,
            "aud": "profiles",
            "iat": now,
            "exp": now + 600,
            "sub": "person-1",
            "oid": "11111111-2222-3333-4444-555555555555",
            "scp": "User.ReadWrite",
            "name": "Adé Müller",
            "preferred_username": "ade@example.org",
        } | claims
        algorithm = {"RSA": "RS256", "EC": "ES256"}[key.key_type]
        head = {"alg": algorithm, "kid": key.kid} | (header or {})
        body = {name: value for name, value in whole.items() if value is not None}
        anything = JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
        return jwt.encode(head, body, key, registry=anything)

    def signed(self, header: Any, claims: Any) -> str:
        """A token with just these parts, signed with RS256."""
        text = compact(header, claims).removesuffix(".")
        private: Any = self.keys[0].private_key
        return f"{text}.{encoded(private.sign(text.encode(), PKCS1v15(), SHA256()))}"

    def _right(self, path: str) -> tuple[int, dict[str, str], bytes]:
        content: dict[str, Any]
        if path == self.discovery:
            content = {"issuer": self.name or self.url, "jwks_uri": f"{self.origin}/keys"}
        elif path == "/keys":
            content = {"keys": [key.as_dict(private=False) for key in self.keys]}
        else:
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()
