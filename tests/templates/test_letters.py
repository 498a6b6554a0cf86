"""Every letter: three parts, what it needs and no more, harmless whatever is in it."""

import re
from itertools import combinations

import pytest
from jinja2 import UndefinedError

from models.delivery_letters import DELIVERY_NEEDS
from models.pages import LETTER_NEEDS
from templates import Letter, letter, names
from tests.templates.reading import Reading
from tests.templates.samples import HOSTILE, letter_view

LETTERS = sorted(LETTER_NEEDS)
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "th", "p", "h1"}
TAGS |= {"bdi", "a", "b", "br", "span"}


def test_letters_and_their_needs_are_the_same_list() -> None:
    assert {name.split("/")[1] for name in names("mail")} == set(LETTERS)


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_its_three_parts(name: str) -> None:
    assert set(names("mail")) >= {f"mail/{name}/{part}" for part in ("subject.txt", "body.txt", "body.html")}


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_renders_with_exactly_what_it_needs(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert 10 <= len(parts.subject) <= 90
    assert "Orla Brennan" in parts.text
    assert "Orla Brennan" in parts.html
    assert "{{" not in parts.text + parts.html


@pytest.mark.parametrize("name", [name for name in LETTERS if LETTER_NEEDS[name].facts])
def test_a_letter_without_a_fact_it_needs_is_refused(name: str) -> None:
    for missing in LETTER_NEEDS[name].facts:
        view = letter_view(name)
        facts = {key: value for key, value in view.facts.items() if key != missing}
        with pytest.raises(UndefinedError):
            letter(name, view.model_copy(update={"facts": facts}).context())


@pytest.mark.parametrize("name", LETTERS)
def test_both_bodies_hold_the_same_links(name: str) -> None:
    view = letter_view(name, unsubscribe="https://northlight.example/u/1")
    parts = letter(name, view.context())
    wanted = {*filter(None, [view.link, view.facts.get("url")]), *view.links.values(), view.unsubscribe}
    assert wanted == {a["href"] for a in Reading(parts.html).all("a") if a["href"].startswith("http")}
    assert wanted == set(re.findall(r"https://\S+", parts.text))


@pytest.mark.parametrize("name", LETTERS)
def test_a_link_is_promised_only_where_there_is_one(name: str) -> None:
    assert ('class="press"' in letter(name, letter_view(name).context()).html) is LETTER_NEEDS[name].link


@pytest.mark.parametrize("name", LETTERS)
def test_hostile_words_stay_words(name: str) -> None:
    parts = letter(name, letter_view(name, HOSTILE).context())
    page = Reading(parts.html)
    assert page.unclosed == []
    assert {tag for tag, _ in page.tags} <= TAGS
    assert len(parts.subject.splitlines()) == 1
    assert "\u202e" not in parts.subject
    assert "49" not in parts.text.split()


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_loads_nothing_and_carries_its_style(name: str) -> None:
    html = letter(name, letter_view(name).context()).html
    page = Reading(html)
    assert list(page.all("img", "link", "script")) == []
    assert next(page.all("h1"))["style"]
    assert "prefers-color-scheme: dark" in html
    assert "max-width: 480px" in html
    assert next(page.all("html"))["lang"] == "en-GB"


@pytest.mark.parametrize("name", LETTERS)
def test_the_plain_part_can_be_read_in_a_narrow_window(name: str) -> None:
    lines = letter(name, letter_view(name).context()).text.splitlines()
    assert [line for line in lines if len(line) > 78 and "https://" not in line] == []
    assert "\n\n\n" not in "\n".join(lines)


def test_a_reminder_can_be_stopped_and_other_letters_say_nothing_of_it() -> None:
    assert "No more reminders" in letter("brief-reminder", letter_view("brief-reminder").context()).text
    assert "No more reminders" not in letter("proposal-ready", letter_view("proposal-ready").context()).text


CASH = [name for name in LETTERS if name.split("-")[0] in {"contract", "proforma", "invoice", "payment", "credit", "work"}]
WORK = sorted(DELIVERY_NEEDS)
MINE = [name for name in WORK if not DELIVERY_NEEDS[name].staff]
DUNNING = ["payment-reminder", "payment-overdue", "payment-last-call"]
MAYBE = {"waiting", "interest", "next", "days_late", "invoices", "message", "reason", "payer", "reference", "said", "changes"}
MAYBE |= {"days", "due_on", "paid_on"}
MAYBE_OF_WORK = {"waiting", "answer_by", "promised_on", "closes_on", "note", "url", "rounds_left", "next_title", "next_asks", "message", "files"}
MAYBE_OF_WORK |= {"needed", "stages", "slot", "access_list", "open_amount", "signed_by", "signed_on", "ticket", "subject", "days", "told", "still_yours"}
HOLES = re.compile(r"  |\s[,.;:!?]|,,|\.\.|“\s*”|\(\s*\)|^[,.;:]|\bfor \.|\bon [,.]", re.MULTILINE)


def with_facts(name: str, **facts: str) -> Letter:
    """A letter with these facts in place of the samples'."""
    view = letter_view(name)
    return letter(name, view.model_copy(update={"facts": view.facts | facts}).context())


@pytest.mark.parametrize("name", [*CASH, *WORK])
def test_a_subject_fits_a_phone(name: str) -> None:
    assert len(letter(name, letter_view(name).context()).subject) <= 60


@pytest.mark.parametrize(("name", "fact"), [(name, "number") for name in [*CASH, *MINE] if "number" in LETTER_NEEDS[name].facts])
def test_a_subject_says_the_number_of_its_document(name: str, fact: str) -> None:
    view = letter_view(name)
    assert view.facts[fact] in letter(name, view.context()).subject


@pytest.mark.parametrize("name", CASH)
def test_a_letter_reads_well_whichever_words_are_missing(name: str) -> None:
    optional = sorted(MAYBE.intersection(LETTER_NEEDS[name].facts))
    for many in range(len(optional) + 1):
        for missing in combinations(optional, many):
            parts = with_facts(name, **dict.fromkeys(missing, ""))
            words = re.sub(r"^(> .*|https?://\S+)$", "", parts.text, flags=re.MULTILINE)
            assert HOLES.search(words) is None, (missing, words)
            assert HOLES.search(parts.subject) is None


@pytest.mark.parametrize("name", WORK)
def test_a_letter_about_the_work_reads_well_without_what_may_be_missing(name: str) -> None:
    optional = sorted(MAYBE_OF_WORK.intersection(DELIVERY_NEEDS[name].facts))
    for missing in [[one] for one in optional] + [optional]:
        parts = with_facts(name, **dict.fromkeys(missing, ""))
        words = re.sub(r"^(> .*|https?://\S+|  (?=\S))", "", parts.text, flags=re.MULTILINE)  # a list's second lines are indented
        assert HOLES.search(words) is None, (missing, words)
        assert HOLES.search(parts.subject) is None
        assert '<p style="margin: 0 0 16px;"></p>' not in parts.html


ASKING = [name for name in MINE if not name.startswith(("course-", "review-", "handover-", "act-code", "act-signed", "act-deemed", "training-booked"))]


@pytest.mark.parametrize("name", ASKING)
def test_a_letter_about_the_work_says_whose_move_it_is(name: str) -> None:
    assert re.search(r"(your|our) move", " ".join(letter(name, letter_view(name).context()).text.split()))


@pytest.mark.parametrize("name", [name for name in WORK if "promised_on" in DELIVERY_NEEDS[name].facts])
def test_where_a_date_is_at_stake_it_is_named(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert "Thursday, 14 May 2026" in " ".join(parts.text.split())
    assert "Thursday, 14 May 2026" in parts.html


@pytest.mark.parametrize("name", [name for name in WORK if "answer_by" in DELIVERY_NEEDS[name].facts])
def test_who_is_waited_for_hears_what_an_answer_today_is_worth(name: str) -> None:
    text = " ".join(letter(name, letter_view(name).context()).text.split())
    assert re.search(r"If you (answer|take it) today, Monday, 16 March 2026, the work is ready on Thursday, 14 May 2026\.", text)
    assert "Each working day later moves that date by a day." in text
    without = with_facts(name, answer_by="").text
    assert "today, Monday" not in without
    assert "Each working day later" not in without


@pytest.mark.parametrize("name", ["stage-warning", "act-warning", "materials-last-call"])
def test_a_warning_says_plainly_what_silence_means_and_on_which_day(name: str) -> None:
    view = letter_view(name)
    text = " ".join(letter(name, view.context()).text.split())
    assert f"On {view.facts['closes_on']}, if we have heard nothing by then, {view.facts['silence']}." in text


@pytest.mark.parametrize("name", WORK)
def test_nobody_shouts(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert "!" not in parts.subject + parts.text


LESSONS = ["course-1", "course-2", "course-3", "course-4", "course-5"]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_short_teaches_and_sells_nothing(name: str) -> None:
    parts = letter(name, letter_view(name, unsubscribe="https://northlight.example/x/1").context())
    lesson = parts.text.partition("Margaret,")[2].partition("Orla Brennan")[0]
    assert 150 <= len(lesson.split()) <= 260
    assert not re.search(r"our (offer|price|service)s?\b|discount|order now|we (offer|can do) ", lesson)


def test_letters_of_the_course_and_its_invitation_say_what_their_way_out_ends() -> None:
    for name in ["course-invitation", *LESSONS]:
        parts = letter(name, letter_view(name, unsubscribe="https://northlight.example/x/1").context())
        assert "No more letters of this course: https://northlight.example/x/1" in parts.text
        assert "No more letters of this course" in parts.html
        assert "No more reminders" not in parts.text + parts.html


def test_a_table_without_a_row_is_left_out() -> None:
    assert 'class="facts"' not in with_facts("materials-sent", files="").html
    assert 'class="facts"' in with_facts("materials-sent", files="logo.pdf").html


def test_the_course_is_chosen_or_declined_as_the_studio_has_it() -> None:
    asked, soft = (" ".join(with_facts("course-invitation", consent=consent).text.split()) for consent in ("asked", "soft"))
    assert "If you do nothing, none comes" in asked
    assert "If you do nothing, none comes" not in soft
    assert "one click on the project page is enough" in soft


def test_the_review_is_asked_for_in_three_sentences_good_and_bad() -> None:
    text = " ".join(letter("review-request", letter_view("review-request").context()).text.split())
    said = text.partition("Hello Margaret, ")[2].partition(" Write what you think")[0]
    assert len(re.findall(r"[.?](?: |$)", said)) == 3
    assert all(word in said for word in ("what was good", "what was not", "the bad ones like the good ones"))


def test_an_address_that_is_none_is_not_made_a_link() -> None:
    parts = with_facts("stage-shown", url="javascript:alert(1)")
    assert "javascript" not in parts.text + parts.html


@pytest.mark.parametrize("name", LETTERS)
def test_both_bodies_say_the_same_paragraph_by_paragraph(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    plain = [" ".join(paragraph.split()) for paragraph in parts.text.split("\n\n")]
    found = re.findall(r"<p style=\"margin: 0 0 16px;\">(?:(?!</p>|<a ).)*</p>", parts.html, re.DOTALL)
    rich = [" ".join(Reading(one).words.split()) for one in found]
    assert len(rich) > 1
    assert [said for said in rich if said not in plain and not any(paragraph.startswith(f"{said} - ") for paragraph in plain)] == []


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_to_an_address_without_a_name_still_greets(name: str) -> None:
    parts = letter(name, letter_view(name, recipient_name="").context())
    assert "Hello," in parts.text.splitlines()
    assert "<bdi></bdi>" not in parts.html


@pytest.mark.parametrize("name", [name for name in LETTERS if not LETTER_NEEDS[name].staff])
def test_a_client_hears_nothing_of_our_tools(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert not re.search(r"prefect|revise-contract|match-suspense|ignore-payment|deployment", parts.text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("contract-change-asked", "revise-contract"), ("contract-change-reminder", "revise-contract"), ("contract-refused-staff", "revise-contract"),
        ("contract-refused-staff", "close-as-lost"), ("payment-unknown", "match-suspense"), ("payment-unknown", "ignore-payment"),
        ("mail-bounced", "change-address"), ("review-came", "reply-review"),
    ],
)  # fmt: skip
def test_staff_are_told_which_form_to_run(name: str, form: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert form in parts.text
    assert form in parts.html


def test_the_code_is_the_first_thing_in_the_text_and_never_in_the_subject() -> None:
    parts = with_facts("contract-code", code="073915")
    assert parts.text.splitlines()[0] == "073915"
    assert "073915" not in parts.subject
    assert not re.search(r"\d{6}", parts.subject)


def test_the_code_is_one_number_to_select_however_far_apart_its_digits_stand() -> None:
    html = with_facts("contract-code", code="073915").html
    shown = re.search(r'<p class="code" dir="ltr" style="([^"]*)">([^<]*)</p>', html)
    assert shown is not None
    assert shown[2] == "073915"
    assert "letter-spacing: 8px" in shown[1]
    assert "user-select: all" in shown[1]


def test_interest_is_spoken_of_only_where_the_law_gives_it() -> None:
    assert "so far it is €16.03 by law." in " ".join(with_facts("payment-last-call", interest="€16.03 by law").text.split())
    without = with_facts("payment-last-call", interest="")
    assert "nterest" not in without.text + without.html
    assert all("nterest" not in letter(name, letter_view(name).context()).text for name in DUNNING[:2])


@pytest.mark.parametrize("name", DUNNING)
def test_dunning_lists_every_open_invoice_once(name: str) -> None:
    several = with_facts(name, invoices="NL-1 · Deposit · €1.00 · due 4 May 2026\nNL-2 · Design · €2.00 · due 5 May 2026\nNL-3 · Launch · €3.00")
    assert [line for line in several.text.splitlines() if line.startswith("- ")] == [
        "- NL-1 · Deposit · €1.00 · due 4 May 2026", "- NL-2 · Design · €2.00 · due 5 May 2026", "- NL-3 · Launch · €3.00",
    ]  # fmt: skip
    assert several.html.count("NL-2 ·") == 1
    one = with_facts(name, invoices="NL-2026-0007 · Deposit · €11,527.56 · due 4 May 2026")
    assert "Deposit" not in one.text + one.html


@pytest.mark.parametrize("name", DUNNING)
def test_dunning_says_what_is_open_since_when_how_to_pay_and_how_to_get_time(name: str) -> None:
    words = " ".join(letter(name, letter_view(name).context()).text.split())
    assert all(word in words for word in ("€11,527.56", "Monday, 4 May 2026", "NL-2026-0007", "the reference among them", "on which day you will"))


def test_only_the_last_call_speaks_of_what_follows() -> None:
    assert [name for name in DUNNING if "pause the work" in " ".join(letter(name, letter_view(name).context()).text.split())] == DUNNING[2:]


QUOTES = [(name, fact) for name in [*CASH, *WORK] for fact in ("message", "reason") if fact in LETTER_NEEDS[name].facts]


@pytest.mark.parametrize(("name", "fact"), QUOTES)
def test_what_somebody_wrote_is_marked_as_theirs_line_by_line(name: str, fact: str) -> None:
    words = "Pay this instead: https://evil.example/pay\n\n--\nOrla Brennan " + "and much more of it " * 12
    parts = with_facts(name, **{fact: words})
    ours = [line for line in parts.text.splitlines() if not line.startswith(">")]
    assert not any("evil" in line or "much more" in line for line in ours)
    assert ours.count("--") == 1
    assert "https://evil.example/pay" not in {a["href"] for a in Reading(parts.html).all("a")}
    assert max(len(line) for line in parts.text.splitlines() if not line.startswith("https://")) <= 78


def test_money_for_an_invoice_that_asked_for_none_is_all_the_clients() -> None:
    text = with_facts("payment-over", amount="€480.00", over="€480.00").text
    assert "Yours: €480.00" in text
    assert "Paid on it" not in text
