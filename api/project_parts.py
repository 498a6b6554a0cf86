"""What lies beside the line of a project: materials, papers, invoices, people, the training, the letters on what comes after."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api import invoice_view
from api.door import Door
from api.links import Opened
from models import documents as papers
from models import issued, ledger, links, project_line, training
from models.after_answers import CourseAnswered, TrainingAnswered
from models.invoice import InvoiceBody
from models.pages import Choice
from models.project_pages import Bill, Contact, CourseView, MaterialView, Paper, SentFile, StageLine, TrainingView
from models.projects import Stand
from models.proposal import Person
from models.stage_state import MaterialStand
from models.studio import Staff
from models.tables import Deal, Document, Fact, Upload
from models.tracks import Work
from models.whose_move import Turn, blocking

PAPERS = {"act": "Act of acceptance", "contract": "Contract", "proposal": "Proposal"}
FROM_PRODUCTION = frozenset({Work.PRODUCTION, Work.LAUNCH, Work.COMPLETED})
AFTER_WORK = frozenset({Work.COMPLETED, Work.HANDED_OVER})


def question(slug: str) -> str:
    """What a material's files are kept under."""
    return f"material:{slug}"


def given(session: Session, here: Door, link: Opened, kind: str) -> str:
    """The page of a kind that this page's reader was given; "" without one."""
    return links.given(session, here.secret, f"{kind}-staff" if link.is_staff else kind, link.deal_id)


def act_link(session: Session, here: Door, link: Opened) -> str:
    """The act of acceptance that waits for the client's word; "" while there is none to be signed."""
    act = papers.latest(session, link.deal_id, "act")
    return given(session, here, link, "act") if act and act.state == "frozen" else ""


def materials(stand: Stand, turn: Turn, lines: Sequence[StageLine], files: Sequence[Upload], folder: str = "") -> list[MaterialView]:
    """The checklist: what the work waits for first, then what is still to come, then what is settled. `folder` is where files can be read."""
    urgent = {item.slug for item in blocking(stand)}
    titles = {plan.slug: plan.title for plan in stand.plan.stages}

    def view(item: MaterialStand) -> MaterialView:
        mine = [file for file in files if file.question == question(item.slug)]
        sent, before = item.sent, item.plan.before
        return MaterialView(
            slug=item.slug, title=item.plan.title, hint=item.plan.hint, state=item.place, before=titles.get(before, ""),
            needed_on=project_line.day_of(lines, before), urgent=item.slug in urgent, reason=item.reason if item.place == "missing" else "",
            files=[SentFile(id=str(file.id), name=file.name, size=file.size, link=f"{folder}/{file.id}" if folder else "") for file in mine],
            link=sent.link if sent else "", text=sent.text if sent else "", changed_at=item.changed_at, fact=item.sent_fact,
        )  # fmt: skip

    return sorted((view(item) for item in stand.materials), key=lambda one: _order(one, turn))


def _order(item: MaterialView, turn: Turn) -> tuple[int, bool]:
    open_first = {"missing": 1, "sent": 2, "accepted": 3, "waived": 3}[item.state]
    return 0 if item.slug in turn.items else open_first, not item.reason


def documents(session: Session, here: Door, link: Opened) -> list[Paper]:
    """The documents that the reader was given, the newest kind first."""
    found = []
    for kind, title in PAPERS.items():
        address, document = given(session, here, link, kind), papers.latest(session, link.deal_id, kind)
        if address and document:
            found.append(paper(session, here, document, title, address))
    return found


def paper(session: Session, here: Door, document: Document, title: str, address: str) -> Paper:
    """A document at its address, with what became of it; its PDF once it is printed."""
    is_accepted = document.state == "deemed" or (document.kind, document.state) == ("proposal", "frozen")
    word = "signed" if document.state == "signed" else "accepted" if is_accepted else ""
    fact = session.get(Fact, document.frozen_by) if document.frozen_by else None
    on = here.company.studio.today(fact.happened_at) if word and fact else None
    pdf = f"{address}.pdf" if document.pdf_path else ""
    return Paper(title=title, number=str(document.body.get("number", "")), word=word, on=on, link=address, pdf=pdf)


