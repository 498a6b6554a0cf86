"""What the dead leave behind: letters that nobody comes back to."""

from dataclasses import replace

import pytest

from models import effects
from models.effects import EffectState
from models.letters import LetterOrder
from models.stages import RunState, Stage
from models.tables import Effect
from tasks import orphans
from tasks.letters import write
from tasks.waker import Round, _send_errands
from tasks.world import World, use
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY

WAITING, ENDED = "a deal whose stage has gone on without it", "a deal that has ended"


@pytest.mark.parametrize(("of", "can_ask", "went_out", "becomes"), [
    (ENDED, True, True, EffectState.DONE), (ENDED, True, False, EffectState.SKIPPED),
    (ENDED, False, True, EffectState.UNKNOWN), (ENDED, False, False, EffectState.UNKNOWN),
    (WAITING, True, True, EffectState.DONE), (WAITING, True, False, EffectState.PLANNED),
    (WAITING, False, True, EffectState.UNKNOWN), (WAITING, False, False, EffectState.UNKNOWN),
])  # fmt: skip
def test_a_letter_whose_sender_died_and_to_which_nobody_comes_back_goes_out_or_is_left_out_or_unknown(
    here: World, of: str, can_ask: bool, went_out: bool, becomes: EffectState
) -> None:
    here = use(replace(here, mail=replace(here.mail, can_ask=can_ask)))
    order = LetterOrder(name="application-thanks", deal_id=1, to="client")
    with here.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal, state=RunState.DONE if of == ENDED else RunState.WAITING)
        claimed = effects.plan(session, "deal/1/k", "letter", deal_id=deal.id, what="x", now=MONDAY, args=order.model_dump(mode="json"))
        effects.claim(session, claimed, "a dead worker", now=MONDAY)
    if went_out:
        here.mail.send(write(here, "deal/1/k", order))
    assert orphans.settle_claims.fn() == [f"deal/1/k: {becomes}"]
    with here.db.reading() as session:
        assert session.get_one(Effect, "deal/1/k").state == becomes
    assert len(here.mail.sent) == went_out
    assert orphans.settle_claims.fn() == []
    _send_errands(here, Round())
    assert len(here.mail.sent) == (went_out or becomes == EffectState.PLANNED), "what is still owed goes out, once"
