"""The proposal's page: one final answer, whatever is posted, however often."""

import concurrent.futures
import re
from datetime import timedelta

import pytest
from sqlmodel import select

from api import proposal_view
from models import documents, proposals
from models.proposals import Revision
from models.tables import Deal, Document, Effect
from tests.api.conftest import Entrance
from tests.studio import the_company


def shown(door: Entrance, page: str, *options: str) -> dict[str, str | list[str]]:
    """What the accept form holds with these options ticked."""
    html = door.http.get(page, params={"option": list(options)}).text
    form = html.split('id="accept"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(version|total)" value="(\d+)"', form))
    return fields | {"option": re.findall(r'name="option" value="([^"]+)"', form), "name": "Ada Byron"}


def options(door: Entrance, page: str) -> list[str]:
    return re.findall(r'id="o-([^"]+)"', door.http.get(page).text)


def frozen(door: Entrance) -> list[Document]:
    with door.db.reading() as session:
        return list(session.exec(select(Document).where(Document.state == "frozen")))


def revised(door: Entrance, deal_id: int) -> None:
    with door.writing() as session:
        revision = Revision(discount=5, reason="an early start")
        proposals.revise(session, the_company(), session.get_one(Deal, deal_id), revision, who="conor", now=door.clock(), keep=True)


def test_the_total_follows_the_ticked_options(door: Entrance) -> None:
    _, page = door.proposed()
    slug = options(door, page)[0]
    plain, ticked = shown(door, page), shown(door, page, slug)
    assert int(ticked["total"]) > int(plain["total"])
    assert slug in ticked["option"]
    assert shown(door, page, "rockets")["total"] == plain["total"]


def test_accepting_freezes_version_selection_and_total(each_door: Entrance) -> None:
    _, page = each_door.proposed()
    ticked = shown(each_door, page, options(each_door, page)[0])
    answer = each_door.http.post(f"{page}/accept", data=ticked)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    document = frozen(each_door)[0]
    assert document.selection == ticked["option"]
    assert document.totals["gross"]["amount"] == int(ticked["total"])
    after = each_door.http.get(page).text
    assert "Accepted by <bdi>Ada Byron</bdi>" in after
    assert "/accept" not in after


def test_a_double_click_accepts_once(each_door: Entrance) -> None:
    _, page = each_door.proposed()
    form = shown(each_door, page)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: each_door.http.post(f"{page}/accept", data=form).status_code, range(8)))
    assert answers == [303] * 8
    assert len(each_door.facts("proposal.answered")) == 1


@pytest.mark.parametrize(
    ("path", "typed"),
    [("accept", {"name": "Somebody Else"}), ("change", {"text": "Cheaper, please."}), ("decline", {"reason": "price"})],
)
def test_an_accepted_proposal_cannot_be_answered_otherwise(door: Entrance, path: str, typed: dict[str, str]) -> None:
    _, page = door.proposed()
    form = shown(door, page)
    door.http.post(f"{page}/accept", data=form)
    answer = door.http.post(f"{page}/{path}", data=form | typed)
    assert answer.status_code == 409
    assert "Accepted by <bdi>Ada Byron</bdi>" in answer.text
    assert "Nothing was accepted" not in answer.text
    assert [fact.payload["decision"] for fact in door.facts("proposal.answered")] == ["accept"]


def test_what_changed_meanwhile_is_not_accepted_but_shown_anew(door: Entrance) -> None:
    deal_id, page = door.proposed()
    old = shown(door, page)
    revised(door, deal_id)
    answer = door.http.post(f"{page}/accept", data=old)
    assert answer.status_code == 409
    assert "Nothing was accepted" in answer.text
    assert "What changed since version 1" in answer.text
    assert not frozen(door)
    assert door.http.post(f"{page}/accept", data=shown(door, page)).status_code == 303


def test_a_total_that_is_not_the_servers_is_refused(door: Entrance) -> None:
    _, page = door.proposed()
    form = shown(door, page)
    for wrong in ({"total": "1"}, {"option": options(door, page)[:1]}, {"option": ["rockets"]}):
        assert door.http.post(f"{page}/accept", data=form | wrong).status_code == 409
    assert not door.facts()


@pytest.mark.parametrize("wrong", [{"total": ""}, {"total": "12.5"}, {"version": "x"}, {"version": "0"}, {"total": "9" * 40}, {"version": "²"}])
def test_numbers_that_are_none_are_refused_with_a_sentence(door: Entrance, wrong: dict[str, str]) -> None:
    _, page = door.proposed()
    answer = door.http.post(f"{page}/accept", data=shown(door, page) | wrong)
    assert answer.status_code == 422
    assert "go back to the proposal" in answer.text


