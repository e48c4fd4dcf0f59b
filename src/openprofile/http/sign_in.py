"""The pages of a sign-in: they need no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import HTMLResponse

from openprofile.http.rendering import rendered
from openprofile.model.directory import Person


def choose_person(
    action: str, application: str, permissions: Sequence[str], people: Sequence[Person]
) -> HTMLResponse:
    """Everybody as a button that posts ``person`` to ``action``, and one that posts ``refuse``."""
    return rendered(
        "choose_person",
        action=action,
        application=application,
        permissions=permissions,
        people=[one.user for one in people],
    )


def enter_code(action: str, wrong: str | None = None) -> HTMLResponse:
    """The field for a device's code, which posts ``user_code`` to ``action``."""
    return rendered("enter_code", 400 if wrong else 200, action=action, wrong=wrong)


def post_back(redirect_uri: str, fields: Mapping[str, str]) -> HTMLResponse:
    """The response mode form_post: sends itself on where scripts run, by a button elsewhere."""
    return rendered("post_back", action=redirect_uri, fields=fields)


def notice(title: str, text: str, status: int = 200) -> HTMLResponse:
    """A page that only tells something."""
    return rendered("notice", status, title=title, text=text)
