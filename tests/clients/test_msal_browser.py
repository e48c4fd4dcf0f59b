"""MSAL.js in a page of another origin: it signs in, gets tokens, and calls the API."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from program import Program
from ui.browser import CHROMIUM, DESKTOP, chromium, window

MODULES = Path(__file__).parent / "node" / "node_modules"
LIBRARY = MODULES / "@azure" / "msal-browser" / "lib" / "msal-browser.min.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>SPA</title><script src="/msal.js"></script>
<button>Sign in</button><output></output><script type="module">
const { client, authority, url } = %s, scopes = ["https://graph.microsoft.com/User.ReadWrite"]
const output = document.querySelector("output")
try {
  const app = await msal.createStandardPublicClientApplication({ auth: {
    clientId: client, authority, knownAuthorities: [new URL(authority).host],
    redirectUri: `${location.origin}/`
  } })
  const back = await app.handleRedirectPromise()
  document.querySelector("button").onclick = () => app.loginRedirect({ scopes })
  if (back === null) {
    output.value = "ready"
  } else {
    const [account] = app.getAllAccounts()
    const { accessToken } = await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    const headers = { Authorization: `Bearer ${accessToken}` }
    const me = await (await fetch(`${url}/v1.0/me`, { headers })).json()
    output.value = `${account.username}: ${me.displayName}`
  }
} catch (error) {
  output.value = `${error}`
}
</script>"""


class Page(BaseHTTPRequestHandler):
    """The page, and the library that it loads."""

    def __init__(self, told: dict[str, str], *arguments: Any) -> None:
        self._told = told
        super().__init__(*arguments)

    def do_GET(self) -> None:
        library = self.path == "/msal.js"
        content = LIBRARY.read_bytes() if library else (PAGE % json.dumps(self._told)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if library else "text/html")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def page(program: Program) -> Iterator[str]:
    """The URL of a page of its own origin."""
    endpoints = program.endpoints
    told = {
        "client": endpoints["client"]["id"],
        "authority": f"{endpoints['tls_url']}/{endpoints['tenant']}",
        "url": endpoints["tls_url"],
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Page, told))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_page_signs_somebody_in_and_calls_for_them(page: str) -> None:
    with chromium() as browser, window(browser, DESKTOP) as context:
        tab = context.new_page()
        tab.goto(page)
        tab.locator("output", has_text="ready").wait_for()
        tab.get_by_role("button", name="Sign in").click()
        tab.get_by_role("button", name="Ada Lindqvist").click()
        tab.wait_for_url(f"{page}**")
        tab.locator("output", has_text="ada@harbour.example: Ada Lindqvist").wait_for()
