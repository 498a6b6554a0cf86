"""What operators do to deals, by the forms in the Prefect UI: together they fill in every form and start every chore."""

from datetime import timedelta

from sqlmodel import col, select

from models import inbox
from models.after_answers import ReviewGiven
from models.cash_tables import Invoice, Payment, Statement
from models.stages import Stage
from tests.aftermath import a_handed_over_project
from tests.e2e.system import eventually
from tests.faults.operators import WHO, Operator
from tests.faults.players import Player
from tests.faults.scenes import Scene
from tests.projecting import a_project
from tests.studio import answers_for

WHY = "A test says so."
PARTY = {"legal_name": "Acme Instruments Limited", "street": "5 Quay Street", "postcode": "H91 X0Y1", "city": "Galway", "country": "IE"}
UNFINISHED = ".part"
"""How a file's name ends that the studio takes in by no look of its own."""


def is_kept_waiting(player: Player, operator: Operator) -> None:
    """A lead from a call: a note, a rest, a lost link, a new address, a letter once more, lost, opened again, lost for good."""
    operator.does("register-lead", name="Ada Byron", contact=player.email, service="landing-page", who=WHO, company="Acme")
    brief = player.gets("r1/brief/mail").key
    player.is_asked("brief")
    by = {"deal_id": player.deal, "who": WHO}
    operator.does("note", **by, text="She rang.")
    operator.does("put-on-hold", **by, reason=WHY)
    operator.does("release", **by, reason=WHY)
    operator.is_refused("release", **by, reason=WHY)
    operator.does("renew-link", **by, kind="brief", reason=WHY)
    operator.does("change-address", **by, email=f"new.{player.email}", reason=WHY)
    operator.finds_out(brief)
    operator.does("resend", **by, effect=brief, reason=WHY)
    operator.does("close-as-lost", **by, reason=WHY)
    operator.is_refused("resend", **by, effect=brief, reason=WHY)
    operator.does("reopen", **by, reason=WHY)
    player.gets("r2/brief/mail")
    player.is_asked("brief")
    operator.does("close-as-lost", **by, reason=WHY)
    player.stands("lost")


def is_taken_up(player: Player, operator: Operator) -> None:
    """A deal from before: a pro-forma; a part recorded by hand that the statement then confirms, a part that a person has to place."""
    past = {"answers": answers_for("landing-page"), "net": "9800.00", "agreed_on": "2025-11-03", "details": PARTY, "signed_on": "2025-11-10", "signed_by": "Ada Byron"}
    client = {"name": "Ada Byron", "email": player.email, "company": "Acme", "salesperson": "conor@northlight.example"}
    operator.does("adopt-deal", stage="invoice", service="landing-page", client=client, who=WHO, reason=WHY, past=past)
    player.stands("signed")
    invoice, bank = player.is_billed(), player.system.bank
    operator.does("issue-proforma", deal_id=player.deal, part=2, who=WHO)
    half, seen_on = invoice.gross // 2, str(bank.day + timedelta(days=1))
    operator.does("record-payment", invoice=invoice.number, amount=f"{half / 100:.2f}", on=seen_on, who=WHO)
    player.transfers(half, f"Half of {invoice.number}")
    name = bank.puts(invoice.gross - half, "The other half", "refused")
    operator.does("import-statement", file=name, who=WHO, reason=WHY)
    operator.does("match-suspense", payment_id=_came_on(player, name).id, invoices=[invoice.number], who=WHO)
    player.money("deposit_paid", seconds=120)
    name = bank.puts(1_000, "A loan", "refused")
    operator.does("import-statement", file=name, who=WHO, reason=WHY)
    operator.does("ignore-payment", payment_id=_came_on(player, name).id, who=WHO, reason=WHY)
    player.gets("r1/kickoff/welcome")


