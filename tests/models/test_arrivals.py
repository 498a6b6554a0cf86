"""Mail that came, taken in: replies find their deal, bounces their letter, strangers the owner's wish, and nothing is done twice."""

from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import product

import pytest
from sqlmodel import Session, select

from models import arrivals, effects, facts
from models.after_answers import CourseAnswered, MailBounced, MailCame
from models.answers import Noted, RemindersStopped
from models.effects import EffectState, planned_errands
from models.incoming_mail import read
from models.letters import LetterOrder
from models.message import message_id, thread_root
from models.tables import Client, Deal, Effect, Fact
from models.tracks import Sales, Work
from tests.factories import a_client, a_deal
from tests.fakes import MONDAY
from tests.projecting import a_project
from tests.studio import the_company

DOMAIN = "northlight.example"
COMPANY = the_company()


def a_letter(session: Session, deal: Deal, key: str = "", *, to: str = "", state: EffectState = EffectState.DONE) -> Effect:
    """A letter of ours that went out."""
    key = key or f"deal/{deal.id}/r1/kickoff/welcome"
    effect = effects.plan(session, key, "letter", deal_id=deal.id, what="project-welcome", now=MONDAY,
                          args=LetterOrder(name="project-welcome", deal_id=deal.id or 0, to="client").model_dump())  # fmt: skip
    effects.claim(session, effect, "w", now=MONDAY)
    address = to or session.get_one(Client, deal.client_id).email
    result = {"message_id": message_id(key, DOMAIN, "a secret"), "to": address}
    effects.settle(session, effect, state, said="250 taken", now=MONDAY, result=result)
    session.flush()
    return effect


def mail(sender: str, *, text: str = "Thank you, we like it.", refers: str = "", number: int = 1, headers: dict[str, str] | None = None) -> bytes:
    """A letter as somebody's mail program makes it."""
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = sender, f"hello@{DOMAIN}", "Re: Your site"
    one["Date"], one["Message-ID"] = format_datetime(MONDAY), f"<{number}@acme.example>"
    if refers:
        one["In-Reply-To"] = one["References"] = refers
    for name, value in (headers or {}).items():
        one[name] = value
    one.set_content(text)
    return one.as_bytes()


def report(address: str, message: str, *, status: str = "5.1.1", said: str = "550 5.1.1 User unknown", action: str = "failed") -> bytes:
    """A server's report (RFC 3464)."""
    return f"""From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: hello@{DOMAIN}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: text/rfc822-headers

Message-ID: {message}
Subject: Your site

--b--
""".replace("\n", "\r\n").encode()


def take(session: Session, raw: bytes, *, strangers: str = "") -> arrivals.Taken:
    return arrivals.take(session, COMPANY, read(raw, domain=DOMAIN), path="mail-in/x.eml", strangers=strangers, now=MONDAY + timedelta(hours=1))


def came(session: Session, deal: Deal) -> list[MailCame]:
    return [MailCame.model_validate(fact.payload) for fact in facts.of_deal(session, deal.id, MailCame.kind)]


def letters_to(session: Session, deal: Deal) -> list[tuple[str, str]]:
    return [(one.args["name"], one.args["to"]) for one in planned_errands(session, now=MONDAY) if one.deal_id == deal.id and "/contract/" not in one.key]


@pytest.mark.parametrize("by", ["root", "letter", "address"])
def test_a_reply_finds_its_deal_and_somebody_is_told(here, by: str) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        client = session.get_one(Client, deal.client_id)
        letter = a_letter(session, deal)
        refers = {"root": thread_root(deal.id, DOMAIN), "letter": letter.result["message_id"], "address": ""}[by]
        taken = take(session, mail(client.email, refers=refers))
        assert taken.is_placed
        [one] = came(session, deal)
        assert (one.sender, one.text, one.path, one.is_auto, one.from_client) == (client.email, "Thank you, we like it.", "mail-in/x.eml", False, True)
        assert letters_to(session, deal) == [("mail-came", "project_manager")]


