"""The text of an expression to its syntax tree: operator precedence parsing, without a model.

Follows OData URL Conventions 4.01, section 5.1.1. Keywords are read in any case; a keyword that
stands where only a name can stand is a name.
"""

from __future__ import annotations

from collections.abc import Callable

from openprofile.odata.limits import Guard, too_many
from openprofile.odata.query import literals
from openprofile.odata.query.lexer import Token
from openprofile.odata.query.reader import Reader
from openprofile.odata.query.syntax import (
    Alias,
    Array,
    Binary,
    Call,
    Count,
    EnumLiteral,
    Filtered,
    Keyed,
    Lambda,
    Literal,
    Logic,
    Member,
    Node,
    Object,
    TypeCast,
    TypeName,
    Unary,
    Variable,
)

_BINDING = {
    "or": 1, "and": 2, "eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4, "add": 5, "sub": 5,
    "mul": 6, "div": 6, "divby": 6, "mod": 6, "has": 8, "in": 8,
}  # fmt: skip
"""How strongly an operator binds (section 5.1.1.17); the unary ones bind with 7."""
_UNARY = 7


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


class _Parser(Reader):
    """Reads expressions."""

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
                return self._named(token)
            case "sign":
                return self._signed(token)
            case "system":
                return self._system(token)
            case "alias":
                self.at += 1
                return self._path(Alias(token.at, token.text))
            case "minus":
                self.at += 1
                return self._unary(token.at, "-")
        raise self.wrong("a name, a literal or '('")

    def _system(self, token: Token) -> Node:
        if token.text.lower() not in ("$it", "$this", "$root"):
            raise self.wrong("$it, $this, $root or another operand")
        self.at += 1
        return self._path(Variable(token.at, token.text.lower()))

    def _unary(self, at: int, operator: str) -> Node:
        self.nest()
        operand = self.expression(_UNARY)
        self.nested -= 1
        self.higher(self.height)
        return Unary(at, operator, operand)

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
                items.append(self.expression())
                height = max(height, self.height)
                if not self.sign(","):
                    break
                self.bounded(items)
            self.expect(closing, f"a comma or '{closing}'")
        self.nested -= 1
        self.higher(height)
        return tuple(items)

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
            found.append((literals.json_string(self, token).value, self.expression()))
            height = max(height, self.height)
        self.nested -= 1
        self.higher(height)
        return Object(at, tuple(found))

    # ----- names and paths

    def _named(self, token: Token) -> Node:
        text = token.text
        following = self.tokens[self.at + 1]
        opens = following.text == "(" and following.kind == "sign"
        folded = text.lower()
        if folded == "not" and (opens or following.kind not in ("end", "sign")):
            self.at += 1
            return self._unary(token.at, "not")
        if opens and folded not in ("any", "all"):
            self.at += 2
            return self._path(self._call(None, text, token.at))
        self.at += 1
        if folded in literals.CONSTANTS:
            return Literal(token.at, *literals.CONSTANTS[folded])
        if text in literals.INFINITE:
            return Literal(token.at, "Edm.Double", literals.INFINITE[text])
        if following.kind == "sign" and following.text == "/":
            if "." in text:
                return self._path(TypeCast(token.at, None, text))
            return self._path(Member(token.at, None, text))
        if "." in text:
            raise self.wrong("'(' or '/' after a qualified name")
        return Member(token.at, None, text)

    def _path(self, node: Node) -> Node:
        """``node`` with the segments that follow it."""
        height = self.height
        while True:
            token = self.tokens[self.at]
            if token.kind != "sign":
                break
            if token.text == "(" and isinstance(node, Filtered):
                self.at += 1
                self._arguments(")")
                node = Keyed(token.at, node)
                continue
            if token.text != "/":
                break
            self.at += 1
            node = self._segment(node)
            height = self.higher(max(height, self.height))
        if isinstance(node, TypeCast):
            raise self.wrong("'/' or '(' after a qualified name")
        self.height = height
        return node

    def _segment(self, of: Node) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "name":
            if self.sign("("):
                if token.text.lower() in ("any", "all"):
                    return self._lambda(of, token)
                return self._call(of, token.text, token.at)
            if "." in token.text:
                return TypeCast(token.at, of, token.text)
            return Member(token.at, of, token.text)
        if token.kind == "system" and token.text.lower() == "$count":
            return self._count(of, token.at)
        if token.kind == "system" and token.text.lower() == "$filter":
            self.expect("(")
            self.nest()
            predicate = self.expression()
            self.nested -= 1
            self.expect(")", "an operator or ')'")
            return Filtered(token.at, of, predicate)
        if token.kind == "alias":
            return Member(token.at, of, token.text)
        if token.kind == "number" and token.text.removeprefix("-").isdigit():
            return Keyed(token.at, of)
        self.at -= 1
        raise self.wrong("a name, any, all, $count or $filter")

    def _lambda(self, of: Node, token: Token) -> Node:
        quantifier = token.text.lower()
        if quantifier == "any" and self.sign(")"):
            return Lambda(token.at, of, quantifier, None, None)
        variable = self.simple_name()
        self.expect(":")
        self.nest()
        predicate = self.expression()
        self.nested -= 1
        self.expect(")", "an operator or ')'")
        return Lambda(token.at, of, quantifier, variable, predicate)

    def _count(self, of: Node, at: int) -> Node:
        predicate, search = None, None
        if self.sign("("):
            self.nest()
            while True:
                name = self.tokens[self.at].text.lower().removeprefix("$")
                if name not in ("filter", "search"):
                    raise self.wrong("$filter or $search")
                if (predicate if name == "filter" else search) is not None:
                    raise self.wrong(f"${name} once")
                self.at += 1
                self.expect("=")
                if name == "filter":
                    predicate = self.expression()
                else:
                    search = self._search_text()
                if not self.sign(";"):
                    break
            self.nested -= 1
            self.expect(")", "an operator, ';' or ')'")
        return Count(at, of, predicate, search)

    def _search_text(self) -> str:
        """What stands between here and the ``;`` or ``)`` that ends the option."""
        start, depth = self.tokens[self.at].at, 0
        while True:
            token = self.tokens[self.at]
            if token.kind == "end" or (depth == 0 and token.text in (";", ")")):
                return self.text[start : token.at].strip()
            depth += (token.text == "(") - (token.text == ")")
            self.at += 1

    def _call(self, of: Node | None, name: str, at: int) -> Node:
        folded = name.lower()
        if of is None and folded in ("cast", "isof"):
            return self._typed_call(folded, at)
        if of is None and folded == "case":
            return self._case(at)
        arguments, named = self._arguments(")")
        return Call(at, of, name, arguments, named)

    def _arguments(self, closing: str) -> tuple[tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        """The arguments up to ``closing``, whose opening has been read."""
        self.nest()
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        height = self.height
        if not self.sign(closing):
            while True:
                token = self.tokens[self.at]
                if token.kind == "name" and self.tokens[self.at + 1].text == "=":
                    self.at += 2
                    named.append((token.text, self.expression()))
                else:
                    positional.append(self.expression())
                height = max(height, self.height)
                if not self.sign(","):
                    break
                self.bounded(positional)
            self.expect(closing, f"an operator, a comma or '{closing}'")
        self.nested -= 1
        self.higher(height)
        return tuple(positional), tuple(named)

    def _case(self, at: int) -> Node:
        """``case(condition:value,…)``, as a call whose arguments alternate."""
        self.nest()
        parts: list[Node] = []
        height = 0
        while True:
            parts.append(self.expression())
            height = max(height, self.height)
            self.expect(":", "an operator or ':'")
            parts.append(self.expression())
            height = max(height, self.height)
            if not self.sign(","):
                break
            self.bounded(parts)
        self.expect(")", "an operator, a comma or ')'")
        self.nested -= 1
        self.higher(height)
        return Call(at, None, "case", tuple(parts), ())

    def _typed_call(self, name: str, at: int) -> Node:
        """``cast`` or ``isof``: the last argument is a type's name, alone or after a value."""
        self.nest()
        arguments: list[Node] = []
        height = 0
        if not self._type_ends_here():
            arguments.append(self.expression())
            height = self.height
            self.expect(",", "an operator or a comma")
        token = self.tokens[self.at]
        collection = token.text == "Collection" and self.tokens[self.at + 1].text == "("
        if collection:
            self.at += 2
        named = self.tokens[self.at]
        if named.kind != "name":
            raise self.wrong("the name of a type")
        self.at += 1
        if collection:
            self.expect(")")
        self.expect(")")
        self.nested -= 1
        self.higher(height)
        arguments.append(TypeName(token.at, named.text, collection))
        return Call(at, None, name, tuple(arguments), ())

    def _type_ends_here(self) -> bool:
        ahead = self.tokens[self.at : self.at + 2]
        return ahead[0].text == "Collection" or (ahead[0].kind == "name" and ahead[1].text == ")")


_LITERALS: dict[str, Callable[[Reader, Token], Node]] = {
    "date": literals.unquoted,
    "datetime": literals.unquoted,
    "guid": literals.unquoted,
    "json": literals.json_string,
    "number": literals.number,
    "string": literals.string,
    "time": literals.unquoted,
    "typed": literals.prefixed,
}
"""What reads a literal, by the kind of its token."""
