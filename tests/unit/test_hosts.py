"""Origins as browsers spell them."""

import pytest

from openprofile.hosts import web_origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://App.Example/in?x#y", "https://app.example"),
        ("https://app.example:443/", "https://app.example"),
        ("https://app.example:8443", "https://app.example:8443"),
        ("http://app.example:80/", "http://app.example"),
        ("http://[::1]:3000/in", "http://[::1]:3000"),
        ("ftp://app.example/", None),
        ("https://user@app.example/", None),
        ("https://app.example\\@evil.example/", None),
        ("https://app.example:port/", None),
        ("app.example", None),
        ("null", None),
        ("", None),
    ],
)
def test_a_url_has_one_origin(url: str, origin: str | None) -> None:
    assert web_origin(url) == origin
