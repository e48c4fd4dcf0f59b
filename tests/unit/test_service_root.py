from typing import Any

import pytest

from openprofile.errors import BadRequest
from openprofile.odata.service_root import reference, resolve

ORIGIN = "http://localhost:8080"


def resolved(url: str, **options: Any) -> tuple[str, str]:
    options = {"origin": ORIGIN, "version": "beta", "versions": ("beta", "v1.0")} | options
    return resolve(url, **options)


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("/me/profile", "/beta/me/profile", ""),
        ("me/profile", "/beta/me/profile", ""),
        ("/beta/me", "/beta/me", ""),
        ("beta/me", "/beta/me", ""),
        ("/Beta/me", "/beta/me", ""),
        ("http://localhost:8080/beta/me", "/beta/me", ""),
        ("HTTP://LOCALHOST:8080/beta/me", "/beta/me", ""),
        ("/me?$top=1&x=/../y", "/beta/me", "$top=1&x=/../y"),
        ("/me?a=b?c", "/beta/me", "a=b?c"),
        ("users?$filter=city eq 'Åbo'", "/beta/users", "$filter=city%20eq%20'%C3%85bo'"),
        ("/users/a%2Fb%20c", "/beta/users/a%2Fb%20c", ""),
        ("/users/100%", "/beta/users/100%", ""),
        ("/users('..')", "/beta/users('..')", ""),
        ("/users/..%2F..", "/beta/users/..%2F..", ""),
        ("/me/", "/beta/me/", ""),
        ("/", "/beta/", ""),
        ("/$metadata", "/beta/$metadata", ""),
        ("javascript:alert(1)//x", "/beta/javascript:alert(1)//x", ""),
    ],
)
def test_a_url_leads_below_the_service_root(url: str, path: str, query: str) -> None:
    assert resolved(url) == (path, query)


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        ("https://graph.example", "https://graph.example:443/beta/me"),
        ("https://graph.example:443", "https://graph.example/beta/me"),
        ("http://[::1]:80", "http://[::1]/beta/me"),
    ],
)
def test_the_default_port_makes_no_difference(origin: str, url: str) -> None:
    assert resolved(url, origin=origin) == ("/beta/me", "")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://evil.example/beta/me",
        "https://localhost:8080/beta/me",
        "http://localhost/beta/me",
        "http://localhost:8080@evil.example/beta/me",
        "http://evil.example#http://localhost:8080/beta/me",
        "http://localhost:8080.evil.example/beta/me",
        "http://localhost:8080",
        "http://localhost:8080/livez",
        "http://localhost:8080/beta/../livez",
        "//evil.example/beta/me",
        "///me",
        "\\\\evil.example\\me",
        "/..",
        "/me/..",
        "/me/../../livez",
        "/me/%2e%2E/x",
        "/me/./x",
        "/v1.0/me",
        "/me#fragment",
        "/me\r\nHost: evil.example",
        "/me\x00",
        "/$batch",
        "$batch",
        "/beta/$batch",
        "/%24batch",
        "/$BATCH/",
        "/$batch?x",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(BadRequest):
        resolved(url)


def test_the_host_must_be_the_service_s() -> None:
    assert resolved("/beta/me", host="LocalHost:8080")
    with pytest.raises(BadRequest, match=r"evil\.example"):
        resolved("/beta/me", host="evil.example")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("$1", ("1", "")),
        ("/$1", ("1", "")),
        ("%241/x", ("1", "/x")),
        ("$new-item/webUrl/$value", ("new-item", "/webUrl/$value")),
        ("$a%20b?$select=id", ("a b", "?$select=id")),
        ("$1('x')", ("1", "('x')")),
        ("$metadata", None),
        ("/$batch", None),
        ("$entity?$id=users/1", None),
        ("$crossjoin(A,B)", None),
        ("me/$1", None),
        ("$", None),
        ("", None),
    ],
)
def test_a_reference_is_the_first_segment(url: str, expected: tuple[str, str] | None) -> None:
    assert reference(url) == expected
