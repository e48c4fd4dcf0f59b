"""What the pages show in the tests and in the pictures of the docs: people who did something."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from program import Program


class Caller:
    """A sample person, or nobody, who calls the API of a running stand-in."""

    def __init__(self, program: Program, *options: str, token: str | None = None) -> None:
        self._base = f"{program.url}/beta"
        self._token = program.token(*options) if token is None else token

    def __call__(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        """The answer's JSON, whatever its status."""
        request = Request(
            f"{self._base}/{path}",
            None if content is None else json.dumps(content).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urlopen(request, timeout=20) as answer:
                text = answer.read()
        except HTTPError as error:
            text = error.read()
        found: dict[str, Any] = json.loads(text or b"{}")
        return found


ADA: dict[str, list[dict[str, Any]]] = {
    "interests": [
        {"displayName": "Chess", "categories": ["Games"], "allowedAudiences": "organization"},
        {"displayName": "Tide tables", "categories": ["Sea"], "allowedAudiences": "contacts"},
        {"displayName": "Origami", "categories": ["Paper"], "allowedAudiences": "me"},
    ],
    "skills": [{"displayName": "Type design", "proficiency": "expert"}],
    "languages": [{"displayName": "Swedish", "tag": "sv-SE"}],
    "notes": [{"displayName": "About me", "detail": {"content": "Ask me about ligatures."}}],
}


def tell(program: Program) -> None:
    """People add to their profiles; some are refused."""
    ada, bram = Caller(program), Caller(program, "--user", "bram@harbour.example")
    reader = Caller(program, "--user", "bram@harbour.example", "--scope", "Mail.Read")
    application = Caller(program, "--app", "--role", "User.ReadWrite.All")
    created = [
        ada("POST", f"me/profile/{facet}", item) for facet, items in ADA.items() for item in items
    ]
    application("POST", "users/chiara@harbour.example/profile/skills", {"displayName": "Compilers"})
    bram("POST", "me/profile/projects", {"displayName": "Lighthouse"})
    bram("GET", "users/ada@harbour.example/profile/interests?$orderby=displayName&$top=5")
    ada("GET", "me/profile/interests?$filter=categories/all(c")
    reader("GET", "users/ada@harbour.example/profile")
    bram("PATCH", f"users/ada@harbour.example/profile/interests/{created[0]['id']}", {})
    bram("GET", f"users/ada@harbour.example/profile/interests/{created[2]['id']}")
    ada("POST", "me/profile/interests", {"displayName": 7, "colour": "red"})
    Caller(program, token="nonsense")("GET", "me/profile")
    ada("PATCH", f"me/profile/interests/{created[0]['id']}", {"categories": ["Games", "Clubs"]})
