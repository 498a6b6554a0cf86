"""The error inbox holds whatever waits for a person, each with what to do; what has been settled or ended is not in it."""

from datetime import timedelta

from models import cash_tables, effects, error_inbox, payments
from models.effects import EffectState
from models.error_inbox import MOST, Kind, Trouble, inbox_page
from models.money import Money
from models.payments import Incoming
from models.stages import RunState, Stage
from models.tracks import Sales
from tests.factories import a_client, a_deal, a_fact, a_run
from tests.fakes import MONDAY
from tests.studio import the_company
from tests.tasks.places import at


def gathered(session, now=MONDAY) -> dict[str, list[Trouble]]:
    session.flush()
    return {kind.title: kind.troubles for kind in error_inbox.gather(session, now=now) if kind.troubles}


def an_effect(session, deal, key: str, state: EffectState):
    effect = effects.plan(session, key, "mail", deal_id=deal.id, what="proposal-ready", now=MONDAY)
    effects.claim(session, effect, "worker", now=MONDAY)
    effects.settle(session, effect, state, said="550 | no", now=MONDAY)
    return effect


def test_each_kind_of_trouble_is_found_where_it_lies(here) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED, client=a_client(session, email="gone@acme.example", bounced_at=MONDAY, bounce_said="full"))
        a_run(session, Stage.PROPOSAL, deal, state=RunState.FAILED, flow_run_id="0-1").why = "Refused: no."
        an_effect(session, deal, "deal/1/unknown", EffectState.UNKNOWN)
        an_effect(session, deal, "deal/1/failed", EffectState.FAILED)
        came = Incoming(
            source="bank", external_id="q", direction="in", happened_on=MONDAY.date(), reference="thanks", payer_name="Somebody",
            amount=Money(amount=12_345, currency="EUR"),
        )  # fmt: skip
        payments.receive(session, the_company(), came, now=MONDAY)
        webhook = a_fact(session, None, "webhook")
        session.add(cash_tables.Todo(fact_id=webhook.id, kind="webhook", added_at=MONDAY, due_at=MONDAY, tries=3, said="no invoice"))
        a_deal(session, sales=Sales.BRIEFING)
        found = gathered(session)
        shown = inbox_page(error_inbox.gather(session, now=MONDAY), zone="Europe/Dublin")
    assert {title: [(one.what, one.why) for one in some] for title, some in found.items()} == {
        "Failed runs": [("proposal", "Refused: no.")],
        "Effects that may have happened": [("proposal-ready", "550 | no")],
        "Letters and acts that failed": [("proposal-ready", "550 | no")],
        "Addresses that letters come back from": [("gone@acme.example", "full")],
        "Money that nobody could place": [("Payment 1: €123.45 in, Somebody, thanks", "It names no invoice of ours.")],
        "Open deals without a next step": [("It is briefing.", "No run is live, and nothing is waited for. Start brief or run close-as-lost.")],
        "Webhooks that cannot be booked": [(f"webhook {webhook.external_id} of test", "no invoice")],
    }
    assert "**7** things wait for a person." in shown
    assert f"| [{deal.id}](/artifacts/key/deal-{deal.id}) | [proposal](/runs/flow-run/0-1) | 2026-03-02 10:00 | Refused: no. |" in shown
    assert "proposal-ready<br>`deal/1/unknown` | 2026-03-02 10:00 | 550 \\| no |" in shown


def test_a_letter_that_failed_is_forgotten_with_its_deal_and_after_a_month(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for deal in (at(session, "lost"), a_deal(session)):
            an_effect(session, deal, f"deal/{deal.id}/mail", EffectState.FAILED)
        failed = [gathered(session, now=MONDAY + timedelta(days=days)).get("Letters and acts that failed", []) for days in (0, 31)]
    assert [[one.deal_id for one in some] for some in failed] == [[deal.id], []]


def test_the_page_says_what_to_do_and_that_nothing_is_to_be_done() -> None:
    kinds = [Kind("Failed runs", "Press **Retry**.", [Trouble(None, f"run {number}", "") for number in range(MOST + 2)]), Kind("None", "Do.", [])]
    shown = inbox_page(kinds, zone="UTC")
    assert "## Failed runs\n\nPress **Retry**.\n\n| What |\n" in shown
    assert shown.endswith("\n\n2 more")
    assert "None" not in shown
    assert inbox_page([kinds[1]], zone="UTC").startswith("# Error inbox\n\nNothing waits for a person. Forms that were refused")
