"""The public documents of the local authority: discovery and keys (the stand-in's alone)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from openprofile.identity.issuer import Authority


def authority_routes(authority: Authority) -> list[Route]:
    """OpenID Connect Discovery 1.0 and the JWKS document, at the paths that Entra ID uses."""
    tenant = authority.tenant
    keys = f"/{tenant}/discovery/v2.0/keys"

    async def discovery(request: Request) -> Response:
        issuer = authority.issuers()[-1]
        base = f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse(
            {
                "issuer": issuer,
                "jwks_uri": f"{base}{keys}",
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["public"],
            }
        )

    async def jwks(_: Request) -> Response:
        return Response(authority.jwks(), media_type="application/json")

    return [
        Route(f"/{tenant}/v2.0/.well-known/openid-configuration", discovery),
        Route(keys, jwks),
    ]
