"""Steps of intake: from a raw application to a deal with a salesperson."""

from sqlmodel import Session

from models import intake, wanted
from models.answers import Application
from models.errors import Missing
from models.letters import LetterOrder
from models.money import Money
from models.tables import Deal, Fact
from tasks import letters, runs
from tasks.engine import engine
from tasks.stage import tags_of, title
from tasks.step import step
from tasks.world import World, world


@step
def admit(application_id: int) -> dict[str, int | bool]:
    """The deal of an application: {deal_id, is_new, is_below_minimum}. The same contact asking again joins the deal there is."""
    here, studio = world(), world().company.studio
    with here.db.writing() as session:
        fact = session.get(Fact, application_id)
        if fact is None or fact.kind != Application.kind:
            raise Missing(f"There is no application {application_id}.")
        application = Application.model_validate(fact.payload)
        if application.service not in here.company.rates.services:
            raise Missing(f'Application {application_id} asks for "{application.service}", which is not in rates.toml.')
        who = intake.contact(application, studio.country)
        admitted = intake.admit(session, fact, who, application, currency=studio.currency, locale=studio.locale, now=here.now())
        if admitted.is_new and (run := runs.current()):  # at once: a deal that somebody closes now has this run among its own
            wanted.belongs_to(session, run.row_id, admitted.deal, now=here.now())
        minimum = Money.of_major(studio.minimum_budget, studio.currency)
        return {"deal_id": admitted.deal.id or 0, "is_new": admitted.is_new, "is_below_minimum": intake.is_below(admitted.deal, minimum)}


def enter(deal_id: int) -> int:
    """Let this run know whose it has become. Said at every replay."""
    runs.belongs_to(deal_id)
    return deal_id


@step
def name_run(deal_id: int) -> str:
    """Name and tag this run after its deal, as operators look for it; return the name. Raises Unavailable (retried)."""
    run = runs.current()
    name = title("intake", {"deal_id": deal_id})
    if run:
        with engine() as prefect:
            prefect.label(run.flow_run_id, name=name, tags=tags_of("intake", deal_id))
    return name


@step
def assign_salesperson(deal_id: int) -> str:
    """Give the deal to a salesperson by service, language and load; return their e-mail. One who has it keeps it."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        deal.salesperson = deal.salesperson or _chosen(here, session, deal)
        session.add(deal)
        return deal.salesperson


def _chosen(here: World, session: Session, deal: Deal) -> str:
    load, last = intake.loads(session)
    language = (deal.locale or here.company.studio.locale).split("_")[0].split("-")[0]
    person = intake.choose(here.company.studio.people, deal.service, language, load, last)
    return person.email if person else here.company.studio.people[0].email


@step
def mail_minimum(deal_id: int) -> str:
    """Write kindly what we begin from, with advice and two buttons; return the effect's state."""
    return letters.send(f"deal/{deal_id}/intake/minimum", LetterOrder(name="application-below-minimum", deal_id=deal_id, to="client")).state


@step
def mail_declined(deal_id: int) -> str:
    """Wish somebody well whose budget does not fit; return the effect's state."""
    return letters.send(f"deal/{deal_id}/intake/declined", LetterOrder(name="application-declined", deal_id=deal_id, to="client")).state


@step
def tell_salesperson(deal_id: int) -> str:
    """Tell the salesperson that a deal is theirs; return the effect's state."""
    order = LetterOrder(name="application-assigned", deal_id=deal_id, to="salesperson")
    return letters.send(f"deal/{deal_id}/intake/assigned", order).state


@step
def thank_client(deal_id: int) -> str:
    """Thank the client and say who will look after them; return the effect's state."""
    return letters.send(f"deal/{deal_id}/intake/thanks", LetterOrder(name="application-thanks", deal_id=deal_id, to="client")).state
