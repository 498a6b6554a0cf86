"""The evidence of a signed contract or act as a file: what lies in a sealed pack, whether it agrees, and what it says in plain words."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from models.contract import Evidence, Signature
from models.errors import Invalid

EVIDENCE, SNAPSHOT, CONTRACT, ACT = "evidence.json", "snapshot.json", "contract.pdf", "act.pdf"
FILES = {
    EVIDENCE: "Who signed, when and how, with the hashes of what was signed",
    SNAPSHOT: "The contract as data",
    CONTRACT: "The contract as it was sent, unsigned",
}
"""What lies in the pack of a contract."""
FILES_OF = {
    "contract": FILES,
    "act": {EVIDENCE: FILES[EVIDENCE], SNAPSHOT: "The act of acceptance as data", ACT: "The act as it was sent, unsigned"},
}
PAGES = {"contract": CONTRACT, "act": ACT}
"""The file with the pages that were signed, by kind of document."""
_SIDES = {"client": "For the client", "studio": "For the studio"}
_WAYS = {
    "mailed code": "with a code sent by mail", "paper": "on paper", "standing rule": "by the studio's standing rule",
    "director's link": "by the director's link", "operator's form": "by an operator's form",
}  # fmt: skip


def canonical(body: Mapping[str, Any]) -> bytes:
    """A snapshot as the bytes that are hashed: the SHA-256 of these is the document's `body_hash`."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def written(evidence: Evidence) -> bytes:
    """The evidence as a file, to be read by people too."""
    return (json.dumps(evidence.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n").encode()


def read(files: Mapping[str, bytes]) -> Evidence:
    """The evidence among the files of a pack. Raises Invalid when it is not there or no evidence."""
    kind = "act" if ACT in files else "contract"
    if missing := [name for name in FILES_OF[kind] if name not in files]:
        raise Invalid(f"It is sealed, but no signed {kind}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in it.")
    try:
        found = Evidence.model_validate_json(files[EVIDENCE])
    except ValidationError:
        raise Invalid(f"{EVIDENCE} in it cannot be read as evidence.") from None
    if PAGES[found.kind] not in files:
        raise Invalid(f"It is sealed, but no signed {found.kind}: {PAGES[found.kind]} is not in it.")
    return found


def problems(evidence: Evidence, files: Mapping[str, bytes]) -> list[str]:
    """Where the files of a pack do not agree with its evidence, in sentences; none is how it should be.

    Paper was signed, not a PDF: evidence of that states no hash of one.
    """
    found, kind, pages = [], evidence.kind, PAGES[evidence.kind]
    if hashlib.sha256(files[SNAPSHOT]).hexdigest() != evidence.body_hash:
        found.append(f"The evidence is not about the {kind}'s data: {SNAPSHOT} has another hash than it states.")
    elif (named := _named(files[SNAPSHOT])) != (evidence.number, evidence.version):
        found.append(f"The evidence is about {kind} {evidence.number}, version {evidence.version}; the data are of {named[0]}, {named[1]}.")
    if evidence.pdf_hash and hashlib.sha256(files[pages]).hexdigest() != evidence.pdf_hash:
        found.append(f"The evidence is not about these pages: {pages} has another hash than it states.")
    if not any(signature.side == "client" for signature in evidence.signatures) and not (kind == "act" and evidence.deemed_at):
        found.append("Nobody has signed it for the client.")
    return found


def told(evidence: Evidence) -> list[str]:
    """Who signed what and when, in plain words."""
    noun = "Act of acceptance" if evidence.kind == "act" else "Contract"
    silence = [f"Accepted by silence, after the warnings that the contract asks for, {_moment(evidence.deemed_at)}"] if evidence.deemed_at else []
    return [
        f"{noun} {plain(evidence.number)}: {plain(evidence.title)}",
        *(_signed(signature) for signature in evidence.signatures),
        *silence,
    ]


def plain(text: str) -> str:
    """`text` in one line, without what could steer a terminal or turn the reading direction."""
    return " ".join("".join(" " if sign in "\t\r\n" else sign for sign in text if sign in "\t\r\n" or unicodedata.category(sign)[0] != "C").split())


def _signed(signature: Signature) -> str:
    who = ", ".join(plain(word) for word in (signature.name, signature.role, signature.email) if word)
    how = _WAYS.get(signature.how, plain(signature.how))
    where = f", from {plain(signature.address)}" if signature.address else ""
    when = _moment(signature.at, has_time=signature.how != "paper")
    return f"{_SIDES.get(signature.side, plain(signature.side))}: {who}; signed {when} {how}{where}"


def _moment(text: str, *, has_time: bool = True) -> str:
    """The day alone where only the day is known."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return plain(text)
    return f"on {at.day} {at:%B %Y}" + (f" at {at:%H:%M} UTC" if has_time else "")


def _named(snapshot: bytes) -> tuple[object, object]:
    try:
        body = json.loads(snapshot)
        return body["number"], body["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "nothing", "that can be read"
