"""What an operator has typed into the form of a waiting run counts, whatever happens before the run goes on."""

from collections.abc import Callable, Iterator

import pytest
from prefect import Flow
from sqlmodel import select

from flows.intake import intake
from flows.payment import payment
from models import facts, ledger, wanted
from models.answers import QualifyAnswer
from models.cash_answers import PaymentRecorded
from models.cash_tables import Invoice
from models.stages import Stage
from models.tables import Deal, Fact, StageRun
from models.tracks import Sales
from tasks.world import World
from tests.factories import a_payment, an_application, an_invoice
from tests.fakes import MONDAY, ManualClock
from tests.tasks.played import Player, silence, without_engine

WHO = "Conor Walsh"


@pytest.fixture
def player(here: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    with without_engine(Player(here, clock), monkeypatch) as one:
        yield one


def goes_on(_player: Player, _row: int) -> None:
    """Nothing happens."""


def deadline_passes(player: Player, row: int) -> None:
    with player.here.db.writing() as session:
        silence(session, session.get_one(Deal, session.get_one(StageRun, row).deal_id), player.clock)


def engine_is_away_twice(player: Player, _row: int) -> None:
    player.deaf = 2


def run_dies_and_another_takes_over(player: Player, row: int) -> None:
    with player.here.db.writing() as session:
        session.get_one(StageRun, row).flow_run_id = None


MEANWHILE = (goes_on, deadline_passes, engine_is_away_twice, run_dies_and_another_takes_over)


def runs_to_its_next_rest(player: Player, row: int, flow: Flow) -> str:
    """Run it, and again after each failure, until it is done or waits for something else."""
    said = "failed"
    while said == "failed":
        said = player.runs(flow, player.taken(row))
    return said


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("decision", ["talk", "out"])
def test_a_word_typed_for_a_client_is_heard(player: Player, decision: str, meanwhile: Callable[[Player, int], None]) -> None:
    with player.here.db.writing() as session:
        row = wanted.want(session, Stage.INTAKE, application=an_application(session, budget=100), now=MONDAY).id
    assert runs_to_its_next_rest(player, row, intake) == "waits"
    player.types(decision=decision, who=WHO)
    meanwhile(player, row)
    assert runs_to_its_next_rest(player, row, intake) == "done"
    with player.here.db.reading() as session:
        fact = session.exec(select(Fact).where(Fact.kind == QualifyAnswer.kind)).one()
        assert (fact.actor, fact.payload["decision"]) == (f"staff:{WHO}", decision)
        assert session.get_one(Deal, fact.deal_id).sales == (Sales.BRIEFING if decision == "talk" else Sales.DECLINED)


@pytest.mark.parametrize("comes", [[], [5_000], [5_000, 5_000]])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_money_typed_by_an_operator_is_booked_beside_what_came_by_itself(
    player: Player, comes: list[int], meanwhile: Callable[[Player, int], None]
) -> None:
    with player.here.db.writing() as session:
        invoice = an_invoice(session, part=1)
        row = wanted.want(session, Stage.PAYMENT, deal=session.get_one(Deal, invoice.deal_id), part=1, now=MONDAY).id
    assert runs_to_its_next_rest(player, row, payment) == "waits"
    player.types(amount="100.00", currency=invoice.currency, on=MONDAY.date().isoformat(), method="cash", reference="", who=WHO)
    with player.here.db.writing() as session:
        for amount in comes:
            a_payment(session, session.get_one(Invoice, invoice.id), amount)
    if meanwhile is deadline_passes:
        player.clock.pass_(days=400)
    else:
        meanwhile(player, row)
    assert runs_to_its_next_rest(player, row, payment) == "waits", "some of it is still open"
    with player.here.db.reading() as session:
        assert ledger.paid_of(session, session.get_one(Invoice, invoice.id)).amount == 10_000 + sum(comes)
        assert [fact.actor for fact in facts.of_deal(session, invoice.deal_id, PaymentRecorded.kind)] == [f"staff:{WHO}"]
