"""Steps behind the operators' forms: a fact each, with who and why; the same run of a form counts once."""

from typing import get_args

import pytest
from sqlmodel import col, select

from flows.operations import Page
from models import documents, effects, facts, links
from models.answers import ClosedAsLost, Held, Noted, ProposalRevised
from models.cash_tables import Invoice
from models.errors import Invalid, Missing, Refused, Uncertain
from models.letters import LetterOrder
from models.proposal import Snapshot
from models.tables import Client, Deal, Effect, Fact, StageRun, Wait
from tasks import letters, operations
from tasks.world import World
from tests.factories import a_deal, an_acceptance, told
from tests.fakes import MONDAY
from tests.models.threads import at_once, meanwhile
from tests.tasks.places import at

WHO = "Conor"


def answer(model) -> tuple[dict, str]:
    return model.model_dump(mode="json"), model.kind


def test_a_form_is_a_fact_with_who_did_it_and_counts_once(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    for _ in range(2):
        assert operations.record.fn(deal.id, *answer(ClosedAsLost(reason="postponed")), WHO, "run/1") == "lost"
    with here.db.reading() as session:
        fact = session.exec(select(Fact)).one()
        assert (fact.source, fact.external_id, fact.actor, fact.payload) == ("operator", "run/1", "staff:Conor", {"reason": "postponed"})


def test_a_form_run_twice_is_two_runs_and_the_second_is_told_no(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    operations.record.fn(deal.id, *answer(ClosedAsLost(reason="postponed")), WHO, "run/1")
    with pytest.raises(Refused, match="lost already"):
        operations.record.fn(deal.id, *answer(ClosedAsLost(reason="postponed")), WHO, "run/2")


def test_a_form_about_no_deal_is_told_so(here_sqlite: World) -> None:
    with pytest.raises(Missing, match="no deal 99"):
        operations.record.fn(99, *answer(Noted(text="x")), WHO, "run/1")


def test_a_rest_until_a_day_is_kept_with_its_zone(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    operations.record.fn(deal.id, *answer(Held(reason="holiday", until="2026-05-04T09:00:00+02:00")), WHO, "run/1")
    with here_sqlite.db.reading() as session:
        assert session.get_one(Deal, deal.id).held_until.isoformat() == "2026-05-04T07:00:00+00:00"


def test_a_lead_is_an_application_and_its_intake_follows(here: World) -> None:
    lead = {"name": "Orla", "service": "shop", "phone": "020 912 3402", "source": {"channel": "call"}}
    number = operations.register.fn(lead, WHO, "run/1")
    assert operations.register.fn(lead, WHO, "run/1") == number
    with here.db.reading() as session:
        assert session.get_one(Fact, number).actor == "staff:Conor"
        assert session.exec(select(StageRun)).one().application_id == number


def test_a_lead_for_what_we_do_not_sell_is_refused_with_what_we_do(here_sqlite: World) -> None:
    with pytest.raises(Refused, match="landing-page"):
        operations.register.fn({"name": "Orla", "service": "spaceship"}, WHO, "run/1")


# Revising


def lines_of(here: World, deal: Deal) -> str:
    with here.db.reading() as session:
        return documents.latest(session, deal.id, "estimate").body["lines"][0]["slug"]


def revision(**values) -> dict:
    return {"hours": {}, "discount": None, "texts": {}, "reason": ""} | values


def test_looking_first_changes_nothing(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "change asked")
    wanted = revision(hours={lines_of(here, deal): 99.0}, reason="more work")
    shown = operations.revise.fn(deal.id, wanted, WHO, "run/1", keep=False)
    assert shown["changes"]
    assert "Not published yet" in shown["shown"]
    with here.db.reading() as session:
        assert documents.latest(session, deal.id, "proposal").version == 1
        assert facts.of_deal(session, deal.id, ProposalRevised.kind) == []


def test_publishing_makes_the_next_version_and_wakes_the_stage(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "change asked")
    wanted = revision(hours={lines_of(here, deal): 99.0}, discount=5.0, texts={"title": "A leaner site"}, reason="as agreed")
    revised = operations.revise.fn(deal.id, wanted, WHO, "run/1", keep=True)
    again = operations.revise.fn(deal.id, wanted, WHO, "run/1", keep=True)
    assert ("Published." in revised["shown"], again) == (True, {"changes": [], "shown": ""})
    with here.db.reading() as session:
        document = documents.latest(session, deal.id, "proposal")
        assert (document.version, document.made_by, document.changes) == (2, WHO, revised["changes"])
        assert Snapshot.model_validate(document.body).title == "A leaner site"
        assert [fact.payload for fact in facts.of_deal(session, deal.id, ProposalRevised.kind)] == [{"version": 2}]
        assert session.exec(select(Wait).where(Wait.key == "answer#2")).one().due_at is None


def test_texts_given_once_stay_in_the_versions_after(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    operations.revise.fn(deal.id, revision(texts={"title": "Ours"}), WHO, "run/1", keep=True)
    operations.revise.fn(deal.id, revision(discount=5.0, reason="a good start"), WHO, "run/2", keep=True)
    with here_sqlite.db.reading() as session:
        snapshot = Snapshot.model_validate(documents.latest(session, deal.id, "proposal").body)
    assert (snapshot.version, snapshot.title, snapshot.discount_reason) == (3, "Ours", "a good start")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"hours": {"no-such-line": 1.0}, "reason": "x"}, Invalid), ({"discount": 5.0}, Invalid), ({"texts": {"price": "0"}}, Invalid)],
)
def test_a_revision_that_cannot_be_leaves_everything_as_it_was(here_sqlite: World, wrong: dict, error: type[Exception]) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    with pytest.raises(error):
        operations.revise.fn(deal.id, revision(**wrong), WHO, "run/1", keep=True)
    with here_sqlite.db.reading() as session:
        assert documents.latest(session, deal.id, "proposal").version == 1