@pytest.mark.parametrize(
    ("path", "typed", "sentence"),
    [
        ("accept", {"name": " "}, "type your full name"), ("change", {"text": ""}, "what should be different"),
        ("change", {"text": "x" * 6000}, "under 5,000"), ("decline", {"reason": "magic"}, "choose a reason"),
        ("decline", {"reason": "price", "comment": "x" * 6000}, "under 5,000"), ("forward", {"email": "sean"}, "does not look like"),
        ("forward", {"email": "sean@acme.example", "note": "x" * 3000}, "under 2,000"),
    ],
)  # fmt: skip
def test_a_form_with_a_gap_comes_back_with_a_sentence(door: Entrance, path: str, typed: dict[str, str], sentence: str) -> None:
    _, page = door.proposed()
    answer = door.http.post(f"{page}/{path}", data=shown(door, page) | typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts()


def test_a_change_is_asked_for_and_another_one_counts_too(door: Entrance) -> None:
    _, page = door.proposed()
    for text in ("Fewer pages.", "Fewer pages.", "And in Irish."):
        assert door.http.post(f"{page}/change", data={"version": "1", "text": text}).status_code == 303
    assert [fact.payload["text"] for fact in door.facts()] == ["Fewer pages.", "And in Irish."]
    assert "You asked for a change" in door.http.get(page).text
    assert door.http.post(f"{page}/accept", data=shown(door, page)).status_code == 303


def test_a_declined_proposal_says_so_and_cannot_be_accepted(door: Entrance) -> None:
    _, page = door.proposed()
    form = shown(door, page)
    assert door.http.post(f"{page}/decline", data={"version": "1", "reason": "price", "comment": "Too dear."}).status_code == 303
    assert "You declined this proposal" in door.http.get(page).text
    assert door.http.post(f"{page}/accept", data=form).status_code == 409


def test_an_expired_proposal_is_not_accepted(door: Entrance) -> None:
    _, page = door.proposed()
    form = shown(door, page)
    door.clock.at += timedelta(days=23)
    assert "was valid until" in door.http.get(page).text
    assert door.http.post(f"{page}/accept", data=form).status_code == 409


def test_a_deal_on_hold_says_so(door: Entrance) -> None:
    deal_id, page = door.proposed()
    with door.writing() as session:
        session.get_one(Deal, deal_id).held_since = door.clock()
    assert "is on hold" in door.http.get(page).text


def test_a_proposal_is_passed_on_by_letter_once_and_not_without_end(door: Entrance) -> None:
    _, page = door.proposed()
    for _ in range(2):
        answer = door.http.post(f"{page}/forward", data={"email": "sean@acme.example", "note": "Look at this."})
        assert "We sent the proposal to sean@acme.example" in answer.text
    for number in range(5):
        answer = door.http.post(f"{page}/forward", data={"email": f"sean{number}@acme.example"})
    assert answer.status_code == 409
    assert "5 times today" in answer.text
    with door.db.reading() as session:
        letters = list(session.exec(select(Effect)))
    assert [letter.what for letter in letters] == ["proposal-forwarded"] * 5
    assert letters[0].args["address"] == "sean@acme.example"


def test_a_reader_is_counted_once_a_day_as_a_hash(door: Entrance) -> None:
    deal_id, page = door.proposed()
    for _ in range(2):
        assert door.http.post(f"{page}/views", data={"version": "1"}).status_code == 204
    door.http.post(f"{page}/views", data={"version": "1"}, headers={"User-Agent": "another"})
    door.clock.pass_(days=1)
    door.http.post(f"{page}/views", data={"version": "1"})
    door.http.post(f"{door.link('proposal-staff', deal_id)}/views", data={"version": "1"})
    seen = door.facts("proposal.viewed")
    assert len(seen) == 3
    assert "127.0.0.1" not in str([fact.model_dump() for fact in seen])
    assert len({fact.payload["visitor"] for fact in seen}) == 2


def test_staff_see_it_and_cannot_answer_for_the_client(door: Entrance) -> None:
    deal_id, page = door.proposed()
    form, staff = shown(door, page), door.link("proposal-staff", deal_id)
    assert "<form" not in door.http.get(staff).text
    for path in ("accept", "change", "decline", "forward"):
        answer = door.http.post(f"{staff}/{path}", data=form | {"text": "x", "reason": "price", "email": "a@b.co"})
        assert answer.status_code == 403
        assert "Only the client can answer it" in answer.text
    assert not door.facts()


def test_a_proposal_that_is_not_printed_yet_says_so_and_comes_as_pdf_then(door: Entrance) -> None:
    deal_id, page = door.proposed()
    early = door.http.get(f"{page}.pdf")
    assert early.status_code == 503
    assert early.headers["retry-after"] == "5"
    assert "being printed" in early.text
    (door.home / "documents").mkdir()
    (door.home / "documents" / "x.pdf").write_bytes(b"%PDF-1.7 x")
    with door.writing() as session:
        documents.latest(session, deal_id, "proposal").pdf_path = "documents/x.pdf"
    printed = door.http.get(f"{page}.pdf")
    assert (printed.headers["content-type"], printed.content) == ("application/pdf", b"%PDF-1.7 x")
    assert printed.headers["content-disposition"] == f'inline; filename="proposal-P-{deal_id:04d}-1.pdf"'
    assert printed.headers["cache-control"] == "no-store"


def test_a_page_without_a_proposal_says_so(door: Entrance) -> None:
    answer = door.http.get(door.link("proposal-staff", door.deal(sales="lost")))
    assert answer.status_code == 404
    assert "There is no proposal yet" in answer.text


def test_hostile_words_in_a_proposal_stay_words(door: Entrance) -> None:
    _, page = door.proposed()
    door.http.post(f"{page}/accept", data=shown(door, page) | {"name": "<script>alert(1)</script>{{7*7}}"})
    after = door.http.get(page).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in after
    assert "<script>alert" not in after


@pytest.mark.parametrize(
    ("sentence", "title", "before", "after"),
    [
        ("Filling: €2,300 instead of €1,900.", "Filling", "€1,900", "€2,300"), ("Gone: Blog import.", "Blog import", "", ""),
        ("What we need from you, removed: A logo.", "What we need from you", "A logo.", ""),
        ("New: Photographs, €800.", "New", "", "Photographs, €800"), ("The discount is gone.", "Changed", "", "The discount is gone."),
    ],
)  # fmt: skip
def test_what_changed_is_shown_as_what_was_and_what_is(sentence: str, title: str, before: str, after: str) -> None:
    assert proposal_view.difference(sentence).model_dump() == {"title": title, "before": before, "after": after}
