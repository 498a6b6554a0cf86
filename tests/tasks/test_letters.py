"""Letters: each can be written where it belongs, in the right name, to the right person, with links that open the right page."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from sqlmodel import Session

from models import cash, effects, invoices, issued, links
from models.delivery_letters import DELIVERY_NEEDS
from models.errors import Refused, Unavailable, Uncertain
from models.letter_views import LETTER_NEEDS
from models.letters import BUTTONS, LetterOrder
from models.message import Message
from models.tables import Client, Deal
from tasks import letters
from tasks.world import World
from tests.databases import a_database
from tests.factories import a_payment
from tests.fakes import MONDAY, ManualClock
from tests.studio import the_company
from tests.tasks.places import PLACES, at
from tests.tasks.work_places import WORK_PLACES
from tests.worlds import inhabited

WHERE = {
    "application-": "received", "brief-edited-late": "proposed", "brief-farewell": "lost", "brief-": "briefing", "welcome-back": "briefing",
    "estimate-": "estimating", "proposal-change": "change asked", "proposal-accepted": "accepted", "proposal-declined": "proposed",
    "proposal-farewell": "lost", "proposal-": "proposed", "link-": "proposed", "client-silent": "proposed",
    "address-refused": "briefing", "deal-": "briefing", "contract-details": "accepted", "contract-word": "accepted",
    "contract-signed": "contract signed", "contract-countersign": "contract signed", "contract-refused": "contract refused",
    "contract-": "contract out", "proforma-": "invoiced", "invoice-": "invoiced", "payment-overdue": "invoiced", "payment-received": "under way",
    "payment-over": "under way",
    "payment-refunded": "credited", "payment-": "invoiced", "credit-note": "credited", "work-may-start": "under way",
    "project-welcome": "begun", "project-": "paused", "materials-": "begun", "stage-accepted": "accepted stage", "stage-deemed": "deemed stage",
    "stage-done": "done stage", "stage-comments": "changes", "stage-changes": "changes", "stage-beyond": "beyond", "stage-late": "at work",
    "stage-": "shown", "change-price": "beyond", "change-offer": "priced", "change-": "change taken", "launch-": "launching",
    "act-faults": "act faulty", "act-updated": "act updated", "act-signed": "act signed", "act-deemed": "act deemed", "act-": "act out",
    "course-": "at work", "next-step-offer": "next step", "training-booked": "booked", "training-": "completed", "access-": "completed",
    "handover-": "handed over", "review-": "handed over", "mail-": "at work", "hours-": "at work",
}  # fmt: skip
NAMES = sorted(LETTER_NEEDS)
COURSE = frozenset(name for name in NAMES if name.startswith("course-"))
"""Letters that may be stopped whether they remind of anything or not."""
CONOR, TOMASZ, GRACE, AOIFE = (f"{name}@northlight.example" for name in ("conor", "tomasz", "grace", "aoife"))
READERS = {"handover-staff": "project_lead", "training-booked-staff": "support", "review-came": "director"}
"""Which of the studio's people a letter about the work goes to where that is not the project manager."""
SIGNED = {"": ("Conor Walsh", CONOR), "project_manager": ("Tomasz Zielinski", TOMASZ), "support": ("Grace Adeyemi", "support@northlight.example"),
          "director": ("Aoife Brennan", AOIFE)}  # fmt: skip
"""In whose name the letters of a role go out, and where an answer to them goes."""
LINKED = {"link-renewed": "proposal", "link-replaced": "proposal", "link-replaced-staff": "proposal-staff"}
"""Letters about a link, which their order names."""
TOLD = {
    "materials-rejected": {"reason": "It is a picture, not a drawing."}, "project-paused": {"what": "your word on “Design”"},
    "project-paused-staff": {"what": "your word on “Design”"}, "next-step-offer": {"note": "A site wants to be looked after."},
    "mail-came": {"from_name": "Fergus Daly", "address": "fergus@acme.example", "subject": "Friday?", "message": "Could we talk on Friday?"},
    "mail-bounced": {"address": "orla@acme.example", "said": "550 No such user here"},
    "hours-warning": {"hours_worked": "38.5 h", "hours_planned": "120 h", "done_percent": "25 %", "over_percent": "28 %"},
}
"""What only an order knows: the words that steps and rules give it."""


