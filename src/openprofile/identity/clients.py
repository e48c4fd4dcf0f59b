"""Which application asks for a token, and whether it has proved that (RFC 6749, section 2.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from openprofile.identity.applications import Application
from openprofile.identity.oauth import OAuthError, need

Applications = Mapping[str, Application]
"""The applications by their folded ids."""


def client(
    applications: Applications, form: Mapping[str, str], authorization: str | None
) -> tuple[Application, bool]:
    """The application that asks, and whether it has proved that by its secret; the secret comes
    in ``form`` or in the header. Raises OAuthError for an application or a secret that is wrong.
    """
    secret = form.get("client_secret")
    if authorization is not None:
        given, secret = _basic(authorization)
    else:
        given = need(form, "client_id")
    application = known(applications, given)
    if secret is None:
        return application, False
    if not application.has_secret(secret):
        raise OAuthError(
            "invalid_client",
            7000215,
            "The client_secret is wrong; endpoints.json holds that of the sample application.",
            status=401,
        )
    return application, True


def known(applications: Applications, client_id: str) -> Application:
    """The application with this id; raises OAuthError."""
    found = applications.get(client_id.casefold())
    if found is None:
        sample = next(iter(applications.values()))
        raise OAuthError(
            "unauthorized_client",
            700016,
            "The client_id is of no application that is known here; applications.json lists "
            f"them, and {sample.id} is one.",
        )
    return found


def require_proof(proved: bool) -> None:
    """Raise OAuthError where the application has shown no secret."""
    if not proved:
        raise OAuthError(
            "invalid_client", 7000218, "The request lacks the client_secret.", status=401
        )


def _basic(authorization: str) -> tuple[str, str]:
    """The client's id and secret in the header (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    given, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise OAuthError(
            "invalid_client", 50027, "The Authorization header is not 'Basic'.", status=401
        )
    return unquote_plus(given), unquote_plus(secret)
