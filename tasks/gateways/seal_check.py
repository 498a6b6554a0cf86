"""Whether a PDF is as it was sealed: offline, without a PDF reader, so that no way of reading it is trusted.

Every byte of the file but the container of the seal is hashed; the container must be exactly what this hash, the certificate and the
signature give when they are written anew. So there is no byte that may differ, and none that may be added.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from models.errors import Invalid
from tasks.gateways.seal import fingerprint

_RANGE = re.compile(rb"/ByteRange\s{0,9}\[\s{0,9}0 (\d{1,10}) (\d{1,10}) (\d{1,10})\s{0,9}\]")
_DATE = re.compile(rb"/M \(D(?::|\\072)(\d{14})Z\)")
_DIGEST, _CERTIFICATE = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"
_ATTRIBUTES = sorted(["1.2.840.113549.1.9.3", _DIGEST, _CERTIFICATE])
_DAMAGED = "The seal itself is damaged."


class Seal(NamedTuple):
    """A whole seal: the certificate's fingerprint, for whom it was made out, and the moment written beside it."""

    fingerprint: str
    subject: str
    at: datetime | None


def check(pdf: bytes) -> Seal:
    """The seal over all of `pdf`. Whose it is, the fingerprint tells: anybody can make a certificate with any name.

    Raises Invalid with a sentence: no PDF, no seal, changed, cut, added to, damaged.
    """
    if not pdf:
        raise Invalid("The file is empty.")
    if not pdf.startswith(b"%PDF-"):
        raise Invalid("This is no PDF.")
    start, end = _place(pdf)
    certificate, attributes, signature = _contents(pdf[start:end])
    digest = hashlib.sha256(pdf[:start])
    digest.update(pdf[end:])
    if not _fits(certificate, attributes, signature):
        raise Invalid(_DAMAGED)
    if _value(attributes, _DIGEST) != core.OctetString(digest.digest()).dump():
        raise Invalid("The document has been changed since it was sealed.")
    return Seal(fingerprint(certificate.dump()), str(certificate.subject.native.get("common_name", "")), _moment(pdf[end:]))


def _place(pdf: bytes) -> tuple[int, int]:
    """Where the container begins and ends; the file ends where the seal says."""
    ranges = [tuple(int(number) for number in found.groups()) for found in _RANGE.finditer(pdf)]
    if not ranges:
        raise Invalid("This PDF carries no seal.")
    for start, end, rest in ranges:
        if 0 < start < end and end + rest == len(pdf):
            return start, end
    _, end, rest = ranges[-1]
    more = len(pdf) - end - rest
    if more > 0:
        raise Invalid(f"The document has been changed since it was sealed: {more} bytes were added at its end.")
    raise Invalid("The document has been cut: its end is missing.")


def _contents(gap: bytes) -> tuple[x509.Certificate, cms.CMSAttributes, bytes]:
    """What the container holds. It must be written exactly as it is written by us, to the last digit."""
    try:
        signed = cms.ContentInfo.load(bytes.fromhex(gap[1:-1].decode("ascii")))["content"]
        (signer,), (choice,) = signed["signer_infos"], signed["certificates"]
        certificate, attributes, signature = choice.chosen, signer["signed_attrs"], signer["signature"].native
        digits = _written(certificate, attributes, signature).hex().upper().encode()
        kinds = sorted(one["type"].dotted for one in attributes)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise Invalid(_DAMAGED) from None
    if gap != b"<" + digits.ljust(len(gap) - 2, b"0") + b">" or kinds != _ATTRIBUTES:
        raise Invalid(_DAMAGED)
    return certificate, attributes, signature


def _written(certificate: x509.Certificate, attributes: cms.CMSAttributes, signature: bytes) -> bytes:
    """The one way in which these three stand in a container."""
    digest = algos.DigestAlgorithm({"algorithm": "sha256"})
    who = cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": who}),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": cms.ContentInfo({"content_type": "data"}),
            "certificates": [certificate],
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def _fits(certificate: x509.Certificate, attributes: cms.CMSAttributes, signature: bytes) -> bool:
    """Whether the certificate's key made this signature over these attributes, and they name this certificate."""
    try:
        (named,) = tsp.SigningCertificateV2.load(_value(attributes, _CERTIFICATE))["certs"]
        key = load_der_public_key(certificate.public_key.dump())
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, b"\x31" + attributes.dump()[1:], PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    algorithm, digest = named["hash_algorithm"]["algorithm"].native, hashlib.sha256(certificate.dump()).digest()
    return (algorithm, named["cert_hash"].native) == ("sha256", digest)


def _value(attributes: cms.CMSAttributes, kind: str) -> bytes:
    """The DER of the one value of an attribute."""
    (value,) = next(one["values"] for one in attributes if one["type"].dotted == kind)
    return value.dump()


def _moment(text: bytes) -> datetime | None:
    found = _DATE.search(text)
    return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC) if found else None
