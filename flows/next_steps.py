"""Next steps: what happens after the launch, told while the work is still under way, and offered when it is done.

    two stages before the end ──▶ invitation ──▶ letters, at the project's pace ──▶ all are out, or it stops ──┐
                                                     completed ──▶ the next step's own deal ──▶ its estimate ──┴▶ over
"""

from flows.brief import DealId
from models.stages import Stage
from tasks import courses, offers
from tasks.stage import stage


@stage(
    Stage.NEXT_STEPS,
    description="""Two stages before the end: tells the client what hosting means and offers the course. Its letters go out at the project's pace
(delivery.toml, course): they rest while the project waits for the client, without consent and while letters come back; a reply stops them
for good. When the work is completed a **deal of its own** is opened for what comes next, counted from what was built; its estimate and
proposal run by themselves. Between two letters the run is suspended; **Resume** makes it look again, and sends nothing before its time.
**When it fails** mend what the log names and press Retry: no letter is sent and nothing is offered twice.""",
)
def next_steps(deal_id: DealId) -> None:
    """Carry one deal beyond its end. Safe to replay from the first line."""
    courses.invite_client(deal_id)
    due = courses.next_due(deal_id)
    while not due.is_over:
        if due.offer:
            offers.make_offer(deal_id)
        else:
            courses.send_letter(deal_id, due.letter, due.looked_at)
        due = courses.next_due(deal_id)
    courses.conclude_next_steps(deal_id, due.why)
