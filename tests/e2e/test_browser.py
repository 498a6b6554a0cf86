"""The sale as clients and staff see it, in a real browser: on a desktop, on a phone without scripts, by keyboard alone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import select

from deployments.demo import ANSWERS
from models.tables import Brief, Deal, Document
from tests.e2e import browser
from tests.e2e.browser import DESKTOP, PHONE, Visit, after, facts, total, visit
from tests.e2e.client import Someone
from tests.e2e.system import System, eventually

pytestmark = pytest.mark.browser
APPLY = """
- main:
  - heading "Tell us about your project" [level=1]
  - group "What do you need?":
    - radio "Corporate site"
    - radio "Landing page"
    - radio "Online shop"
    - radio "Mobile app"
    - radio "Site as a marketing process"
    - radio "Support plan"
  - textbox "Your name"
  - textbox "E-mail"
  - textbox "Phone optional"
  - textbox "Company optional"
  - textbox "Budget optional"
  - textbox "What is it about? optional"
  - paragraph:
    - button "Send"
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from browser.chromium()


@pytest.fixture(scope="module")
def proposed(system: System, chromium: Browser) -> Iterator[list[Someone]]:
    """Clients who have their proposal."""
    people = [Someone(system) for _ in range(2)]
    for one in people:
        one.has_proposal()
    yield people


def test_a_client_at_a_desk_comes_from_the_form_to_the_accepted_proposal(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base, DESKTOP) as client:
        _applies(client, someone, "/apply?utm_source=newsletter&utm_campaign=autumn")
        client.goes(after(someone, "r1/brief/mail", "brief"))
        client.looks_right("brief")
        _saves_by_itself(client, someone)
        client.fills(ANSWERS)
        client.presses("Send the answers")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text("That is what we needed")
        client.looks_right("brief-done")
        client.goes(after(someone, "proposal/v1/mail", "proposal"))
        client.looks_right("proposal")
        before = total(client)
        client.page.get_by_label("Vacancies").check()
        client.page.get_by_role("checkbox", name=re.compile("^Search")).check()
        expect(client.page.locator("[data-live=accept]")).to_contain_text("with 2 options")
        assert total(client) > before
        assert "option=" in client.page.url, "the selection is in the address: reloading keeps it"
        eventually(lambda: facts(someone, "proposal.viewed"), "nobody counted the reader")
        client.page.get_by_label("Your full name").fill("Ada Byron")
        client.presses("Accept the proposal")
        expect(client.page.locator(".banner.good")).to_contain_text("Accepted by Ada Byron")
        client.looks_right("accepted")
    _is_frozen(someone, options=2)
    with system.db.reading() as session:
        source = session.get_one(Deal, someone.deal).source
    assert (source["utm_source"], source["utm_campaign"]) == ("newsletter", "autumn")


def test_a_client_on_a_phone_without_scripts_does_the_same(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base, PHONE) as client:
        _applies(client, someone, "/apply")
        client.goes(after(someone, "r1/brief/mail", "brief"))
        client.looks_right("brief")
        client.fills({"about": ANSWERS["about"], "goal": ANSWERS["goal"]})
        client.presses("Save and return later")
        client.looks_right("brief-saved")
        client.presses("Go on answering", "link")
        assert client.page.locator("[name=q_about]").input_value() == ANSWERS["about"]
        with client.expects(422):
            client.presses("Send the answers")
            expect(client.page.get_by_role("alert")).to_contain_text("your attention")
        client.looks_right("brief-problems")
        client.fills(ANSWERS)
        client.presses("Send the answers")
        client.goes(after(someone, "proposal/v1/mail", "proposal"))
        client.looks_right("proposal")
        before = total(client)
        client.page.get_by_label("Vacancies").tap()
        assert total(client) == before, "without scripts nothing moves by itself"
        client.presses("Recalculate")
        assert total(client) > before
        expect(client.page.get_by_label("Vacancies")).to_be_checked()
        client.page.get_by_label("Your full name").fill("Ada Byron")
        client.presses("Accept the proposal")
        expect(client.page.locator(".banner.good")).to_contain_text("Accepted by Ada Byron")
        client.looks_right("accepted")
    _is_frozen(someone, options=1)


def test_an_application_is_sent_by_keyboard_alone_and_its_problems_lead_to_the_fields(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base) as client:
        client.goes("/apply")
        keys = client.page.keyboard
        assert client.tabs_to("service")[0] == "Skip to the content"
        keys.press("Space")
        client.tabs_to("name")
        keys.type("Ada Byron")
        with client.expects(422):
            keys.press("Enter")
            expect(client.page.locator("#problems")).to_be_focused()
        client.looks_right("apply-problems")
        expect(client.page.get_by_role("radio", name="Corporate site")).to_be_checked()
        client.tabs_to("Please give us your e-mail address")
        keys.press("Enter")
        field = client.page.get_by_role("textbox", name="E-mail")
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description(re.compile("The questionnaire and the proposal come to this address.*Please give us"))
        expect(field).to_have_attribute("aria-invalid", "true")
        keys.type(someone.email)
        assert client.tabs_to("Send") == ["phone", "company", "budget", "message", "Send"], "nobody falls into the trap for robots"
        keys.press("Enter")
        expect(client.page.get_by_role("heading", level=1)).to_have_text("Thank you. We have it.")
    assert someone.stands("briefing").service == "corporate-site"


