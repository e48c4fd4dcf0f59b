"""The stand-in's certificate authority: kept, renewed when it must be, trusted by its file."""

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from openprofile.clock import Clock
from openprofile.identity.certificates import Certificates

DAY = 24 * 3600


def made(folder: Path, clock: Clock | None = None, host: str = "localhost") -> Certificates:
    certificates = Certificates(folder, clock or Clock())
    certificates.server_context(host)
    return certificates


def content(folder: Path) -> tuple[bytes, bytes]:
    """The certificate authority and the server's certificate."""
    return (folder / "ca.pem").read_bytes(), (folder / "server.pem").read_bytes()


def test_a_client_that_trusts_the_file_trusts_every_name_of_this_machine(tmp_path: Path) -> None:
    certificates = made(tmp_path, host="workshop.example")
    for name in ("localhost", "127.0.0.1", "::1", "workshop.example"):
        _shake_hands(certificates, name, "workshop.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(certificates, "other.example", "workshop.example")


def test_both_are_kept_from_start_to_start(tmp_path: Path) -> None:
    made(tmp_path)
    first = content(tmp_path)
    made(tmp_path)
    assert content(tmp_path) == first


def test_another_name_takes_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    made(tmp_path)
    ca, server = content(tmp_path)
    made(tmp_path, host="workshop.example")
    assert content(tmp_path)[0] == ca
    assert content(tmp_path)[1] != server


def test_a_certificate_is_renewed_before_it_runs_out(tmp_path: Path) -> None:
    clock = Clock()
    made(tmp_path, clock)
    ca, server = content(tmp_path)
    clock.advance(334 * DAY)
    made(tmp_path, clock)
    assert content(tmp_path) == (ca, server)
    clock.advance(2 * DAY)
    made(tmp_path, clock)
    renewed = content(tmp_path)
    assert renewed[0] == ca
    until = x509.load_pem_x509_certificate(renewed[1]).not_valid_after_utc
    assert until > datetime.fromtimestamp(clock.seconds(), UTC).replace(microsecond=0)
    clock.advance(3650 * DAY)
    made(tmp_path, clock)
    assert content(tmp_path)[0] != ca


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem"])
@pytest.mark.parametrize("damage", [None, b"", b"nonsense"])
def test_what_is_lost_or_damaged_is_made_anew(
    tmp_path: Path, name: str, damage: bytes | None
) -> None:
    made(tmp_path)
    if damage is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(damage)
    certificates = made(tmp_path)
    _shake_hands(certificates, "localhost", "localhost")


def test_only_this_user_reads_the_keys(tmp_path: Path) -> None:
    made(tmp_path)
    for name in ("ca-key.pem", "server.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def _shake_hands(certificates: Certificates, name: str, host: str) -> None:
    """A TLS handshake in memory, by a client that asks for ``name``."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=certificates.ca)
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = certificates.server_context(host).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        one = waiting.pop(0)
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(one)
