"""pyhanko itself: a PAdES signature (baseline B) that certifies a PDF and allows no change. Only imported when something is sealed."""

import asyncio
import hashlib
import io
import logging
from datetime import UTC

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import SignatureObject, SimpleSigner
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko_certvalidator.registry import SimpleCertificateStore

from models.errors import Refused
from tasks.gateways.seal import Words

_FIELD = "Seal"
# In hexadecimal digits: four times the container of a plain certificate, since a studio's own may be longer.
_RESERVED = 16_384
logging.getLogger("pyhanko").setLevel(logging.ERROR)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.ERROR)


class _Steady(IncrementalPdfFileWriter):
    """Writes what it is told and nothing of the hour: pyhanko would note the time of day and draw the document's id by lot."""

    def __init__(self, pdf: bytes, words: Words) -> None:
        super().__init__(io.BytesIO(pdf))
        digest = hashlib.sha256(pdf + words.at.astimezone(UTC).isoformat().encode()).digest()
        self._document_id = ArrayObject([ByteStringObject(digest[:16]), ByteStringObject(digest[16:])])

    def _update_meta(self) -> None:
        """The document says already what it is and when it was made."""


def signed(pdf: bytes, key: bytes, certificate: bytes, words: Words) -> bytes:
    """`pdf` with the signature in it; key (PKCS 8) and certificate are DER. Raises Refused when `pdf` cannot be read."""
    signer = SimpleSigner(signing_cert=Certificate.load(certificate), signing_key=PrivateKeyInfo.load(key), cert_registry=SimpleCertificateStore())
    try:
        writer = _Steady(pdf, words)
        steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(_FIELD)).write_cms(field_name=_FIELD, writer=writer)
        next(steps)
        mark = SignatureObject(
            timestamp=words.at.astimezone(UTC), subfilter=SigSeedSubFilter.PADES, name=words.name, reason=words.reason, bytes_reserved=_RESERVED
        )
        rights = SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
        steps.send(SigObjSetup(sig_placeholder=mark, mdp_setup=rights))
        prepared, output = steps.send(SigIOSetup(md_algorithm="sha256"))
        steps.send(asyncio.run(signer.async_sign(prepared.document_digest, "sha256", use_pades=True)))
    except (PdfError, SigningError) as error:
        raise Refused(f"The document cannot be sealed ({error}).") from error
    return output.getvalue()
