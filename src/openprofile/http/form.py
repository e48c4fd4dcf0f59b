"""The parameters of a request to the local authority: of a form, and of a query."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from openprofile.identity.oauth import OAuthError, invalid_request

LARGEST_FORM = 64 * 1024
"""Bytes of a form that is sent to the local authority."""


async def form_of(request: Request) -> dict[str, str]:
    """The parameters of a form in the request's body."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != (
        "application/x-www-form-urlencoded"
    ):
        raise invalid_request("The Content-Type must be application/x-www-form-urlencoded.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise OAuthError(
                "invalid_request",
                90015,
                f"The body is larger than {LARGEST_FORM} bytes.",
                status=413,
            )
    try:
        return parameters_of(body.decode())
    except UnicodeDecodeError as error:
        raise invalid_request("The body is not UTF-8.") from error


def parameters_of(text: str) -> dict[str, str]:
    """Parameters by name, without the empty ones, which are as if they were not there (RFC 6749,
    section 3.1). None may come twice.
    """
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, max_num_fields=100)
    except ValueError as error:
        raise invalid_request("The request has more than 100 parameters.") from error
    for name, value in pairs:
        if name in found:
            raise invalid_request("A parameter comes twice.", 9000410)
        found[name] = value
    return found
