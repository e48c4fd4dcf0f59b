r"""matchesPattern reads the expressions of ECMAScript (ECMA-262), not Python's or RE2's."""

import pytest

from openprofile.errors import BadRequest, NotSupported
from openprofile.odata.query.pattern import matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True), ("^b", "abc", False), ("c$", "abc", True), ("c$", "abc\n", False),
        ("a.c", "a\nc", False), ("a.c", "a\u2028c", False), ("a.c", "a😀c", True),
        (r"^\d+$", "٣", False), (r"^\w$", "é", False), (r"a\sb", "a\u00a0b", True),
        (r"a\sb", "a\u3000b", True), (r"a\Sb", "a\u00a0b", False), (r"[\s]", "\ufeff", True),
        (r"\u00e9", "é", True), (r"\ud83d\ude00", "😀", True), (r"\u{1F600}", "😀", True),
        (r"\x41", "A", True), (r"\cJ", "\n", True), (r"\0", "\x00", True), (r"[\b]", "\x08", True),
        (r"\bun", "x un", True), (r"a|b", "b", True), (r"(?:ab)+", "abab", True),
        (r"\/", "/", True),
        (r"(?<year>\d{4})", "1965", True), (r"\A", "A", True), (r"\z", "z", True),
        (r"\Q.", "Qx", True),
        ("[[:alpha:]]", ":]", True), ("[[:alpha:]]", "b]", False), ("[.]", "a", False),
        ("[^a]", "a", False),
        (r"[\]]", "]", True), (r"a{2,3}?", "aa", True), (r"\.", "a", False), (r"[\d-]", "-", True),
        ("", "", True), ("(?i)", "a", None), ("(", "a", None), ("[", "a", None),
        ("a{2,1}", "a", None),
        ("*", "a", None), ("a" * 257, "a", None),
        ("(?P<a>b)", "b", None),
    ],
)  # fmt: skip
def test_a_pattern_matches_as_in_ecmascript(pattern: str, text: str, found: bool | None) -> None:
    if found is None:
        with pytest.raises(BadRequest, match="matchesPattern"):
            matches(text, pattern)
    else:
        assert matches(text, pattern) is found


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<a>b)\k<a>", "a{1000000}",
     "(a{1,100}){1,100}"],
)  # fmt: skip
def test_what_no_linear_engine_runs_is_not_supported(pattern: str) -> None:
    with pytest.raises(NotSupported):
        matches("a", pattern)


def test_an_expression_that_backtracking_engines_choke_on_is_answered() -> None:
    assert not matches("a" * 100_000 + "!", "(a+)+$")
