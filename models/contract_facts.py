"""What must hold before a fact about a contract is kept, and what follows from it at once. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from models import contract_parties, contract_state, facts, letters, mailboxes, signing
from models.answer import Answer
from models.answers import ContractWord
from models.cash_answers import CodeAsked, ContractChangeAsked, ContractDetails, ContractRevised, ContractSigned, Countersigned
from models.errors import Invalid, Missing, Refused
from models.field_types import normal_email
from models.letters import LetterOrder
from models.tables import Client, Deal, Document, Fact, Upload
from models.tracks import Sales

SCAN = "contract-scan"
"""What an uploaded scan answers; no brief has a question of this name."""
FIRST_PLACE_ON_EARTH = timedelta(hours=14)
SCANS = frozenset({"application/pdf", "image/png", "image/jpeg"})


def may_sign(client: Client, document: Document, email: str) -> bool:
    """Whether a code may go to this address: the client's own, a colleague's at the client's own domain, or the signer's.

    Who merely holds the link signs nothing: the code needs the client's mailbox, or one that the salesperson has vouched for. An address
    typed on the page, like that for invoices, is nobody's word but the typist's.
    """
    named = {client.email, document.made_from.get("signer", "")} - {""}
    return email in named or mailboxes.are_colleagues(client.email, email)


def _in_contracting(deal: Deal) -> None:
    if deal.sales != Sales.CONTRACTING:
        raise Refused(f"Nobody asks that now: deal {deal.id} is {deal.sales}.")


def _contract(session: Session, deal: Deal) -> Document:
    _in_contracting(deal)
    document = contract_state.of_round(session, deal)
    if document is None:
        raise Missing("There is no contract yet; we write to you as soon as there is.")
    return document


def unsigned(session: Session, deal: Deal, version: int) -> Document:
    """The contract that is out, if it is the version somebody read. Raises Refused otherwise."""
    document = _contract(session, deal)
    if document.state == "signed":
        raise Refused("This contract has been signed already; there is nothing left to do.")
    if version != document.version:
        raise Refused("This changed while you were reading: please look at the contract again.")
    if document.state != "frozen":
        raise Refused("This version is void; we send you a new one.")
    if _given_up(session, deal):
        raise Refused("This contract is no longer open. Please call us, should you want it after all.")
    return document


def _given_up(session: Session, deal: Deal) -> bool:
    """Whether the salesperson has said that it is lost, and the stage has not closed the deal yet."""
    about = facts.subject(deal.id or 0, deal.round, contract_state.NOUN)
    told = facts.of_deal(session, deal.id or 0, ContractWord.kind)
    return any(fact.subject == about and fact.payload["outcome"] == "lost" for fact in told)


def _check_details(session: Session, deal: Deal, answer: ContractDetails, now: datetime) -> None:  # noqa: ARG001
    _in_contracting(deal)
    if contract_state.of_round(session, deal):
        raise Refused("The contract has been made with the details we had. Ask for a change on its page, and we make it anew.")
    contract_parties.tidy(answer)


def _keep_details(session: Session, deal: Deal, answer: ContractDetails, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    client = session.get_one(Client, deal.client_id)
    client.details = contract_parties.tidy(answer)
    session.add(client)


def _check_code(session: Session, deal: Deal, answer: CodeAsked, now: datetime) -> None:
    document = unsigned(session, deal, answer.version)
    client, email = session.get_one(Client, deal.client_id), normal_email(answer.email)
    if not email:
        raise Invalid("This does not look like an e-mail address.")
    if not may_sign(client, document, email):
        raise Refused("We send the code to the client's own address, or to a colleague's there. Does somebody else sign? Tell us who.")
    signing.check_may_ask(session, deal.id or 0, answer.version, now=now)


def _mail_code(session: Session, deal: Deal, answer: CodeAsked, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    code = signing.ask(session, deal.id or 0, answer.version, normal_email(answer.email), now=now)
    client = session.get_one(Client, deal.client_id)
    to = "client" if code.email == client.email else "colleague"
    order = LetterOrder(
        name="contract-code", deal_id=deal.id or 0, to=to, address=code.email if to == "colleague" else "",
        facts={"code_number": str(code.number), "version": str(answer.version)},
    )  # fmt: skip
    letters.plan(session, f"deal/{deal.id}/contract/v{answer.version}/code/{code.number}", order, now=now)


def _check_signed(session: Session, deal: Deal, answer: ContractSigned, now: datetime) -> None:  # noqa: ARG001
    document = unsigned(session, deal, answer.version)
    if answer.body_hash != document.body_hash:
        raise Refused("This changed while you were reading: please look at the contract again.")
    code = signing.used(session, deal.id or 0, answer.version, answer.code)
    if code is None or code.email != normal_email(answer.email):
        raise Refused("A signature needs the code that was mailed to the signer.")


def _seal(session: Session, deal: Deal, answer: ContractSigned | ContractWord, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    if isinstance(answer, ContractWord) and answer.outcome == "lost":
        return
    document = _contract(session, deal)
    document.state, document.frozen_by = "signed", fact.id
    session.add(document)


def _check_change(session: Session, deal: Deal, answer: ContractChangeAsked, now: datetime) -> None:  # noqa: ARG001
    unsigned(session, deal, answer.version)


def _check_revised(session: Session, deal: Deal, answer: ContractRevised, now: datetime) -> None:  # noqa: ARG001
    document = _contract(session, deal)
    if document.state != "frozen" or answer.version != document.version:
        raise Refused(f"The newest version is {document.version}, and it is {document.state}.")


def _check_countersigned(session: Session, deal: Deal, answer: Countersigned, now: datetime) -> None:  # noqa: ARG001
    document = _contract(session, deal)
    if contract_state.countersignature(session, document):
        raise Refused("This has been answered already.")
    if document.version != answer.version or document.state != "signed":
        raise Refused("The client has not signed this version, so there is nothing to sign for the studio.")
    if answer.decision == "sign" and not answer.name:
        raise Invalid("Please say who signs for the studio.")


def _refuse(session: Session, deal: Deal, answer: Countersigned, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    if answer.decision == "refuse":
        document = _contract(session, deal)
        document.state = "void"
        session.add(document)


def _check_word(session: Session, deal: Deal, answer: ContractWord, now: datetime) -> None:
    _in_contracting(deal)
    document = contract_state.of_round(session, deal)
    if document and document.state == "signed":
        raise Refused("The client has signed this contract here. Close the deal as lost if it comes to nothing all the same.")
    if answer.outcome == "lost":
        return
    if document is None or document.state != "frozen":
        raise Refused("There is no contract to sign yet. The client's details come first: give them with Resume on the waiting run.")
    if not answer.name:
        raise Invalid("Please say who signed it for the client.")
    if answer.on and answer.on > (now + FIRST_PLACE_ON_EARTH).date():
        raise Invalid("That day is still to come.")
    scan = session.get(Upload, answer.scan) if answer.scan else None
    if answer.scan and (scan is None or scan.deal_id != deal.id or scan.removed_at or scan.media_type not in SCANS):
        raise Invalid(f"Upload {answer.scan} is no scan of this deal's: a PDF, a JPEG or a PNG.")


CHECKS: dict[type[Answer], Callable] = {
    ContractDetails: _check_details, CodeAsked: _check_code, ContractSigned: _check_signed, ContractChangeAsked: _check_change,
    ContractRevised: _check_revised, Countersigned: _check_countersigned, ContractWord: _check_word,
}  # fmt: skip
FOLLOWS: dict[type[Answer], Callable] = {
    ContractDetails: _keep_details, CodeAsked: _mail_code, ContractSigned: _seal, Countersigned: _refuse, ContractWord: _seal,
}  # fmt: skip
