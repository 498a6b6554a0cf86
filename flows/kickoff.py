"""Kickoff: from the first money to a project that both sides can see.

    won ──▶ project planned ──▶ in the tracker ──▶ welcome ──▶ materials
                                                       └─ nothing is needed to begin ──▶ production beside it
"""

from flows.brief import DealId
from models.stages import Stage
from tasks import kickoffs
from tasks.stage import stage


@stage(
    Stage.KICKOFF,
    description="""The first money is in: plans the project from the contract (stages with working days and dates), makes it in the tracker,
welcomes the client in the project manager's name with the timetable and what we need from them. It waits for nobody; while the tracker is
away it tries again by itself. **When it fails** mend what the log names (delivery.toml, the tracker's settings) and press Retry: project
and issues are looked up before they are made.""",
)
def kickoff(deal_id: DealId) -> None:
    """Carry one deal from its first money to its materials. Safe to replay from the first line."""
    kickoffs.open_project(deal_id)
    kickoffs.tell_manager(deal_id)
    kickoffs.open_in_tracker(deal_id)
    kickoffs.welcome_client(deal_id)
    kickoffs.conclude_kickoff(deal_id)