@pytest.mark.parametrize(
    ("work", "sales", "role"),
    [(Work.NONE, Sales.PROPOSED, "salesperson"), (Work.PRODUCTION, Sales.WON, "project_manager"), (Work.HANDED_OVER, Sales.WON, "support")],
)
def test_a_reply_goes_to_whoever_looks_after_the_client(here, work: Work, sales: Sales, role: str) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=sales) if sales != Sales.WON else a_project(session, work=work)
        take(session, mail(session.get_one(Client, deal.client_id).email, refers=thread_root(deal.id, DOMAIN)))
        assert letters_to(session, deal) == [("mail-came", role)]


def test_the_same_letter_again_changes_nothing(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        raw = mail(session.get_one(Client, deal.client_id).email, text="STOP")
        for _ in range(3):
            take(session, raw)
        assert len(came(session, deal)) == 1
        assert len(facts.of_deal(session, deal.id, RemindersStopped.kind, CourseAnswered.kind)) == 2
        assert len(letters_to(session, deal)) == 1


@pytest.mark.parametrize(("text", "stops"), [("Stop", True), ("unsubscribe\n\n> Your site", True), ("Please do not stop the work.", False)])
def test_a_plain_stop_ends_reminders_and_course(here_sqlite, text: str, stops: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        client = session.get_one(Client, deal.client_id)
        take(session, mail(client.email, text=text))
        assert (client.reminders_off_at is not None, client.course_off_at is not None) == (stops, stops)


def test_a_colleague_may_write_and_a_stranger_in_the_thread_is_told_of_as_one(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        root = thread_root(deal.id, DOMAIN)
        take(session, mail("fergus@acme.example", refers=root, number=1))
        take(session, mail("somebody@elsewhere.example", text="Stop", refers=root, number=2))
        assert [(one.sender, one.from_client) for one in came(session, deal)] == [("fergus@acme.example", True), ("somebody@elsewhere.example", False)]
        assert session.get_one(Client, deal.client_id).reminders_off_at is None


def test_a_machines_answer_is_kept_and_wakes_nobody(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        raw = mail(session.get_one(Client, deal.client_id).email, text="I am away.", headers={"Auto-Submitted": "auto-replied"})
        take(session, raw)
        assert [one.is_auto for one in came(session, deal)] == [True]
        assert letters_to(session, deal) == []


def test_our_own_peoples_letters_are_notes_in_the_history(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        take(session, mail("tomasz@northlight.example", text="I rang them.", refers=thread_root(deal.id, DOMAIN)))
        [fact] = facts.of_deal(session, deal.id, Noted.kind)
        assert (fact.actor, "I rang them." in fact.payload["text"]) == ("mail:tomasz@northlight.example", True)
        assert came(session, deal) == []


@pytest.mark.parametrize("strangers", ["", "corporate-site", "nothing-we-sell"])
def test_a_stranger_becomes_an_application_where_the_owner_wants_that(here, strangers: str) -> None:
    with here.db.writing() as session:
        taken = take(session, mail("new@client.example", text="We need a site."), strangers=strangers)
        applied = session.exec(select(Fact).where(Fact.kind == "application")).all()
        assert taken.is_placed == bool(applied) == (strangers == "corporate-site")
        if applied:
            assert (applied[0].payload["email"], applied[0].payload["service"]) == ("new@client.example", "corporate-site")


def test_a_letter_that_came_back_marks_its_effect_and_the_address(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        client, letter = session.get_one(Client, deal.client_id), a_letter(session, deal)
        for _ in range(2):
            take(session, report(client.email, letter.result["message_id"]))
        assert client.bounced_at is not None
        assert "User unknown" in client.bounce_said
        assert session.get_one(Effect, letter.key).result["bounced"]["status"] == "5.1.1"
        assert len(facts.of_deal(session, deal.id, MailBounced.kind)) == 1
        assert letters_to(session, deal) == [("mail-bounced", "project_manager")]


def test_a_letter_about_an_invoice_is_found_as_well(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        client, letter = session.get_one(Client, deal.client_id), a_letter(session, deal, "invoice/7/mail")
        take(session, report(client.email, letter.result["message_id"]))
        assert client.bounced_at is not None


@pytest.mark.parametrize(
    ("address", "status", "said", "action", "marks"),
    [
        ("the client's", "5.1.1", "550 User unknown", "failed", True),
        ("the client's", "4.2.2", "452 Mailbox full", "failed", False),
        ("the client's", "5.2.2", "552 Mailbox full", "failed", False),
        ("the client's", "4.4.1", "timed out", "delayed", False),
        ("other@elsewhere.example", "5.1.1", "550 User unknown", "failed", False),
    ],
)
def test_only_an_address_where_nobody_is_gets_no_further_letters(here_sqlite, address: str, status: str, said: str, action: str, marks: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        client, letter = session.get_one(Client, deal.client_id), a_letter(session, deal)
        to = client.email if address == "the client's" else address
        take(session, report(to, letter.result["message_id"], status=status, said=said, action=action))
        assert (client.bounced_at is not None) == marks


def test_a_report_on_a_letter_that_we_never_sent_marks_nobody(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        client = session.get_one(Client, deal.client_id)
        known = a_letter(session, deal).key  # the rule by which keys are made is public
        for forged in (message_id(f"deal/{deal.id}/r1/made/up", DOMAIN), message_id(known, DOMAIN), message_id(known, DOMAIN, "a guess"), "<x@elsewhere.example>", thread_root(deal.id, DOMAIN)):
            take(session, report(client.email, forged))
        assert client.bounced_at is None
        assert facts.of_deal(session, deal.id, MailBounced.kind) == []


@pytest.mark.parametrize("message", ["", "<x@elsewhere.example>", "its own"])
def test_a_report_by_key_is_believed_with_the_id_of_the_letter_only(here_sqlite, message: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        client, letter = session.get_one(Client, deal.client_id), a_letter(session, deal)
        raw = report(client.email, letter.result["message_id"] if message == "its own" else message)
        read_so = read(raw, domain=DOMAIN)
        keyed = read_so.model_copy(update={"report": read_so.report.model_copy(update={"key": letter.key})})
        arrivals.take(session, COMPANY, keyed, path="mail-in/x.eml", strangers="", now=MONDAY)
        assert (client.bounced_at is not None) == (message == "its own")


def test_a_report_that_names_somebody_else_is_put_aside_for_a_person(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        letter = a_letter(session, deal)
        assert not take(session, report("other@elsewhere.example", letter.result["message_id"])).is_placed
        assert facts.of_deal(session, deal.id, MailBounced.kind) == []


@pytest.mark.parametrize("raw", [b"", b"\xff\x00\x01", b"From: \r\n\r\n", mail(f"hello@{DOMAIN}", headers={"Auto-Submitted": "auto-generated"})])
def test_what_is_no_letter_of_anybodys_changes_nothing(here_sqlite, raw: bytes) -> None:
    with here_sqlite.db.writing() as session:
        take(session, raw)
        assert session.exec(select(Fact)).all() == []


@pytest.mark.parametrize(("is_open", "has_older"), list(product([True, False], repeat=2)))
def test_without_a_thread_the_newest_open_deal_of_the_address_is_meant(here_sqlite, is_open: bool, has_older: bool) -> None:
    with here_sqlite.db.writing() as session:
        client = a_client(session)
        older = a_deal(session, client=client, sales=Sales.PROPOSED) if has_older else None
        newer = a_deal(session, client=client, sales=Sales.BRIEFING if is_open else Sales.LOST)
        take(session, mail(client.email))
        meant = newer if is_open else older
        assert [len(came(session, deal)) for deal in (older, newer) if deal] == [int(deal is meant) for deal in (older, newer) if deal]