def test_a_screen_reader_finds_every_field_of_the_form_by_name(system: System, chromium: Browser):
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as client:
            client.goes("/apply")
            expect(client.page.locator("main")).to_match_aria_snapshot(APPLY)


def test_every_stop_of_the_keyboard_can_be_seen(system: System, chromium: Browser, proposed: list[Someone], someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    with visit(chromium, system.base) as client:
        for path, least in ((proposed[0].link("proposal"), 12), (someone.link("brief"), 40), ("/apply", 9), ("/outbox", 5)):
            client.goes(path)
            assert len(client.tabs_through()) >= least


def test_a_proposal_is_passed_on_changed_declined_and_taken_up_again(system: System, chromium: Browser, proposed: list[Someone]):
    someone = proposed[0]
    path = someone.link("proposal")
    with visit(chromium, system.base, PHONE) as client:
        client.goes(path)
        client.page.locator("summary", has_text="Show it to a colleague").tap()
        client.page.get_by_label("Their e-mail").fill("charles@acme.example")
        client.presses("Send them the link")
        client.looks_right("proposal-forwarded")
        forwarded = eventually(lambda: facts(someone, "proposal.forwarded"), someone.told)[0]
        assert forwarded.payload["email"] == "charles@acme.example"
        someone.gets(f"proposal/forwarded/{forwarded.id}")
        client.goes(path)
        client.page.locator("summary", has_text="Ask for a change").tap()
        with client.expects(422):
            client.presses("Send", within="form[action$='/change']")
            expect(client.page.locator("#problems")).to_be_focused()
        client.looks_right("proposal-change-problem")
        client.page.get_by_label("What should be different?").fill("One language more, please.")
        client.presses("Send", within="form[action$='/change']")
        expect(client.page.locator(".banner")).to_contain_text("You asked for a change")
        client.looks_right("proposal-change-asked")
        client.page.locator("summary", has_text="Decline").tap()
        client.page.get_by_label("Our plans changed").check()
        client.presses("Decline the proposal")
        expect(client.page.locator(".banner")).to_contain_text("You declined this proposal")
        client.looks_right("proposal-declined")
        said = [(fact.payload["decision"], fact.payload["text"], fact.payload["reason"]) for fact in facts(someone, "proposal.answered")]
        assert said == [("change", "One language more, please.", ""), ("decline", "", "postponed")]
        someone.gets("proposal/v1/declined")
        someone.stands("lost")
        client.goes(someone.link("comeback"))
        client.looks_right("comeback")
        client.presses("Yes, go on")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text("Welcome back")
        client.looks_right("welcome-back")
    assert someone.stands("briefing").round == 2


def test_who_holds_an_old_link_gets_a_new_one_by_mail(system: System, chromium: Browser, proposed: list[Someone]):
    someone = proposed[1]
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as client:
            client.goes(f"/p/{'a' * 32}", status=404)
            client.looks_right("link-unknown")
            client.page.get_by_label("Your e-mail").fill(someone.email)
            client.presses("Send me a new link")
            expect(client.page.get_by_role("heading", level=1)).to_have_text("Look into your inbox")
            client.looks_right("link-sent")
    [asked] = facts(someone, "link.asked")
    someone.gets(f"link/{asked.id}")


@pytest.mark.parametrize(
    ("kind", "button", "told", "stands"),
    [(PHONE, "Let us talk", "Good. Let us talk.", "briefing"), (DESKTOP, "That rules us out", "Thank you for telling us.", "declined")],
)
def test_a_small_budget_is_a_question_answered_by_one_button(
    system: System, chromium: Browser, someone: Someone, kind: dict[str, Any], button: str, told: str, stands: str
):
    someone.applies(budget="900")
    with visit(chromium, system.base, kind) as client:
        client.goes(after(someone, "intake/minimum", "qualify"))
        client.looks_right("qualify")
        client.presses(button)
        expect(client.page.get_by_role("heading", level=1)).to_have_text(told)
        client.looks_right(f"qualify-{stands}")
    someone.stands(stands)


def _applies(client: Visit, someone: Someone, path: str) -> None:
    client.goes(path)
    client.looks_right("apply")
    client.page.get_by_role("radio", name="Corporate site").check()
    for label, text in (
        ("Your name", "Ada Byron"),
        ("E-mail", someone.email),
        ("Company", "Acme"),
        ("Budget", "€ 24,000"),
        ("What is it about?", "A site."),
    ):
        client.page.get_by_label(label).fill(text)
    client.presses("Send")
    expect(client.page.locator(".lead")).to_contain_text(someone.email)
    client.looks_right("thanks")


def _saves_by_itself(client: Visit, someone: Someone) -> None:
    client.fills({"about": "Gardens for schools.", "goal": ["enquiries"]})
    expect(client.page.locator("#saved")).to_contain_text("Saved at")
    with someone.system.db.reading() as session:
        assert session.get_one(Brief, someone.deal).answers["about"] == "Gardens for schools."
    client.page.reload()
    assert client.page.locator("[name=q_about]").input_value() == "Gardens for schools."
    expect(client.page.locator("[name=q_goal][value=enquiries]")).to_be_checked()


def _is_frozen(someone: Someone, options: int) -> None:
    with someone.system.db.reading() as session:
        document = session.exec(select(Document).where(Document.deal_id == someone.deal, Document.kind == "proposal")).one()
    assert document.state == "frozen" and len(document.selection) == options
    someone.stands("contracting")
