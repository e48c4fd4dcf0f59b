"""
The test cases that OASIS publishes with the ABNF (odata-abnf-testcases.yaml), as JSON.

They are not part of this project: ``OPENPROFILE_ODATA`` names the folder that has them.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from openprofile.errors import BadRequest, NotSupported
from openprofile.odata.limits import DEFAULT, Guard
from openprofile.odata.query import parser, selection
from openprofile.odata.query.options import Options, options
from openprofile.odata.query.search import search

FOLDER = os.environ.get("OPENPROFILE_ODATA")

EXCLUDED = {
    "odataUri": "a whole URL: its authority is the server's to parse",
    "resourcePath": "a path is bound to the model's entity container, not parsed alone",
    "context": "a context URL is written by the service, never read",
    "header": "a header",
    "preference": "a header",
    "maxpagesizePreference": "a header",
    "request-id": "a header of a batch",
    "odataIdentifier": "a name alone; the grammar's names stand in expressions",
    "enumValue": "an enumeration in a payload",
    "booleanValue": "a payload",
    "functionParameter": "a resource path",
    "geographyCollection": "no geography", "geographyMultiPoint": "no geography",
    "geographyMultiPolygon": "no geography", "geographyPoint": "no geography",
    "geometryCollection": "no geography", "geometryLineString": "no geography",
}  # fmt: skip
"""Rules that this grammar does not judge, and why."""


def _expression(text: str) -> None:
    parser.expression(unquote(text), "$filter", Guard())


def _any(text: str) -> None:
    parser.expression(f"path/{text}", "$filter", Guard())


def _quoted(prefix: str) -> Callable[[str], None]:
    return lambda text: _expression(f"{prefix}{text}")


def _options(text: str) -> None:
    """Every option of a query, as far as it can be judged without a model."""
    found = options(text)
    _parse(found)


def _parse(found: Options) -> None:
    guard = Guard()
    for _, value in found.aliases:
        parser.expression(value, "@", guard)
    if found.filter is not None:
        parser.expression(found.filter, "$filter", guard)
    if found.orderby is not None:
        parser.orderby(found.orderby, "$orderby", guard)
    if found.compute is not None:
        parser.compute(found.compute, "$compute", guard)
    if found.search is not None:
        search(found.search, "$search", guard)
    for item in selection.select(found.select, "$select", DEFAULT) if found.select else []:
        _parse(item.options)
    for item in selection.expand(found.expand, "$expand", DEFAULT) if found.expand else []:
        _parse(item.options)


def _search(text: str) -> None:
    search(unquote(text), "$search", Guard())


RULES: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(
        ("commonExpr", "boolCommonExpr", "firstMemberExpr", "propertyPathExpr", "primitiveLiteral",
         "binaryLiteral", "boolean", "date", "dateTimeOffsetLiteral", "decimalValue",
         "decimalLiteral", "doubleValue", "doubleLiteral", "byteValue", "sbyteValue",
         "int16Literal", "int32Literal", "int64Value", "null", "guid", "stringLiteral",
         "enumLiteral"),
        _expression,
    ),
    "anyExpr": _any,
    "durationLiteral": _quoted("duration"),
    "search": _options,
    "searchExpr": _search,
    **dict.fromkeys(
        ("filter", "orderby", "orderBy", "select", "expand", "compute", "queryOptions",
         "systemQueryOption"),
        _options,
    ),
}  # fmt: skip


def _payload(text: str) -> None:
    """A value of a payload: the literal, but without percent-encoding."""
    parser.expression(text, "$filter", Guard())


RULES["dateTimeOffsetValue"] = _payload
RULES["durationValue"] = lambda text: _payload(f"duration'{text}'")


def _cases() -> list[Any]:
    if FOLDER is None:
        return []
    found: list[Any] = json.loads(Path(FOLDER, "abnf-cases.json").read_text(encoding="utf-8"))
    return found


def _judged(case: dict[str, Any]) -> tuple[Callable[[str], None], str] | None:
    """What judges a case and the text it is given; None for what the grammar cannot judge."""
    rule, text = case["rule"], case["input"]
    if rule in EXCLUDED:
        return None
    if rule == "odataRelativeUri":
        # The query of a relative URL is judged; a path alone is not.
        path, question, query = text.partition("?")
        at_fault = case["fail_at"] is not None and case["fail_at"] <= len(path) + 12
        if not question or "#" in path or at_fault or path.startswith("$entity"):
            return None
        return _options, query
    if rule in ("date", "dateTimeOffsetValue") and text.endswith("INF"):
        return None  # an Edm.Double, which an expression may have where these rules may not
    return RULES[rule], text


@pytest.mark.skipif(FOLDER is None, reason="OPENPROFILE_ODATA names no folder of cases")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['rule']}-{case['input'][:60]}")
def test_the_grammar_agrees_with_a_published_case(case: dict[str, Any]) -> None:
    judged = _judged(case)
    if judged is None:
        return
    judge, text = judged
    refusal = None
    try:
        judge(text)
    except BadRequest as fault:
        refusal = fault.message
    except NotSupported:
        pass  # understood, and not offered
    if case["fail_at"] is None:
        assert refusal is None
        return
    assert refusal is not None
    position = re.search(r"at position (\d+)", refusal)
    inset = len(text) - len(text.partition("=")[2]) if judge is _options else 0
    if position is not None and "%" not in text and judge in (_expression, _options):
        assert int(position[1]) + inset == case["fail_at"]


def test_every_rule_is_judged_or_excluded_with_a_reason() -> None:
    rules = {case["rule"] for case in _cases()}
    assert rules <= {*RULES, *EXCLUDED, "odataRelativeUri"}
    assert not set(RULES) & set(EXCLUDED)
