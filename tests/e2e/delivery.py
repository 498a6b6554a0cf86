"""A client and a project manager on the delivery half, as tests play them: facts by the rules' own door, letters and runs by the engine."""

from datetime import date
from uuid import uuid4

from sqlmodel import select

from models import inbox, project_clock, projects
from models.answer import Answer
from models.delivery_answers import MaterialReviewed, MaterialSent, StageAnswered, StageReady
from models.projects import Stand
from models.stage_state import StageStand
from models.stages import Stage
from models.tables import Deal, Effect, StageRun
from models.wanted import want
from tests.e2e.client import Someone
from tests.e2e.system import eventually
from tests.factories import a_client
from tests.projecting import a_won_deal
from tests.studio import the_company


class Customer(Someone):
    """Somebody whose site is being made."""

    def has_paid(self, service: str = "landing-page") -> None:
        """Begin where the deposit is in, by the rules alone; the engine makes the kickoff."""
        now = self.system.now()
        with self.system.db.writing() as session:
            client = a_client(session, email=self.email, company="Acme", name="Ada Byron")
            deal = a_won_deal(session, at=now, client=client, service=service, salesperson="conor@northlight.example")
            want(session, Stage.KICKOFF, deal=deal, now=now)
            self.deal = deal.id or 0
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
