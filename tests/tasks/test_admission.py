"""Whose runs a Prefect holds: ours, nobody's, or another installation's; and then nothing is touched."""

from dataclasses import replace
from itertools import product

import pytest
from prefect.states import Suspended
from pydantic import SecretStr
from sqlmodel import func, select

from deployments.waits_check import expect_known_waits
from models import agreement, installation
from models.answers import BriefSent
from models.errors import BadSetup
from models.settings import read
from models.stages import RunState, Stage
from models.tables import Fact
from tasks import admission, runs
from tasks import world as the_world
from tasks.world import World
from tests.factories import a_deal, a_run, a_wait
from tests.fakes import FakeEngine

BOOLS = (False, True)


@pytest.mark.parametrize(("theirs", "has_runs", "knows_one"), list(product(("", "ours", "another"), BOOLS, BOOLS)))
def test_prefect_is_acted_on_when_it_is_ours_or_nobodys(theirs: str, has_runs: bool, knows_one: bool) -> None:
    allowed = theirs == "ours" or (not theirs and (knows_one or not has_runs))
    assert bool(installation.refusal("ours", theirs, has_runs=has_runs, knows_one=knows_one)) == (not allowed)


def test_an_empty_prefect_is_claimed_once_and_stays_ours(here: World) -> None:
    prefect = FakeEngine()
    assert admission.admit(prefect)
    first = prefect.whose
    assert not admission.admit(prefect)
    assert first
    assert prefect.whose == first


def test_a_full_prefect_beside_an_empty_database_is_refused_and_nothing_is_touched(here_sqlite: World) -> None:
    for prefect in (FakeEngine(states={"a": Suspended()}), FakeEngine(whose="another")):
        before = prefect.whose
        with pytest.raises(BadSetup, match="belongs to another installation.*reconcile --forget"):
            admission.admit(prefect)
        assert (prefect.whose, prefect.did) == (before, [])


def test_runs_of_an_older_release_are_known_by_our_rows(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=RunState.WAITING, flow_run_id="a")
    prefect = FakeEngine(states={"a": Suspended(), "b": Suspended()})
    admission.admit(prefect)
    assert prefect.whose


def test_prefect_is_made_to_forget_anothers_runs_and_is_ours_then(here_sqlite: World) -> None:
    prefect = FakeEngine(states={"a": Suspended(), "b": Suspended()}, whose="another")
    assert admission.forget(prefect) == 2
    admission.admit(prefect)
    assert prefect.newest() == []


def test_a_deal_that_would_wait_for_ever_keeps_the_system_from_starting(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="brief#1")
    expect_known_waits(here_sqlite.settings)
    with here_sqlite.db.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="questions#1")
    with pytest.raises(BadSetup, match="Deal 2 .Acme. waits in brief") as refused:
        expect_known_waits(here_sqlite.settings)
    assert len(refused.value.problems) == 2


def a_runs_process(monkeypatch: pytest.MonkeyPatch, here: World, **over: str) -> World:
    """We are a process that was started for one run: these settings, and what else is the installation's."""
    ours = here.settings
    given = {
        "HOME": str(ours.home), "DATABASE_URL": ours.database_url, "PUBLIC_URL": ours.public_url, "SECRET": ours.secret.get_secret_value(),
        "SEAL_KEY": ours.seal_key.get_secret_value(), "PAYMENTS": "none",
    } | over  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"STUDIO_{name}", value)
    monkeypatch.setenv(the_world.OWN_PROCESS, "0197f0a2-5d7e-7c60-b1d1-2f5b0a7c1d11")
    return the_world.use(replace(here, settings=read()))


@pytest.mark.parametrize(
    ("over", "named"),
    [
        ({"MAIL_URL": ""}, ": STUDIO_MAIL_URL."), ({"MAIL_URL": "smtp://other.example"}, ": STUDIO_MAIL_URL."),
        ({"PUBLIC_URL": ""}, ": STUDIO_PUBLIC_URL."), ({"SECRET": "another.example"}, ": STUDIO_SECRET."),
        ({"MAIL_URL": "", "PUBLIC_URL": "", "PAYMENTS": "sandbox", "SANDBOX_SECRET": "hush"}, ": STUDIO_PUBLIC_URL, STUDIO_MAIL_URL, STUDIO_PAYMENTS."),
    ],
)  # fmt: skip
def test_a_run_whose_process_has_other_settings_than_the_worker_does_nothing_and_names_them(
    here: World, monkeypatch: pytest.MonkeyPatch, over: dict[str, str], named: str
) -> None:
    the_world.use(replace(here, settings=here.settings.model_copy(update={"mail_url": "smtp://mail.example", "payments": "none"})))
    admission.announce()
    a_runs_process(monkeypatch, here, **{"MAIL_URL": "smtp://mail.example"} | over)
    with pytest.raises(BadSetup, match=named) as refused:
        runs.check()
    assert ".example" not in str(refused.value)


def test_a_run_goes_on_with_what_the_worker_that_started_last_has_wherever_it_stands(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for mail in ("smtp://old.example", "smtp://mail.example", "smtp://mail.example"):
        the_world.use(replace(here, settings=here.settings.model_copy(update={"mail_url": mail, "payments": "none"})))
        admission.announce()
    with here.db.reading() as session:
        assert session.exec(select(func.count()).select_from(Fact).where(Fact.kind == agreement.AGREED)).one() == 2
    (here.settings.home / "secrets.env").write_text("STUDIO_MAIL_URL=smtp://mail.example\n")
    assert a_runs_process(monkeypatch, here).settings.mail_url == "smtp://mail.example"
    runs.check()


def test_nobody_reads_a_setting_from_what_is_kept_of_it(here_sqlite: World) -> None:
    settings = here_sqlite.settings.model_copy(update={"mail_url": "smtp://studio:hush@mail.example"})
    assert not any("hush" in mark or len(mark) != 16 for mark in agreement.marks(settings).values())
    assert agreement.marks(settings) != agreement.marks(settings.model_copy(update={"secret": SecretStr("another")}))
