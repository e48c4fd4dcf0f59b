import ipaddress

import pytest

from openprofile.http.origin import Origins

HTTPS = "https://localhost:8443"


@pytest.mark.parametrize(
    ("scheme", "port", "origin"),
    [
        ("http", 8080, "http://localhost:8080"),
        ("https", 8443, HTTPS),
        ("https", 9000, HTTPS),
        ("http", None, HTTPS),
        ("ws", None, HTTPS),
    ],
)
def test_who_comes_by_either_scheme_stays_with_it(
    scheme: str, port: int | None, origin: str
) -> None:
    origins = Origins(lambda: HTTPS, both=True)
    for host in ({}, {"host": "evil.example"}, {"host": "x y"}, {"host": ""}):
        assert origins.of(scheme, host, "127.0.0.1", port) == origin


def test_an_address_keeps_its_brackets() -> None:
    origins = Origins(lambda: "https://[::1]:8443", both=True)
    assert origins.of("http", {}, "::1", 8080) == "http://[::1]:8080"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_public_url_is_what_clients_come_by_whatever_reaches_the_service(scheme: str) -> None:
    url = "https://people.example"
    proxy = ipaddress.ip_network("10.0.0.0/8")
    origins = Origins(lambda: url, believes=lambda _: False, proxies=[proxy])
    headers = {"host": "evil.example", "x-forwarded-proto": "https"}
    for peer in ("10.0.0.1", "192.0.2.1", None):
        assert origins.of(scheme, headers, peer, 8080) == url


def test_a_host_that_is_believed_is_taken_as_it_is() -> None:
    origins = Origins(lambda: HTTPS, both=True)
    for host in ("localhost:9000", "127.0.0.1", "[::1]:1"):
        assert origins.of("http", {"host": host}, None, 8080) == f"http://{host}"
