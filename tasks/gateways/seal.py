"""The studio's seal: one PAdES signature over a whole PDF, made by pyhanko with the studio's own key. Nobody else is asked.

A key is text: its private key and its certificate as PEM, then certificates of keys used before, base64 in one line. The same PDF, key,
words and moment give the same bytes. pyhanko is heavy and is imported when something is sealed (`seal_pades`).
"""

import base64
import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from models.errors import BadSetup

SUBJECT = "Studioflow seal"
_BITS = 3072
_YEARS = timedelta(days=365 * 40)


class Words(NamedTuple):
    """What is written beside a seal."""

    reason: str
    at: datetime
    name: str


class SealKey(NamedTuple):
    """A key that seals, and the certificates whose seals are ours, its own first."""

    private: RSAPrivateKey
    certificates: list[x509.Certificate]


def new_key(*, at: datetime, subject: str = SUBJECT) -> str:
    """A new key, good for forty years from the day before `at`. Takes a fraction of a second."""
    private = generate_private_key(public_exponent=65537, key_size=_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + _YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    return base64.b64encode(pem).decode()


@lru_cache(maxsize=2)  # checking an RSA key takes a tenth of a second, and a process has one key
def read_key(key: str) -> SealKey:
    """The key as it stands in STUDIO_SEAL_KEY. Raises BadSetup when there is none or it cannot be read; the key is never repeated."""
    if not key:
        raise BadSetup("STUDIO_SEAL_KEY is not set, so nothing can be sealed: ./studio up makes a key, or give one.")
    try:
        pem = base64.b64decode(key, validate=True)
        private, certificates = load_pem_private_key(pem, None), x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError):
        raise BadSetup("STUDIO_SEAL_KEY cannot be read: it must be a PEM private key and its certificate, base64 in one line.") from None
    if not isinstance(private, RSAPrivateKey) or certificates[0].public_key() != private.public_key():
        raise BadSetup("STUDIO_SEAL_KEY must hold an RSA key and, first of all certificates, the one of that key.")
    return SealKey(private, certificates)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate (DER) as it is printed and compared: pairs of hexadecimal digits with colons."""
    return ":".join(f"{byte:02X}" for byte in hashlib.sha256(certificate).digest())


def fingerprints(key: str) -> list[str]:
    """The fingerprints of a key's certificates, the one that seals first. Raises BadSetup."""
    return [fingerprint(one.public_bytes(Encoding.DER)) for one in read_key(key).certificates]


def seal(pdf: bytes, *, key: str, reason: str, at: datetime, name: str) -> bytes:
    """`pdf` with a seal over every byte of it, dated `at`, in the name of `name`; no change is allowed afterwards.

    Raises BadSetup without a key that can be read, Refused when `pdf` is none.
    """
    held = read_key(key)
    from tasks.gateways.seal_pades import signed

    der = held.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signed(pdf, der, held.certificates[0].public_bytes(Encoding.DER), Words(reason, at, name))
