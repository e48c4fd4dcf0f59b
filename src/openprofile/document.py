"""A JSON or YAML text to its value, and back from a place in the value to its line in the text.

YAML is read by the core schema of YAML 1.2.2 (section 10.3), which JSON's values are: ``yes`` and
dates are strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

LARGEST_DOCUMENT = 16 * 1024 * 1024
"""Bytes of a document."""
MOST_VALUES = 1_000_000
"""Values of a document, those that its aliases repeat counted each time."""

Step: TypeAlias = str | int
"""A member's name, or an element's index."""


class BadDocument(Exception):
    """A document cannot be used; the message is a sentence, ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Line {line}: {reason}")
        self.line = line
        self.reason = reason


class Document(msgspec.Struct, frozen=True):
    """What a text says."""

    value: Any
    line: Callable[[Sequence[Step]], int]
    """The line of the value at a place, or of the last on the way there that the text has."""


def read(content: bytes, *, yaml: bool) -> Document:
    """The document that ``content`` is; raises BadDocument."""
    if len(content) > LARGEST_DOCUMENT:
        raise BadDocument(1, f"The document has more than {LARGEST_DOCUMENT} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadDocument(line, "The document is not UTF-8.") from error
    try:
        found = _read_yaml(text) if yaml else _read_json(text)
        for place in _half_characters(found.value, ()):
            reason = "A string holds half a surrogate pair, which is no character."
            raise BadDocument(found.line(place), reason)
    except RecursionError as error:
        raise BadDocument(1, "The document is nested too deeply.") from error
    return found


def read_file(path: Path) -> Document:
    """The document in a file: JSON if its name ends so, else YAML. Raises BadDocument, OSError."""
    return read(path.read_bytes(), yaml=path.suffix.lower() != ".json")


def _half_characters(value: Any, place: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """The places of strings that UTF-8 cannot hold."""
    if isinstance(value, str):
        if _SURROGATE.search(value):
            yield place
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _half_characters(name, (*place, name))
            yield from _half_characters(inner, (*place, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _half_characters(inner, (*place, index))


_SURROGATE = re.compile("[\ud800-\udfff]")


# ----- JSON


def _read_json(text: str) -> Document:
    def refuse(constant: str) -> Any:
        raise BadDocument(1, f"{constant} is no JSON.")

    try:
        value = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise BadDocument(error.lineno, f"It is not JSON: {error.msg}.") from error
    return Document(value, lambda place: text.count("\n", 0, _offset(text, place)) + 1)


_SPACE = re.compile(r"[ \t\n\r]*")
_JSON = json.JSONDecoder()


def _offset(text: str, place: Sequence[Step]) -> int:
    """Where in a valid JSON text the value at a place stands."""
    at = _after_space(text, 0)
    for step in place:
        found = None
        if text[at] == "{" and isinstance(step, str):
            found = _member(text, at, step)
        elif text[at] == "[" and isinstance(step, int):
            found = _element(text, at, step)
        if found is None:
            return at
        at = found
    return at


def _member(text: str, at: int, name: str) -> int | None:
    """The value of a member of the object at an offset: the last of that name, which counts."""
    found, at = None, _after_space(text, at + 1)
    while text[at] == '"':
        key, end = scanstring(text, at + 1)
        start = _after_space(text, _after_space(text, end) + 1)
        found = start if key == name else found
        at = _next(text, start)
    return found


def _element(text: str, at: int, index: int) -> int | None:
    at = _after_space(text, at + 1)
    for _ in range(index):
        if text[at] == "]":
            return None
        at = _next(text, at)
    return None if text[at] == "]" else at


def _next(text: str, at: int) -> int:
    """Where what follows the value at an offset, and a comma, stands."""
    _, end = _JSON.raw_decode(text, at)
    end = _after_space(text, end)
    return _after_space(text, end + 1) if text[end] == "," else end


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


# ----- YAML


_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]{1,18}"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)
_STRING = "tag:yaml.org,2002:str"


def _read_yaml(text: str) -> Document:
    import yaml  # noqa: PLC0415  whoever reads none need not wait for it

    try:
        # Not the one in C, which is faster, and crashes on what is nested deeply.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = mark.line + 1 if mark else 1
        raise BadDocument(at, f"It is not YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise BadDocument(1, f"It is not YAML: {' '.join(str(error).split())}.") from error
    if node is None:
        return Document(None, lambda _: 1)
    lines: dict[tuple[Step, ...], int] = {}
    value = _Construction(lines).value(node, ())

    def line(place: Sequence[Step]) -> int:
        steps = tuple(place)
        while steps not in lines:
            steps = steps[:-1]
        return lines[steps]

    return Document(value, line)


class _Construction:
    """Makes values of PyYAML's nodes, and nothing else: no tag makes an object."""

    def __init__(self, lines: dict[tuple[Step, ...], int]) -> None:
        self._lines = lines

    def value(self, node: Any, place: tuple[Step, ...]) -> Any:
        self._lines[place] = node.start_mark.line + 1
        if len(self._lines) > MOST_VALUES:
            raise BadDocument(self._lines[place], f"There are more than {MOST_VALUES} values.")
        match node.id:
            case "sequence":
                return [self.value(one, (*place, n)) for n, one in enumerate(node.value)]
            case "mapping":
                return self._mapping(node, place)
        return _scalar(node)

    def _mapping(self, node: Any, place: tuple[Step, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                raise BadDocument(line, "The name of a member must be a string.")
            if key.value in found:
                raise BadDocument(line, f"The member {key.value!r} is there twice.")
            found[key.value] = self.value(value, (*place, key.value))
            self._lines[*place, key.value] = line
        return found


def _scalar(node: Any) -> Any:
    plain = node.style is None and node.tag != _STRING
    for pattern, make in _PLAIN if plain else ():
        if pattern.fullmatch(node.value):
            return make(node.value)
    return node.value
