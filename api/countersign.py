"""The studio's own signature under a contract that the client has signed: the director's."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.contract_forms import version_of
from api.door import Door, Here
from api.links import CountersignLink, Opened
from api.posted import Form
from models import contract_state, contract_texts, documents, inbox, links
from models.answers import ContractWord
from models.cash_answers import Countersigned
from models.cash_pages import CountersignPage
from models.contract import ContractBody
from models.errors import Missing, Refused
from models.pages import Form as FormView
from models.tables import Deal, Document
from models.tracks import Sales

pages = APIRouter(include_in_schema=False)


@pages.get("/s/{token}")
def show(link: CountersignLink, here: Here) -> Response:
    """The signed contract at a glance, and what was decided."""
    return page(here, link)


@pages.post("/s/{token}")
def post(link: CountersignLink, here: Here, posted: Form) -> Response:
    """Sign for the studio, or refuse; a second word is refused (409)."""
    typed: dict[str, Any] = {name: posted.one(name) for name in ("decision", "name", "reason")}
    problems = problems_of(here, link, typed)
    if problems:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems))
    try:
        record(here, link, Countersigned(version=version_of(posted), **typed))
    except ValidationError:
        return page(here, link, 422, FormView(given=posted.given(), problems={"reason": "Please keep this under 2,000 characters."}))
    except Refused:
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/s/{link.token}", 303)


def problems_of(here: Door, link: Opened, typed: dict[str, str]) -> dict[str, str]:
    """What is wrong with a decision, by field."""
    if typed["decision"] not in {"sign", "refuse"}:
        return {"decision": "Please press one of the buttons."}
    with here.db.reading() as session:
        people = signatories(here, session.get_one(Deal, link.deal_id))
    problems = {} if typed["name"] in people else {"name": "Please say who you are."}
    if typed["decision"] == "refuse" and not typed["reason"]:
        problems["reason"] = "Please give a reason: the salesperson has to explain it."
    return problems


def record(here: Door, link: Opened, said: Countersigned) -> None:
    """Record the studio's word, in the name of whoever gives it."""
    person = next((one for one in here.company.studio.people if one.name == said.name), None)
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/contract/v{said.version}/countersigned/{said.decision}"
        actor = f"staff:{person.email if person else said.name}"
        inbox.tell(session, link.deal_id, said, source="staff", external_id=key, actor=actor, now=here.now())


def signatories(here: Door, deal: Deal) -> list[str]:
    """Who may sign for the studio: whom contract.toml names, and the directors."""
    named = contract_texts.signatory(here.company, deal.service).name
    return list(dict.fromkeys([named, *(person.name for person in here.company.studio.with_role("director"))]))


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None) -> Response:
    """The page as things stand. Raises Missing before the client has signed."""
    with here.db.reading() as session:
        deal, document = session.get_one(Deal, link.deal_id), documents.latest(session, link.deal_id, "contract")
        signed = contract_state.signature(session, document) if document else None
        if document is None or signed is None:
            raise Missing("There is no signature of the client to answer. We write to you as soon as there is.")
        fact, answer = signed
        told, paper = contract_state.countersignature(session, document), links.given(session, here.secret, "contract-staff", link.deal_id)
        record = CountersignPage(
            chrome=here.chrome, token=link.token, body=ContractBody.model_validate(document.body), pdf=f"{paper}.pdf" if paper else "",
            state=state(session, deal, document), signed_by=answer.name, signed_at=fact.happened_at, people=signatories(here, deal),
            signed_role=f"{answer.role} (on paper)".strip() if isinstance(answer, ContractWord) else answer.role,
            decided_by=told[1].name if told else "", form=form or FormView(),
        )  # fmt: skip
    return here.page("pages/countersign.html", record, status)


def state(session: Session, deal: Deal, document: Document) -> Literal["open", "signed", "refused", "closed"]:
    """What was said, or may be."""
    told = contract_state.countersignature(session, document)
    if told:
        return "signed" if told[1].decision == "sign" else "refused"
    return "open" if deal.sales == Sales.CONTRACTING and document.state == "signed" else "closed"
