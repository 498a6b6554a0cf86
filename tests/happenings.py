"""Whatever people may say about a project, in any order, sense or none; and what the stages would then ask, as their wait rows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import strategies as some
from sqlmodel import Session

from models import changes, inbox, projects, waiting
from models.answer import Answer
from models.delivery_answers import (
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageAnswered,
    StageDeemed,
    StageReady,
    WorkPaused,
)
from models.errors import Refused
from models.projects import Stand
from models.tables import Deal, Fact
from models.tracks import Work, move
from models.waiting import Question, Spot
from tests.fakes import MONDAY

_NUMBERS = count(1)
WORDS = (
    "send", "accept", "reject", "waive", "ready", "ready", "other", "approve", "approve", "comment", "comment", "old", "offer", "take", "leave", "cheap",
    "lapse", "deem", "pause", "longer", "launch",
)  # fmt: skip
STORIES = some.lists(some.tuples(some.sampled_from(WORDS), some.integers(0, 9), some.sampled_from([0, 20, 300, 1500, 6000])), max_size=14)
"""What is said, about which item or stage it is where it could be several, and after how many minutes."""


@dataclass
class Telling:
    """A deal's project that things are told about; the clock goes on with each."""

    session: Session
    deal: Deal
    now: datetime = MONDAY
    asked: dict[str, Spot] = field(default_factory=dict)

    @property
    def stand(self) -> Stand:
        """Where the project stands now."""
        return projects.stand(self.session, self.deal)

    def hears(self, word: str, which: int, minutes: int) -> Fact | None:
        """Tell it through the inbox; None when it was refused. Then the stages do what they do."""
        self.now += timedelta(minutes=minutes)
        answer = self.answer(word, which)
        fact = None
        if answer is not None:
            try:
                with self.session.begin_nested():
                    fact, _ = inbox.tell(
                        self.session, self.deal.id or 0, answer, source="test", external_id=f"heard-{next(_NUMBERS)}",
                        actor="client" if isinstance(answer, StageAnswered | MaterialSent | ChangeAnswered) else "staff:t", now=self.now,
                    )  # fmt: skip
            except Refused:
                self.session.refresh(self.deal)
        self.stages_go_on()
        return fact

    def answer(self, word: str, which: int) -> Answer | None:
        """What a word says where the project stands."""
        stand = self.stand
        item = stand.materials[which % len(stand.materials)].slug
        stage = stand.current or stand.stages[-1]
        any_stage = stand.stages[which % len(stand.stages)].slug
        version = max(1, stage.version - (word == "old"))
        approving = "approve" if word == "approve" else "comment"
        says = {
            **dict.fromkeys(("accept", "reject", "waive"), lambda: MaterialReviewed(item=item, decision=word, reason="Too small.")),
            **dict.fromkeys(("approve", "comment", "old"), lambda: StageAnswered(stage=stage.slug, version=version, decision=approving, text="Larger.", name="O")),
            **dict.fromkeys(("take", "leave", "cheap", "lapse"), lambda: self.word_on_price(word, which)),
            "send": lambda: MaterialSent(item=item, text="Here it is."),
            "ready": lambda: StageReady(stage=stage.slug),
            "other": lambda: StageReady(stage=any_stage),
            "offer": lambda: ChangeOffered(stage=stage.slug, text="Larger.", price=Decimal(480), days=which % 3),
            "deem": lambda: StageDeemed(stage=stage.slug, version=version) if stage.place == "shown" else None,
            "pause": lambda: WorkPaused(what="your word"),
            "longer": lambda: DateMoved(days=1 + which % 3, reason="The designer is ill."),
            "launch": LaunchChecked,
        }
        return says[word]()

    def word_on_price(self, word: str, which: int) -> ChangeAnswered:
        """Taken at its price or at another, left, or lapsed; with no offer about one that never was."""
        stand = self.stand
        stage = stand.current or stand.stages[-1]
        number = stage.offer.number if stage.offer else 1 + which
        total = changes.gross(self.session, self.deal, stage.offer).amount if stage.offer and word == "take" else 1
        decision = {"take": "accept", "cheap": "accept", "leave": "decline", "lapse": "lapse"}[word]
        return ChangeAnswered(stage=stage.slug, offer=number, decision=decision, total=total, name="Orla")

    def stages_go_on(self) -> None:
        """Move the work on as the stages' steps do, and put their questions to the client as rows: opened when put, closed when answered."""
        stand = self.stand
        if self.deal.work in {Work.MATERIALS, Work.PAUSED} and not stand.accepted and all(item.is_settled for item in stand.needed_for("")):
            move(self.session, self.deal, Work.PRODUCTION, why="everything is there", fact=None, now=self.now)
        if self.deal.work == Work.PRODUCTION and self.stand.current is None:
            move(self.session, self.deal, Work.LAUNCH, why="every stage is accepted", fact=None, now=self.now)
        questions = self.questions()
        for name, spot in list(self.asked.items()):
            if name not in questions:
                waiting.over(self.session, spot, now=self.now)
                del self.asked[name]
        for name, (stage, what) in questions.items():
            if name not in self.asked:
                spot = Spot(self.deal.id or 0, stage, self.deal.round, f"{name}#{next(_NUMBERS)}", "run")
                waiting.reach(self.session, spot, Question(kinds=[], subject=name, whose="client", what=what), now=self.now)
                self.asked[name] = spot

    def questions(self) -> dict[str, tuple[str, str]]:
        """What the client is asked now, by name: the stage that asks, and for what."""
        stand = self.stand
        found = {f"material-{item.slug}": ("materials", item.plan.title) for item in stand.materials if item.place == "missing"}
        if stand.current and self.deal.work in {Work.PRODUCTION, Work.PAUSED} and all(item.is_settled for item in stand.needed_for("")):
            stage = stand.current
            lacks = any(item.place == "missing" for item in stand.needed_for(stage.slug)) and stage.place == "working"
            if lacks or stage.place in {"shown", "priced"}:
                found[f"{stage.slug}-{'lacks' if lacks else stage.place}-{stage.version}-{len(stage.offers)}"] = ("production", f"a word on “{stage.plan.title}”")
        return found