def test_an_accepted_proposal_is_not_revised(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
        told(session, deal, an_acceptance(documents.latest(session, deal.id, "proposal")))
    with pytest.raises(Refused, match="frozen"):
        operations.revise.fn(deal.id, revision(discount=5.0, reason="x"), WHO, "run/1", keep=True)


def test_an_acceptance_that_comes_while_a_revision_is_made_stands(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "proposed")
        word = an_acceptance(documents.latest(session, deal.id, "proposal"))
    with pytest.raises(Refused, match="frozen"):
        meanwhile(
            here.db, lambda session: told(session, session.get_one(Deal, deal.id), word),
            lambda: operations.revise.fn(deal.id, revision(discount=5.0, reason="x"), WHO, "run/1", keep=True),
        )  # fmt: skip
    with here.db.reading() as session:
        kept = documents.latest(session, deal.id, "proposal")
        assert (kept.version, kept.state) == (1, "frozen")


def test_there_is_nothing_to_revise_without_a_proposal(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    for deal_id in (deal.id, 99):
        with pytest.raises(Missing):
            operations.revise.fn(deal_id, revision(), WHO, "run/1", keep=False)


# Effects and links


@pytest.mark.parametrize(("went_out", "state", "word"), [(True, "done", "it went out"), (False, "planned", "send it again")])
@pytest.mark.parametrize("is_of_a_deal", [True, False])
def test_an_unknown_effect_is_settled_by_a_persons_word_which_the_history_keeps(
    here: World, is_of_a_deal: bool, went_out: bool, state: str, word: str
) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
        effect = effects.plan(session, "deal/1/mail", "letter", deal_id=deal.id if is_of_a_deal else None, what="brief-invitation", now=MONDAY)
        effect.state = "unknown"
    assert operations.settle_effect.fn("deal/1/mail", WHO, "run/1", went_out=went_out, reason="She has it.") == state
    with here.db.reading() as session:
        fact = session.exec(select(Fact).where(Fact.kind == Noted.kind)).one()
        assert (fact.deal_id, fact.actor) == (deal.id if is_of_a_deal else None, f"staff:{WHO}")
        assert fact.payload["text"] == f"brief-invitation (deal/1/mail): {word}. She has it."


def test_a_persons_word_counts_once_though_the_second_try_is_unknown_again(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "briefing")
    order = LetterOrder(name="brief-invitation", deal_id=deal.id, to="client")
    for times in (1, 2):
        here.mail.troubles.append(Uncertain("the line went dead"))
        assert letters.send("deal/1/mail", order).state == "unknown"
        for _ in range(times):
            operations.settle_effect.fn("deal/1/mail", WHO, f"run/{times}", went_out=False)
    here.mail.troubles.append(Uncertain("the line went dead"))
    letters.send("deal/1/mail", order)
    assert operations.settle_effect.fn("deal/1/mail", WHO, "run/2", went_out=False) == "unknown", "the word was on the try before"


def test_of_two_who_decide_at_once_one_is_heard_and_the_other_told_no(here: World) -> None:
    with here.db.writing() as session:
        effects.plan(session, "deal/1/mail", "letter", deal_id=a_deal(session).id, what="brief-invitation", now=MONDAY).state = "unknown"

    def says(number: int) -> str:
        try:
            return operations.settle_effect.fn("deal/1/mail", WHO, f"run/{number}", went_out=True)
        except Refused:
            return "no"

    assert sorted(at_once(4, says)) == ["done", "no", "no", "no"]
    with here.db.reading() as session:
        assert len(session.exec(select(Fact).where(Fact.kind == Noted.kind)).all()) == 1


def test_what_is_no_longer_open_takes_no_word_and_keeps_none(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "briefing")
    assert letters.send("deal/1/mail", LetterOrder(name="brief-invitation", deal_id=deal.id, to="client")).state == "done"
    with pytest.raises(Refused, match="is done and cannot become"):
        operations.settle_effect.fn("deal/1/mail", WHO, "run/1", went_out=False)
    with here.db.reading() as session:
        assert session.exec(select(Fact).where(Fact.kind == Noted.kind)).all() == []


@pytest.mark.parametrize("kind", get_args(Page))
def test_a_renewed_link_ends_the_old_one_once_and_goes_to_whose_page_it_is_alone(here: World, kind: str) -> None:
    with here.db.writing() as session:
        deal = at(session, "invoiced")
        page = f"{kind}:{session.exec(select(Invoice.id)).one()}" if kind.startswith("invoice") else kind
        old = links.hand_out(session, here.secret, page, deal.id, now=here.now())
    ordered = [operations.renew_link.fn(deal.id, kind, WHO, "run/1", reason="A rival has it.") for _ in range(2)]
    with here.db.reading() as session:
        assert not links.find(session, old.rpartition("/")[2], kind).current
        effect = session.exec(select(Effect).where(col(Effect.what).startswith("link-"))).one()
        assert ordered == [effect.key] * 2
        owner = operations.OWNERS.get(kind, "salesperson")
        assert (effect.what, effect.args["to"]) == (("link-replaced-staff", owner) if kind in links.STAFF else ("link-replaced", "client"))
        assert effect.args["links"] == {"link": page}
        noted = session.exec(select(Fact).where(Fact.kind == Noted.kind)).one()
        assert (noted.actor, noted.payload["text"]) == ("staff:Conor", f"The link to the {kind} page was revoked and a new one sent. A rival has it.")
        assert links.given(session, here.secret, page, deal.id) == ""
    letter = letters.write(here, effect.key, LetterOrder.model_validate(effect.args))
    with here.db.reading() as session:
        assert links.given(session, here.secret, page, deal.id) in letter.text
        assert (letter.to.address == session.exec(select(Client.email)).one()) is (kind not in links.STAFF)
    assert links.CALLED[kind] in " ".join(letter.text.split())


@pytest.mark.parametrize("kind", ["countersign", "act"])
def test_a_page_that_nobody_has_a_link_to_gets_none(here: World, kind: str) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    with pytest.raises(Missing, match=f"Nobody has a link to the {kind} page of deal 1 yet"):
        operations.renew_link.fn(deal.id, kind, WHO, "run/1")
    with here.db.reading() as session:
        assert session.exec(select(Effect)).all() == facts.of_deal(session, deal.id) == []


def test_every_page_that_a_link_opens_and_an_operator_may_name_has_a_name_in_letters() -> None:
    assert set(get_args(Page)) == set(links.CALLED) == set(links.PATHS) - {"unsubscribe", "refer", "course-off"}


def test_no_link_is_renewed_of_a_deal_that_is_not_there(here: World) -> None:
    with pytest.raises(Missing):
        operations.renew_link.fn(99, "proposal", WHO, "run/2")