def invoices(session: Session, here: Door, link: Opened) -> list[Bill]:
    """The invoices of the round, each as its money stands."""
    deal, kind = session.get_one(Deal, link.deal_id), "invoice-staff" if link.is_staff else "invoice"
    found = []
    for one in issued.of_deal(session, deal):
        rest = ledger.open_of(session, one)
        state = invoice_view.state(session, here, one, rest)
        body, address = InvoiceBody.model_validate(one.body), links.given(session, here.secret, f"{kind}:{one.id}", link.deal_id)
        found.append(Bill(number=one.number or "", title=body.title, gross=body.gross, open=rest, state=state, due_on=one.due_on, link=address))
    return found


def people(here: Door, stand: Stand) -> list[Contact]:
    """Whom the client may turn to: of the salesperson for the money, of the manager for the work; after the hand-over support alone."""
    studio = here.company.studio
    if stand.deal.work == Work.HANDED_OVER:
        return [support(here)]
    found = [(studio.person(stand.project.manager), "Your project: the work, the dates, the materials"),
             (studio.person(stand.deal.salesperson), "Contract and money; and whatever you would rather not tell the manager")]  # fmt: skip
    return [Contact(person=person(here, one), what=what) for one, what in found if one]


def support(here: Door) -> Contact:
    """Support as clients reach it: its own address, the telephone of whoever is there."""
    studio = here.company.studio
    first = next(iter(studio.with_role("support")), None)
    named = person(here, first) if first else Person(name=studio.name, role="", phone=studio.phone)
    address = studio.mail.support_address
    return Contact(person=named.model_copy(update={"email": address, "phone": named.phone or studio.phone}), what="Everything from now on")


def person(here: Door, one: Staff) -> Person:
    """Somebody of the studio as a client meets them."""
    return Person(name=one.name, role=here.company.role_title(one.role), email=one.email, phone=one.phone, about=one.about)


def training_view(session: Session, here: Door, deal: Deal) -> TrainingView | None:
    """The training once the work is done: its slots, or what was answered."""
    if Work(deal.work) not in AFTER_WORK:
        return None
    offer, studio = here.company.delivery.training, here.company.studio
    answered, booked = training.answered(session, deal), training.booking(session, deal)
    locale = deal.locale or studio.locale

    def named(one: training.Slot) -> Choice:
        return Choice(value=one.starts_at.isoformat(), label=training.in_words(one.starts_at, studio.zone, locale))

    free = [] if answered else training.slots(here.company, training.taken(session, but=deal), here.now())
    said = training.in_words(booked.starts_at, studio.zone, locale) if booked else ""
    if answered and not said and TrainingAnswered.model_validate(answered.payload).decision == "decline":
        return None
    return TrainingView(title=offer.title, minutes=offer.minutes, place=offer.place, slots=[named(one) for one in free], booked=said)


def course_view(session: Session, here: Door, stand: Stand) -> CourseView | None:
    """The letters on what comes after the launch, from production until the hand-over."""
    work = Work(stand.deal.work)
    if work not in FROM_PRODUCTION and not (work == Work.PAUSED and stand.accepted):
        return None
    mine = select(Fact).join(Deal, col(Deal.id) == Fact.deal_id).where(Deal.client_id == stand.deal.client_id, Fact.kind == CourseAnswered.kind)
    newest = session.exec(mine.order_by(col(Fact.id).desc())).first()
    course = here.company.delivery.course
    answer = CourseAnswered.model_validate(newest.payload).decision if newest else ""
    return CourseView(letters=len(course.letters), gap=course.gap, answer=answer, soft=course.consent == "soft")
