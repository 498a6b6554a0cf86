"""Steps of the brief: opened with what is known, asked for, said goodbye to."""

from models import briefs, questionnaire
from models.letters import LetterOrder
from models.money import Money
from models.tables import Client, Deal
from tasks import letters
from tasks.step import step
from tasks.world import world


@step
def open_brief(deal_id: int) -> int:
    """Open the deal's brief with everything known filled in; return the deal's round. In a later round it is as it was left."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        client = session.get_one(Client, deal.client_id)
        budget = Money(amount=deal.budget, currency=deal.currency).major if deal.budget is not None else ""
        known = {
            "name": client.name, "email": client.email, "phone": client.phone, "company": client.company, "message": deal.message,
            "budget": f"{budget:f}".split(".")[0] if budget != "" else "",
        }  # fmt: skip
        briefs.open_brief(session, deal, questionnaire.prefill(here.company.briefs[deal.service], known), now=here.now())
        return deal.round


@step
def mail_brief(deal_id: int, round_: int) -> str:
    """Send the link to the brief; return the effect's state. Who comes back is welcomed back."""
    name = "brief-invitation" if round_ == 1 else "welcome-back"
    return letters.send(f"deal/{deal_id}/r{round_}/brief/mail", LetterOrder(name=name, deal_id=deal_id, to="client")).state