def an_order(name: str, deal: Deal, **values) -> LetterOrder:
    """The letter as its step orders it, with the words that only an order can know."""
    own = {name: {"links": {"link": page}} for name, page in LINKED.items()} | {"proposal-forwarded": {"to": "colleague", "address": "fergus@acme.example"}}
    lead = READERS.get(name, "project_manager") if name in DELIVERY_NEEDS else "salesperson"
    to = lead if LETTER_NEEDS[name].staff else "client"
    words = {"facts": TOLD[name]} if name in TOLD else {}
    return LetterOrder(**{"name": name, "deal_id": deal.id, "to": to} | own.get(name, {}) | words | values)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator["Post"]:
    """Every letter, written once for a deal where it belongs."""
    home = tmp_path_factory.mktemp("letters")
    shutil.copy(sqlite_template, home / "studio.db")
    db = a_database(f"sqlite:///{home / 'studio.db'}")
    with inhabited(db, home, ManualClock()) as world:
        yield Post(world)
    db.close()


class Post:
    """Letters of one studio, each written when it is asked for first."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.db.writing() as session:
            self.deals = {place: at(session, place) for place in PLACES}
            self.deals["credited"] = at(session, "invoiced")
            self.deals |= {place: at(session, place) for place in WORK_PLACES}
            self.papers = self._papers(session)
        self.write = lru_cache(self._write)

    def _papers(self, session: Session) -> dict[str, dict]:
        """Which invoice and payment the letters are about that are about one: what their orders say of it."""
        invoiced, paid, credited = (issued.of_deal(session, self.deals[place])[0] for place in ("invoiced", "under way", "credited"))
        part, whole = a_payment(session, invoiced, 1000), cash.received(session, paid)[0][0]
        unknown = a_payment(session, invoiced, 777, reference="for your work", payer_name="A Friend")
        note = invoices.credit(session, the_company(), credited, gross=None, reason="Fewer pages", key="note", now=MONDAY)
        proforma = invoices.proforma(session, the_company(), self.deals["invoiced"], 2, now=MONDAY)
        came = {"invoice": paid.id, "facts": {"payment": str(whole.id), "amount": "€4,895.23"}}
        return {
            **{name: {"invoice": invoiced.id} for name in ("invoice-ready", "payment-reminder", "payment-overdue", "payment-last-call")},
            "payment-received": came, "payment-received-staff": came,
            "payment-over": {"invoice": paid.id, "facts": came["facts"] | {"over": "€50.00"}},
            "payment-part": {"invoice": invoiced.id, "facts": {"payment": str(part.id), "amount": "€10.00"}},
            "payment-unknown": {"facts": {"payment": str(unknown.id)}}, "proforma-ready": {"invoice": proforma.id},
            "credit-note": {"invoice": note.id}, "payment-refunded": {"invoice": note.id},
        }  # fmt: skip

    def order(self, name: str, **values) -> LetterOrder:
        deal = self.deals[next(place for start, place in WHERE.items() if name.startswith(start))]
        return an_order(name, deal, **self.papers.get(name, {}) | values)

    def _write(self, name: str, is_reminder: bool = False) -> Message:
        return letters.write(self.world, f"deal/1/{name}", self.order(name, is_reminder=is_reminder))


def lead(name: str) -> str:
    """Whose letter of the studio it is."""
    roles = {"project_lead": TOMASZ, "project_manager": TOMASZ, "support": GRACE, "director": AOIFE}
    return roles[READERS.get(name, "project_manager")] if name in DELIVERY_NEEDS else CONOR


def addresses(message: Message) -> set[str]:
    return set(re.findall(r"https?://[^\s<>\"]+", message.text))


@pytest.mark.parametrize("name", NAMES)
class TestEveryLetter:
    def test_can_be_written_at_its_place_with_the_words_of_its_deal(self, post: Post, name: str) -> None:
        message = post.write(name)
        assert message.subject
        assert message.text.strip()
        assert "<" in message.html
        assert not re.search(r"\{\{|\}\}|None|undefined", message.subject + message.text)

    def test_goes_to_the_client_or_to_whoever_looks_after_them_in_the_others_name(self, post: Post, name: str) -> None:
        message, needs = post.write(name), LETTER_NEEDS[name]
        colleague = name == "proposal-forwarded"
        assert message.to.address == (lead(name) if needs.staff else "fergus@acme.example" if colleague else message.to.address)
        assert needs.staff or colleague or message.to.name == "Orla Byrne"
        assert message.sender.address == "hello@northlight.example"
        who, address = ("Northlight Studio", "hello@northlight.example") if needs.staff else SIGNED[needs.sender]
        assert message.sender.name == ("Northlight Studio" if needs.staff else f"{who}, Northlight Studio")
        assert message.reply_to is not None
        assert message.reply_to.address == address

    def test_links_to_pages_of_its_reader_and_to_nobody_elses(self, post: Post, name: str) -> None:
        message = post.write(name)
        ours = {address for address in addresses(message) if address.startswith("https://office.example")}
        kinds = set()
        with post.world.db.reading() as session:
            for address in ours:
                token = address.rstrip(".,").rpartition("/")[2].removesuffix(".pdf")
                kinds.add(links.base(links.find(session, token, *links.PATHS).link.kind))
        if LETTER_NEEDS[name].staff:
            assert kinds <= links.STAFF
        else:
            assert kinds.isdisjoint(links.STAFF)
            assert post.world.settings.prefect_ui not in message.text + message.html

    def test_has_the_button_that_its_name_promises(self, post: Post, name: str) -> None:
        message = post.write(name)
        needs, order = LETTER_NEEDS[name], post.order(name)
        own = f"invoice{'-staff' if needs.staff else ''}:{order.invoice}" if order.invoice else ""
        kind = BUTTONS.get(name, LINKED.get(name, own))
        assert bool(kind) == needs.link
        if kind == "deal":
            assert f"{post.world.settings.prefect_ui}/" in message.text
        elif kind:
            with post.world.db.reading() as session:
                assert f"https://office.example{links.given(session, post.world.secret, kind, message.deal)}" in message.text

    def test_offers_an_end_to_reminders_when_it_is_one(self, post: Post, name: str) -> None:
        message = post.write(name, is_reminder=True)
        to_client = not LETTER_NEEDS[name].staff and name != "proposal-forwarded"
        assert bool(message.unsubscribe) == to_client
        if to_client:
            assert re.fullmatch(rf"https://office\.example/{'x' if name in COURSE else 'u'}/[a-z0-9]{{32}}", message.unsubscribe)
            assert message.unsubscribe in message.text

    def test_offers_none_when_it_is_not_but_for_the_course(self, post: Post, name: str) -> None:
        message = post.write(name)
        assert bool(message.unsubscribe) == (name in COURSE)
        assert message.unsubscribe in message.text


MANAGERS = sorted(name for name in DELIVERY_NEEDS if LETTER_NEEDS[name].sender == "project_manager" and name.startswith(("project-p", "project-r", "course-")))
"""Letters of the project manager that could still be written once the client is support's."""


