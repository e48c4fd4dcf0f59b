"""``$search``: its text to a tree of terms, and the matching of a text with them.

The grammar is that of OData URL Conventions 4.01, section 5.1.8. What matches is the service's to
say: a term is found where a word of a text begins with it, whatever case and accents either has;
a phrase is found where its words stand next to each other, the last one possibly cut short.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TypeAlias

from openprofile.odata.limits import Guard, too_many
from openprofile.odata.query.lexer import malformed

Match: TypeAlias = Callable[[Sequence[str]], bool]
"""Whether the folded texts of an item match."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[()])|"(?P<phrase>[^"]*)"(?=[\s)]|\Z)|(?P<word>[^\s()"'][^\s()"]*)(?!"))"""
)
_WORDS = re.compile(r'[^\s()"]+')


def comparable(text: str) -> str:
    """``text`` without case and accents."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.casefold())
    return "".join([each for each in text if not unicodedata.combining(each)]).casefold()


def fold(text: str) -> str:
    """``text`` without case and accents, with single spaces: what search compares."""
    return " ".join(comparable(text).split())


def search(text: str, option: str, guard: Guard) -> Match:
    """The matcher that ``text``, the value of ``option``, asks for.

    Raises BadRequest with the position of what is malformed. Text in single quotes is what a
    person is still typing: its words are searched, whatever else it holds.
    """
    if len(text) > 1 and text[0] == text[-1] == "'":
        words = _WORDS.findall(text[1:-1].replace("''", "'"))
        if len(words) > guard.limits.search_terms:
            raise too_many(option, "terms", guard.limits.search_terms)
        return _all([_term(word) for word in words])
    return _Parser(text, option, guard).whole()


class _Parser:
    """Reads the grammar; AND, OR and NOT are words where no operand follows them."""

    def __init__(self, text: str, option: str, guard: Guard) -> None:
        self.text = text
        self.option = option
        self.guard = guard
        self.at = 0
        self.nested = 0
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text.rstrip()):
            seen = _TOKEN.match(text, position)
            if seen is None:
                at = position + len(text[position:]) - len(text[position:].lstrip())
                raise self._wrong(at, "a word, or a phrase in double quotes with a space after it")
            kind = seen.lastgroup
            assert kind is not None
            self.tokens.append((kind, seen[kind], seen.start(kind)))
            position = seen.end()
        terms = sum(kind != "sign" for kind, _, _ in self.tokens)
        if terms > guard.limits.search_terms:
            raise too_many(option, "terms", guard.limits.search_terms)

    def whole(self) -> Match:
        found = self._or()
        if self.at < len(self.tokens):
            raise self._wrong(self.tokens[self.at][2], "a word, a phrase or the end")
        return found

    def _wrong(self, at: int, expected: str) -> Exception:
        return malformed(self.option, self.text, at, expected)

    def _starts(self, at: int) -> bool:
        """Whether an operand can begin at a token."""
        return at < len(self.tokens) and self.tokens[at][:2] != ("sign", ")")

    def _is(self, operator: str) -> bool:
        """Whether the next token is an operator: the word in capitals, with an operand after it."""
        return (
            self.at < len(self.tokens)
            and self.tokens[self.at][:2] == ("word", operator)
            and self._starts(self.at + 1)
        )

    def _or(self) -> Match:
        found = [self._and()]
        while self._is("OR"):
            self.at += 1
            found.append(self._and())
        if len(found) == 1:
            return found[0]
        return lambda texts: any(each(texts) for each in found)

    def _and(self) -> Match:
        found = [self._not()]
        while self._starts(self.at) and not self._is("OR"):
            if self._is("AND"):
                self.at += 1
            found.append(self._not())
        return _all(found)

    def _not(self) -> Match:
        negated = False
        while self._is("NOT"):
            self.at += 1
            negated = not negated
        inner = self._operand()
        return (lambda texts: not inner(texts)) if negated else inner

    def _operand(self) -> Match:
        if not self._starts(self.at):
            at = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text)
            raise self._wrong(at, "a word or a phrase")
        kind, text, at = self.tokens[self.at]
        self.at += 1
        if kind != "sign":
            if not text:
                raise self._wrong(at, "a phrase that is not empty")
            return _term(text)
        self.nested += 1
        if self.nested > self.guard.limits.depth:
            raise too_many(self.option, "levels of nesting", self.guard.limits.depth)
        found = self._or()
        self.nested -= 1
        if self.at >= len(self.tokens):
            raise self._wrong(len(self.text), "a word, a phrase or ')'")
        self.at += 1
        return found


def _all(matches: list[Match]) -> Match:
    if len(matches) == 1:
        return matches[0]
    return lambda texts: all(each(texts) for each in matches)


def _term(text: str) -> Match:
    folded = fold(text)
    if not folded or not (folded[0].isalnum() or folded[0] == "_"):
        return lambda texts: any(folded in each for each in texts)
    find = re.compile(rf"\b{re.escape(folded)}").search
    return lambda texts: any(find(each) for each in texts)
