"""The brief as its page shows it: sections, questions, answers so far."""

import re

from sqlmodel import Session

from api.door import Door
from api.links import Opened
from models import briefs, documents, questionnaire, sniff, uploads
from models.pages import BriefDonePage, BriefPage, Choice, FileView, Form, QuestionView, SectionView, ShownIf
from models.proposal import Person
from models.questionnaire import Question, Questionnaire
from models.setup import Answers, chosen
from models.tables import Brief, Client, Deal, Upload

READ = "brief-read"
"""The kind of link behind which the brief is read and nothing is kept."""
KINDS = ",".join(f".{kind}" for kind in sniff.KINDS)


def page(session: Session, here: Door, link: Opened, form: Form | None = None) -> BriefPage:
    """The brief of a link's deal; `form` is one that came back with problems. Raises Refused when it is closed, but for who only reads."""
    deal, is_read = session.get_one(Deal, link.deal_id), link.kind == READ
    if not is_read:
        briefs.check_open(session, deal)
    brief, client = session.get(Brief, deal.id), session.get_one(Client, deal.client_id)
    asked = here.company.briefs[deal.service]
    answers = brief.answers if brief else questionnaire.prefill(asked, briefs.known(deal, client))
    return BriefPage(
        chrome=here.chrome, token=link.token, client_name=client.name, service_name=here.service(deal.service),
        sections=sections(asked, answers, uploads.of_deal(session, link.deal_id)), saved_at=brief.saved_at if brief else None,
        sent_at=brief.sent_at if brief else None, proposal_exists=documents.latest(session, link.deal_id, "proposal") is not None,
        people=[person.name for person in here.office] if link.is_staff and not is_read else [], file_mb=here.settings.upload_mb, file_kinds=KINDS,
        read_only=is_read, form=form or Form(),
    )  # fmt: skip


def done(session: Session, here: Door, link: Opened) -> BriefDonePage:
    """What is said after saving or sending."""
    deal = session.get_one(Deal, link.deal_id)
    brief, studio = session.get(Brief, deal.id), here.company.studio
    person = studio.person(deal.salesperson)
    seller = Person(name=studio.name, role="", email=studio.email, phone=studio.phone)
    if person:
        seller = Person(name=person.name, role=here.company.role_title(person.role), email=person.email, phone=person.phone, about=person.about)
    return BriefDonePage(
        chrome=here.chrome, token=link.token, client_name=session.get_one(Client, deal.client_id).name, salesperson=seller,
        saved_only=brief is None or brief.sent_at is None or brief.saved_at > brief.sent_at,
        proposal_exists=documents.latest(session, link.deal_id, "proposal") is not None,
    )  # fmt: skip


def sections(asked: Questionnaire, answers: Answers, files: list[Upload]) -> list[SectionView]:
    """The questionnaire in its sections; counted are the questions that apply with these answers."""
    shown = {question.slug for question in questionnaire.visible(asked, answers)}
    return [
        SectionView(
            slug=slug(title),
            title=title,
            questions=[view(question, answers, files) for question in inside],
            asked=sum(question.slug in shown for question in inside),
            answered=sum(question.slug in shown and bool(chosen(answers.get(question.slug))) for question in inside),
        )
        for title in asked.sections
        if (inside := [question for question in asked.questions if question.section == title])
    ]


def view(question: Question, answers: Answers, files: list[Upload]) -> QuestionView:
    """One question with its answer."""
    values = chosen(answers.get(question.slug))
    return QuestionView(
        slug=question.slug, kind=question.type, label=question.label, hint=question.help, required=question.required, unit=question.unit,
        options=[Choice(value=option.value, label=option.label) for option in question.options], shown_if=shown_if(question),
        value=values if question.type in {"choices", "file"} else "".join(values[:1]),
        files=[FileView(id=str(file.id), name=file.name, size=file.size) for file in files if file.question == question.slug],
    )  # fmt: skip


def shown_if(question: Question) -> ShownIf | None:
    """The condition of a question, as the page follows it while its reader types."""
    condition = question.shown_if
    if condition is None:
        return None
    one_of = [*([condition.equals] if condition.equals else []), *condition.any]
    return ShownIf.model_validate(condition.model_dump(exclude={"equals"}) | {"any": one_of})


def slug(title: str) -> str:
    """A heading as an address: "About you" → about-you."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
