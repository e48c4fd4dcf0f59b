"""An ASGI application whose answer never changes, served as the service is: what HTTP itself costs.

With ``--plain`` under uvicorn's own protocol, without this service's bounds on headers.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openprofile.http.app import App
from openprofile.metering import Meter
from openprofile.server import listening
from openprofile.settings import Capacity

BODY = b'{"value":"%s"}' % (b"x" * (1024 - 12))
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"1024")],
}
_REST = {"type": "http.response.body", "body": BODY}


class Constant:
    """Answers with 1 KB of JSON, whatever is asked."""

    capacity = Capacity()
    meter = Meter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send(_START)
        await send(_REST)


async def main() -> None:
    """Serve it until told to stop, and say where."""
    (opened,) = listening.listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{opened.getsockname()[1]}"
    if "--plain" not in sys.argv:
        application = cast("App", Constant())  # as much of one as the protocol looks at
        await listening.serve(application, [opened], lambda: print(url, flush=True))
        return
    config = uvicorn.Config(
        Constant(),
        http=HttpToolsProtocol,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    plain = asyncio.create_task(uvicorn.Server(config).serve([opened]))
    print(url, flush=True)
    await plain


if __name__ == "__main__":
    assert len(BODY) == 1024
    listening.run(main())