@pytest.mark.parametrize("name", MANAGERS)
def test_after_the_hand_over_what_was_the_managers_comes_from_support(post: Post, name: str) -> None:
    message = letters.write(post.world, "k", an_order(name, post.deals["handed over"]))
    assert message.sender.name == "Grace Adeyemi, Northlight Studio"
    assert message.reply_to is not None
    assert message.reply_to.address == "support@northlight.example"
    assert TOMASZ not in message.text + message.html


@pytest.mark.parametrize(("name", "reader"), [("mail-came", GRACE), ("mail-bounced", GRACE), ("handover-staff", TOMASZ), ("review-came", AOIFE)])
def test_after_the_hand_over_letters_about_the_client_go_to_support(post: Post, name: str, reader: str) -> None:
    assert letters.write(post.world, "k", an_order(name, post.deals["handed over"])).to.address == reader


def test_money_stays_with_the_salesperson_after_the_hand_over(post: Post) -> None:
    with post.world.db.reading() as session:
        [deposit] = issued.of_deal(session, post.deals["handed over"])
    message = letters.write(post.world, "k", an_order("invoice-ready", post.deals["handed over"], invoice=deposit.id))
    assert message.sender.name == "Conor Walsh, Northlight Studio"
    assert message.reply_to is not None
    assert message.reply_to.address == CONOR


