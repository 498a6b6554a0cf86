"""Mail that came, taken in: whose it is, what is kept of it, what follows. Nothing in a letter is a promise of ours, or an order.

    letter ──▶ a client's, by thread or address ──▶ a fact, and somebody of the studio is told
           ├─▶ a server's report ──▶ the letter of ours that came back, and the address where nobody is
           ├─▶ from our own people ──▶ a note in the deal's history
           ├─▶ from a stranger ──▶ an application, where the owner wants that
           └─▶ a machine's, a list's, our own come back ──▶ passed over
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models import facts, inbox, mail_ids, mail_thread
from models.after_answers import CourseAnswered, MailBounced, MailCame
from models.answer import Answer
from models.answers import Noted, RemindersStopped
from models.company import Company
from models.field_types import normal_email
from models.incoming_mail import IncomingMail, MailKind
from models.mail_report import Recipient, Report
from models.mail_thread import By, Known, Match
from models.message import Mailbox
from models.tables import Client, Deal, Effect
from models.tracks import Sales, is_open

SOURCE = "mail"
LONGEST = 50_000
PASSED_OVER = {MailKind.LOOP: "a letter of our own that came back", MailKind.LIST: "a list's letter"}


@dataclass(frozen=True)
class Taken:
    """What became of a letter, in a sentence; one that nobody could place is put aside for a person to read."""

    said: str
    is_placed: bool = True


def domain_of(company: Company) -> str:
    """The domain of our own letters, in ASCII."""
    return Mailbox(address=company.studio.mail.from_address).parts[1]


def take(session: Session, company: Company, mail: IncomingMail, *, path: str, strangers: str, now: datetime) -> Taken:
    """Take a letter in, once per its id; `path` is where its bytes lie, `strangers` the service that an unknown sender applies for."""
    domain = domain_of(company)
    if mail.kind in PASSED_OVER:
        return Taken(f"Passed over: {PASSED_OVER[mail.kind]}.")
    if mail.report:
        return _report(session, mail, mail.report, domain, now)
    match = whose(session, company, mail, domain)
    deal = match.deal or match.near
    if match.by == By.STAFF:
        return _note(session, deal, mail, now)
    if deal is not None:
        return _keep(session, deal, mail, match, path, now)
    if mail.kind == MailKind.AUTO_REPLY:
        return Taken("Passed over: a machine's answer to nobody we know.")
    return _stranger(session, company, mail, strangers, now)


def whose(session: Session, company: Company, mail: IncomingMail, domain: str) -> Match:
    """The deal that a letter belongs to, by its thread and its sender."""
    studio = company.studio
    ours = {studio.email, studio.mail.from_address, studio.mail.support_address, *(person.email for person in studio.people)}
    staff = {normal_email(address) for address in ours}
    thread = mail_thread.candidates(mail, domain=domain)
    proven = [deal for deal in thread.hints if any(_letter(session, deal, one) for one in thread.letters)]
    named = [known for deal in dict.fromkeys((*thread.deals, *proven)) if (known := _known(session, deal, staff))]
    theirs = [_of(session, deal, staff) for deal in inbox.deals_by_mail(session, mail.address)] if mail.address else []
    return mail_thread.deal_of(mail.address, named, theirs, ours=staff)


def _known(session: Session, deal_id: int, staff: set[str]) -> Known | None:
    deal = session.get(Deal, deal_id)
    return _of(session, deal, staff) if deal else None


def _of(session: Session, deal: Deal, staff: set[str]) -> Known:
    """A deal as matching sees it. After the hand-over it is open still: support answers."""
    client = session.get_one(Client, deal.client_id)
    wrote = session.exec(select(Effect.result).where(Effect.deal_id == deal.id, col(Effect.state) == "done")).all()
    written = {normal_email(str(result.get("to", ""))) for result in wrote} - staff - {""}
    is_alive = is_open(deal) or deal.sales == Sales.WON
    return Known(deal=deal.id or 0, client=client.email, is_open=is_alive, written_to=frozenset(written))


def _letter(session: Session, deal_id: int, message_id: str) -> Effect | None:
    """The letter that went out under this Message-ID, among those of a deal."""
    mine = session.exec(select(Effect).where(Effect.deal_id == deal_id).order_by(Effect.key))
    return next((effect for effect in mine if _has_id(effect, message_id)), None)


def _has_id(effect: Effect, message_id: str) -> bool:
    return str(effect.result.get("message_id", "")).casefold() == message_id.casefold()


def _tell(session: Session, deal_id: int, answer: Answer, mail: IncomingMail, what: str, actor: str, now: datetime) -> bool:
    key = f"{mail.external_id[:300]}{what}"
    return inbox.tell(session, deal_id, answer, source=SOURCE, external_id=key, actor=actor, now=now, happened_at=_when(mail, now))[1]


def _when(mail: IncomingMail, now: datetime) -> datetime:
    """When it was written, as far as that can be: a date to come is nobody's."""
    return min(mail.date, now) if mail.date else now


