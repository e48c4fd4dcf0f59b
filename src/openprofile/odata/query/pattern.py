r"""``matchesPattern``: ECMAScript regular expressions on an engine whose time is linear.

RE2 knows most of the syntax; what it reads differently is translated: ``.`` and ``\s`` know the
line ends and spaces of Unicode, ``\u00e9`` and ``\cA`` are characters, a ``[`` inside a class is
itself, and an escaped letter that ECMAScript gives no meaning is that letter. Back-references and
look-around are NotSupported: no engine has them in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from openprofile.errors import BadRequest, NotSupported
from openprofile.model.primitives import quoted
from openprofile.odata.limits import DEFAULT

_SPACES = (
    r"\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
)
_TOKEN = re.compile(
    r"""\\u\{(?P<braced>[0-9A-Fa-f]{1,6})\}
    | \\u(?P<pair>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})
    | \\u(?P<unit>[0-9A-Fa-f]{4})
    | \\x(?P<byte>[0-9A-Fa-f]{2})
    | \\c(?P<control>[A-Za-z])
    | \\(?P<backref>[1-9]|k(?=<))
    | \\(?P<nul>0)
    | \\(?P<kept>[bBdDwWtnvfr])
    | \\(?P<spaces>[sS])
    | \\(?P<escaped>.)
    | (?P<look>\(\?<?[=!])
    | (?P<other>\(\?(?!:|<[^\W\d]))
    | (?P<open>\[\^?)
    | (?P<close>\])
    | (?P<dot>\.)
    | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


def matches(text: str, pattern: str) -> bool:
    """Whether ``pattern``, an ECMAScript regular expression, matches anywhere in ``text``.

    Raises BadRequest for a pattern that is malformed or too long, NotSupported for one that no
    linear engine runs.
    """
    return compiled(pattern).search(text) is not None


def cost(text: str, pattern: str) -> int:
    """Steps of work that ``matches`` takes at most: the engine is linear in both."""
    return len(text) * int(compiled(pattern).programsize) // 64


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The pattern, ready to search with."""
    if len(pattern) > DEFAULT.pattern:
        raise BadRequest(
            f"matchesPattern: the pattern has {len(pattern)} characters; "
            f"at most {DEFAULT.pattern} are allowed."
        )
    import re2  # noqa: PLC0415  few ask for it, and its libraries are two megabytes and a half

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 18
    try:
        return re2.compile(_translate(pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        shown = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        if _is_too_much(shown):
            raise NotSupported(
                f"matchesPattern: {quoted(pattern)} repeats more than is supported ({shown})."
            ) from error
        raise BadRequest(
            f"matchesPattern: {quoted(pattern)} is no regular expression ({shown})."
        ) from error


def _is_too_much(reason: str) -> bool:
    """Whether what RE2 refuses is a regular expression, but one that it would take too much of."""
    counts = [int(each) for each in re.findall(r"\d+", reason)]
    if "repetition size" in reason:
        return counts == sorted(counts)
    return "too large" in reason


def _translate(pattern: str) -> str:
    made: list[str] = []
    in_class = False
    for seen in _TOKEN.finditer(pattern):
        kind = seen.lastgroup
        assert kind is not None
        if kind == "open" and not in_class:
            in_class = True
            made.append(seen[0])
        elif kind == "close":
            in_class = False
            made.append(seen[0])
        else:
            made.append(_TRANSLATIONS[kind](seen, in_class))
    return "".join(made)


def _code(seen: re.Match[str], in_class: bool) -> str:
    assert seen.lastgroup is not None
    return _character(int(seen[seen.lastgroup], 16))


def _pair(seen: re.Match[str], in_class: bool) -> str:
    high, low = int(seen["pair"], 16), int(seen["low"], 16)
    return _character(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))


def _kept(seen: re.Match[str], in_class: bool) -> str:
    return _character(8) if in_class and seen["kept"] == "b" else seen[0]


def _spaces(seen: re.Match[str], in_class: bool) -> str:
    if not in_class:
        return f"[{'^' if seen['spaces'] == 'S' else ''}{_SPACES}]"
    if seen["spaces"] == "S":
        raise NotSupported(r"matchesPattern: \S inside [] is not supported.")
    return _SPACES


def _escaped(seen: re.Match[str], in_class: bool) -> str:
    return seen["escaped"] if seen["escaped"].isalnum() else re.escape(seen["escaped"])


def _beyond(seen: re.Match[str], in_class: bool) -> str:
    if in_class:
        return re.escape(seen[0].removeprefix("\\"))
    what = "look-around" if seen.lastgroup == "look" else "a back-reference"
    raise NotSupported(f"matchesPattern: {what} ({seen[0]}) is not supported.")


def _group(seen: re.Match[str], in_class: bool) -> str:
    if in_class:
        return re.escape(seen[0])
    raise BadRequest("matchesPattern: '(?' is followed by nothing that has a meaning there.")


_TRANSLATIONS: Mapping[str, Callable[[re.Match[str], bool], str]] = {
    "backref": _beyond,
    "braced": _code,
    "byte": _code,
    "control": lambda seen, _: _character(ord(seen["control"]) % 32),
    "dot": lambda _, in_class: "." if in_class else r"[^\n\r\x{2028}\x{2029}]",
    "escaped": _escaped,
    "kept": _kept,
    "look": _beyond,
    "low": _pair,
    "nul": lambda _, __: _character(0),
    "open": lambda seen, _: re.escape(seen[0]),
    "other": _group,
    "plain": lambda seen, _: seen[0],
    "spaces": _spaces,
    "unit": _code,
}


def _character(code: int) -> str:
    return rf"\x{{{code:x}}}"
