"""Facts: kept once per source and id, whoever tells them and how many at once."""

import pytest
from sqlmodel import select

from models import facts
from models.answers import ProposalAnswer
from models.db import Database
from models.facts import News
from models.stages import Stage
from models.tables import Fact, Wait
from tests.factories import a_deal, a_fact, a_wait
from tests.fakes import MONDAY
from tests.models.threads import at_once


def test_eight_who_tell_the_same_at_once_are_told_the_same_facts(db: Database) -> None:
    def tell(number: int) -> list[tuple[int, bool]]:
        told = []
        for line in range(12):
            with db.writing() as session:
                news = News(kind="deal.noted", source="bank", external_id=f"line-{line}", actor=f"machine:{number}")
                fact, new = facts.keep(session, news, now=MONDAY)
                told.append((fact.id, new))
        return told

    told = at_once(8, tell)
    assert len({tuple(fact_id for fact_id, _ in one) for one in told}) == 1
    assert sum(new for one in told for _, new in one) == 12
    with db.reading() as session:
        assert len(session.exec(select(Fact)).all()) == 12


@pytest.mark.parametrize(("source", "external_id"), [("bank", "2"), ("mail", "1")])
def test_another_source_or_another_id_is_another_fact(here_sqlite, source: str, external_id: str) -> None:
    with here_sqlite.db.writing() as session:
        first, _ = facts.keep(session, News(kind="k", source="bank", external_id="1", actor="a"), now=MONDAY)
        second, new = facts.keep(session, News(kind="k", source=source, external_id=external_id, actor="a"), now=MONDAY)
        assert new
        assert first.id != second.id


def test_the_first_telling_stays_as_it_was(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        facts.keep(session, News(kind="k", source="s", external_id="1", actor="a", payload={"a": 1}), now=MONDAY)
        again, new = facts.keep(session, News(kind="other", source="s", external_id="1", actor="b", payload={"a": 2}), now=MONDAY)
        assert (new, again.kind, again.actor, again.payload) == (False, "k", "a", {"a": 1})


def test_a_lost_race_leaves_the_rest_of_the_transaction_alone(db: Database) -> None:
    with db.writing() as session:
        a_fact(session, None, source="s", external_id="1")
    with db.writing() as session:
        deal_id = a_deal(session).id
        assert facts.keep(session, News(kind="k", source="s", external_id="1", actor="a"), now=MONDAY)[1] is False
    with db.reading() as session:
        assert facts.of_deal(session, deal_id) == []


def test_the_earliest_fact_that_nobody_took_answers(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first, second = (a_fact(session, deal, ProposalAnswer.kind, noun="proposal") for _ in range(2))
        about = facts.subject(deal.id, 1, "proposal")
        assert facts.unconsumed(session, deal.id, about, [ProposalAnswer.kind]) is first
        a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL)
        assert session.exec(select(Wait)).one().fact_id == first.id
        assert facts.unconsumed(session, deal.id, about, [ProposalAnswer.kind]) is second
        assert facts.unconsumed(session, deal.id, about, ["deal.noted"]) is None
        assert facts.unconsumed(session, deal.id, facts.subject(deal.id, 2, "proposal"), [ProposalAnswer.kind]) is None


def test_facts_of_a_deal_come_in_the_order_in_which_they_were_known(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        kept = [a_fact(session, deal, kind) for kind in ("b", "a", "b")]
        a_fact(session, a_deal(session), "b")
        assert facts.of_deal(session, deal.id) == kept
        assert facts.of_deal(session, deal.id, "b") == [kept[0], kept[2]]
