"""Steps of the proposal: made once an estimate, printed under its hash, told to whom it concerns."""

import hashlib
from pathlib import Path

import pytest

from models import documents
from models.answers import ClosedAsLost, Reopened
from models.errors import Missing
from models.proposal import Snapshot
from models.proposals import Revision, revise
from models.tables import Deal, Document
from models.tracks import Sales
from tasks import proposals
from tasks.world import World
from tests.factories import a_brief, a_deal, a_refusal, a_wish, an_acceptance, an_estimate, told
from tests.fakes import MONDAY
from tests.studio import the_company
from tests.tasks.places import at


def newest(here: World, deal: Deal) -> Document:
    with here.db.reading() as session:
        return documents.latest(session, deal.id, "proposal")


def test_one_estimate_makes_one_version(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
        an_estimate(session, deal)
    assert [proposals.publish_proposal.fn(deal.id, 1) for _ in range(3)] == [1, 1, 1]
    document = newest(here, deal)
    assert (document.state, document.made_from["estimate"], document.round) == ("live", 1, 1)
    assert document.body_hash == documents.fingerprint(document.body)


def test_another_estimate_makes_the_next_version_with_what_changed(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
        answers = a_brief(session, deal).answers
        number = next(slug for slug, answer in answers.items() if isinstance(answer, int) and not isinstance(answer, bool))
        a_brief(session, deal, answers | {number: answers[number] + 1})
        an_estimate(session, deal, why="brief v3, round 1")
    assert proposals.publish_proposal.fn(deal.id, 1) == 2


def test_an_accepted_proposal_is_not_made_again(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "accepted")
    assert proposals.publish_proposal.fn(deal.id, 1) == 1
    assert newest(here_sqlite, deal).state == "frozen"


@pytest.mark.parametrize("said", ["a no", "a wish and a new version"])
def test_a_run_that_takes_over_begins_with_the_version_that_was_mailed_first_whatever_became_of_it(here_sqlite: World, said: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    assert proposals.mail_proposal.fn(deal.id, proposals.publish_proposal.fn(deal.id, 1), is_first=True) == "done"
    with here_sqlite.db.writing() as session:
        document = documents.latest(session, deal.id, "proposal")
        told(session, session.get_one(Deal, deal.id), a_refusal(document) if said == "a no" else a_wish(document))
        if said != "a no":
            revision = Revision(texts={"title": "Leaner"})
            revise(session, the_company(), session.get_one(Deal, deal.id), revision, who="Conor", now=MONDAY, keep=True)
    before = newest(here_sqlite, deal)
    assert proposals.publish_proposal.fn(deal.id, 1) == 1
    assert newest(here_sqlite, deal) == before, "nothing is offered anew to a client who has said no"


def test_in_its_next_round_a_deal_gets_a_fresh_proposal(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
        told(session, deal, ClosedAsLost(reason="postponed"))
        told(session, deal, Reopened())
        deal.sales = Sales.ESTIMATING
    assert proposals.publish_proposal.fn(deal.id, 2) == 2
    document = newest(here_sqlite, deal)
    assert (document.state, document.round) == ("live", 2)


def test_a_pdf_is_kept_under_the_hash_of_its_bytes(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "proposed")
    printed = [proposals.print_proposal.fn(deal.id, 1, "live") for _ in range(2)]
    document = newest(here, deal)
    content = (here.settings.home / document.pdf_path).read_bytes()
    assert printed == [document.pdf_hash] * 2 == [hashlib.sha256(content).hexdigest()] * 2
    assert Path(document.pdf_path) == Path("documents") / f"{document.pdf_hash}.pdf"
    assert len(list((here.settings.home / "documents").iterdir())) == 1
    assert len(document.template_hash) == 64


def test_an_accepted_version_is_printed_anew_with_its_acceptance(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    live = proposals.print_proposal.fn(deal.id, 1, "live")
    with here_sqlite.db.writing() as session:
        option = Snapshot.model_validate(newest(here_sqlite, deal).body).options[0]
        told(session, session.get_one(Deal, deal.id), an_acceptance(newest(here_sqlite, deal), selection=[option.slug]))
    assert proposals.print_proposal.fn(deal.id, 1, "frozen") != live
    assert "Orla Byrne" in here_sqlite.pdf.printed[-1]


def test_what_is_printed_is_the_whole_proposal_dated_when_it_was_made(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    proposals.print_proposal.fn(deal.id, 1, "live")
    snapshot = Snapshot.model_validate(newest(here_sqlite, deal).body)
    page = here_sqlite.pdf.printed[0]
    assert all(line.title in page or line.title.replace("&", "&amp;") in page for line in snapshot.lines)
    content = (here_sqlite.settings.home / newest(here_sqlite, deal).pdf_path).read_bytes()
    assert MONDAY.isoformat().encode() in content


def test_a_version_that_is_not_there_cannot_be_printed(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    with pytest.raises(Missing, match="no proposal 9"):
        proposals.print_proposal.fn(deal.id, 9, "live")


def test_each_version_is_sent_once(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "proposed")
    assert [proposals.mail_proposal.fn(deal.id, 1, is_first=True) for _ in range(2)] == ["done", "done"]
    assert here.mail.letters() == [f"deal/{deal.id}/proposal/v1/mail"]
    assert "https://office.example/p/" in here.mail.sent[0].text


@pytest.mark.parametrize(
    ("place", "say", "who"),
    [
        ("change asked", lambda deal_id: proposals.tell_change.fn(deal_id, 1, "Fewer pages"), "Conor Walsh"),
        ("change asked", lambda deal_id: proposals.tell_director.fn(deal_id, 1), "Aoife Brennan"),
        ("accepted", lambda deal_id: proposals.thank_for_acceptance.fn(deal_id, 1), "Orla Byrne"),
        ("accepted", lambda deal_id: proposals.tell_acceptance.fn(deal_id, 1), "Conor Walsh"),
        ("proposed", lambda deal_id: proposals.mail_refused.fn(deal_id, 1), "Orla Byrne"),
        ("proposed", lambda deal_id: proposals.tell_refusal.fn(deal_id, 1, "price", "too dear"), "Conor Walsh"),
    ],
)
def test_everybody_whom_it_concerns_is_told_once(here_sqlite: World, place: str, say, who: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, place)
    assert [say(deal.id) for _ in range(2)] == ["done", "done"]
    assert [message.to.name for message in here_sqlite.mail.sent] == [who]


def test_two_different_wishes_are_told_both(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "change asked")
    for wish in ("Fewer pages", "More pages", "Fewer pages"):
        proposals.tell_change.fn(deal.id, 1, wish)
    assert len(here_sqlite.mail.sent) == 2
    assert "More pages" in here_sqlite.mail.sent[1].text
