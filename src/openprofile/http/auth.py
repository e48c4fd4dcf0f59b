"""From the ``Authorization`` header to the caller."""

from __future__ import annotations

from openprofile.errors import InvalidAuthenticationToken
from openprofile.http.exchange import Request
from openprofile.identity.tokens import TokenVerifier
from openprofile.policy.caller import Caller
from openprofile.policy.decision import called_by


async def authenticate(request: Request, verifier: TokenVerifier) -> Caller:
    """The caller that the bearer token stands for; raises InvalidAuthenticationToken."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise InvalidAuthenticationToken(
            "Access token is empty: send 'Authorization: Bearer {token}'.",
            headers={"WWW-Authenticate": 'Bearer realm=""'},
        )
    caller = await verifier.verify(token)
    called_by(caller)
    return caller
