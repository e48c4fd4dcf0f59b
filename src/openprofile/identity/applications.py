"""The applications that the local authority knows: a file that its owner may add to."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

import msgspec

from openprofile.hosts import is_loopback, web_host
from openprofile.identity import files

SAMPLE_ID = "5d1f9c0a-6b0e-4c53-9a57-1f6f0c0f7a11"


class Application(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An application as it is registered: ``applications.json`` is a list of these."""

    id: str
    """What tokens call ``appid``, a client ``client_id``."""
    name: str
    secret: str | None = None
    """Without one it is a public client only."""
    redirect_uris: tuple[str, ...] = ()
    """Where sign-in may return to, apart from every http and https address of this machine."""
    scopes: tuple[str, ...] = ("User.ReadWrite",)
    """The delegated permissions that the scope ``.default`` stands for."""
    roles: tuple[str, ...] = ("User.ReadWrite.All",)
    """The application permissions that it has when it acts by itself."""

    def has_secret(self, secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(
            self.secret.encode(), secret.encode()
        )

    def may_return_to(self, uri: str) -> bool:
        """Whether a sign-in may send its result to ``uri``."""
        if uri in self.redirect_uris:
            return True
        host = web_host(uri)
        return host is not None and is_loopback(host) and "#" not in uri


def applications(path: Path) -> dict[str, Application]:
    """The applications in the file at ``path`` by their id, the sample application first.

    Without a file one is made, with the sample application and a secret of its own. Raises
    BadFile for one that does not hold what it should.
    """
    if not path.exists():
        made = [Application(id=SAMPLE_ID, name="Sample application", secret=secrets.token_hex(20))]
        files.create(path, msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[Application])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise files.BadFile(f"{path}: {error}") from error
    if not found:
        raise files.BadFile(f"{path}: expected one application at least.")
    return {one.id.casefold(): one for one in found}
