"""What every support desk of ours must do: a Redmine's Support tracker (the fake, and Debian's), and a mailbox."""

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.errors import Refused, Unavailable, Uncertain
from models.message import Mailbox
from models.tracking import Ticket, TicketRef
from tasks.gateways.desk import Desk, MailDesk
from tasks.gateways.outbox import FileMailer
from tasks.gateways.redmine_desk import RedmineDesk
from tasks.gateways.redmine_records import RedmineNames
from tests.fakes import MONDAY, Killed, RecordingMailer
from tests.redmine import KEY, STRANGER
from tests.tasks.gateways.fake_redmine import Wire
from tests.tasks.gateways.trackers import REAL, FakeRig, RealRig, RedmineRig, both_at_once, next_deal

SUPPORT, STUDIO = Mailbox(address="support@northlight.example"), Mailbox(address="hello@northlight.example", name="Northlight")
FILE = "Everything about **Acme**:\n\n- domain: acme.example\n- launched on 4 May"


def a_ticket(**over: Any) -> Ticket:
    values = {
        "key": f"deal/{next_deal()}/r1/handover", "subject": "Handover: Acme", "body": FILE, "client_name": "Orla Byrne",
        "client_email": "orla@acme.example",
    }  # fmt: skip
    return Ticket(**values | over)


def mailed(mailer: Any) -> MailDesk:
    return MailDesk(mailer, SUPPORT, STUDIO, lambda: MONDAY)


@pytest.fixture(params=["mail", "fake", REAL])
def desk(request: pytest.FixtureRequest, home: Path) -> Desk:
    """Every desk that can be asked."""
    if request.param == "mail":
        return mailed(FileMailer(home / "outbox"))
    return FakeRig().desk if request.param == "fake" else RealRig(request.getfixturevalue("running_redmine")).desk


def test_a_ticket_is_opened_once_for_each_key(desk: Desk) -> None:
    ticket = a_ticket()
    assert desk.find(ticket.key) is None
    first = desk.open_ticket(ticket)
    assert first.id
    assert desk.open_ticket(ticket) == desk.find(ticket.key) == first
    assert desk.open_ticket(a_ticket()) != first


def test_a_key_that_begins_like_another_is_another(desk: Desk) -> None:
    ticket = a_ticket()
    desk.open_ticket(ticket)
    assert desk.find(ticket.key.removesuffix("over")) is None
    assert desk.find(f"{ticket.key}/again") is None


@pytest.mark.parametrize(
    "words",
    ["O'Brien & \"Söhne\" <b>", "🎉 Рынок 👩🏽‍🚀", "شركة \u202eabc", "x" * 300, "two\nlines\x00", "[studio: deal/1/r1/handover]"],
    ids=["quotes", "emoji", "turned", "long", "lines", "our own line"],
)
def test_any_words_are_taken(desk: Desk, words: str) -> None:
    ticket = a_ticket(subject=words, body=f"{words}\n\n{FILE}", client_name=words)
    assert desk.open_ticket(ticket) == desk.open_ticket(ticket) == desk.find(ticket.key)


def test_a_ticket_without_a_client_is_one(desk: Desk) -> None:
    ticket = a_ticket(client_name="", client_email="")
    assert desk.open_ticket(ticket) == desk.find(ticket.key)


@pytest.mark.parametrize("priority", ["low", "normal", "high", "urgent"])
def test_every_priority_is_taken(desk: Desk, priority: str) -> None:
    assert desk.open_ticket(a_ticket(priority=priority)).id


def test_two_callers_at_once_open_one_ticket(desk: Desk) -> None:
    ticket = a_ticket()
    first, second = both_at_once(lambda: desk.open_ticket(ticket))
    assert first == second == desk.find(ticket.key)


# Redmine's


@pytest.mark.parametrize("what", ["drop after", "kill after"])
def test_a_ticket_whose_answer_was_lost_is_found_again(a_redmine: FakeRig | RealRig, what: str) -> None:
    is_opened_once(a_redmine, what)


@pytest.mark.parametrize("what", ["drop", "kill", 408, 429, 500, 503])
def test_a_ticket_that_was_not_opened_is_opened_at_the_next_try(fake: FakeRig, what: int | str) -> None:
    is_opened_once(fake, what)


def is_opened_once(rig: FakeRig | RealRig, what: int | str) -> None:
    ticket = a_ticket()
    rig.wire.meet("POST", "issues", what)
    with pytest.raises((Unavailable, Killed)):
        rig.desk.open_ticket(ticket)
    ref = rig.desk.open_ticket(ticket)
    assert ref == rig.desk.find(ticket.key)
    assert many(rig, ticket.key) == 1


