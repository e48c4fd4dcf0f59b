"""From the ``Authorization`` header to the caller."""

from __future__ import annotations

from openprofile.errors import InvalidAuthenticationToken
from openprofile.http.exchange import Request
from openprofile.identity.tokens import TokenVerifier
from openprofile.policy.caller import Caller
from openprofile.policy.decision import called_by


async def authenticate(request: Request, verifier: TokenVerifier) -> Caller:
    """The caller that the bearer token stands for; raises InvalidAuthenticationToken."""
    caller = recognized(request, verifier) or await verifier.verify(_token(request))
    called_by(caller)
    return caller


def recognized(request: Request, verifier: TokenVerifier) -> Caller | None:
    """The same at once, where the token was seen before, as most are; None where it was not.

    Raises InvalidAuthenticationToken for a request without any.
    """
    caller = verifier.verified(_token(request))
    if caller is not None:
        called_by(caller)
    return caller


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if not token or scheme.lower() != "bearer":
        raise InvalidAuthenticationToken(
            "Access token is empty: send 'Authorization: Bearer {token}'.",
            headers={"WWW-Authenticate": 'Bearer realm=""'},
        )
    return token
