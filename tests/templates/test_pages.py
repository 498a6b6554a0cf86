"""Every page in every state: complete, escaped, usable by keyboard and screen reader, strict enough for a strict policy."""

import json
import re
from typing import Any

import pytest
from jinja2 import UndefinedError

from models.pages import ApplyPage, BriefPage, Choice, Form, QuestionView, SectionView, SentencePage, ShownIf, View
from templates import names, render
from tests.templates.reading import Reading
from tests.templates.sample_pages import pages, proposal_page, sections
from tests.templates.samples import CHROME, HOSTILE, SERVICES

PAGES = pages()
DATA = "application/ld+json"
"""What search engines read: data, which no browser runs."""
FORM_FIELDS = {"input", "select", "textarea"}
MACHINES = {"kind", "state", "about", "amount", "currency", "zone", "locale", "price_model"}
MACHINES |= {"on", "issued_on", "due_on", "contract_on", "corrects_on", "promised_on", "promise_until", "percent", "quantity", "category"}
MACHINES |= {"at", "saved_at", "sent_at", "today", "made_on", "valid_until"}
MACHINES |= {"signed_at", "code_until", "accepted_on"}
MACHINES |= {"planned_on", "done_on", "named_on", "mended_on", "signed_on", "deemed_on", "how"}
MACHINES |= {"whose", "place", "silence", "word", "answer", "since", "until", "first", "day", "answer_by", "finished", "starts", "ends"}
MACHINES |= {"shown_at", "closes_on", "needed_on", "changed_at"}
MACHINES |= {"counted_at", "reported_at", "closed_on", "outcome", "month", "role", "changed"}


def read(name: str) -> Reading:
    template, record = PAGES[name]
    return Reading(render(template, record.context()))


def scripts(page: Reading) -> list[dict[str, str]]:
    """The scripts that a browser runs."""
    return [attributes for attributes in page.all("script") if attributes.get("type") != DATA]


