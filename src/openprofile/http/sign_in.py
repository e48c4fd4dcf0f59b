"""The pages of a sign-in: plain HTML that needs no script, with everything in it escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape

from starlette.responses import HTMLResponse

from openprofile.model.directory import Person

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 3rem auto; max-width: 30rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
ul { list-style: none; padding: 0; }
button { font: inherit; padding: .5rem .8rem; border: 1px solid; border-radius: .4rem;
  background: none; color: inherit; cursor: pointer; }
li button { width: 100%; text-align: start; margin: .2rem 0; }
button:hover, button:focus-visible { outline: 2px solid; }
small { display: block; opacity: .75; }
input { font: inherit; padding: .5rem; }
"""
_SUBMIT = "document.forms[0].submit()"


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SUBMIT)}; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def choose_person(
    action: str, application: str, permissions: Sequence[str], people: Sequence[Person]
) -> HTMLResponse:
    """Everybody as a button that posts ``person`` to ``action``, and one that posts ``refuse``."""
    buttons = "".join(
        f'<li><button name="person" value="{escape(one.id)}">{escape(one.user.display_name or "")}'
        f"<small>{escape(one.user.user_principal_name)} · {escape(one.user.job_title or '')}"
        "</small></button></li>"
        for one in people
    )
    asks = escape(", ".join(permissions) or "nothing but who you are")
    return _page(
        "Sign in",
        f"<p><strong>{escape(application)}</strong> asks for {asks}. Who are you today?</p>"
        f'<form method="post" action="{escape(action)}"><ul>{buttons}</ul>'
        '<button name="refuse" value="yes">Refuse</button></form>',
    )


def enter_code(action: str, wrong: str | None = None) -> HTMLResponse:
    """The field for a device's code, which posts ``user_code`` to ``action``."""
    told = f"<p role=alert>{escape(wrong)}</p>" if wrong else ""
    return _page(
        "Enter code",
        f'{told}<form method="post" action="{escape(action)}"><p><label>The code that the device '
        'shows <br><input name="user_code" required autofocus autocomplete="off"></label></p>'
        "<button>Next</button></form>",
        400 if wrong else 200,
    )


def post_back(redirect_uri: str, fields: Mapping[str, str]) -> HTMLResponse:
    """The response mode form_post: sends itself on where scripts run, by a button elsewhere."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return _page(
        "Signed in",
        f'<form method="post" action="{escape(redirect_uri)}">{hidden}<button>Continue</button>'
        f"</form><script>{_SUBMIT}</script>",
    )


def notice(title: str, text: str, status: int = 200) -> HTMLResponse:
    """A page that only tells something."""
    return _page(title, f"<p>{escape(text)}</p>", status)


def _page(title: str, content: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} · openprofile</title><style>{_STYLE}</style>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main>",
        status,
        _HEADERS,
    )