def test_answers_go_to_the_mailbox_that_is_read_where_there_is_one(post: Post) -> None:
    settings = post.world.settings.model_copy(update={"mailbox_url": "imaps://hello:secret@mail.example"})
    message = letters.write(replace(post.world, settings=settings), "k", post.order("stage-shown"))
    assert message.reply_to is not None
    assert (message.reply_to.address, message.reply_to.name) == ("hello@northlight.example", "Tomasz Zielinski")


def test_a_training_that_is_booked_goes_into_the_calendar(post: Post) -> None:
    [entry] = letters.write(post.world, "k", post.order("training-booked", calendar={"training.ics": "BEGIN:VCALENDAR"})).attachments
    assert (entry.name, entry.media_type, entry.content) == ("training.ics", "text/calendar", b"BEGIN:VCALENDAR")


@pytest.mark.parametrize(("client", "letter", "state"), [("course_off_at", "course-1", "skipped"), ("course_off_at", "stage-shown", "done"),
                                                         ("bounced_at", "stage-shown", "skipped"), ("bounced_at", "stage-late", "done")])  # fmt: skip
def test_who_wants_no_course_or_cannot_be_reached_gets_nothing_of_it(here_sqlite: World, client: str, letter: str, state: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "shown")
        setattr(session.get_one(Client, deal.client_id), client, MONDAY)
    assert letters.send("a", an_order(letter, deal)).state == state


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("project-welcome", ["I am Tomasz Zielinski", "Offer and text · 2", "now, so that we can begin", "It is your move"]),
        ("materials-reminder", ["sent back: Too small.", "It is your move", "If you answer today, Monday 2 March 2026, the work is ready on"]),
        ("materials-last-call", ["On Monday 30 March 2026, if we have heard nothing by then, the project is paused, as our contract says"]),
        ("materials-rejected", ["> It is a picture, not a drawing.", "It is your move"]),
        ("stage-shown", ["please check every figure", "https://test.example/x", "It is your move", "If you answer today"]),
        ("stage-warning", ["On Monday 30 March 2026, if we have heard nothing by then, “Offer and text” counts as accepted, as our contract says"]),
        ("stage-accepted", ["“Offer and text” is approved", "What comes next: Design", "The work is ready on:"]),
        ("stage-deemed", ["As our contract says, it counts as accepted from today"]),
        ("stage-done", ["“Pages” is done", "What comes next: Testing"]),
        ("stage-comments", ["> The logo is too small.", "The rounds of changes that are included have been used"]),
        ("change-offer", ["Two more pages", "€590.40 with VAT (€480.00 net)", "Moves the date by: 2 working days"]),
        ("change-accepted", ["Two more pages", "€590.40 with VAT"]),
        ("launch-due", ["- A backup was made and brought back once"]),
        ("act-ready", ["- Offer and text · approved, 2 March 2026", "It is your move", "by Monday 30 March 2026 at the latest"]),
        ("act-updated", ["> The form arrives nowhere.", "It arrives."]),
        ("act-warning", ["On Monday 30 March 2026, if we have heard nothing by then, the work counts as accepted, as our contract says"]),
        ("act-signed", ["Signed by: Orla Byrne", "Still to pay: €"]),
        ("act-deemed", ["the work counts as accepted from Monday 2 March 2026"]),
        ("training-offer", ["It takes 90 minutes", "(Dublin time)", "It is your move"]),
        ("training-booked-staff", ["Booked by: Fergus Daly"]),
        ("handover-done", ["Tomasz Zielinski, who led the project", "support@northlight.example", "Grace Adeyemi", "Domain · registrar.example"]),
        ("review-request", ["completed and paid after 1 working day of work", "the bad ones like the good ones"]),
        ("review-came", ["4 of 5 stars", "> A week late, and well done.", "yes, as it is"]),
        ("mail-came", ["Fergus Daly", "fergus@acme.example", "> Could we talk on Friday?"]),
    ],
)  # fmt: skip
def test_a_letter_about_the_work_says_what_it_is_about(post: Post, name: str, says: list[str]) -> None:
    found = words(post.write(name))
    for sentence in says:
        assert sentence.casefold() in found.casefold()


