"""What the dead leave behind: letters that nobody comes back to."""

from dataclasses import replace

import pytest

from models import effects
from models.effects import EffectState
from models.letters import LetterOrder
from models.tables import Effect
from tasks import orphans
from tasks.letters import write
from tasks.world import World, use
from tests.factories import a_deal
from tests.fakes import MONDAY


@pytest.mark.parametrize(("can_ask", "went_out", "becomes"), [
    (True, True, EffectState.DONE), (True, False, EffectState.SKIPPED), (False, True, EffectState.UNKNOWN), (False, False, EffectState.UNKNOWN),
])  # fmt: skip
def test_a_letter_of_an_ended_deal_whose_sender_died_is_asked_for_or_unknown(
    here_sqlite: World, can_ask: bool, went_out: bool, becomes: EffectState
) -> None:
    here = use(replace(here_sqlite, mail=replace(here_sqlite.mail, can_ask=can_ask)))
    with here.db.writing() as session:
        deal = a_deal(session)
        effects.claim(session, effects.plan(session, "deal/1/k", "letter", deal_id=deal.id, what="x", now=MONDAY), "a dead worker", now=MONDAY)
    if went_out:
        here.mail.send(write(here, "deal/1/k", LetterOrder(name="application-thanks", deal_id=deal.id or 0, to="client")))
    assert orphans.settle_claims.fn() == [f"deal/1/k: {becomes}"]
    with here.db.reading() as session:
        assert session.get_one(Effect, "deal/1/k").state == becomes
    assert len(here.mail.sent) == went_out
    assert orphans.settle_claims.fn() == []