def _keep(session: Session, deal_id: int, mail: IncomingMail, match: Match, path: str, now: datetime) -> Taken:
    """A fact of the deal's; a plain "stop" ends reminders and course at once."""
    is_client = match.deal is not None
    answer = MailCame(
        sender=mail.address or ", ".join(mail.senders)[:320], name=mail.name[:200], subject=mail.subject, text=(mail.text or mail.whole)[:LONGEST],
        files=[one.name[:200] for one in mail.attachments], message_id=mail.external_id[:1000], path=path,
        is_auto=is_of_a_machine(mail), from_client=is_client,
    )  # fmt: skip
    is_new = _tell(session, deal_id, answer, mail, "", "client" if is_client else "somebody", now)
    if is_client and is_new and mail.asks_to_stop:
        _tell(session, deal_id, RemindersStopped(), mail, "/stop", "client", now)
        if session.get_one(Deal, deal_id).sales == Sales.WON:
            _tell(session, deal_id, CourseAnswered(decision="no"), mail, "/stop/course", "client", now)
    return Taken(f"Deal {deal_id}: a letter of {answer.sender or 'nobody'}, found by {match.by}.")


def is_of_a_machine(mail: IncomingMail) -> bool:
    """Whether no person wrote it: an automatic answer, or a calendar's word that somebody comes."""
    is_calendars = mail.invitation is not None and mail.invitation.method == "reply" and not mail.text.strip()
    return mail.kind == MailKind.AUTO_REPLY or is_calendars


def _note(session: Session, deal_id: int | None, mail: IncomingMail, now: datetime) -> Taken:
    if deal_id is None:
        return Taken("Passed over: a letter of our own people about no deal.")
    text = f"{mail.subject}\n\n{mail.text or mail.whole}".strip()[:20_000]
    _tell(session, deal_id, Noted(text=text or "An empty letter."), mail, "", f"mail:{mail.address}", now)  # a From proves nobody
    return Taken(f"Deal {deal_id}: a note by {mail.address}.")


def _stranger(session: Session, company: Company, mail: IncomingMail, service: str, now: datetime) -> Taken:
    """Somebody unknown: an application for the service that the owner names, else put aside."""
    if not mail.address or service not in company.rates.services:
        return Taken("Put aside: from nobody we know.", is_placed=False)
    payload = {
        "service": service, "name": mail.name or mail.address, "email": mail.address, "message": f"{mail.subject}\n\n{mail.text}".strip()[:20_000],
        "source": {"channel": "mail"},
    }  # fmt: skip
    fact, _ = inbox.apply(session, payload, source=SOURCE, external_id=mail.external_id[:300], actor="client", now=now)
    return Taken(f"Application {fact.id}: {mail.address} wrote to us.")


def _report(session: Session, mail: IncomingMail, report: Report, domain: str, now: datetime) -> Taken:
    """A server's word on a letter of ours: only what we sent, to whom we sent it, is believed to have come back."""
    effect = _sent(session, report, domain)
    if effect is None or effect.deal_id is None:
        return Taken("Passed over: a server's report on no letter of ours.")
    to = normal_email(str(effect.result.get("to", "")))
    meant = next((one for one in report.recipients if to and to in {normal_email(one.address), normal_email(one.original)}), None)
    if meant is None:  # a mailbox that forwards names another one; so does whoever makes reports up
        return Taken(f"Put aside: a server's report on {effect.key} that does not name whom it went to.", is_placed=False)
    if mail.kind == MailKind.COMPLAINT:
        _tell(session, effect.deal_id, RemindersStopped(), mail, "/complaint", "client", now)
        return Taken(f"Deal {effect.deal_id}: the client's provider calls {effect.key} unwanted; no reminder follows.")
    if not (meant.has_failed or meant.is_dead):
        return Taken(f"Deal {effect.deal_id}: {effect.key} is on its way still, or came to somebody else.")
    return _bounce(session, effect, meant, mail, to, now)


def _bounce(session: Session, effect: Effect, meant: Recipient, mail: IncomingMail, to: str, now: datetime) -> Taken:
    answer = MailBounced(effect=effect.key, address=to, status=meant.status[:20], said=meant.said[:2000], permanent=meant.is_dead)
    _tell(session, effect.deal_id or 0, answer, mail, "", "system", now)
    return Taken(f"Deal {effect.deal_id}: {effect.key} came back from {to}: {meant.said[:200]}")


def _sent(session: Session, report: Report, domain: str) -> Effect | None:
    """The letter of ours that a report tells of: it went out under the id that the report names. A key alone proves nothing."""
    if not report.message_id:
        return None
    deal = mail_ids.deal_hint(report.message_id, domain)
    by_key = session.get(Effect, report.key) if report.key else None
    found = by_key or (_letter(session, deal, report.message_id) if deal else None)
    if found and _has_id(found, report.message_id):
        return found
    # Letters about an invoice name no deal in their ids.
    said = select(Effect).where(Effect.result["message_id"].as_string() == report.message_id)
    return session.exec(said).first()


def seen(session: Session, mail: IncomingMail) -> bool:
    """Whether a letter was taken in before."""
    return facts.find(session, SOURCE, mail.external_id[:300]) is not None