def words(message: Message) -> str:
    return " ".join(message.text.split())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("invoice-ready", ["NL-2026-0001", "Deposit", "€4,895.23", "Monday 9 March 2026"]),
        ("payment-reminder", ["€4,885.23 has not arrived yet", "was due on Monday 9 March 2026"]),
        ("payment-part", ["€10.00 for invoice NL-2026-0001 has arrived; €4,885.23 is still to pay"]),
        ("payment-received", ["Your payment for “Deposit” has arrived", "Ready to launch", "Monday 2 March 2026"]),
        ("payment-over", ["is €50.00 more than was open"]),
        ("payment-received-staff", ["€4,895.23 is booked on invoice NL-2026-0002", "Still open: €0.00", "Paid by: Acme"]),
        ("payment-unknown", ["€7.77 came in from A Friend", "It names no invoice of ours", "for your work"]),
        ("credit-note", ["Credit note NLC-2026-0001 takes €4,895.23 off invoice NL-2026-0003", "Fewer pages"]),
        ("payment-refunded", ["€4,895.23 back to where it came from, as credit note NLC-2026-0001 says", "Fewer pages"]),
        ("proforma-ready", ["Ready to launch", "€4,895.20"]),
        ("work-may-start", ["The contract is signed", "Monday 2 March 2026", "working days"]),
    ],
)  # fmt: skip
def test_a_letter_about_money_says_whose_and_how_much(post: Post, name: str, says: list[str]) -> None:
    found = words(post.write(name))
    for sentence in says:
        assert sentence in found


@pytest.mark.parametrize(("days", "late"), [(7, ""), (8, "1 day"), (28, "21 days")])
def test_a_letter_tells_how_late_it_is_in_days(post: Post, days: int, late: str) -> None:
    clock = ManualClock(MONDAY + timedelta(days=days))
    message = letters.write(replace(post.world, now=clock), "k", post.order("payment-overdue"))
    assert (f"{late} ago" in words(message)) if late else ("ago" not in words(message))


