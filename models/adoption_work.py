"""The work of a deal that is taken up: its project, what the client has sent and accepted, the launch, the hand-over."""

from models import acts, cash, projects
from models.adoption import CAME_BEFORE, Way
from models.after_answers import HandedOver
from models.delivery_answers import ActSigned, LaunchChecked, MaterialReviewed, MaterialSent, StageAnswered, StageReady
from models.errors import Invalid, Refused
from models.stages import Stage
from models.tracks import Cash, Sales, Work


def win(way: Way) -> None:
    """The first money is in, into other books."""
    way.move(Sales.WON, Work.KICKOFF)
    cash.settle(way.session, way.deal, why="adopted", fact=way.fact, now=way.now)


def launch(way: Way) -> None:
    """Every stage is accepted."""
    way.move(Work.LAUNCH)


def work(way: Way) -> None:
    """The project with its plan from the day on which it began; the materials and stages that are behind it."""
    past, session, deal = way.order.past, way.session, way.deal
    projects.open_project(session, way.company, deal, begins_on=past.began_on or way.now.date(), now=way.now)
    way.move(Work.MATERIALS)
    stand = projects.stand(session, deal)
    if way.order.stage == Stage.MATERIALS:
        if not stand.needed_for(""):
            raise Refused("Nothing is needed of the client to begin: take the deal up at production.")
        return
    late = way.has(Stage.LAUNCH)
    here = [item.slug for item in stand.materials if late or "*" in past.materials or item.slug in past.materials]
    if unknown := sorted(set(past.materials) - {"*", *(item.slug for item in stand.materials)}):
        raise Invalid(f"The checklist has no {', '.join(unknown)}; it has {', '.join(item.slug for item in stand.materials)}.")
    if lacks := [item.slug for item in stand.needed_for("") if item.slug not in here]:
        raise Refused(f"Production cannot have begun without {', '.join(lacks)}: name them among the materials, or take the deal up at materials.")
    for slug in here:
        way.tell(MaterialSent(item=slug, text=CAME_BEFORE), past.began_on)
        way.tell(MaterialReviewed(item=slug, decision="accept"), past.began_on)
    way.move(Work.PRODUCTION)
    stages = [stage.slug for stage in stand.plan.production]
    if past.accepted != stages[: len(past.accepted)] and not late:
        raise Refused(f"Stages are accepted in their order: {', '.join(stages)}.")
    for slug in stages if late else past.accepted:
        _accept(way, slug)


def _accept(way: Way, slug: str) -> None:
    way.tell(StageReady(stage=slug, note=CAME_BEFORE))
    stage = projects.stand(way.session, way.deal).stage(slug)
    if stage.place == "shown":
        way.tell(StageAnswered(stage=slug, version=stage.version, decision="approve", name=way.order.past.signed_by))


def complete(way: Way) -> None:
    """The launch and the act of acceptance, signed on paper."""
    past = way.order.past
    way.tell(LaunchChecked(url=past.url, note=CAME_BEFORE), past.finished_on)
    act = acts.publish(way.session, way.company, way.deal, 1, now=way.now)
    way.tell(ActSigned(version=act.version, name=past.signed_by, role="for the client", on=past.finished_on), past.finished_on)
    way.move(Work.COMPLETED)


def hand_over(way: Way) -> None:
    """The client is support's. Raises Refused while money is open."""
    way.tell(HandedOver(ticket=way.order.past.ticket), way.order.past.finished_on)
    if way.deal.money != Cash.PAID:
        raise Refused(f"The money of this deal is {way.deal.money}: a review comes when all of it is in.")
    way.move(Work.HANDED_OVER)
