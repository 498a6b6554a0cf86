"""A client and a project manager on the delivery half, as tests play them: facts by the rules' own door, letters and runs by the engine."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlmodel import col, select

from deployments.forms import Form, Page
from models import inbox, links, project_clock, projects, signing
from models.answer import Answer
from models.cash_tables import Invoice, Payment
from models.delivery_answers import MaterialReviewed, MaterialSent, StageAnswered, StageReady
from models.projects import Stand
from models.stage_state import StageStand
from models.stages import Stage
from models.tables import Deal, Effect, Fact, StageRun, Wait
from models.wanted import want
from tests.e2e.client import Someone
from tests.e2e.system import eventually
from tests.factories import a_client
from tests.projecting import a_won_deal
from tests.studio import the_company

MANAGER = "Tomasz Zielinski"
SIGNER: dict[str, str | list[str]] = {"name": "Ada Byron", "role": "Managing director", "consent": "yes"}


class Customer(Someone):
    """Somebody whose site is being made."""

    def has_paid(self, service: str = "landing-page") -> None:
        """Begin where the deposit is in, by the rules alone; the engine makes the kickoff."""
        self.begins(a_won_deal, service=service)
        self.wants(Stage.KICKOFF)

    def begins(self, make: Callable[..., Deal], **values: Any) -> None:
        """Begin where a factory puts the deal, by the rules alone, with the links that the welcome has handed out.

        All of it an hour ago: the contract's code was just mailed, and the act's would be too early.
        """
        now = self.system.now() - timedelta(hours=1)
        with self.system.db.writing() as session:
            client = a_client(session, email=self.email, company="Acme", name="Ada Byron")
            more = {"service": "landing-page", "salesperson": "conor@northlight.example"} | values
            self.deal = make(session, at=now, client=client, **more).id or 0
            for kind in ("project", "work"):
                links.hand_out(session, "for tests only", kind, self.deal, now=now)

    def wants(self, *stages: Stage) -> None:
        """Want stages, which the engine makes."""
        with self.system.db.writing() as session:
            for stage in stages:
                want(session, stage, deal=session.get_one(Deal, self.deal), now=self.system.now())
        self.system.nudge()

    def tells(self, answer: Answer, *, actor: str = "client", key: str = "") -> int:
        """Tell a fact; return its number."""
        with self.system.db.writing() as session:
            fact, _ = inbox.tell(
                session, self.deal, answer, source="test", external_id=key or uuid4().hex, actor=actor, now=self.system.now()
            )
            number = fact.id or 0
        self.system.nudge()
        return number

    def project(self) -> Stand:
        """Where the project stands now."""
        with self.system.db.reading() as session:
            return projects.stand(session, session.get_one(Deal, self.deal))

    def promise(self) -> date:
        """The day that is promised now."""
        with self.system.db.reading() as session:
            return project_clock.promise(session, the_company(), session.get_one(Deal, self.deal), self.system.now()).day

    def gets_reminder(self, letter: str, count: int = 1, seconds: float = 40) -> None:
        """Wait until so many letters of this name have gone to the client."""

        def there() -> bool:
            with self.system.db.reading() as session:
                mine = select(Effect).where(Effect.deal_id == self.deal, Effect.what == letter, Effect.state == "done")
                return sum(effect.args.get("to") == "client" for effect in session.exec(mine)) >= count

        eventually(there, lambda: f"not {count} × {letter}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def has_letter(self, part: str, seconds: float = 40) -> str:
        """Wait until a letter whose key has this in it has gone out; return the key."""

        def look() -> str | None:
            return next((key for key, state in self.letters().items() if part in key and state == "done"), None)

        return eventually(look, lambda: f"no letter {part}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def lets_pass(self, stage: str) -> None:
        """Say nothing until the next step of a wait's ladder, whatever holidays lie before it, and until it was taken."""
        wait = self.is_asked(stage)
        self.system.advance(minutes=(wait.due_at - self.system.now()) / timedelta(minutes=1) + 1)

        def taken() -> bool:
            with self.system.db.reading() as session:
                row = session.get_one(Wait, wait.id)
                return row.closed_at is not None or row.due_at != wait.due_at

        eventually(taken, lambda: f"{stage}'s ladder does not move:\n{self.told()}\n{self.system.log('worker')}")

    def sends_everything(self) -> None:
        """Send every material that is missing, and have it accepted."""
        for item in [one for one in self.project().materials if one.place == "missing"]:
            self.tells(MaterialSent(item=item.slug, text="Here it is."))
            self.tells(MaterialReviewed(item=item.slug, decision="accept"), actor="staff:tomasz@northlight.example")

    def is_shown(self, slug: str, url: str = "https://test.example/x") -> StageStand:
        """The manager shows a stage; return where it then stands."""
        self.tells(StageReady(stage=slug, url=url), actor="staff:tomasz@northlight.example")
        return self.project().stage(slug)

    def approves(self, slug: str) -> None:
        """Have a stage shown, and approve it where that is asked."""
        stage = self.is_shown(slug)
        if stage.place == "shown":
            self.gets(f"r1/stage/{slug}/v{stage.version}/shown")
            self.tells(StageAnswered(stage=slug, version=stage.version, decision="approve", name="Ada Byron"))
        self.gets(f"r1/stage/{slug}/accepted")

    def work(self, stands: str, seconds: float = 60) -> Deal:
        """Wait until the deal stands there on its work track."""

        def look() -> Deal | None:
            with self.system.db.reading() as session:
                deal = session.get_one(Deal, self.deal)
            return deal if deal.work == stands else None

        return eventually(look, lambda: f"deal {self.deal}'s work is not {stands}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def has_ended(self, stage: str, state: str = "done", seconds: float = 60) -> StageRun:
        """Wait until a stage's run is in this state."""

        def look() -> StageRun | None:
            with self.system.db.reading() as session:
                rows = session.exec(select(StageRun).where(StageRun.deal_id == self.deal, StageRun.stage == stage)).all()
            return next((row for row in rows if row.state == state), None)

        return eventually(look, lambda: f"{stage} is not {state}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def fact(self, kind: str, seconds: float = 40) -> Fact:
        """Wait until something of this kind is known of the deal; the newest."""

        def look() -> Fact | None:
            with self.system.db.reading() as session:
                return session.exec(select(Fact).where(Fact.deal_id == self.deal, Fact.kind == kind).order_by(col(Fact.id).desc())).first()

        return eventually(look, lambda: f"no {kind}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def runs(self, stage: str) -> list[StageRun]:
        """The rows of a stage, each a run that was wanted."""
        with self.system.db.reading() as session:
            return list(session.exec(select(StageRun).where(StageRun.deal_id == self.deal, StageRun.stage == stage)))

    def outage(self, seconds: float = 40) -> Wait:
        """Wait until a stage is suspended since a vendor is away, and is to try again at a moment to come."""

        def look() -> Wait | None:
            with self.system.db.reading() as session:
                mine = select(Wait).where(Wait.deal_id == self.deal, col(Wait.key).startswith("outage"), col(Wait.closed_at).is_(None))
                wait = session.exec(mine).first()
                row = session.exec(select(StageRun).where(StageRun.flow_run_id == wait.flow_run_id)).first() if wait else None
            return wait if wait and wait.due_at > self.system.now() and row and row.state == "waiting" else None

        return eventually(look, lambda: f"no outage:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def looks_again(self, seconds: float = 40) -> datetime:
        """Wait until the course is suspended until a moment to come, or over: then the moment is now."""

        def look() -> datetime | None:
            now = self.system.now()
            with self.system.db.reading() as session:
                row = session.exec(select(StageRun).where(StageRun.deal_id == self.deal, StageRun.stage == "next-steps")).one()
                wait = session.exec(select(Wait).where(Wait.flow_run_id == row.flow_run_id, Wait.key == "look", col(Wait.closed_at).is_(None))).first()
            if row.state == "done":
                return now
            return wait.deadline if row.state == "waiting" and wait and wait.deadline and wait.deadline > now else None

        return eventually(look, lambda: f"the course does not look again:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    # What is done on pages

    def form(self, kind: str, ending: str) -> Form:
        """The form of one of the deal's pages that goes to an address ending like this."""
        with self.http as http:
            return Page(http.get(self.link(kind)).text).form(ending)

    def sends(self, form: Form, typed: Mapping[str, str | list[str]], **pressed: str) -> httpx.Response:
        """Fill in a form and send it by the button that says `pressed`; what came back."""
        with self.http as http:
            answer = http.post(form.action, data=form.answer(typed) | pressed)
        assert answer.status_code == 200, answer.text
        return answer

    def is_launched(self, url: str = "https://acme.example") -> None:
        """The manager ticks the whole checklist; the act goes out."""
        form = self.form("work", "/launch")
        self.sends(form, {"item": form.choices["item"], "url": url, "note": "It runs.", "who": MANAGER})
        self.gets("act/v1/mail")

    def signs_act(self) -> None:
        """Sign the act with the code of the letter."""
        typed = SIGNER | {"email": self.email}
        self.sends(self.form("act", "/code"), typed)
        self.gets("act/v1/code/1")
        code = signing.digits("for tests only", self.deal, 1, 1, kind="act")
        self.sends(self.form("act", "/sign"), typed | {"code": code})
        self.gets("act/v1/accepted")

    def lists_accesses(self) -> None:
        """The manager says of every access where it is and who holds it."""
        form = self.form("work", "/access")
        known = {name.rpartition("_")[2] for name, given in form.fields.items() if name.startswith("what_") and given[0]}
        typed = {f"{field}_{row}": said for row in known for field, said in {"where": "registrar.example", "held_by": "Ada Byron"}.items()}
        self.sends(form, {**typed, "who": MANAGER})

    def takes_money_back(self, invoice: Invoice) -> None:
        """The client's bank takes the newest payment of an invoice back, at the provider's desk."""
        with self.system.db.reading() as session:
            mine = select(Payment).where(Payment.deal_id == self.deal, Payment.source == "sandbox", Payment.direction == "in")
            charge = session.exec(mine.order_by(col(Payment.id).desc())).first()
        assert charge is not None and charge.amount == invoice.gross
        answer = httpx.post(f"http://127.0.0.1:{self.system.settings.sandbox}/charges/{charge.external_id}/dispute", timeout=30)
        assert answer.status_code == 303, answer.text

    def pays_again(self, invoice: Invoice) -> None:
        """Ask for a fresh pay page and pay on it."""
        path = self.link(f"invoice:{invoice.id}")
        with self.http as http:
            assert http.post(f"{path}/pay").status_code == 200
            eventually(lambda: any("/pay/" in one for one in Page(http.get(path).text).links), lambda: self.told() + self.system.log("worker"))
        self.pays_online(invoice)