def test_a_letter_lists_every_open_invoice_of_its_client_and_of_nobody_else(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        first = at(session, "invoiced")
        second = at(session, "invoiced", client=session.get_one(Client, first.client_id))
        stranger = at(session, "invoiced")
        numbers = [issued.of_deal(session, deal)[0].number for deal in (first, second, stranger)]
        order = an_order("payment-reminder", first, invoice=issued.of_deal(session, first)[0].id)
    found = words(letters.write(here_sqlite, "k", order))
    assert f"{numbers[0]} · Deposit · €4,895.23 · due 9 March 2026" in found
    assert f"{numbers[1]} · Deposit" in found
    assert numbers[2] not in found


def test_the_key_makes_the_message_id_and_the_deal_the_thread(post: Post) -> None:
    one, other = (letters.write(post.world, "deal/1/mail", an_order("application-declined", post.deals[place])) for place in ("received", "briefing"))
    assert one.message_id == other.message_id
    assert one.sent_at == MONDAY
    assert one.root != other.root


def test_a_letter_goes_out_once_whatever_is_asked(here: World) -> None:
    with here.db.writing() as session:
        order = an_order("brief-invitation", at(session, "briefing"))
    sent = [letters.send("deal/1/brief/mail", order) for _ in range(3)]
    assert here.mail.letters() == ["deal/1/brief/mail"]
    assert sent[2].result == {"message_id": here.mail.sent[0].message_id, "to": here.mail.sent[0].to.address}
    assert (sent[2].what, sent[2].deal_id, LetterOrder(**sent[2].args)) == ("brief-invitation", order.deal_id, order)


@pytest.mark.parametrize(
    ("trouble", "state"),
    [(Refused("550 no such mailbox"), "failed"), (Uncertain("the line went dead"), "unknown"), (OSError("a mistake in the mailer"), "unknown")],
)
def test_a_mailer_in_trouble_is_written_down_and_never_guessed(here_sqlite: World, trouble: Exception, state: str) -> None:
    here_sqlite.mail.troubles.append(trouble)
    with here_sqlite.db.writing() as session:
        order = an_order("brief-invitation", at(session, "briefing"))
    assert [letters.send("k", order).state for _ in range(2)] == [state, state]
    assert here_sqlite.mail.sent == []


def test_a_mailer_that_is_away_leaves_the_letter_planned(here_sqlite: World) -> None:
    here_sqlite.mail.away = True
    with here_sqlite.db.writing() as session:
        order = an_order("brief-invitation", at(session, "briefing"))
    with pytest.raises(Unavailable):
        letters.send("k", order)
    here_sqlite.mail.away = False
    assert letters.send("k", order).state == "done"


def test_without_an_address_there_is_no_letter(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing")
        session.get_one(Client, deal.client_id).email = ""
    assert letters.send("k", an_order("brief-invitation", deal)).said == "There is no e-mail address to write to."


def test_who_wants_no_reminders_gets_letters_and_no_reminders(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing")
        session.get_one(Client, deal.client_id).reminders_off_at = MONDAY
    assert letters.send("a", an_order("brief-reminder", deal, is_reminder=True)).state == "skipped"
    assert letters.send("b", an_order("brief-invitation", deal)).state == "done"
    assert letters.send("c", an_order("client-silent", deal, is_reminder=True)).state == "done"


@pytest.mark.parametrize(
    ("to", "service", "address"),
    [
        ("salesperson", "shop", CONOR), ("project_manager", "shop", "tomasz@northlight.example"), ("director", "shop", "aoife@northlight.example"),
        ("ops", "shop", "aoife@northlight.example"), ("support", "shop", "grace@northlight.example"), ("nobody", "shop", "aoife@northlight.example"),
    ],
)  # fmt: skip
def test_a_role_is_somebody_of_the_studio(here_sqlite: World, to: str, service: str, address: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing", service=service)
    assert letters.write(here_sqlite, "k", an_order("deal-lost-staff", deal, to=to)).to.address == address


def test_before_there_is_a_salesperson_the_studio_signs(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "received", salesperson="")
    message = letters.write(here_sqlite, "k", an_order("application-declined", deal))
    assert message.sender.name.startswith("Northlight Studio")


def test_a_salesperson_who_has_left_is_stood_in_for(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing", salesperson="gone@northlight.example")
    assert letters.write(here_sqlite, "k", an_order("deal-lost-staff", deal)).to.address == "aoife@northlight.example"


def test_words_of_the_order_win_over_those_of_the_deal(post: Post) -> None:
    order = an_order("deal-lost-staff", post.deals["lost"], facts={"reason": "they chose a cousin", "stage": "brief"})
    message = letters.write(post.world, "k", order)
    assert "they chose a cousin" in message.text


def test_hostile_words_of_a_client_stay_words(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "received", message="<script>alert(1)</script> {{ 7*7 }}")
        client = session.get_one(Client, deal.client_id)
        client.name, client.company = "Orla\r\nBcc: x@y.example", "<b>Acme</b>"
    message = letters.write(here_sqlite, "k", an_order("application-assigned", deal))
    assert "<script>" not in message.html
    assert "{{ 7*7 }}" in message.text
    assert "\n" not in message.subject + message.to.name


def test_a_clients_address_that_refuses_mail_is_told_to_the_salesperson_once(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing")
    here_sqlite.mail.troubles.append(Refused("550 No such user here"))
    for _ in range(2):
        assert letters.send("deal/1/hello", an_order("brief-invitation", deal)).state == "failed"
    with here_sqlite.db.reading() as session:
        errands = effects.planned_errands(session, now=MONDAY)
    assert [(errand.key, errand.args["to"], errand.args["facts"]) for errand in errands] == [
        ("deal/1/hello/refused", "salesperson", {"said": "550 No such user here"})
    ]
    assert letters.send(errands[0].key, letters.order_of(errands[0].args), kind=effects.ERRAND).state == "done"
