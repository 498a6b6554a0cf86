"""Bad days on the real engine: mail away, the engine away. Nothing lost, nothing twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from models.tables import Wait
from tests.e2e import leaks
from tests.e2e.client import Someone
from tests.e2e.post import Post
from tests.e2e.system import System, eventually, free_port


@pytest.fixture
def post() -> Iterator[Post]:
    one = Post(free_port(), login=("studio", leaks.MAIL))
    one.open()
    yield one
    one.close()


@pytest.fixture
def mailed(tmp_path: Path, post: Post) -> Iterator[System]:
    system = System(tmp_path / "home", {"STUDIO_MAIL_URL": post.url})
    try:
        system.start()
        yield system
    finally:
        system.stop()


def test_while_mail_is_away_the_stage_waits_and_afterwards_each_letter_goes_out_once(mailed: System, post: Post):
    post.close()
    someone = Someone(mailed)
    someone.applies()
    someone.gets("intake/thanks", state="planned")
    wait = eventually(lambda: _outage(someone), lambda: someone.told() + mailed.log("worker"))
    assert "mail" in wait.what.lower(), wait.what
    assert mailed.run_named(f"intake · deal {someone.deal}")["state_name"] in {"Suspended", "Running"}
    known, post.login = post.login, ("studio", "changed at the provider's")
    post.open()
    mailed.advance(minutes=3)
    eventually(lambda: "sign-in" in _outage(someone).what, lambda: someone.told() + mailed.log("worker"))
    post.login = known
    mailed.advance(minutes=10)
    someone.gets("r1/brief/mail")
    assert max(Counter(post.taken).values()) == 1
    assert _outage(someone) is None, "the outage is over by itself"
    assert leaks.leaks(mailed) == [], "a refused password is in no sentence"


def test_with_the_engine_away_the_form_still_answers_and_all_is_caught_up(tmp_path: Path):
    system = System(tmp_path / "home")
    try:
        system.start()
        system.kill("prefect")
        crowd = [Someone(system) for _ in range(3)]
        for one in crowd:
            one.applies()
        system.start("prefect")
        for one in crowd:
            one.gets("r1/brief/mail", seconds=90)
            assert one.letters()[f"deal/{one.deal}/intake/thanks"] == "done"
    finally:
        system.stop()


def _outage(someone: Someone) -> Wait | None:
    someone.deal = someone.deal or someone._my_deal(40)
    with someone.system.db.reading() as session:
        query = select(Wait).where(Wait.deal_id == someone.deal, col(Wait.key).startswith("outage"), col(Wait.closed_at).is_(None))
        return session.exec(query).first()
