"""TLS for the stand-in: a certificate authority, made once, and the certificate that it signs.

Whoever trusts ``ca.pem`` trusts what the key beside it signs: it is made on this machine, is
readable by this user alone and never leaves it.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openprofile.clock import Clock
from openprofile.hosts import LOOPBACK
from openprofile.identity import files

_CA_DAYS = 3650
_LEAF_DAYS = 365
_RENEW_DAYS = 30
"""A certificate that holds for fewer days than this is made anew."""


class Certificates:
    """The certificate authority in ``folder``, made there if there is none or if it has run out.

    ``ca.pem`` is the file that clients trust.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self._ca_key = folder / "ca-key.pem"
        self._server = folder / "server.pem"
        self._now = datetime.fromtimestamp(clock.seconds(), UTC)

    def server_context(self, host: str) -> ssl.SSLContext:
        """What a TLS server needs to answer as ``host`` and as every name of this machine."""
        names = sorted({*LOOPBACK, host})
        ca, key = self._authority()
        if not self._serves(ca, names):
            files.replace(self._server, self._sign(ca, key, names))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._server)
        return context

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
            key = serialization.load_pem_private_key(self._ca_key.read_bytes(), password=None)
        except (FileNotFoundError, ValueError):
            return self._make_authority()
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != ca.public_key():
            return self._make_authority()
        return (ca, key) if self._holds(ca) else self._make_authority()

    def _make_authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        # The name tells one from another in a list of trusted authorities.
        name = _name(f"openprofile development CA {self._now:%Y-%m-%d %H:%M:%S}")
        builder = self._certificate(name, name, key.public_key(), key.public_key(), _CA_DAYS)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        ca = builder.sign(key, hashes.SHA256())
        files.replace(self._ca_key, _private_pem(key))
        files.replace(self.ca, ca.public_bytes(serialization.Encoding.PEM))
        return ca, key

    def _sign(
        self, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: Sequence[str]
    ) -> bytes:
        """A new certificate for ``names``, its key with it."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("openprofile")
        builder = self._certificate(
            subject, ca.subject, key.public_key(), ca_key.public_key(), _LEAF_DAYS
        )
        builder = builder.add_extension(
            x509.SubjectAlternativeName(map(_alternative, names)), False
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        certificate = builder.sign(ca_key, hashes.SHA256())
        return _private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)

    def _certificate(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        public: ec.EllipticCurvePublicKey,
        signer: ec.EllipticCurvePublicKey,
        days: int,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=1))  # for a client whose clock is behind
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False
            )
        )

    def _serves(self, ca: x509.Certificate, names: Sequence[str]) -> bool:
        """Whether the certificate that is there is of ``ca``, for ``names``, and holds a while."""
        try:
            found = x509.load_pem_x509_certificate(self._server.read_bytes())
            found.verify_directly_issued_by(ca)
            told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        return self._holds(found) and set(told) == set(map(_alternative, names))

    def _holds(self, certificate: x509.Certificate) -> bool:
        return (
            certificate.not_valid_before_utc
            <= self._now
            <= certificate.not_valid_after_utc - timedelta(days=_RENEW_DAYS)
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
