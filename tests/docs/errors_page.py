"""The page of errors: every fault that the API tells of, from the classes that are raised.

``python tests/docs/errors_page.py`` prints it; ``docs/errors.md`` is what it prints.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from openprofile.errors import Fault

INTRODUCTION = """\
# Errors

Every refusal has the shape of Graph's errors, with `Content-Type: application/json`:

```sh
curl -s http://localhost:8080/beta/me/profile/interests/00000000-0000-4000-8000-000000000000 \\
  -H "Authorization: Bearer $(openprofile token)"
```

```json
{
  "error": {
    "code": "itemNotFound",
    "message": "interests has no item with the id '00000000-0000-4000-8000-000000000000'.",
    "innerError": {
      "date": "2026-11-23T12:30:33",
      "request-id": "bb35b8a8-b8a6-4e2e-a4c2-54a1d39a7b25",
      "client-request-id": "bb35b8a8-b8a6-4e2e-a4c2-54a1d39a7b25"
    }
  }
}
```

`message` is a sentence for the developer: it names the property, option or position at fault, what
was found there and what was expected. `target` names the property or option where it is one, and
`details` has an entry for each property of a body that is at fault. `request-id` stands in the
answer's header of that name too, and in the log. Codes are Graph's own where it has one for the
case. Nothing of a request that was refused is kept.

| status | code | when |
| --- | --- | --- |
"""

AFTER = """
What is tried again later (429, 503) says when in `Retry-After`. The token endpoint of the
stand-in's authority answers in the shape of OAuth 2.0 instead, with the `AADSTS` numbers that MSAL
looks for. Run `scripts/docs` to write this page anew.
"""


def markdown() -> str:
    """The page."""
    return INTRODUCTION + "".join(_rows()) + AFTER


def faults() -> list[type[Fault]]:
    """Every class that has a status and a code, by them."""

    def below(kind: type[Fault]) -> Iterator[type[Fault]]:
        for inner in kind.__subclasses__():
            yield inner
            yield from below(inner)

    return sorted(below(Fault), key=lambda kind: (kind.status, kind.code, kind.__name__))


def _rows() -> Iterator[str]:
    for kind in faults():
        sentence = " ".join((inspect.getdoc(kind) or "").split()).replace("``", "`")
        yield f"| {kind.status} | `{kind.code}` | {sentence.replace('|', '&#124;')} |\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
