"""The step behind `approve`."""

from typing import Any

from pydantic import ValidationError

from models import facts, inbox, waiting
from models.answers import EstimateReview
from models.errors import Invalid, Missing, Refused
from models.tables import Deal
from tasks.step import step
from tasks.world import world


@step
def review_estimate(deal_id: int, word: dict[str, Any], who: str, key: str) -> str:
    """Tell a project manager's word on the estimate that waits for it, once per run of the form; return the decision.

    Raises Missing without such a deal, Refused where no estimate waits for anybody, Invalid for a word without its reason.
    """
    here = world()
    try:
        typed = EstimateReview.model_validate(word)
    except ValidationError as wrong:
        raise Invalid(" ".join(error["msg"].removeprefix("Value error, ") for error in wrong.errors())) from wrong
    with here.db.writing() as session:
        deal = session.get(Deal, deal_id)
        if deal is None:
            raise Missing(f"There is no deal {deal_id}.")
        is_asked = any(EstimateReview.kind in wait.kinds for wait in waiting.open_waits(session, deal_id))
        if not is_asked and facts.find(session, "operator", key) is None:
            raise Refused(f"No estimate of deal {deal_id} waits for anybody's word: the deal is {deal.sales}.")
        inbox.tell(session, deal_id, typed, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
    return typed.decision
