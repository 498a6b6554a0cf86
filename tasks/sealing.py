"""A signed contract or act as one sealed file: its pages as they were sent, the evidence, the scan; data and original inside."""

import base64
import hashlib
import logging
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session

from models import act_evidence, act_state, acts, contract_state, contracts, documents, evidence
from models.act import ActBody
from models.answers import ContractWord
from models.cash_pages import EvidenceDocument
from models.contract import ContractBody, Evidence
from models.errors import Missing, Refused
from models.proposals import logo
from models.sealed import is_sealed, mark_sealed, original
from models.tables import Document, Upload
from tasks import letters, paper
from tasks.gateways import seal, seal_check
from tasks.gateways.pdf import Attachment
from tasks.paper import Kept, Sheet
from tasks.world import World, world

_TYPES = {
    evidence.EVIDENCE: "application/json", evidence.SNAPSHOT: "application/json", evidence.CONTRACT: "application/pdf",
    evidence.ACT: "application/pdf",
}  # fmt: skip
_NOUNS = {"contract": "Contract", "act": "Act of acceptance"}
_PICTURE = (
    "<title>Scan</title><style>@page {{ size: A4; margin: 0 }} html, body {{ margin: 0 }} "
    "img {{ display: block; width: 210mm; height: 297mm; object-fit: contain }}</style><img src='data:{kind};base64,{content}' alt='Scan'>"
)
log = logging.getLogger(__name__)


class Scan(NamedTuple):
    """The scan of a contract signed on paper: its bytes, and what they are."""

    content: bytes
    media_type: str
    extension: str


def is_ready(session: Session, document: Document) -> bool:
    """Whether both sides have signed this version; an act needs the client's acceptance alone."""
    if document.kind == acts.NOUN:
        return document.state in act_state.ACCEPTED
    told = contract_state.countersignature(session, document)
    return contract_state.signature(session, document) is not None and told is not None and told[1].decision == "sign"


def seal_contract(deal_id: int, version: int) -> str:
    """Join a signed version, its evidence and its scan, seal them and keep the pack as the document's PDF; return its SHA-256. Done once.

    Raises Missing before it is signed, Refused where the signed pages are not there any more or cannot be joined, NoLibraries where this
    machine cannot print, BadSetup without a key.
    """
    return _seal(deal_id, "contract", version)


def seal_act(deal_id: int, version: int) -> str:
    """The same of an act of acceptance that was signed, or that silence accepted."""
    return _seal(deal_id, acts.NOUN, version)


def _seal(deal_id: int, kind: str, version: int) -> str:
    here = world()
    with here.db.reading() as session:
        document = documents.version(session, deal_id, kind, version)
        if document is None or document.state not in act_state.ACCEPTED:
            raise Missing(f"There is no signed {kind} {version} of deal {deal_id}.")
        if is_sealed(document) and paper.found(here, document.pdf_hash, document.pdf_path) is not None:
            return document.pdf_hash
        stated, scan = _evidence(here, session, document), _scan(here, session, document)
    kept, content = pages(here, document)
    if stated.deemed_at:  # what silence accepted are the pages that were sent, also where they had to be printed anew
        stated = stated.model_copy(update={"pdf_hash": kept.digest})
    pack = _pack(here, document, stated, content, scan)
    seal_check.check(pack)
    return _note(here, document, kept, paper.keep(here, pack))


def pages(here: World, document: Document) -> tuple[Kept, bytes]:
    """The pages of a contract or act, unsigned: those that were kept, else printed anew.

    Raises Refused when others than these were signed.
    """
    digest, path = original(document)
    content = paper.found(here, digest, path)
    if content is not None:
        return Kept(digest, path), content
    content = paper.printed(here, sheet_of(here, document))
    if document.state in act_state.ACCEPTED and digest not in {"", hashlib.sha256(content).hexdigest()}:
        raise Refused(f"The pages that were signed are not where they were kept, nor printed alike any more: bring {path} back from a backup.")
    return paper.keep(here, content), content


