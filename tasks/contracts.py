"""Steps of the contract: details asked for, made, printed, sent, changed, signed for the studio, sealed."""

import hashlib
from collections.abc import Callable

from prefect.logging import get_run_logger
from sqlmodel import Session

from models import contract_state, contract_texts, contracts, documents, inbox
from models.cash_answers import ContractSigned, Countersigned
from models.errors import Missing
from models.letters import LetterOrder
from models.tables import Client, Deal, Document
from tasks import letters, printing
from tasks.gateways.pdf import NoLibraries
from tasks.step import step
from tasks.world import world


@step
def give_word_link(deal_id: int, round_: int) -> str:
    """Give the salesperson the page on which they say that it was signed on paper, or is lost; return the effect's state."""
    order = LetterOrder(name="contract-word", deal_id=deal_id, to="salesperson")
    return letters.send(f"deal/{deal_id}/r{round_}/contract/word", order).state


@step
def needs_details(deal_id: int, round_: int) -> bool:  # noqa: ARG001 (the round makes it another call)
    """Whether the client has to be asked who the contracting party is; the same at every replay of a round."""
    with world().db.reading() as session:
        return contract_state.asks_details(session, session.get_one(Deal, deal_id))


@step
def ask_details(deal_id: int, round_: int) -> str:  # noqa: ARG001 (as above)
    """Ask the client who the contracting party is; return the effect's state."""
    with world().db.reading() as session:
        key = contract_state.details_letter(session.get_one(Deal, deal_id))
    return letters.send(key, LetterOrder(name="contract-details", deal_id=deal_id, to="client")).state


@step
def publish_contract(deal_id: int, round_: int) -> int:  # noqa: ARG001 (as above)
    """Make the contract of the accepted proposal, frozen; return its version. A replay begins with the first one of its round again."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        known = contract_state.first(session, deal)
        return (known or contracts.publish(session, here.company, deal, now=here.now(), made_by="system")).version


@step
def print_contract(deal_id: int, version: int) -> str:
    """Print a version and keep the PDF under its SHA-256; return the hash. "" where this machine cannot print: the page is enough to go on."""
    with world().db.reading() as session:
        document = _document(session, deal_id, version)
    return _on_paper(lambda: printing.print_contract(document))


@step
def mail_contract(deal_id: int, version: int) -> str:
    """Send the link to a version; return the effect's state. After an earlier one it says what changed; a void one stays here."""

    def still_out(session: Session) -> str | None:
        """Why the letter is not wanted any more; None to send it."""
        return "This version is void by now." if _document(session, deal_id, version).state == "void" else None

    with world().db.reading() as session:
        name = "contract-updated" if contract_state.was_mailed_before(session, _document(session, deal_id, version)) else "contract-ready"
    return letters.send(contract_state.letter(deal_id, version), _order(name, deal_id, version, "client"), guard=still_out).state


@step
def tell_change(deal_id: int, version: int, text: str) -> str:
    """Tell the salesperson which change the client asks for; return the effect's state."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    order = _order("contract-change-asked", deal_id, version, "salesperson", facts={"message": text})
    return letters.send(f"deal/{deal_id}/contract/v{version}/change-{mark}", order).state


@step
def sign_by_rule(deal_id: int, version: int) -> bool:
    """Sign for the studio where its rule says at once; False where the director is asked. A version keeps the way it took first."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        document = _document(session, deal_id, version)
        told = contract_state.countersignature(session, document)
        if told:
            return told[0].source == "system"
        if here.company.contract.countersign != "at once":
            return False
        answer = Countersigned(version=version, decision="sign", name=contract_texts.signatory(here.company, deal.service).name)
        key = f"deal/{deal_id}/contract/v{version}/countersigned"
        inbox.tell(session, deal_id, answer, source="system", external_id=key, actor="system", now=here.now())
    return True


@step
def ask_director(deal_id: int, version: int) -> str:
    """Ask the director to sign for the studio; return the effect's state."""
    order = _order("contract-countersign", deal_id, version, "director", links={"pdf": "contract-staff.pdf"})
    return letters.send(f"deal/{deal_id}/contract/v{version}/countersign", order).state


@step
def tell_refusal(deal_id: int, version: int) -> str:
    """Tell the salesperson that the studio does not sign, and why; return the effect's state."""
    order = _order("contract-refused-staff", deal_id, version, "salesperson")
    return letters.send(f"deal/{deal_id}/contract/v{version}/refused", order).state


@step
def seal_contract(deal_id: int, version: int) -> str:
    """Join contract and evidence, seal them and keep the pack as the contract's PDF; return its SHA-256. "" where this machine cannot print."""
    return _on_paper(lambda: printing.seal_contract(deal_id, version))


@step
def mail_signed(deal_id: int, version: int) -> list[str]:
    """Send the signed contract to the client, and to whoever signed by another address; return the effects' states."""
    key, name = f"deal/{deal_id}/contract/v{version}/signed", "contract-signed"
    with world().db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
        signed = contract_state.signature(session, _document(session, deal_id, version))
    states = [letters.send(key, _order(name, deal_id, version, "client")).state]
    if signed and isinstance(signed[1], ContractSigned) and signed[1].email != client.email:
        states.append(letters.send(f"{key}/signer", _order(name, deal_id, version, "colleague", address=signed[1].email)).state)
    return states


@step
def tell_signed(deal_id: int, version: int) -> str:
    """Tell the salesperson that the contract is signed; return the effect's state."""
    order = _order("contract-signed-staff", deal_id, version, "salesperson")
    return letters.send(f"deal/{deal_id}/contract/v{version}/signed-staff", order).state


def _on_paper(make: Callable[[], str]) -> str:
    try:
        return make()
    except NoLibraries as missing:
        get_run_logger().warning("%s", missing)
        return ""


def _order(
    name: str, deal_id: int, version: int, to: str, *, facts: dict[str, str] | None = None, links: dict[str, str] | None = None, address: str = ""
) -> LetterOrder:
    """A letter about one version, whatever the newest is by the time it is written."""
    about = {"version": str(version)} | (facts or {})
    return LetterOrder(name=name, deal_id=deal_id, to=to, address=address, facts=about, links=links or {})


def _document(session: Session, deal_id: int, version: int) -> Document:
    document = documents.version(session, deal_id, "contract", version)
    if document is None:
        raise Missing(f"Deal {deal_id} has no contract {version}.")
    return document