def is_billed_wrongly(player: Player, operator: Operator) -> None:
    """An invoice with a wrong address, issued again and paid; a part of it credited and given back; then the work ends."""
    wrong = player.has_signed()
    operator.does("correct-invoice", number=wrong.number, who=WHO, reason=WHY, issue_again=True, details={"street": "7 Quay Street"})
    right = _billed_after(player, wrong)
    operator.is_refused("correct-invoice", number=wrong.number, who=WHO, reason=WHY)
    player.does(lambda: player.pays_online(right))
    player.money("deposit_paid", seconds=120)
    player.gets("r1/kickoff/welcome")
    operator.does("correct-invoice", number=right.number, who=WHO, reason=WHY, gross="123.00")
    operator.does("cancel-work", deal_id=player.deal, who=WHO, reason=WHY, keep="500.00")
    operator.is_refused("cancel-work", deal_id=player.deal, who=WHO, reason=WHY)
    player.work("cancelled")


def is_worked_for(player: Player, operator: Operator) -> None:
    """A project that takes longer, whose next payment is asked for early, and whose hours come by hand, as text and in a file."""
    player.begins(a_project, accepted=1)
    player.wants(Stage.PRODUCTION)
    player.is_asked("production")
    by, day = {"deal_id": player.deal, "who": WHO}, str((player.system.now() - timedelta(days=1)).date())
    operator.does("payment-due", **by, text="So it was agreed.")
    operator.does("move-date", **by, days=3, reason=WHY)
    operator.does("record-hours", **by, person="Hanna Lindqvist", on=day, hours="7.5")
    lines = f"date;person;deal;hours\n{day};Hanna Lindqvist;{player.deal};"
    operator.does("import-hours", who=WHO, text=f"{lines}1,5")
    folder = player.system.home / "hours" / "in"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{player.deal}-{player.email}.csv{UNFINISHED}"
    file.write_text(f"{lines}2,5")
    operator.does("import-hours", who=WHO, file=file.name)
    player.is_billed(2)


def is_reviewed(player: Player, operator: Operator) -> None:
    """A review that the studio answers."""
    player.begins(a_handed_over_project)
    player.pays_the_rest()
    player.gets("r1/review/request")
    player.is_asked("review")
    player.tells(ReviewGiven(stars=5, text="Quick and kind.", publish=True, name="Ada Byron"))
    player.has_ended("review")
    operator.does("reply-review", deal_id=player.deal, who=WHO, text="Thank you!")
    player.has_ended("closing")


def is_taken_for_a_robot(player: Player, operator: Operator) -> None:
    """An application that was kept and starts after all; meanwhile somebody starts every chore by hand."""
    words = {"service": "landing-page", "name": "Ada Byron", "email": player.email, "company": "Acme", "message": "A page."}
    with player.system.db.writing() as session:
        kept = inbox.apply(session, words, source="form", external_id=player.email, actor="client", now=player.system.now(), suspect="too quick")[0].id
    operator.does("replay-intake", application_id=kept, who=WHO, reason=WHY)
    player.gets("r1/brief/mail")
    operator.is_refused("replay-intake", application_id=10**9, who=WHO, reason=WHY)
    last_month = (player.system.now().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    operator.does("close-month", month=last_month)
    for chore in ("read-tracker", "read-mail", "sync-hours"):
        operator.does(chore)
    for chore in ("reconcile", "money-proof"):  # while the others play they may name what is not right yet
        operator.runs(chore)


OPERATED: tuple[Scene, ...] = (is_kept_waiting, is_taken_up, is_billed_wrongly, is_worked_for, is_reviewed, is_taken_for_a_robot)


def _came_on(player: Player, statement: str) -> Payment:
    """The one transfer on a statement."""
    with player.system.db.reading() as session:
        mine = select(Payment).join(Statement, col(Statement.id) == Payment.statement_id).where(Statement.name == statement)
        return session.exec(mine).one()


def _billed_after(player: Player, before: Invoice) -> Invoice:
    """The invoice that was issued for another."""
    return eventually(lambda: now if (now := player.is_billed()).id != before.id else None, player.told, seconds=90)
