"""The whole suite: every point, the rarer moves, storms, letters in hand; after each part everything comes to rest and is judged."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.post import HANG_UP
from tests.faults import points
from tests.faults.arms import ENGINE
from tests.faults.hands import in_hands
from tests.faults.house import KEPT
from tests.faults.scenes import SALE, Scene, buys, haggles, pays_late
from tests.faults.scenes_of_delivery import DELIVERY
from tests.faults.scenes_of_operations import OPERATED
from tests.faults.scenes_of_runs import TURNS
from tests.faults.storms import kills_the_api, kills_the_worker, storm
from tests.faults.trial import Broken, Trial

SCENES: tuple[Scene, ...] = (*SALE, *DELIVERY, *OPERATED)
WAVES = 4
UNSURE = 0.1
"""How many letters are taken without a word where nobody dies who could leave any unknown."""
SETTLED = "step/settle-effect/"
"""A person's word on the unknown is a turn of its own: no scene leaves anything unknown for certain."""
Say = Callable[[str], None]
POINTS, ENGINES, STORM, HANDS, FILES = PARTS = ("points", "engine", "storm", "hands", "files")
"""Deaths at every point; the engine's at every point too; trouble at any moment; letters in the mail server's hands; mail in files, to be asked for."""

CANNOT: dict[str, str] = {}
"""Points that nothing can reach, and why."""


@dataclass
class Suite:
    """`words` choose the points, `scenes` what is played, `parts` what happens meanwhile; nothing new is begun after `minutes`."""

    home: Path
    seed: int
    say: Say
    words: list[str] = field(default_factory=list)
    scenes: tuple[Scene, ...] = SCENES
    minutes: float = 120
    parts: Sequence[str] = PARTS
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self.points = [point for point in points.every() if not self.words or point.startswith(tuple(self.words))]

    def run(self) -> list[str]:
        """Everything that is wrong, in sentences; none is how it should be."""
        if {POINTS, ENGINES, STORM, HANDS} & set(self.parts):
            with self._opened("mail by SMTP") as trial:
                for name, part in ((POINTS, self._points), (ENGINES, self._engine), (STORM, self._storm), (HANDS, self._hands)):
                    if name in self.parts and self._has_time(name):
                        part(trial)
        if FILES in self.parts and self._has_time(FILES):
            with self._opened("mail in files", by_files=True) as trial:
                self._files(trial)
        return self.wrong

    @property
    def minute(self) -> float:
        return (time.monotonic() - self._began) / 60

    def _points(self, trial: Trial) -> None:
        """Worker and api die at every point of theirs, each for itself: what the worker reaches first is the api's all the same."""
        trial.house.arm(worker=self.points, api=self.points)
        self._reach(trial, self.points)
        self._judge(trial, "the points")

    def _engine(self, trial: Trial) -> None:
        """Prefect's server is killed on both sides of every move and of every step's end."""
        trial.post.mood = lambda _mark: HANG_UP if trial.chance.random() < UNSURE else ""
        trial.house.arm(engine=self.points)
        self._reach(trial, [ENGINE + point for point in self.points])
        self._judge(trial, "the engine's deaths")

    def _reach(self, trial: Trial, wanted: list[str]) -> None:
        """Play until every point was reached, or another wave reaches no more; then what brings about the rarer moves."""
        house, before = trial.house, -1
        for wave in range(WAVES):
            left = house.left()
            if not left or len(house.reached) == before or not self._has_time(f"wave {wave + 1}"):
                break
            before = len(house.reached)
            scenes = [scene for scene in self.scenes if wave == 0 or self._may_reach(trial, scene, left)]
            self._play(trial, scenes, f"wave {wave + 1}")
        for turn in TURNS if any(not point.startswith("step/") or point.startswith(SETTLED) for point in _plain(house.left())) else ():
            if self._has_time(turn.__name__):
                self._turn(trial, turn)
        self.wrong += [f"{point} was never reached." for point in wanted if point not in {*house.reached, *CANNOT}]

    def _may_reach(self, trial: Trial, scene: Scene, left: set[str]) -> bool:
        flows = trial.flows_of.get(scene.__name__, set())
        return any(point.split("/")[1] in flows for point in _plain(left) if point.startswith("step/"))

    def _storm(self, trial: Trial) -> None:
        with storm(trial) as came:
            self._play(trial, self.scenes, "a storm")
        self.say(f"  trouble: {', '.join(f'{name} × {came.count(name)}' for name in sorted(set(came)))}")
        self._judge(trial, "a storm")

    def _hands(self, trial: Trial) -> None:
        with in_hands(trial.house, trial.post):
            self._play(trial, self.scenes, "letters in hand")
        self.say(f"  {len(trial.post.grasped)} letters were in the server's hands")
        self._judge(trial, "letters in hand")

    def _files(self, trial: Trial) -> None:
        """Letters that can be asked for: none of them stays unknown."""
        with storm(trial, [kills_the_worker, kills_the_worker, kills_the_api]):
            self._play(trial, (buys, haggles, pays_late, *DELIVERY), "kills at any moment")
        self._judge(trial, "kills at any moment")
        self.wrong += [f"{key} is unknown, and its file is there to be asked for." for key in trial.unknown()]

    def _play(self, trial: Trial, scenes: tuple[Scene, ...] | list[Scene], name: str) -> None:
        mixed = trial.chance.sample(scenes, len(scenes))
        broken = trial.play(mixed)
        self._tell(broken)
        self.say(f"{name}: {len(scenes)} scenes, {_points_of(trial)}, deaths {trial.house.deaths}, minute {self.minute:.1f}")

    def _turn(self, trial: Trial, turn: Callable[[Trial], None]) -> None:
        try:
            turn(trial)
        except Exception as error:  # noqa: BLE001 (it is told, and the others have their turn)
            self._tell([Broken(turn.__name__, f"{type(error).__name__}: {error}")])
            trial.house.revive()
        self.say(f"{turn.__name__}: {_points_of(trial)}, minute {self.minute:.1f}")

    def _judge(self, trial: Trial, name: str) -> None:
        restless = trial.settle()
        wrong = [*restless, *trial.judge()]
        self.say(f"verdict on {name}: {'nothing is wrong' if not wrong else f'{len(wrong)} things are wrong'}, minute {self.minute:.1f}")
        for sentence in wrong:
            self.say(f"  {sentence}")
        self.wrong += [f"{name}: {sentence}" for sentence in wrong]

    def _tell(self, broken: list[Broken]) -> None:
        for one in broken:
            self.say(f"  {one.scene} broke off: {one.why}")
            self.wrong.append(f"{one.scene} broke off: {one.why.splitlines()[0]}")

    def _has_time(self, name: str) -> bool:
        if self.minute < self.minutes:
            return True
        self.wrong.append(f"No time was left for {name}.")
        return False

    @contextmanager
    def _opened(self, name: str, *, by_files: bool = False) -> Generator[Trial]:
        trial = Trial(self.home / ("files" if by_files else "smtp"), self.seed, by_files=by_files)
        try:
            trial.open()
            self.say(f"{name}: open, minute {self.minute:.1f}")
            yield trial
        finally:
            trial.close()


def _points_of(trial: Trial) -> str:
    """How many points were reached so far, and at how many of them each part has died."""
    each = ", ".join(f"{part} at {len(trial.house.died_at(part))}" for part in KEPT)
    return f"{len(trial.house.reached)} points so far ({each})"


def _plain(points: Iterable[str]) -> list[str]:
    """Points, whoever is killed there."""
    return [point.removeprefix(ENGINE) for point in points]
