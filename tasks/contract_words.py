"""The words of letters about a contract: counted when the letter is written, from the newest contract of the deal's round."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlmodel import col, select

from models import contract_state, documents, signing
from models.answers import ContractWord
from models.cash_tables import SignCode
from models.money import Money
from models.tables import Document
from tasks.world import world

if TYPE_CHECKING:
    from tasks.words import About


def _contract(about: "About") -> Document:
    """The version that the order names, else the newest of the round."""
    named = about.order.facts.get("version")
    found = documents.version(about.session, about.deal_id, "contract", int(named)) if named else contract_state.of_round(about.session, about.deal)
    if found is None:
        raise LookupError(f"Deal {about.deal_id} has no contract yet.")
    return found


def _number(about: "About") -> str:
    return str(_contract(about).body["number"])


def _total(about: "About") -> str:
    """The contract's total; before there is one that of the accepted proposal."""
    document = contract_state.of_round(about.session, about.deal)
    if document:
        return Money.model_validate(document.body["gross"]).format(about.locale)
    proposal = documents.latest(about.session, about.deal_id, "proposal")
    return Money.model_validate(proposal.totals["gross"]).format(about.locale) if proposal and proposal.totals else ""


def _changes(about: "About") -> str:
    return "\n".join(_contract(about).changes)


def _message(about: "About") -> str:
    """What the client wants changed, or why the studio did not sign: whatever the new version has to answer."""
    document = _contract(about)
    told, asked = contract_state.countersignature(about.session, document), contract_state.change_asked(about.session, document)
    if told and told[1].decision == "refuse":
        return told[1].reason
    return asked.text if asked else ""


def _signed_by(about: "About") -> str:
    signed = contract_state.signature(about.session, _contract(about))
    return signed[1].name if signed else ""


def _signed_on(about: "About") -> str:
    signed = contract_state.signature(about.session, _contract(about))
    if signed is None:
        return ""
    fact, answer = signed
    if isinstance(answer, ContractWord) and answer.on:
        return format_date(answer.on, "full", locale=about.locale)
    return about.day(fact.happened_at)


def _who(about: "About") -> str:
    told = contract_state.countersignature(about.session, _contract(about))
    return told[1].name if told else ""


def _reason(about: "About") -> str:
    told = contract_state.countersignature(about.session, _contract(about))
    return told[1].reason if told else ""


def _row(about: "About") -> SignCode:
    """The code that the order names; without one the newest. The digits are in neither."""
    same = (SignCode.deal_id == about.deal_id, SignCode.kind == contract_state.NOUN, SignCode.version == _contract(about).version)
    mine = select(SignCode).where(*same)
    named = about.order.facts.get("code_number")
    wanted = mine.where(SignCode.number == int(named)) if named else mine
    row = about.session.exec(wanted.order_by(col(SignCode.number).desc())).first()
    if row is None:
        raise LookupError(f"Nobody asked for a code for the contract of deal {about.deal_id}.")
    return row


def _code(about: "About") -> str:
    row = _row(about)
    return signing.digits(world().secret, row.deal_id, row.version, row.number)


def _code_until(about: "About") -> str:
    """The end of the code's time where the studio is: "10:15 GMT"."""
    # The zone's name is the zone data's own: Babel takes Dublin's winter for its summer.
    until = _row(about).expires_at.astimezone(ZoneInfo(about.company.studio.zone))
    return f"{until:%H:%M} {until.tzname()}"


CONTRACT: dict[str, Callable[["About"], str]] = {
    "number": _number, "total": _total, "changes": _changes, "message": _message, "signed_by": _signed_by, "signed_on": _signed_on,
    "who": _who, "reason": _reason, "code": _code, "code_until": _code_until,
}  # fmt: skip
