"""Words of a project's letters: counted from where it stands at the moment of writing, each about its own question and no other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from sqlmodel import Session

from models import projects
from models.answer import Answer
from models.cash_answers import MoneyCame
from models.delivery_answers import ChangeAnswered, ChangeOffered, StageAnswered, StageDeemed
from models.delivery_letters import DELIVERY_NEEDS
from models.errors import Missing
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Client, Deal, Document
from models.tracks import Work
from tasks.project_words import PROJECT
from tasks.words import WORDS, About, word
from tasks.world import World
from tests.aftermath import ACCESSES, a_completed_project
from tests.factories import a_wait, told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, a_shown_stage, a_won_deal, an_accepted_stage, comments
from tests.tasks.work_places import at_work

EVENING = MONDAY.replace(hour=20)


@pytest.fixture
def session(here_sqlite: World):
    with here_sqlite.db.writing() as session:
        yield session


@pytest.fixture
def say(here_sqlite: World, session: Session) -> Callable[..., str]:
    """A word as a letter would have it."""

    def say(deal: Deal, letter: str, name: str, *, now: datetime = MONDAY, **facts: str) -> str:
        order = LetterOrder(name=letter, deal_id=deal.id or 0, to="client", facts=facts)
        return word(name, About(session, here_sqlite.company, deal, session.get_one(Client, deal.client_id), "en_IE", now, order))

    return say


def asks(session: Session, deal: Deal, model: type[Answer], item: str, **values) -> None:
    about = f"deal/{deal.id}/r1/{values.pop('noun', 'stage')}/{item}"
    a_wait(session, deal, model, subject=about, key=f"{item}#1", **{"stage": Stage.PRODUCTION} | values)


def terms(session: Session, deal: Deal, **values: bool) -> None:
    """The contract with other words about silence, as the plan has them."""
    project = projects.of(session, deal)
    project.plan = {**project.plan, "terms": {**project.plan["terms"], **values}}
    session.flush()


def test_every_word_that_a_letter_asks_for_can_be_counted() -> None:
    asked = {name for needs in DELIVERY_NEEDS.values() for name in needs.facts}
    assert asked <= PROJECT.keys() | WORDS.keys()


def test_the_welcome_names_manager_first_stage_and_day(session: Session, say) -> None:
    deal = a_project(session)
    first, second, third = say(deal, "project-welcome", "welcome").splitlines()
    assert "I am Tomasz Zielinski" in first
    assert "We begin with Offer and text" in second
    assert f"ready on {say(deal, 'project-welcome', 'promised_on')}" in third


def test_of_the_welcome_only_what_can_be_said_is_said(session: Session, say) -> None:
    deal = a_project(session)
    assert len(say(deal, "project-welcome", "welcome", now=MONDAY + timedelta(days=400)).splitlines()) == 2


def test_who_is_who_has_a_line_and_a_number_each(session: Session, say) -> None:
    rows = say(a_project(session), "project-welcome", "people").splitlines()
    assert [row.partition(" · ")[0] for row in rows] == ["Tomasz Zielinski", "Conor Walsh", "Grace Adeyemi"]
    assert all("+353" in row for row in rows)


def test_the_timetable_has_every_stage_and_the_launch(session: Session, say) -> None:
    rows = say(a_project(session), "project-welcome", "stages").splitlines()
    assert [row.partition(" · ")[0] for row in rows] == ["Offer and text", "Design", "Pages", "Testing", "Launch"]
    assert rows[0].startswith("Offer and text · 2")
    assert "2026" in rows[-1]


def test_what_is_needed_says_what_for_and_until_when(session: Session, say) -> None:
    deal = a_project(session, work=Work.MATERIALS, materials=False)
    stand, rows = projects.stand(session, deal), say(deal, "project-welcome", "needed").splitlines()
    assert len(rows) == len(stand.materials)
    for item, row in zip(stand.materials, rows, strict=True):
        stage = stand.plan.stage(item.plan.before)
        assert row.startswith(item.plan.title)
        assert (f"for {stage.title}, by" if stage else "now, so that we can begin") in row


def test_only_what_is_missing_is_named_with_the_reason_where_it_was_sent_back(session: Session, say) -> None:
    deal = a_project(session, work=Work.MATERIALS, materials=False)
    first, second, *rest = (item.plan for item in projects.stand(session, deal).materials)
    a_material(session, deal, first.slug, decision="reject")
    a_material(session, deal, second.slug, decision="")
    rows = say(deal, "materials-reminder", "missing").splitlines()
    assert len(rows) == 1 + len(rest)
    assert rows[0].startswith(first.title)
    assert rows[0].endswith("sent back: Too small.")
    assert not any(second.title in row or "sent back" in row for row in rows[1:])
    assert say(deal, "materials-review-reminder", "what") == second.title


def test_a_material_is_told_in_the_clients_words(session: Session, say) -> None:
    deal = a_project(session, work=Work.MATERIALS, materials=False)
    slugs = [item.slug for item in projects.stand(session, deal).materials]
    for slug in slugs[:2]:
        a_material(session, deal, slug, decision="reject")
    titles = [item.plan.title for item in projects.stand(session, deal).materials]
    assert say(deal, "materials-rejected", "item_title") == titles[1]
    assert say(deal, "materials-rejected", "item_title", item=slugs[0]) == titles[0]
    assert say(deal, "materials-rejected", "reason") == "Too small."
    assert say(deal, "materials-sent", "message", item=slugs[0]) == "Here it is."
    assert say(deal, "materials-sent", "files") == ""


@pytest.mark.parametrize(
    ("now", "by"), [(MONDAY, "today, Monday 2 March 2026"), (EVENING, "by Tuesday 3 March 2026"), (MONDAY - timedelta(days=2), "by Monday 2 March 2026")]
)
def test_an_answer_before_the_office_closes_keeps_the_day(session: Session, say, now: datetime, by: str) -> None:
    deal = a_project(session, at=MONDAY - timedelta(days=7))
    a_shown_stage(session, deal, "text", at=now)
    day = say(deal, "stage-shown", "promised_on", now=now)
    assert say(deal, "stage-shown", "answer_by", now=now) == by
    asks(session, deal, StageAnswered, "text", at=now)
    for letter in ("stage-reminder", "stage-warning"):
        assert say(deal, letter, "answer_by", now=now) == by
        assert say(deal, letter, "promised_on", now=now) == day


def test_each_working_day_of_waiting_moves_the_day(session: Session, say) -> None:
    deal = a_project(session)
    asks(session, deal, StageAnswered, "text")
    days = [say(deal, "stage-reminder", "promised_on", now=MONDAY + timedelta(days=n)) for n in (0, 1, 2)]
    assert len(set(days)) == 3


def test_while_it_is_our_move_nobody_is_told_to_answer(session: Session, say) -> None:
    deal = a_project(session)
    assert say(deal, "stage-accepted", "answer_by") == ""
    assert say(deal, "project-resumed", "promised_on")


def test_a_day_that_is_past_is_named_to_nobody(session: Session, say) -> None:
    deal = a_project(session)
    late = MONDAY + timedelta(days=365)
    assert say(deal, "stage-shown", "promised_on", now=late) == ""
    assert say(deal, "stage-shown", "answer_by", now=late) == ""


def test_a_change_moves_the_day_by_its_own_days(session: Session, say) -> None:
    deal = at_work(session, "priced")
    with_it, without = (datetime.strptime(say(deal, letter, "promised_on"), "%A %d %B %Y") for letter in ("change-offer", "stage-reminder"))  # noqa: DTZ007
    assert timedelta(days=2) <= with_it - without <= timedelta(days=4)
    assert say(deal, "change-offer", "days") == "2 working days"


def test_a_question_has_its_own_age_and_end(session: Session, say) -> None:
    deal = a_project(session)
    a_wait(session, deal, MoneyCame, stage=Stage.PAYMENT, part=2, key="money#1", deadline=MONDAY + timedelta(days=1))
    asks(session, deal, StageAnswered, "text", deadline=MONDAY + timedelta(days=28))
    later = MONDAY + timedelta(days=3)
    assert say(deal, "stage-reminder", "waiting", now=later) == "3 days"
    assert say(deal, "stage-reminder", "closes_on", now=later) == "Monday 30 March 2026"
    assert say(deal, "act-reminder", "waiting", now=later) == ""


@pytest.mark.parametrize(
    ("letter", "ends"),
    [("stage-shown", "Tuesday 31 March 2026"), ("change-offer", "Monday 16 March 2026"), ("act-ready", "Tuesday 31 March 2026"),
     ("training-offer", "Monday 16 March 2026"), ("course-invitation", "")],
)  # fmt: skip
def test_a_letter_that_goes_before_its_question_knows_its_end(session: Session, say, letter: str, ends: str) -> None:
    assert say(a_project(session), letter, "closes_on") == ends


def test_a_question_without_an_end_has_none(session: Session, say) -> None:
    deal = a_project(session)
    asks(session, deal, StageAnswered, "text")
    assert say(deal, "stage-reminder", "closes_on") == ""


@pytest.mark.parametrize(("accepts", "pauses", "letter"), list(product([True, False], [True, False], ["stage-warning", "act-warning"])))
def test_silence_means_what_the_contract_says(session: Session, say, accepts: bool, pauses: bool, letter: str) -> None:
    deal = a_project(session)
    terms(session, deal, silence_accepts=accepts, silence_pauses=pauses)
    said = say(deal, letter, "silence")
    assert ("counts as accepted, as our contract says" in said) == accepts
    assert ("is paused, as our contract says" in said) == (pauses and not accepts)
    assert ("contract" in said) == (accepts or pauses)
    assert ("“Offer and text”" in said) == (accepts and letter == "stage-warning")


@pytest.mark.parametrize(("work", "asked", "pauses"), [(Work.MATERIALS, False, True), (Work.PRODUCTION, True, True), (Work.PRODUCTION, False, False)])
def test_silence_about_materials_pauses_what_cannot_go_on(session: Session, say, work: Work, asked: bool, pauses: bool) -> None:
    deal = a_project(session, work=work)
    if asked:
        asks(session, deal, StageAnswered, "design", noun="materials")
    assert ("is paused" in say(deal, "materials-last-call", "silence")) == pauses


@pytest.mark.parametrize(
    ("shown", "left"),
    [(1, "Two rounds of changes are included."), (2, "One more round of changes is included."), (3, "The rounds of changes that are included have")],
)
def test_the_rounds_that_are_left_are_counted(session: Session, say, shown: int, left: str) -> None:
    deal = a_project(session, accepted=1)
    for _ in range(shown - 1):
        a_shown_stage(session, deal, "design")
        comments(session, deal, "design")
    assert say(deal, "stage-shown-again", "rounds_left").startswith(left)


def test_the_next_stage_says_what_it_asks_and_what_it_lacks(session: Session, say) -> None:
    deal = a_project(session, materials=False)
    lacks = [item.plan.title for item in projects.stand(session, deal).needed_for("design")]
    an_accepted_stage(session, deal, "text")
    assert say(deal, "stage-accepted", "stage_title") == "Offer and text"
    assert say(deal, "stage-accepted", "next_title") == "Design"
    assert say(deal, "stage-accepted", "next_asks") == "One decision of everybody who has a say, collected into one list of changes." + (
        f" Still missing for it: {'; '.join(lacks)}." if lacks else ""
    )


def test_before_the_launch_a_signature_is_announced(session: Session, say) -> None:
    deal = a_project(session, accepted=20)
    assert say(deal, "stage-accepted", "next_title") == "Launch"
    assert say(deal, "stage-accepted", "next_asks").startswith("Your signature")


def test_the_stage_that_an_order_names_is_meant(session: Session, say) -> None:
    deal = a_project(session, accepted=2)
    assert say(deal, "stage-shown", "stage_title") == "Pages"
    assert say(deal, "stage-shown", "stage_title", stage="text") == "Offer and text"
    assert say(deal, "stage-accepted-staff", "who", stage="text") == "Orla Byrne"
    with pytest.raises(Missing, match='no stage "roof"'):
        say(deal, "stage-shown", "stage_title", stage="roof")


def test_nobody_is_named_for_what_silence_accepted(session: Session, say) -> None:
    deal = a_project(session)
    a_shown_stage(session, deal, "text")
    told(session, deal, StageDeemed(stage="text", version=1), actor="system")
    assert say(deal, "stage-accepted-staff", "who") == "nobody; silence accepted, as the contract says"


@pytest.mark.parametrize(
    ("price", "percent", "words"),
    [("480", "23", "€590.40 with VAT (€480.00 net)"), ("480", "0", "€480.00, to which no VAT is added"), ("0", "23", "nothing")],
)
def test_a_price_is_said_with_vat_and_net(session: Session, say, price: str, percent: str, words: str) -> None:
    deal = a_project(session)
    _vat(session, deal, percent)
    _priced(session, deal, price)
    assert say(deal, "change-offer", "price") == words
    assert say(deal, "change-offer", "days") == ""


def _vat(session: Session, deal: Deal, percent: str) -> None:
    from models import contract_state

    document = contract_state.of_round(session, deal)
    assert isinstance(document, Document)
    document.body = {**document.body, "vat_rule": {**document.body["vat_rule"], "percent": percent}}
    session.flush()


def _priced(session: Session, deal: Deal, price: str) -> int:
    a_shown_stage(session, deal, "text")
    comments(session, deal, "text")
    offer = told(session, deal, ChangeOffered(stage="text", text="Two more pages", price=Decimal(price)), actor="staff:t")
    return offer.id or 0


@pytest.mark.parametrize(("decision", "said"), [("decline", "declined"), ("lapse", "let pass")])
def test_what_became_of_a_price_is_told(session: Session, say, decision: str, said: str) -> None:
    deal = a_project(session)
    offer = _priced(session, deal, "480")
    assert say(deal, "change-answered-staff", "decision") == ""
    told(session, deal, ChangeAnswered(stage="text", offer=offer, decision=decision))
    assert say(deal, "change-answered-staff", "decision", offer=str(offer)) == said
    assert say(at_work(session, "change taken"), "change-answered-staff", "decision") == "accepted"


def test_the_act_says_what_was_delivered_and_what_is_open(session: Session, say) -> None:
    deal = at_work(session, "act signed")
    rows = say(deal, "act-ready", "stages").splitlines()
    assert rows[0] == "Offer and text · approved, 2 March 2026"
    assert rows[-1] == "Launch · done, 2 March 2026"
    assert (say(deal, "act-signed", "signed_by"), say(deal, "act-signed", "signed_on")) == ("Orla Byrne", "Monday 2 March 2026")
    assert say(deal, "act-signed", "open_amount").startswith("€")


def test_accesses_training_and_days_are_told_after_the_work(session: Session, say) -> None:
    deal = a_completed_project(session)
    assert len(say(deal, "training-offer", "slots").splitlines()) == 6
    assert say(deal, "handover-done", "slot") == ""
    told(session, deal, ACCESSES, actor="staff:t")
    assert say(deal, "handover-done", "access_list").splitlines() == ["Domain · registrar.example, account AC_17 · held by Orla Byrne", "Hosting"]
    assert say(deal, "review-request", "days_worked") == "1 working day"
    assert say(deal, "handover-done", "support_address") == "support@northlight.example"


@pytest.mark.parametrize(("letter", "name"), [("act-ready", "number"), ("act-code", "code"), ("change-offer", "price")])
def test_a_letter_about_what_is_not_there_is_refused(session: Session, say, letter: str, name: str) -> None:
    with pytest.raises(LookupError):
        say(a_project(session), letter, name)


def test_before_work_begins_a_project_has_no_words_and_a_letter_that_came_has(session: Session, say) -> None:
    deal = a_won_deal(session)
    with pytest.raises(Missing, match="has not begun"):
        say(deal, "stage-shown", "stage_title")
    assert [say(deal, "mail-came", name) for name in ("subject", "message", "files")] == ["", "", ""]


def test_who_is_back_hears_what_is_still_theirs(session: Session, say) -> None:
    deal = a_project(session, work=Work.MATERIALS, materials=False)
    first, *rest = (item.plan for item in projects.stand(session, deal).needed_for(""))
    a_material(session, deal, first.slug)
    assert say(deal, "project-resumed", "still_yours") == "; ".join(item.title for item in rest)
    going = a_project(session)
    assert say(going, "project-resumed", "still_yours") == ""
    a_shown_stage(session, going, "text")
    assert say(going, "project-resumed", "still_yours") == "your word on “Offer and text”"
    assert say(at_work(session, "priced"), "project-resumed", "still_yours") == "your word on the price of a change to “Offer and text”"


def test_a_question_that_was_just_put_has_no_age(session: Session, say) -> None:
    deal = a_project(session)
    asks(session, deal, StageAnswered, "text")
    ages = [say(deal, "stage-reminder", "waiting", now=MONDAY + timedelta(minutes=minutes)) for minutes in (0, 59, 60)]
    assert ages == ["", "", "1 hour"]
