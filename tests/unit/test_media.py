import pytest

from openprofile.odata.media import accepted, is_json, media_type


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("application/json", "application/json", {}),
        (" Application/JSON ; Charset=UTF-8", "application/json", {"charset": "UTF-8"}),
        ("a/b;c=d;e=f", "a/b", {"c": "d", "e": "f"}),
        ('a/b; c="d; e=f"; g=h', "a/b", {"c": "d; e=f", "g": "h"}),
        (r'a/b; c="d\"e\\"', "a/b", {"c": 'd"e\\'}),
        ("multipart/mixed; boundary=batch(1):2", "multipart/mixed", {"boundary": "batch(1):2"}),
        ("a/b; c=first; C=second", "a/b", {"c": "first"}),
        ("a/b; c=", "a/b", {}),
        ("a/b; nonsense; c=d", "a/b", {}),
        ('a/b; c="open', "a/b", {}),
        ("", "", {}),
        (";", "", {}),
    ],
)
def test_a_media_type_is_divided(text: str, name: str, parameters: dict[str, str]) -> None:
    found = media_type(text)
    assert found.name == name
    assert found.parameters == parameters


def test_json_goes_by_its_name_or_its_suffix() -> None:
    assert is_json("application/json")
    assert is_json("application/merge-patch+json")
    assert not is_json("text/plain")
    assert not is_json("application/jsonp")


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("a/b", ["a/b"]),
        ("a/b;q=0.1, c/d, e/f;q=0.5", ["c/d", "e/f;q=0.5", "a/b;q=0.1"]),
        ("a/b, c/d", ["a/b", "c/d"]),
        ("a/b, t/x", ["t/x", "a/b"]),
        ("a/b, t/x;q=0.9", ["a/b", "t/x;q=0.9"]),
        ("a/b;q=0, c/d;q=0.000", []),
        ("a/b;q=2, c/d;q=nan, e/f;q=-1, g/h;q=x, i/j;q=0.1234, k/l;q=1.000", ["k/l;q=1.000"]),
        (" , ,", []),
    ],
)
def test_media_ranges_come_in_the_order_of_their_weight(header: str, ranges: list[str]) -> None:
    assert accepted(header, lambda each: each.startswith("t/")) == ranges
