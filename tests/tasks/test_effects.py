"""Acts on the world: at most once without a person's word, never silently zero, whatever happens in between."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count, product
from threading import Event
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import effects as ledger
from models import leases
from models.effects import EffectState
from models.errors import Refused, Unavailable, Uncertain
from models.tables import Effect
from tasks import effects
from tasks.effects import Act, Done
from tasks.world import World, real_now, use, world
from tests.fakes import Killed
from tests.models.threads import at_once

OUTCOMES = ("ok", "away", "refused", "uncertain, it went out", "uncertain, it did not", "dies before", "dies after", "breaks before")
_numbers = count(1)


@dataclass
class AVendor:
    """A vendor that does what it is told: takes the thing or not, answers or not. `log` is what really happened."""

    can_ask: bool = True
    outcome: str = "ok"
    log: list[str] = field(default_factory=list)

    def act(self) -> Done:
        match self.outcome:
            case "away":
                raise Unavailable("away")
            case "refused":
                raise Refused("never")
            case "uncertain, it did not":
                raise Uncertain("the line went dead")
            case "dies before":
                raise Killed
            case "breaks before":
                raise KeyError("a mistake of ours")
        self.log.append("it happened")
        if self.outcome == "uncertain, it went out":
            raise Uncertain("the line went dead")
        if self.outcome == "dies after":
            raise Killed
        return Done(said="taken", result={"id": "1"})

    def ask(self) -> Done | None:
        return Done(said="found", result={"id": "1"}) if self.log else None


def an_act(vendor: AVendor, key: str = "deal/1/mail", guard: str | None = None) -> Act:
    return Act(
        key=key, kind="letter", what="x", deal_id=None, act=vendor.act, guard=lambda _session: guard, ask=vendor.ask if vendor.can_ask else None
    )  # fmt: skip


def attempt(act: Act) -> Effect | Exception | None:
    """One try; None when the worker died of it, and then another one is in its place."""
    try:
        return effects.once(act)
    except Killed:
        use(replace(world(), worker=f"elsewhere/1/{next(_numbers)}"))
        return None
    except (Unavailable, KeyError) as error:
        return error


def kept(here: World, key: str = "deal/1/mail") -> Effect | None:
    with here.db.reading() as session:
        return session.get(Effect, key)


def test_a_thing_is_done_once_however_often_it_is_asked_for(here: World) -> None:
    vendor = AVendor()
    done = [effects.once(an_act(vendor)) for _ in range(3)]
    assert len(vendor.log) == 1
    assert {one.state for one in done} == {"done"}
    assert (done[2].said, done[2].result) == ("taken", {"id": "1"})


def test_different_keys_are_different_things(here_sqlite: World) -> None:
    vendor = AVendor()
    for key in ("deal/1/mail", "deal/2/mail"):
        effects.once(an_act(vendor, key))
    assert len(vendor.log) == 2


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("refused", "failed"), ("uncertain, it went out", "unknown"), ("uncertain, it did not", "unknown"), ("away", "planned"), ("breaks before", "planned")],
)
def test_each_trouble_is_written_down_as_what_it_was(here_sqlite: World, outcome: str, state: str) -> None:
    attempt(an_act(AVendor(outcome=outcome)))
    effect = kept(here_sqlite)
    assert (effect.state, effect.owner, effect.lease_until) == (state, "", None)
    assert effect.said


def test_a_vendor_that_is_away_is_tried_again_until_it_is_back(here_sqlite: World) -> None:
    vendor = AVendor(outcome="away")
    for _ in range(3):
        with pytest.raises(Unavailable):
            effects.once(an_act(vendor))
    vendor.outcome = "ok"
    assert effects.once(an_act(vendor)).attempts == 4
    assert len(vendor.log) == 1


def test_a_guard_that_says_no_is_the_end_of_it_with_its_reason(here_sqlite: World) -> None:
    vendor = AVendor()
    assert effects.once(an_act(vendor, guard="The answer has come.")).said == "The answer has come."
    assert effects.once(an_act(vendor)).state == "skipped"
    assert vendor.log == []


def test_the_guard_is_read_again_at_each_try(here_sqlite: World) -> None:
    vendor = AVendor(outcome="away")
    attempt(an_act(vendor))
    vendor.outcome = "ok"
    assert effects.once(an_act(vendor, guard="Paid by now.")).state == "skipped"
    assert vendor.log == []


@pytest.mark.parametrize(("can_ask", "outcome", "state"), [
    (True, "dies before", "done"), (True, "dies after", "done"), (False, "dies before", "unknown"), (False, "dies after", "unknown"),
])  # fmt: skip
def test_what_a_dead_worker_left_is_found_out_or_shown_as_unknown(here_sqlite: World, can_ask: bool, outcome: str, state: str) -> None:
    vendor = AVendor(can_ask=can_ask, outcome=outcome)
    attempt(an_act(vendor))
    assert kept(here_sqlite).state == "claimed"
    vendor.outcome = "ok"
    assert effects.once(an_act(vendor)).state == state
    assert len(vendor.log) == (1 if can_ask or outcome == "dies after" else 0)


def test_a_claim_of_a_worker_that_lives_is_left_alone_until_its_lease_runs_out(here_sqlite: World) -> None:
    vendor = AVendor(outcome="dies before")
    attempt(an_act(vendor))
    owner = kept(here_sqlite).owner
    vendor.outcome = "ok"
    with here_sqlite.db.writing() as session:
        leases.take(session, f"worker/{owner}", owner, length=timedelta(minutes=1), now=real_now())
    use(replace(here_sqlite, worker="elsewhere/2/b"))
    with pytest.raises(Unavailable, match="under way in another worker"):
        effects.once(an_act(vendor))
    with here_sqlite.db.writing() as session:
        session.get_one(Effect, "deal/1/mail").lease_until = real_now() - timedelta(seconds=1)
    assert effects.once(an_act(vendor)).state == "done"
    assert len(vendor.log) == 1


def test_two_threads_of_one_worker_do_not_do_the_same_thing_twice(here: World) -> None:
    vendor, begun, may_end = AVendor(), Event(), Event()

    def slowly() -> Done:
        begun.set()
        may_end.wait(timeout=30)
        return vendor.act()

    def act(number: int) -> str:
        if number == 0:
            return effects.once(replace(an_act(vendor), act=slowly)).state
        begun.wait(timeout=30)
        try:
            with pytest.raises(Unavailable, match="under way"):
                effects.once(an_act(vendor))
        finally:
            may_end.set()
        return "told to wait"

    assert at_once(2, act) == ["done", "told to wait"]
    assert len(vendor.log) == 1


def test_of_two_who_find_the_same_orphan_one_goes_on_with_it(here: World) -> None:
    vendor, asked, may_answer = AVendor(outcome="dies before"), Event(), Event()
    attempt(an_act(vendor))
    vendor.outcome = "ok"
    first = replace(here, worker="elsewhere/3/c")
    with here.db.writing() as session:
        leases.take(session, f"worker/{first.worker}", first.worker, length=timedelta(minutes=1), now=real_now())
    use(first)

    def ask_slowly() -> Done | None:
        asked.set()
        may_answer.wait(timeout=30)
        return vendor.ask()

    def act(number: int) -> str:
        if number == 0:
            return effects._once(first, replace(an_act(vendor), ask=ask_slowly)).state
        asked.wait(timeout=30)
        try:
            with pytest.raises(Unavailable, match="another worker"):
                effects._once(replace(here, worker="elsewhere/4/d"), an_act(vendor))
        finally:
            may_answer.set()
        return "told to wait"

    assert at_once(2, act) == ["done", "told to wait"]
    assert len(vendor.log) == 1


def overtaken(here: World, vendor: AVendor, becomes: str) -> Act:
    """An act during which its worker hangs so long that another one takes it over, and does with it what it does."""

    def act() -> Done:
        with here.db.writing() as session:
            effect = session.get_one(Effect, "deal/1/mail")
            ledger.take_over(session, effect, "elsewhere/1/other", now=real_now())
            if becomes == "planned":
                ledger.settle(session, effect, EffectState.PLANNED, said="it did not happen", now=here.now())
            elif becomes != "claimed":
                ledger.settle(session, effect, EffectState(becomes), said="the other's word", now=here.now(), result={"id": "2"})
        return vendor.act()

    return replace(an_act(vendor), act=act)


ENDS = ("ok", "away", "refused", "uncertain, it did not", "breaks before")


@pytest.mark.parametrize(("outcome", "becomes"), list(product(ENDS, ("claimed", "planned", "unknown", "failed", "done"))))
def test_who_comes_back_late_leaves_what_another_took_over_and_tells_only_that_it_happened(here: World, outcome: str, becomes: str) -> None:
    said = None
    try:
        said = effects.once(overtaken(here, AVendor(outcome=outcome), becomes))
    except (Unavailable, KeyError) as error:
        said = error
    with here.db.reading() as session:
        effect = session.get_one(Effect, "deal/1/mail")
    if outcome == "ok" and becomes not in {"failed", "done"}:
        assert (effect.state, effect.said, effect.owner) == ("done", "taken", "")
    else:
        assert (effect.state, effect.owner) == (becomes, "elsewhere/1/other" if becomes == "claimed" else "")
        assert effect.said == {"claimed": "", "planned": "it did not happen"}.get(becomes, "the other's word")
    if isinstance(said, Effect):
        assert said.state in {"done", "failed", "unknown"}
    else:
        assert becomes in {"claimed", "planned"} or outcome in {"away", "breaks before"}


def test_an_unknown_thing_waits_for_a_persons_word(here_sqlite: World) -> None:
    vendor = AVendor(outcome="uncertain, it did not")
    attempt(an_act(vendor))
    vendor.outcome = "ok"
    assert effects.once(an_act(vendor)).state == "unknown"
    assert vendor.log == []
    assert effects.decide("deal/1/mail", went_out=False, who="Conor", run="run/1").said == "Conor: send it again"
    assert effects.once(an_act(vendor)).state == "done"
    with pytest.raises(Refused, match="cannot become"):
        effects.decide("deal/1/mail", went_out=False, who="Conor", run="run/2")


def test_a_person_may_say_that_it_went_out(here_sqlite: World) -> None:
    vendor = AVendor(outcome="uncertain, it went out")
    attempt(an_act(vendor))
    assert effects.decide("deal/1/mail", went_out=True, who="Conor", run="run/1").state == "done"
    assert effects.once(an_act(vendor)).state == "done"
    assert len(vendor.log) == 1


def test_nobody_decides_what_is_not_there(here_sqlite: World) -> None:
    with pytest.raises(Refused, match="no effect"):
        effects.decide("deal/9/none", went_out=True, who="Conor", run="run/1")


STEPS = st.lists(st.sampled_from([*OUTCOMES, "a person: it went out", "a person: again"]), max_size=9)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, can_ask=st.booleans(), refusal=st.sampled_from([None, "not any more"]), refused_from=st.integers(0, 9))
def test_whatever_happens_a_thing_happens_once_or_is_shown(
    here_sqlite: World, steps: list[str], can_ask: bool, refusal: str | None, refused_from: int
) -> None:
    key, vendor, words = f"deal/1/{next(_numbers)}", AVendor(can_ask=can_ask), 0
    use(here_sqlite)
    for number, outcome in enumerate([*steps, "ok", "ok"]):
        before = kept(here_sqlite, key)
        if outcome.startswith("a person"):
            if before and before.state == "unknown":
                again = outcome.endswith("again")
                effects.decide(key, went_out=not again, who="Conor", run=uuid4().hex)
                words += again
            continue
        vendor.outcome = outcome
        attempt(an_act(vendor, key, refusal if number >= refused_from else None))
        after = kept(here_sqlite, key)
        assert len(vendor.log) <= 1 + words
        if before and EffectState(before.state) in {EffectState.DONE, EffectState.SKIPPED, EffectState.FAILED}:
            assert (after.state, after.said) == (before.state, before.said)
        if after.state in {"planned", "failed", "skipped"} and not words:
            assert vendor.log == []
    last = kept(here_sqlite, key)
    assert last.state in {"done", "failed", "skipped", "unknown"}
    if last.state == "done" and not any(step == "a person: it went out" for step in steps):
        assert vendor.log