def sheet_of(here: World, document: Document) -> Sheet:
    """The sheet of paper of a contract or an act."""
    with here.db.writing() as session:
        link = letters.address_of(here, session, document.deal_id, document.kind)
        view = (
            acts.shown(here.company, document, link=link)
            if document.kind == acts.NOUN
            else contracts.shown(session, here.company, document, link=link)
        )
    return Sheet(document.kind, view.context(), view.body.locale, document.made_at)


def _evidence(here: World, session: Session, document: Document) -> Evidence:
    return act_evidence.evidence(session, document) if document.kind == acts.NOUN else contracts.evidence(session, here.company, document)


def _pack(here: World, document: Document, stated: Evidence, content: bytes, scan: Scan | None) -> bytes:
    body: ContractBody | ActBody = (ActBody if document.kind == acts.NOUN else ContractBody).model_validate(document.body)
    noun, described = _NOUNS[document.kind], evidence.FILES_OF[document.kind]
    files = {
        evidence.EVIDENCE: evidence.written(stated), evidence.SNAPSHOT: evidence.canonical(document.body), evidence.PAGES[document.kind]: content,
    }  # fmt: skip
    if wrong := evidence.problems(stated, files):
        raise Refused(f"{noun} {body.number} cannot be sealed. {' '.join(wrong)}")
    key, at = here.settings.seal_key.get_secret_value(), datetime.fromisoformat(stated.made_at)
    view = EvidenceDocument(
        evidence=stated, contract=body, zone=here.company.studio.zone, logo=logo(here.company), fingerprint=seal.fingerprints(key)[0]
    )
    page = paper.printed(here, Sheet("evidence", view.context(), body.locale, at))
    attachments = [Attachment(name, file, _TYPES[name], "Data", described[name]) for name, file in files.items()]
    how = "accepted by silence" if stated.deemed_at else "signed"
    joined = _joined(here, [content, page], scan, attachments, at, f"{body.title} · {noun} {body.number}, {how}")
    signers = ", ".join(evidence.plain(signature.name) for signature in stated.signatures)
    reason = f"{noun} {body.number}, version {body.version}, {how}{' by ' if signers else ''}{signers}"
    return seal.seal(joined, key=key, reason=reason, at=at, name=body.seller.name)


def _joined(here: World, parts: list[bytes], scan: Scan | None, files: list[Attachment], at: datetime, title: str) -> bytes:
    """One PDF; a scan is inside as it was uploaded, and on pages where it can be put on some."""
    if scan is None:
        return here.pdf.join(parts, when=at, title=title, attachments=files)
    files = [*files, Attachment(f"scan{scan.extension}", scan.content, scan.media_type, "Supplement", "The scan of the signed paper")]
    try:
        if scan.media_type == "application/pdf":
            return here.pdf.join(parts, foreign=[scan.content], when=at, title=title, attachments=files)
        picture = base64.b64encode(scan.content).decode()
        page = here.pdf.print(_PICTURE.format(kind=scan.media_type, content=picture), when=at)
        if b"/Image" in page:
            return here.pdf.join([*parts, page], when=at, title=title, attachments=files)
    except Refused as why:
        log.warning("The scan of “%s” is in the pack as a file only: %s", title, why)
    return here.pdf.join(parts, when=at, title=title, attachments=files)


def _scan(here: World, session: Session, document: Document) -> Scan | None:
    signed = contract_state.signature(session, document) if document.kind == contract_state.NOUN else None
    if signed is None or not isinstance(signed[1], ContractWord) or not signed[1].scan:
        return None
    upload = session.get(Upload, signed[1].scan)
    if upload is None or upload.deal_id != document.deal_id:
        return None
    place = Path(here.settings.home, upload.path)
    if not place.is_file():
        raise Refused(f"The scan of the signed contract is not where it was kept: bring {upload.path} back from a backup.")
    return Scan(place.read_bytes(), upload.media_type, place.suffix)


def _note(here: World, document: Document, contract: Kept, pack: Kept) -> str:
    with here.db.writing() as session:
        row = session.get_one(Document, document.id)
        mark_sealed(row, pdf_hash=contract.digest, pdf_path=contract.path)
        row.pdf_hash, row.pdf_path = pack.digest, pack.path
        session.add(row)
    return pack.digest