def test_another_caller_between_our_look_and_our_word_leaves_one_ticket(a_redmine: FakeRig | RealRig) -> None:
    ticket, first = a_ticket(), []
    beside = RedmineDesk(a_redmine.url, KEY, transport=Wire(a_redmine.inner))
    a_redmine.wire.meet("POST", "issues", lambda: first.append(beside.open_ticket(ticket)))
    assert a_redmine.desk.open_ticket(ticket) == first[0]
    assert many(a_redmine, ticket.key) == 1


def many(rig: FakeRig | RealRig, key: str) -> int:
    if isinstance(rig, FakeRig):
        return sum(f"{key}]" in issue["description"] for issue in rig.fake.issues.values())
    return sum(f"{key}]" in issue.description for issue in rig.oracle.issue.filter(project_id="support", status_id="*", limit=100, sort="id:desc"))


def test_a_desk_that_is_not_there_is_refused(a_redmine: RedmineRig) -> None:
    for project, key in (("nowhere", KEY), ("support", STRANGER), ("support", "7" * 40)):
        with pytest.raises(Refused, match=r"\.$"):
            RedmineDesk(a_redmine.url, key, project, transport=a_redmine.wire).open_ticket(a_ticket())


def test_names_that_redmine_has_not_are_told(a_redmine: RedmineRig) -> None:
    for names, said in ((RedmineNames(ticket="Help"), "no tracker “Help”; it has Bug"), (RedmineNames(priorities={"high": "Soon"}), "no priority “Soon”; it has Low")):
        with pytest.raises(Refused, match=said):
            RedmineDesk(a_redmine.url, KEY, names=names, transport=a_redmine.wire).open_ticket(a_ticket(priority="high"))


def test_a_strangers_look_into_an_open_project_is_no_answer(fake: FakeRig) -> None:
    fake.fake.answer, real = (lambda request: real(request) if request.method != "GET" or "users" in str(request.url) else _empty()), fake.fake.answer
    with pytest.raises(Refused, match="does not know our API key"):
        RedmineDesk(fake.url, "7" * 40, transport=fake.wire).find("deal/1/r1/handover")


def _empty() -> httpx.Response:
    return httpx.Response(200, json={"issues": [], "total_count": 0})


@pytest.mark.parametrize("rig", [REAL], indirect=True)
def test_python_redmine_reads_the_ticket(rig: RealRig) -> None:
    ticket = a_ticket(priority="urgent")
    ref = rig.desk.open_ticket(ticket)
    issue = rig.oracle.issue.get(int(ref.id))
    assert (issue.project.name, issue.tracker.name, issue.priority.name, issue.subject) == ("Support", "Support", "Urgent", "Handover: Acme")
    assert issue.description.splitlines() == ["Client: Orla Byrne <orla@acme.example>", "", *FILE.splitlines(), "", f"[studio: {ticket.key}]"]
    assert ref.url == f"{rig.url}/issues/{ref.id}"
    rig.oracle.issue.update(issue.id, status_id=5)
    assert rig.desk.find(ticket.key) == rig.desk.open_ticket(ticket) == ref


# The mailbox


def test_a_letter_to_support_is_answered_to_the_client_and_looks_like_a_persons(home: Path) -> None:
    ticket = a_ticket(priority="high")
    ref = mailed(FileMailer(home / "outbox")).open_ticket(ticket)
    [letter] = [message_from_bytes(path.read_bytes(), policy=default) for path in (home / "outbox").glob("*.eml")]
    assert (letter["To"], letter["Subject"], letter["Message-ID"]) == (SUPPORT.address, "Handover: Acme", ref.id)
    assert letter["Reply-To"].addresses[0].addr_spec == "orla@acme.example"
    assert letter["X-Studio-Key"] == ticket.key
    assert letter["Auto-Submitted"] is None
    assert letter.get_content().splitlines() == ["Client: Orla Byrne <orla@acme.example>", "Priority: high", "", *FILE.splitlines()]
    assert re.fullmatch(r"<[0-9a-f]{16}\.deal-.*@northlight\.example>", ref.id)


def test_the_letters_id_follows_from_the_key() -> None:
    ticket = a_ticket()
    assert mailed(RecordingMailer()).open_ticket(ticket) == mailed(RecordingMailer()).open_ticket(ticket)


def test_a_mail_server_cannot_be_asked() -> None:
    mailer = RecordingMailer(can_ask=False)
    desk = mailed(mailer)
    ticket = a_ticket()
    assert isinstance(desk.open_ticket(ticket), TicketRef)
    assert (desk.can_ask, desk.find(ticket.key)) == (False, None)
    mailer.troubles = [Uncertain("It may have gone out.")]
    with pytest.raises(Uncertain):
        desk.open_ticket(ticket)


def test_a_desk_of_a_mailer_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        mailed(RecordingMailer(away=True)).open_ticket(a_ticket())


def test_a_client_whose_address_is_none_is_refused(home: Path) -> None:
    with pytest.raises(Refused, match="nobody"):
        mailed(FileMailer(home / "outbox")).open_ticket(a_ticket(client_email="nobody"))
