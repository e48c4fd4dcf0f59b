"""The tokens of one text, read one after another: what every part of the grammar asks of them."""

from __future__ import annotations

from collections.abc import Sequence

from openprofile.errors import BadRequest
from openprofile.odata.limits import Guard, too_many
from openprofile.odata.query.lexer import malformed, tokens
from openprofile.odata.query.syntax import Node


class Reader:
    """Reads one text from left to right.

    ``height`` is that of the tree read last: it is bounded, so that whoever walks a tree may
    recurse.
    """

    __slots__ = ("at", "guard", "height", "nested", "option", "text", "tokens")

    def __init__(self, text: str, option: str, guard: Guard) -> None:
        self.text = text
        self.option = option
        self.guard = guard
        self.tokens = tokens(text, option, guard.limits)
        self.at = 0
        self.height = 0
        self.nested = 0

    def sign(self, text: str) -> bool:
        """Whether the next token is this sign, which is then read."""
        token = self.tokens[self.at]
        if token.text == text and token.kind == "sign":
            self.at += 1
            return True
        return False

    def expect(self, text: str, expected: str | None = None) -> None:
        if not self.sign(text):
            raise self.wrong(expected or f"'{text}'")

    def word(self, *words: str) -> str | None:
        """The next token if it is one of these keywords, which is then read."""
        token = self.tokens[self.at]
        if token.kind == "name" and token.text.lower() in words:
            self.at += 1
            return token.text.lower()
        return None

    def simple_name(self) -> str:
        token = self.tokens[self.at]
        if token.kind != "name" or "." in token.text:
            raise self.wrong("a name")
        self.at += 1
        return token.text

    def end(self, expected: str) -> None:
        if self.tokens[self.at].kind != "end":
            raise self.wrong(expected)

    def wrong(self, expected: str, at: int | None = None) -> BadRequest:
        position = self.tokens[self.at].at if at is None else at
        return malformed(self.option, self.text, position, expected)

    def higher(self, height: int) -> int:
        """The height of a tree above one of this height, which becomes that of the last tree."""
        if height >= self.guard.limits.depth:
            raise too_many(self.option, "levels of nesting", self.guard.limits.depth)
        self.height = height + 1
        return self.height

    def nest(self) -> None:
        """Count one more opening that waits for its end, when ``nested`` is to be lowered."""
        self.nested += 1
        if self.nested > self.guard.limits.depth:
            raise too_many(self.option, "levels of nesting", self.guard.limits.depth)

    def bounded(self, items: Sequence[Node]) -> None:
        """Refuse one more member of a list that is full."""
        if len(items) >= self.guard.limits.list_items:
            raise too_many(self.option, "members in a list", self.guard.limits.list_items)
