"""What deals go through once they are won, each scene begun where its part begins."""

from collections.abc import Callable
from datetime import timedelta

from models.after_answers import CourseAnswered, MailCame, TrainingAnswered
from models.delivery_answers import ActFaults, FaultsMended, LaunchChecked, MaterialReviewed, MaterialSent, StageAnswered
from models.stages import Stage
from models.tables import Deal
from models.tracks import Work
from tests.aftermath import ACCESSES, a_completed_project
from tests.coursing import a_course
from tests.faults.operators import Operator
from tests.faults.players import Player
from tests.faults.scenes import Scene
from tests.projecting import a_project

MANAGER = "staff:tomasz@northlight.example"


def sends_materials(player: Player, _operator: Operator) -> None:
    """Silence that pauses the project, then everything; one item is sent back first."""
    player.begins(a_project, work=Work.MATERIALS, materials=False)
    player.wants(Stage.MATERIALS)
    player.is_asked("materials")
    player.keeps_silent("materials")
    player.work("paused")
    item = player.project().materials[0].slug
    player.tells(MaterialSent(item=item, text="Here it is."))
    player.has_letter(f"/material/{item}/sent/")
    player.tells(MaterialReviewed(item=item, decision="reject", reason="Too small."), actor=MANAGER)
    player.tells(MaterialSent(item=item, text="Larger."))
    player.tells(MaterialReviewed(item=item, decision="accept"), actor=MANAGER)
    player.sends_everything()
    player.has_ended("materials")
    player.is_asked("production")


def looks_at_stages(player: Player, _operator: Operator) -> None:
    """A stage that the client is silent about, which pauses the project; then each as it comes."""
    player.begins(a_project, accepted=1)
    player.wants(Stage.PRODUCTION)
    is_first = True
    for slug in player.stages()[1:]:
        player.is_asked("production")
        if player.is_shown(slug).place != "shown":
            continue
        player.gets(f"r1/stage/{slug}/v1/shown")
        if is_first:
            player.is_asked("production")
            player.keeps_silent("production")
            player.work("paused")
        player.tells(StageAnswered(stage=slug, version=1, decision="approve", name="Ada Byron"))
        player.gets(f"r1/stage/{slug}/accepted")
        is_first = False
    player.work("launch")
    player.has_ended("production")


def signs_the_act(player: Player, _operator: Operator) -> None:
    """Faults that are mended, a silence, and a signature."""
    player.begins(a_project, work=Work.LAUNCH, accepted=20)
    player.wants(Stage.LAUNCH)
    player.gets("r1/launch/due")
    player.is_asked("launch")
    player.tells(LaunchChecked(url="https://acme.example", note="It runs."), actor=MANAGER)
    player.gets("act/v1/mail")
    player.is_asked("launch")
    player.tells(ActFaults(version=1, text="The form does not send.", name="Ada Byron"))
    player.has_letter("act/v1/faults-")
    player.is_asked("launch")
    player.tells(FaultsMended(), actor=MANAGER)
    player.gets("act/v2/mail")
    player.keeps_silent("launch")
    player.work("paused")
    player.signs_the_act(2)
    player.gets("act/v2/accepted")
    player.work("completed")
    player.does(lambda: player.pays_online(player.is_billed(2)))


def is_handed_over(player: Player, operator: Operator) -> None:
    """Training, accesses, the ticket, the review, the row."""
    player.begins(a_completed_project)
    player.wants(Stage.HANDOVER)
    player.gets("r1/handover/training")
    player.is_asked("handover")
    player.tells(TrainingAnswered(decision="decline"))
    operator.does("list-access", deal_id=player.deal, who="Tomasz Zielinski", items=ACCESSES.model_dump(mode="json")["items"])
    player.work("handed_over")
    player.pays_the_rest()
    player.gets("r1/review/request")
    player.is_asked("review")
    player.keeps_silent("review")
    player.has_ended("review")
    player.has_ended("closing")


def follows_the_course(player: Player, _operator: Operator) -> None:
    """An invitation, letters at their pace until the client writes, and the offer of what comes next, with which the stage ends."""
    player.begins(_long_ago(a_course), whole=True, consent="", accepted=9)
    player.wants(Stage.NEXT_STEPS)
    player.tells(CourseAnswered(decision="yes"))
    player.has_letter("/next-steps/course-")
    player.tells(MailCame(sender=player.email, subject="Re:", text="Thank you."), actor="system")
    player.completes()
    player.fact("next-step.offered")
    player.has_ended("next-steps")


def ends_the_course(player: Player, _operator: Operator) -> None:
    """A client who wants no letters, and work that is completed: what comes next is offered all the same."""
    player.begins(a_course, whole=True, invited=False, consent="", accepted=9)
    player.wants(Stage.NEXT_STEPS)
    player.gets("r1/next-steps/invitation")
    player.tells(CourseAnswered(decision="no"))
    player.completes()
    player.fact("next-step.offered")


def _long_ago(make: Callable[..., Deal]) -> Callable[..., Deal]:
    return lambda session, *, at, **values: make(session, at=at - timedelta(days=30), **values)


DELIVERY: tuple[Scene, ...] = (sends_materials, looks_at_stages, signs_the_act, is_handed_over, follows_the_course, ends_the_course)
