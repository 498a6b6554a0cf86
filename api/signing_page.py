"""A page on which a client signs: the document on paper, a code asked for, the code tried. Contract and act each say what is their own."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.contract_forms import signer_problems, version_of
from api.door import Door
from api.intake import address_of
from api.links import Opened, ReadOnly
from api.paper import older, printed
from api.posted import Posted
from models import contract_facts, inbox
from models.answer import Answer
from models.cash_answers import CodeAsked
from models.delivery_answers import ActCodeAsked
from models.errors import Refused
from models.field_types import normal_email
from models.signature import Signer
from models.signing import TooMany
from models.tables import Client, Deal, Document

AN_HOUR = 40
"""Codes and tries an hour from one network address; an office of several signers stays below it."""

Again = Callable[..., Response]


@dataclass(frozen=True)
class SigningPage:
    """What is a document's own on its page.

    `again` shows the page with a form's problems, `gone` with the word that it was answered too late; `instead` is what somebody does whose
    address gets no code, `{contact}` being the person whom the document names as `contact`.
    """

    noun: str
    path: str
    contact: str
    instead: str
    asked: type[CodeAsked] | type[ActCodeAsked]
    there: Callable[[Session, int], Document]
    sign_by_code: Callable[..., str]
    again: Again
    gone: Again

    def paper(self, link: Opened, here: Door, version: int | None) -> Response:
        """The newest version on paper, or for staff another; once accepted, the sealed one. Raises Unavailable while it is being printed."""
        with here.db.reading() as session:
            document = older(session, link, self.noun, version) if version else self.there(session, link.deal_id)
        return printed(here, document.pdf_path, f"{self.noun}-{document.body['number']}.pdf")

    def ask_code(self, request: Request, link: Opened, here: Door, posted: Posted) -> Response:
        """Mail a code to whoever is about to sign; the one before ends. 429 when it is too early for another."""
        self.check_is_client(link)
        problems = signer_problems(posted) or self.stranger(here, link.deal_id, posted)
        if problems:
            return self.again(here, link, posted, "code", problems)
        answer = self.asked(version=version_of(posted, self.noun), email=posted.one("email"), name=posted.one("name"), role=posted.one("role"))
        try:
            check_pace(request, here, "asks for codes")
            self.tell(here, link, answer, f"v{answer.version}/code/{uuid.uuid4().hex}")
        except TooMany as early:
            return self.again(here, link, posted, "code", {"wait": str(early)}, 429)
        except Refused as late:
            return self.gone(here, link, posted, "code", late)
        return RedirectResponse(f"/{self.path}/{link.token}#f-code", 303)  # the browser focuses the field that the address names

    def sign(self, request: Request, link: Opened, here: Door, posted: Posted) -> Response:
        """Sign with the code. A wrong one is counted (422); what is accepted already, void or changed is refused (409)."""
        self.check_is_client(link)
        problems = signer_problems(posted) | ({} if posted.one("consent") else {"consent": "Please tick this to sign."})
        if problems:
            return self.again(here, link, posted, "sign", problems)
        try:
            check_pace(request, here, "tries codes")
            said = self.try_code(request, here, link, posted)
        except TooMany as early:
            return self.again(here, link, posted, "sign", {"wait": str(early)}, 429)
        except Refused as late:
            return self.gone(here, link, posted, "sign", late)
        if said:
            return self.again(here, link, posted, "sign", {"code": said})
        here.nudge()
        return RedirectResponse(f"/{self.path}/{link.token}", 303)

    def try_code(self, request: Request, here: Door, link: Opened, posted: Posted) -> str:
        """Sign with what was typed, in one transaction; "" when it is signed, else why not."""
        signer = Signer(
            version=version_of(posted, self.noun), name=posted.one("name"), role=posted.one("role"), email=posted.one("email"),
            address=address_of(request), agent=request.headers.get("user-agent", ""),
        )  # fmt: skip
        with here.db.writing() as session:
            return self.sign_by_code(session, here.secret, link.deal_id, signer, posted.one("code"), now=here.now())

    def stranger(self, here: Door, deal_id: int, posted: Posted) -> dict[str, str]:
        """The problem of an address that no code goes to: neither the client's, nor a colleague's, nor one that the contract names."""
        with here.db.reading() as session:
            document = self.there(session, deal_id)
            client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
        if contract_facts.may_sign(client, document, normal_email(posted.one("email"))):
            return {}
        instead = self.instead.format(contact=document.body[self.contact]["name"])
        return {"email": f"The code goes to your own address or to a colleague’s at the same firm. Does somebody else sign? {instead}"}

    def tell(self, here: Door, link: Opened, said: Answer, what: str) -> None:
        """Record what a client says on the page; `what` names it within the deal's round."""
        with here.db.writing() as session:
            key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/{self.noun}/{what}"
            inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
        here.nudge()

    def check_is_client(self, link: Opened) -> None:
        """Raises ReadOnly behind a staff link."""
        if link.is_staff:
            raise ReadOnly(f"This is the studio's own view of the {self.noun}. Only the client can answer it, by the link in their letter.")


def check_pace(request: Request, here: Door, what: str) -> None:
    """Raises TooMany when one network address asks or tries too often, whichever documents it does that on."""
    if not here.robots.allows(what, address_of(request), AN_HOUR):
        raise TooMany("That was very often from one address. Please wait an hour, or call us.")
