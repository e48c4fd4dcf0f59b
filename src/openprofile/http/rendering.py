"""Templates to the pages of the stand-in, and the files that those load."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from openprofile import __version__

if TYPE_CHECKING:  # it takes longer to load than the stand-in may take to start
    from jinja2 import Environment

ASSETS = "/_openprofile/assets"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What every page may load (CSP): files of this service, and nothing else."""
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What every page is sent with."""

_FOLDER = Path(__file__).parent / "templates"
_KINDS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "send.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def rendered(
    template: str,
    status: int = 200,
    headers: Mapping[str, str] = HEADERS,
    **values: Any,
) -> HTMLResponse:
    """A page: what the template of this name makes of the values, with all of them escaped."""
    text = _templates().get_template(f"{template}.html").render(**values)
    return HTMLResponse(text, status, headers)


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _KINDS:
        raise HTTPException(404)
    headers = {
        **HEADERS,
        "Cache-Control": "no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(_content(name), media_type=_KINDS[name], headers=headers)


ASSETS_ROUTE = Route(f"{ASSETS}/{{name}}", _asset)
"""Where the files are that pages load."""


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(assets=ASSETS, version=__version__)
    return found
