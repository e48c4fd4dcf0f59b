"""The text of an expression to its syntax tree: operator precedence parsing, without a model.

Follows OData URL Conventions 4.01, section 5.1.1.
"""

from __future__ import annotations

from collections.abc import Callable

from openprofile.odata.limits import Guard, too_many
from openprofile.odata.query import literals
from openprofile.odata.query.lexer import Token
from openprofile.odata.query.paths import Paths
from openprofile.odata.query.reader import Reader
from openprofile.odata.query.syntax import (
    Alias,
    Array,
    Binary,
    EnumLiteral,
    Literal,
    Logic,
    Node,
    Object,
    Variable,
)

_BINDING = {
    "or": 1, "and": 2, "eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4, "add": 5, "sub": 5,
    "mul": 6, "div": 6, "divby": 6, "mod": 6, "has": 8, "in": 8,
}  # fmt: skip
"""How strongly an operator binds (section 5.1.1.17), besides ``paths.UNARY``."""


def expression(text: str, option: str, guard: Guard) -> Node:
    """The tree of ``text``, the decoded value of ``option``, which faults are told of.

    Raises BadRequest with the position of what is wrong and what was expected there.
    """
    parser = _Parser(text, option, guard)
    found = parser.expression()
    parser.end("an operator or the end")
    return found


def orderby(text: str, option: str, guard: Guard) -> list[tuple[Node, bool]]:
    """The sort keys of an ``$orderby``, each with whether it descends."""
    parser = _Parser(text, option, guard)
    found: list[tuple[Node, bool]] = []
    while True:
        key = parser.expression()
        direction = parser.word("asc", "desc")
        found.append((key, direction == "desc"))
        if not parser.sign(","):
            break
        if len(found) == guard.limits.orderby:
            raise too_many(option, "sort keys", guard.limits.orderby)
    parser.end("asc, desc, a comma, an operator or the end")
    return found


def compute(text: str, option: str, guard: Guard) -> list[tuple[str, Node]]:
    """The names that a ``$compute`` defines, each with its expression."""
    parser = _Parser(text, option, guard)
    found: list[tuple[str, Node]] = []
    while True:
        defined = parser.expression()
        if parser.word("as") is None:
            raise parser.wrong("an operator, or 'as' and a name")
        found.append((parser.simple_name(), defined))
        if not parser.sign(","):
            break
        if len(found) == guard.limits.select:
            raise too_many(option, "definitions", guard.limits.select)
    parser.end("a comma or the end")
    return found


class _Parser(Paths):
    """Reads expressions: operators, literals and lists."""

    __slots__ = ()

    def expression(self, binding: int = 0) -> Node:
        """The longest expression here whose operators bind more strongly than ``binding``."""
        left = self._prefix()
        height = self.height
        while True:
            token = self.tokens[self.at]
            if token.kind != "name":
                break
            operator = token.text.lower()
            power = _BINDING.get(operator, 0)
            if power <= binding:
                break
            self._spaced(token)
            self.at += 1
            if power <= 2:
                operands = [left]
                while True:
                    operands.append(self.expression(power))
                    height = max(height, self.height)
                    token = self.tokens[self.at]
                    if token.kind != "name" or token.text.lower() != operator:
                        break
                    self._spaced(token)
                    self.at += 1
                left = Logic(left.at, operator, tuple(operands))
            else:
                right = self._members() if operator == "in" else self.expression(power)
                height = max(height, self.height)
                left = Binary(left.at, operator, left, right)
            height = self.higher(height)
        self.height = height
        return left

    def _spaced(self, operator: Token) -> None:
        """An operator stands between spaces, or next to a parenthesis, bracket or brace."""
        after = operator.at + len(operator.text)
        if self.text[operator.at - 1] not in " \t)]}":
            raise self.wrong("a space before the operator")
        if self.text[after : after + 1] not in (" ", "\t", "(", "[", "{", ""):
            raise self.wrong("a space after the operator", after)

    def _prefix(self) -> Node:
        token = self.tokens[self.at]
        self.height = 1
        literal = _LITERALS.get(token.kind)
        if literal is not None:
            self.at += 1
            return literal(self, token)
        match token.kind:
            case "name":
                return self.named(token)
            case "sign":
                return self._signed(token)
            case "system":
                return self._system(token)
            case "alias":
                self.at += 1
                return self.path(Alias(token.at, token.text))
            case "minus":
                self.at += 1
                return self.unary(token.at, "-")
            case "json":
                raise self.wrong("a name, a literal (a string in single quotes) or '('")
        raise self.wrong("a name, a literal or '('")

    def _system(self, token: Token) -> Node:
        if token.text.lower() not in ("$it", "$this", "$root"):
            raise self.wrong("$it, $this, $root or another operand")
        self.at += 1
        return self.path(Variable(token.at, token.text.lower()))

    def _signed(self, token: Token) -> Node:
        match token.text:
            case "(":
                self.at += 1
                self.nest()
                inner = self.expression()
                self.nested -= 1
                self.expect(")", "an operator or ')'")
                return inner
            case "[":
                self.at += 1
                return Array(token.at, self._items("]"))
            case "{":
                self.at += 1
                return self._object(token.at)
        raise self.wrong("a name, a literal or '('")

    def _members(self) -> Node:
        """What follows ``in``: a list of literals in parentheses, or a collection.

        The first item decides: what is no literal can only be a collection in parentheses.
        """
        token = self.tokens[self.at]
        if not self.sign("("):
            return self.expression(_BINDING["in"])
        self.height = 1
        if self.sign(")"):
            return Array(token.at, ())
        items = [self.expression()]
        if not isinstance(items[0], (Literal, EnumLiteral, Alias)):
            self.expect(")", "an operator or ')'")
            return items[0]
        while self.sign(","):
            self.bounded(items)
            items.append(self.expression())
            if not isinstance(items[-1], (Literal, EnumLiteral, Alias)):
                raise self.wrong("a literal", items[-1].at)
        self.expect(")", "a comma or ')'")
        self.higher(1)
        return Array(token.at, tuple(items))

    def _items(self, closing: str) -> tuple[Node, ...]:
        self.nest()
        items: list[Node] = []
        height = 0
        if not self.sign(closing):
            while True:
                items.append(self._value())
                height = max(height, self.height)
                if not self.sign(","):
                    break
                self.bounded(items)
            self.expect(closing, f"a comma or '{closing}'")
        self.nested -= 1
        self.higher(height)
        return tuple(items)

    def _value(self) -> Node:
        """A value in an array or an object: a string of JSON's, or an expression."""
        token = self.tokens[self.at]
        if token.kind != "json":
            return self.expression()
        self.at += 1
        self.height = 1
        return literals.json_string(self, token)

    def _object(self, at: int) -> Node:
        self.nest()
        found: list[tuple[str, Node]] = []
        height = 0
        while not self.sign("}"):
            if found:
                self.expect(",", "a comma or '}'")
            token = self.tokens[self.at]
            if token.kind != "json":
                raise self.wrong("a name in double quotes")
            self.at += 1
            self.expect(":")
            found.append((literals.json_string(self, token).value, self._value()))
            height = max(height, self.height)
        self.nested -= 1
        self.higher(height)
        return Object(at, tuple(found))


_LITERALS: dict[str, Callable[[Reader, Token], Node]] = {
    "date": literals.unquoted,
    "datetime": literals.unquoted,
    "guid": literals.unquoted,
    "number": literals.number,
    "string": literals.string,
    "time": literals.unquoted,
    "typed": literals.prefixed,
}
"""What reads a literal, by the kind of its token."""
