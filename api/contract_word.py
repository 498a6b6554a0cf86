"""The salesperson's word on the contract: signed, or not going to be."""

import os
from datetime import date
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.door import Door, Here
from api.links import Opened, WordLink
from api.posted import Form, Posted
from api.proposal import mark
from api.proposal_view import newest
from api.staff import actor_of
from models import contract_state, facts, inbox, uploads
from models.answers import ContractWord
from models.contract_facts import SCAN, SCANS
from models.errors import Invalid, Refused
from models.money import Money
from models.pages import Choice, ContractWordPage
from models.pages import Form as FormView
from models.proposal import Snapshot
from models.sniff import HEAD_BYTES, sniff
from models.tables import Client, Deal, Document
from models.totals import totals
from models.tracks import CLOSED
from models.uploads import Stored

pages = APIRouter(include_in_schema=False)
LOST_REASONS = [
    Choice(value="price", label="The price"), Choice(value="silent", label="They went silent"),
    Choice(value="another studio", label="They chose another studio"), Choice(value="postponed", label="Their plans changed"),
    Choice(value="terms", label="The terms of the contract"), Choice(value="other", label="Something else"),
]  # fmt: skip


@pages.get("/k/{token}")
def show(link: WordLink, here: Here) -> Response:
    """The question, or what was recorded."""
    return page(here, link)


@pages.post("/k/{token}")
def post(link: WordLink, here: Here, posted: Form) -> Response:
    """Record the salesperson's word, with the scan of what was signed on paper; a second one is refused (409)."""
    actor, unnamed = actor_of(here, link, posted)
    word, problems = read(here, posted)
    scan, unread = store_scan(here, link, posted) if word and not unnamed and word.outcome == "signed" else (None, {})
    problems |= unnamed | unread
    if word is None or problems:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems))
    try:
        record(here, link, word, actor, scan)
    except Invalid as wrong:
        return page(here, link, 422, FormView(given=posted.given(), problems={"scan" if scan else "signed_on": str(wrong)}))
    except Refused:
        with here.db.reading() as session:
            if state(session, session.get_one(Deal, link.deal_id)) == "open":  # nothing is settled: the sentence says what is missing
                raise
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/k/{link.token}", 303)


def record(here: Door, link: Opened, word: ContractWord, actor: str, scan: Stored | None) -> None:
    """Record the word, and the scan with it, in one transaction."""
    with here.db.writing() as session:
        round_ = session.get_one(Deal, link.deal_id, with_for_update=True).round
        key = f"deal/{link.deal_id}/r{round_}/contract/{mark(word.model_dump_json(), scan.sha256 if scan else '')}"
        if scan:
            room = here.settings.upload_deal_mb * uploads.MEGABYTE
            kept = uploads.keep(session, link.deal_id, SCAN, scan, room=room, now=here.now())
            word = word.model_copy(update={"scan": kept.id})
        inbox.tell(session, link.deal_id, word, source="staff", external_id=key, actor=actor, now=here.now())


def read(here: Door, posted: Posted) -> tuple[ContractWord | None, dict[str, str]]:
    """The word typed, or the problems by field."""
    outcome, text = posted.one("decision"), posted.one("text")
    label = next((choice.label for choice in LOST_REASONS if choice.value == posted.one("reason")), "")
    if outcome not in {"signed", "lost"}:
        return None, {"decision": "Please choose what happened."}
    if outcome == "lost" and not label:
        return None, {"reason": "Please choose why it will not be signed."}
    is_signed = outcome == "signed"
    signed_on, wrong = read_day(here, posted.one("signed_on")) if is_signed else (None, "")
    problems = {"signed_on": wrong} if wrong else {}
    named = {name: posted.one(name) for name in ("name", "role")} if is_signed else {}
    if is_signed and not named["name"]:
        problems["name"] = "Please say who signed it for the client."
    problems |= {name: "Please keep this under 200 characters." for name, said in named.items() if len(said) > 200}  # noqa: PLR2004
    if problems:
        return None, problems
    try:
        return ContractWord(outcome=outcome, on=signed_on, reason=": ".join(filter(None, (label if not is_signed else "", text))), **named), {}
    except ValidationError:
        return None, {"text": "Please keep this under 4,900 characters."}


def store_scan(here: Door, link: Opened, posted: Posted) -> tuple[Stored | None, dict[str, str]]:
    """The posted scan on disk, if there is one; or what is wrong with it."""
    file = next(iter(posted.files.get("scan", [])), None)
    if file is None:
        return None, {}
    limit = here.settings.upload_mb * uploads.MEGABYTE
    try:
        size = file.file.seek(0, os.SEEK_END)
        file.file.seek(0)
        head = file.file.read(HEAD_BYTES)
        if sniff(file.filename or "", head, size, limit=limit).media_type not in SCANS:
            return None, {"scan": "A scan is a PDF, a PNG or a JPEG."}
        return uploads.store(here.settings.home, link.deal_id, file.filename or "", file.file, limit=limit), {}
    except Invalid as wrong:
        return None, {"scan": str(wrong)}


def read_day(here: Door, text: str) -> tuple[date | None, str]:
    """The day of signing, not one to come; or what is wrong with it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "Please give the day of signing as year-month-day."
    return (None, "That day is still to come.") if day > today(here) else (day, "")


def today(here: Door) -> date:
    """Today, where the studio is."""
    return here.company.studio.today(here.now())


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        deal, document = session.get_one(Deal, link.deal_id), newest(session, link.deal_id)
        client = session.get_one(Client, deal.client_id)
        record = ContractWordPage(
            chrome=here.chrome, token=link.token, deal_id=link.deal_id, client_name=client.name, client_company=client.company,
            service_name=here.service(deal.service), total=agreed(session, deal, document), lost_reasons=LOST_REASONS, today=today(here),
            people=[person.name for person in here.office], state=state(session, deal), form=form or FormView(),
        )  # fmt: skip
    return here.page("pages/contract_word.html", record, status)


def agreed(session: Session, deal: Deal, document: Document) -> Money:
    """The gross total of the contract; before there is one as accepted, before that as proposed without options."""
    contract = contract_state.of_round(session, deal)
    if contract:
        return Money.model_validate(contract.body["gross"])
    if document.totals:
        return Money.model_validate(document.totals["gross"])
    return totals(Snapshot.model_validate(document.body), []).gross


def state(session: Session, deal: Deal) -> Literal["open", "signed", "lost"]:
    """What became of this round's contract. A signature that the studio refused leaves it open again."""
    document = contract_state.of_round(session, deal)
    if document and document.state == "signed":
        return "signed"
    about = facts.subject(deal.id or 0, deal.round, inbox.NOUNS[ContractWord])
    told = [fact for fact in facts.of_deal(session, deal.id or 0, ContractWord.kind) if fact.subject == about]
    return "lost" if deal.sales in CLOSED or (told and told[-1].payload["outcome"] == "lost") else "open"
