"""Sealed packs to look into and to spoil: a key of the tests' own, and a signed contract sealed with it."""

import hashlib
import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pypdf import PdfWriter

from models import evidence
from models.contract import Evidence, Signature
from tasks.gateways import seal
from tasks.gateways.pdf_archive import Embedded
from tasks.gateways.pdf_join import Part, joined
from tests.fakes import MONDAY

TYPES = {evidence.EVIDENCE: "application/json", evidence.SNAPSHOT: "application/json", evidence.CONTRACT: "application/pdf"}


def a_key(name: str = "ours") -> str:
    """A key that seals; each name has its own."""
    return _key(name)


@lru_cache
def _key(name: str) -> str:
    return seal.new_key(at=MONDAY, subject=f"Seal of the tests ({name})")


def a_pdf(*, pages: int = 1) -> bytes:
    """A PDF with nothing on it."""
    writer, stream = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    writer.write(stream)
    return stream.getvalue()


def a_body(**values: Any) -> dict[str, Any]:
    """As much of a contract's snapshot as its evidence rests on."""
    return {"number": "C-0042-1", "version": 1, "title": "A website", "net": {"amount": 100_000, "currency": "EUR"}, "buyer": "Äcme"} | values


def some_evidence(body: Mapping[str, Any], contract: bytes, **values: Any) -> Evidence:
    """Evidence of a contract signed by both sides."""
    signatures = [
        Signature(
            side="client", name="Orla Byrne", role="Owner", email="orla@acme.example", at="2026-03-02T10:04:05+00:00", how="mailed code",
            address="203.0.113.7", agent="A browser", consent="I agree.",
        ),
        Signature(
            side="studio", name="Aoife Brennan", role="Director", email="aoife@northlight.example", at="2026-03-02T10:05:00+00:00",
            how="standing rule",
        ),
    ]  # fmt: skip
    said: dict[str, Any] = {
        "number": body["number"], "version": body["version"], "title": body["title"],
        "body_hash": hashlib.sha256(evidence.canonical(body)).hexdigest(), "template_hash": "0" * 64,
        "pdf_hash": hashlib.sha256(contract).hexdigest(), "proposal_hash": "1" * 64, "signatures": signatures,
        "steps": [("2026-03-02T10:04:05+00:00", "Orla Byrne signed.")], "made_at": "2026-03-02T10:05:00+00:00",
    }  # fmt: skip
    return Evidence(**said | values)


def some_files(body: Mapping[str, Any] | None = None, contract: bytes | None = None, **values: Any) -> dict[str, bytes]:
    """The files of a pack."""
    body, contract = a_body() if body is None else body, a_pdf() if contract is None else contract
    return {
        evidence.EVIDENCE: evidence.written(some_evidence(body, contract, **values)),
        evidence.SNAPSHOT: evidence.canonical(body),
        evidence.CONTRACT: contract,
    }


def a_pack(files: Mapping[str, bytes] | None = None, *, key: str = "ours") -> bytes:
    """A signed contract, sealed."""
    inside = [Embedded(name, content, TYPES.get(name, "text/plain"), "Data", "") for name, content in (files or some_files()).items()]
    whole = joined([Part(a_pdf(), foreign=False), Part(a_pdf(), foreign=False)], inside, {"when": "2026-03-02T10:05:00Z", "title": "A website"})
    return seal.seal(whole, key=a_key(key), reason="Contract C-0042-1 signed", at=MONDAY, name="Northlight")