def hostile(value: Any) -> Any:
    """The same plain values with every word replaced, except what the machine itself writes."""
    if isinstance(value, dict):
        return {key: part if key in MACHINES and not isinstance(part, dict) else hostile(part) for key, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return HOSTILE if isinstance(value, str) and value else value


def test_every_page_template_has_a_sample() -> None:
    written = {name for name in names("pages") if not name.rsplit("/", 1)[1].startswith("_") and name.endswith(".html")}
    assert written <= {template for template, _ in PAGES.values()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_closes_its_tags_and_has_one_heading_a_language_and_a_title(name: str) -> None:
    page = read(name)
    assert page.unclosed == []
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    assert next(page.all("html"))["lang"] == "en-GB"
    assert sum(tag == "title" for tag, _ in page.tags) == 1
    assert sum(tag == "main" for tag, _ in page.tags) == 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_no_inline_script_or_style(name: str) -> None:
    page = read(name)
    assert all(tag != "style" for tag, _ in page.tags)
    assert all("src" in attributes for attributes in scripts(page))
    assert not [attributes for _, attributes in page.tags for key in attributes if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_elsewhere(name: str) -> None:
    page = read(name)
    loaded = [attributes.get("src") or attributes.get("href", "") for attributes in [*scripts(page), *page.all("link", "iframe")]]
    assert all(address.startswith("/") for address in loaded)
    assert all(attributes["src"].startswith(("/", "data:image/")) for attributes in page.all("img"))
    assert all(attributes["action"].startswith("/") for attributes in page.all("form"))


@pytest.mark.parametrize("name", PAGES)
def test_every_field_has_a_label_and_every_reference_leads_somewhere(name: str) -> None:
    page = read(name)
    labelled = {attributes["for"] for attributes in page.all("label")}
    fields = [attributes for attributes in page.all(*FORM_FIELDS) if attributes.get("type") != "hidden"]
    assert [field for field in fields if field["id"] not in labelled] == []
    references = [attributes.get(key, "") for _, attributes in page.tags for key in ("aria-describedby", "aria-labelledby")]
    described = set(" ".join(references).split())
    jumps = {attributes["href"][1:] for attributes in page.all("a") if attributes.get("href", "").startswith("#")}
    assert (described | labelled | jumps) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", PAGES)
def test_a_get_form_only_recounts(name: str) -> None:
    assert [form["action"] for form in read(name).all("form") if form["method"] != "post" and form.get("id") != "selection"] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_full_of_attacks_has_the_same_tags(name: str) -> None:
    template, record = PAGES[name]
    page = Reading(render(template, hostile(record.context())))
    assert page.unclosed == []
    assert all("src" in attributes for attributes in scripts(page))
    assert not [attributes for attributes in page.all("img") if attributes["src"].startswith("file:")]
    assert "49" not in "".join(page.text).replace("{{7*7}}", "").split()
    assert [key for _, attributes in page.tags for key in attributes if key.startswith("on")] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_a_word_it_needs_is_refused(name: str) -> None:
    template, record = PAGES[name]
    with pytest.raises(UndefinedError):
        render(template, {key: value for key, value in record.context().items() if key != "chrome"})


def test_problems_are_listed_first_and_tied_to_their_fields() -> None:
    page = read("apply-problems")
    emails = [attributes for attributes in page.all("input") if attributes.get("name") == "email"]
    assert emails[0]["aria-invalid"] == "true"
    assert emails[0]["aria-describedby"] == "h-email p-email"
    assert {"#f-email", "#f-budget"} <= {attributes.get("href") for attributes in page.all("a")}
    assert emails[0]["value"] == "margaret@hallam"


def test_the_intake_form_posts_exactly_the_documented_fields() -> None:
    posted = {attributes["name"] for attributes in read("apply").all(*FORM_FIELDS)}
    source = {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer"}
    assert posted == {"service", "name", "email", "phone", "company", "budget", "message", "website", "started"} | source


def test_the_trap_for_robots_is_out_of_everybody_elses_way() -> None:
    trap = next(attributes for attributes in read("apply").all("input") if attributes.get("name") == "website")
    assert trap["tabindex"] == "-1"
    assert trap["autocomplete"] == "off"


def test_many_services_become_a_list_to_choose_from() -> None:
    services = [Choice(value=f"s{at}", label=f"Service {at}") for at in range(12)]
    page = Reading(render("pages/apply.html", ApplyPage(chrome=CHROME, services=services, started="1", currency="EUR").context()))
    assert "service" in {attributes["name"] for attributes in page.all("select")}


def test_the_chosen_service_comes_back_chosen() -> None:
    form = Form(given={"service": SERVICES[2].value})
    record = ApplyPage(chrome=CHROME, services=SERVICES, started="1", currency="EUR", form=form)
    page = Reading(render("pages/apply.html", record.context()))
    assert [attributes["value"] for attributes in page.all("input") if "checked" in attributes] == [SERVICES[2].value]


def test_the_brief_asks_every_question_even_without_scripts() -> None:
    page = read("brief")
    asked = {attributes["name"] for attributes in page.all(*FORM_FIELDS) if attributes["name"].startswith("q_")}
    assert asked == {f"q_{question.slug}" for section in sections() for question in section.questions}
    assert not [attributes for _, attributes in page.tags if "hidden" in attributes]


def test_enter_in_the_brief_saves_and_enter_in_the_estimate_only_counts() -> None:
    first = {name: next(read(name).all("button"))["value"] for name in ("brief", "approve")}
    assert first == {"brief": "save", "approve": "recount"}


def test_answers_with_quotes_survive_in_the_conditions_of_a_question() -> None:
    question = QuestionView(slug="a", kind="text", label="A", shown_if=ShownIf(question="b", any=['it\'s "so" <b>']))
    section = SectionView(slug="s", title="S", asked=1, answered=0, questions=[question])
    record = BriefPage(chrome=CHROME, token="t", client_name="A", service_name="B", sections=[section])
    page = Reading(render("pages/brief.html", record.context()))
    (asked,) = (attributes for _, attributes in page.tags if "data-shown-if" in attributes)
    assert json.loads(asked["data-shown-if"])["any"] == ['it\'s "so" <b>']
    assert "<" not in asked["data-shown-if"]
    assert page.unclosed == []


def test_the_total_is_accepted_as_shown() -> None:
    page = read("proposal")
    hidden = [(attributes["name"], attributes["value"]) for attributes in page.all("input") if attributes.get("type") == "hidden"]
    assert hidden[:3] == [("version", "2"), ("total", "2881890"), ("option", "photography")]


@pytest.mark.parametrize("state", ["accepted", "declined", "expired", "on-hold"])
def test_a_settled_proposal_offers_no_answer(state: str) -> None:
    assert list(read(f"proposal-{state}").all("form")) == []


def test_a_change_asked_for_is_said_and_the_answer_stays_possible() -> None:
    page = read("proposal-change-asked")
    assert "we are working on it" in "".join(page.text)
    assert "/p/tok/accept" in {form["action"] for form in page.all("form")}


def test_what_changed_is_marked_as_gone_and_come() -> None:
    tags = [tag for tag, _ in read("proposal-changed").tags]
    assert (tags.count("del"), tags.count("ins")) == (3, 2)


def test_everything_that_follows_an_option_is_marked_for_the_script() -> None:
    live = {attributes["data-live"] for _, attributes in read("proposal").tags if "data-live" in attributes}
    assert live == {"days", "price", "accept", "bar"}


def test_a_right_to_left_reader_gets_a_right_to_left_page() -> None:
    record: View = SentencePage(chrome=CHROME, sentence="لا")
    assert '<html lang="ar-EG" dir="rtl">' in render("pages/refused.html", record.context(), locale="ar_EG")


def test_money_and_dates_are_written_for_the_reader() -> None:
    page = render("documents/proposal/page.html", proposal_page().context(), locale="de_DE")
    assert "28.818,90" in page
    assert re.search(r"11\. April 2026", page)
