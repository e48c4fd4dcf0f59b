"""Names, paths and function calls: the operands of an expression that are no literals.

Follows OData URL Conventions 4.01, sections 5.1.1.4 to 5.1.1.15. Keywords are read in any case; a
keyword that stands where only a name can stand is a name.
"""

from __future__ import annotations

from openprofile.odata.query import literals
from openprofile.odata.query.lexer import Token
from openprofile.odata.query.reader import Reader
from openprofile.odata.query.syntax import (
    Call,
    Count,
    Filtered,
    Keyed,
    Lambda,
    Literal,
    Member,
    Node,
    TypeCast,
    TypeName,
    Unary,
)

UNARY = 7
"""How strongly ``not`` and ``-`` bind (section 5.1.1.17)."""
_SEGMENT = "a name, any, all, $count or $filter"


class Paths(Reader):
    """Reads what begins with a name, and what follows a path."""

    __slots__ = ()

    def expression(self, binding: int = 0) -> Node:
        """The longest expression here whose operators bind more strongly than ``binding``."""
        raise NotImplementedError

    def unary(self, at: int, operator: str) -> Node:
        """An operator whose only operand comes next."""
        self.nest()
        operand = self.expression(UNARY)
        self.nested -= 1
        self.higher(self.height)
        return Unary(at, operator, operand)

    def named(self, token: Token) -> Node:
        """What begins with a name: a path, a function call, ``not``, or a word for a literal."""
        text = token.text
        following = self.tokens[self.at + 1]
        bracketed = following.text == "(" and following.kind == "sign"
        opens = bracketed and following.at == token.at + len(text)
        folded = text.lower()
        if folded == "not" and (bracketed or following.kind not in ("end", "sign")):
            self.at += 1
            return self.unary(token.at, "not")
        if opens and folded not in ("any", "all"):
            self.at += 2
            return self.path(self._call(None, text, token.at))
        self.at += 1
        if folded in literals.CONSTANTS:
            return Literal(token.at, *literals.CONSTANTS[folded])
        if text in literals.INFINITE:
            return Literal(token.at, "Edm.Double", literals.INFINITE[text])
        if following.kind == "sign" and following.text == "/":
            if "." in text:
                return self.path(TypeCast(token.at, None, text))
            return self.path(Member(token.at, None, text))
        if "." in text:
            raise self.wrong("'(' or '/' after a qualified name")
        return Member(token.at, None, text)

    def path(self, node: Node) -> Node:
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
            if token.text != "/" or self.text[token.at - 1] in " \t":
                break
            self.at += 1
            if self.text.startswith((" ", "\t"), token.at + 1):
                raise self.wrong(_SEGMENT, token.at + 1)
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
            if self.tokens[self.at].at == token.at + len(token.text) and self.sign("("):
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
        raise self.wrong(_SEGMENT)

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
