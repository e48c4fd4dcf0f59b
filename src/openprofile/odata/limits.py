"""What one request may ask of the query language: one table, and the guard that holds to it."""

from __future__ import annotations

import msgspec

from openprofile.errors import BadRequest


class Limits(msgspec.Struct, frozen=True, eq=False):  # it is looked up by, with each request
    """The bounds of the query language; going beyond one is a BadRequest that names it."""

    option_bytes: int = 8192
    """Bytes that one query option's value may have, percent-encoding included."""
    tokens: int = 2000
    """Names, literals and signs in one query option, and nodes that all options may bind to."""
    depth: int = 32
    """How deep parentheses, operators and paths may nest."""
    lambdas: int = 2
    """How deep any, all and the filter of a ``$count`` may nest."""
    calls: int = 8
    """How deep function calls may nest."""
    list_items: int = 200
    """Members of the list of one ``in``, or of one array."""
    orderby: int = 8
    """Sort keys of one ``$orderby``."""
    select: int = 200
    """Items of one ``$select``; also names defined by one ``$compute``."""
    expand: int = 20
    """Items of one ``$expand``."""
    expand_depth: int = 3
    """How deep ``$expand``, and options inside ``$select``, may nest."""
    levels: int = 20
    """The largest ``$levels``, and what ``max`` stands for."""
    search_terms: int = 32
    """Words and phrases of one ``$search``."""
    number_text: int = 64
    """Characters of one number, date, duration or other unquoted literal."""
    pattern: int = 256
    """Characters of a regular expression."""
    skip: int = 100_000
    """The largest ``$skip``."""
    page: int = 999
    """Items on one page. A larger ``$top`` is no error: its result takes several pages."""
    sort_text: int = 256
    """Characters of a string that ``$orderby`` looks at, so that a ``$skiptoken`` stays short."""
    work: int = 500_000
    """Steps of evaluation: one operation on one value, or 64 characters read or built (4 of them
    for ``$search``, where they are not ASCII)."""
    cached_query: int = 1024
    """Characters of the longest query string whose plan is kept for the next request."""


DEFAULT = Limits()


class Guard:
    """Counts what one request uses up: its parser, binder and evaluator share the rules here.

    Every method raises BadRequest when a limit is passed.
    """

    __slots__ = ("_depth", "_work", "limits", "nodes")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self._depth = 0
        self.nodes = 0
        self._work = limits.work

    def enter(self, option: str) -> None:
        """One level deeper; ``leave`` ends it. A fault needs no ``leave``: it ends the request."""
        self._depth += 1
        if self._depth > self.limits.depth:
            raise too_many(option, "levels of nesting", self.limits.depth)

    def leave(self) -> None:
        self._depth -= 1

    def node(self, option: str, count: int = 1) -> None:
        """More bound nodes: an alias, or a computed property, counts as often as it is used."""
        self.nodes += count
        if self.nodes > self.limits.tokens:
            raise too_many(option, "terms, aliases filled in", self.limits.tokens)

    def spend(self, steps: int) -> None:
        """Count steps of evaluation."""
        self._work -= steps
        if self._work < 0:
            raise BadRequest(
                "The query takes too much work to evaluate; "
                "expected fewer or simpler conditions, or a smaller collection."
            )


def too_many(option: str, what: str, limit: int) -> BadRequest:
    """The refusal of a query option that is larger than a limit."""
    return BadRequest(f"{option} has too many {what}; at most {limit} are allowed.", target=option)
