"""The demo on the real engine: a client from the form to the published review, in weeks that pass in minutes."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from json import loads
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from deployments.demo import play
from models.tables import Deal, Document, Fact
from tests.e2e import leaks
from tests.e2e.system import System

STAGES = [
    "application", "brief", "options", "acceptance", "contract", "signature", "deposit", "kickoff", "materials", "stages", "hours", "launch",
    "payments", "handover", "review", "course", "next step", "performance", "bank transfer",
]  # fmt: skip


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[System]:
    """A system of the demo's own: its weeks would wake every ladder of the others."""
    system = System(tmp_path / "home", leaks.GIVEN | {"STUDIO_LOG": "json"})
    try:
        system.start()
        yield system
    finally:
        system.stop()


def test_a_filled_in_form_goes_to_a_published_review_and_a_sale_without_a_hand(rehearsal: System):
    told = StringIO()
    with redirect_stdout(told):
        code = play(rehearsal.settings, json=True)
    result = loads(told.getvalue())
    assert code == 0, result
    assert result["ok"] and sorted(stage["name"] for stage in result["stages"]) == sorted(STAGES)
    with rehearsal.db.reading() as session:
        deal = session.get_one(Deal, result["deal"])
        assert (deal.sales, deal.work, deal.money) == ("won", "handed_over", "paid")
        proposal = session.exec(select(Document).where(Document.deal_id == deal.id, Document.kind == "proposal")).one()
        assert proposal.state == "frozen" and proposal.selection and proposal.body_hash and proposal.pdf_hash and proposal.template_hash
        by_staff = select(Fact).where(Fact.deal_id == deal.id, col(Fact.actor).startswith("staff:")).order_by(col(Fact.id))
        first = session.exec(by_staff).first()
        deposit = session.exec(select(Fact).where(Fact.deal_id == deal.id, col(Fact.kind).like("payment.%")).order_by(col(Fact.id))).first()
    assert first and deposit and first.id > deposit.id, "nobody on the staff had to lift a hand for the sale"
    assert "Greenfield" in httpx.get(f"{rehearsal.base}/reviews", timeout=30).text
    assert_no_secret_left_the_place_where_it_belongs(rehearsal)
    assert_every_line_of_every_log_is_for_machines(rehearsal)


def assert_no_secret_left_the_place_where_it_belongs(rehearsal: System) -> None:
    """Asked here, since a whole demo has just been played."""
    tokens, codes = leaks.tokens_of(rehearsal), leaks.codes_of(rehearsal)
    letters = "".join(leaks.letters(rehearsal))
    assert sum(token in letters for token in tokens) > 15, "letters hold links, and would show where else they were"
    assert len(codes) >= 3 and all(code in letters for code in codes)
    assert leaks.leaks(rehearsal) == []


def assert_every_line_of_every_log_is_for_machines(rehearsal: System) -> None:
    lines = [loads(line) for log in sorted(rehearsal.home.glob("*.log")) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    done = [line for line in lines if line["logger"] == "studioflow.effects"]
    assert {line["effect"] for line in done} >= {"deal/1/contract/v1/code/1", "deal/1/act/v1/accepted"}
    assert {line["deal"] for line in done} > {1}
    assert {"GET /p/{token} 200", "POST /j/{token}/stage 303"} <= {line["message"].split(",")[0] for line in lines}
