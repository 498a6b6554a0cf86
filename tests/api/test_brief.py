"""The brief: saved while typed, sent once, with files, also by staff."""

import io
import json
import re
from pathlib import Path

import pytest
from sqlmodel import select

from models import uploads
from models.errors import Invalid
from models.tables import Brief, Deal, Document, Effect, Upload
from tests.api.conftest import Entrance, a_brief, a_proposal
from tests.factories import an_acceptance, told
from tests.studio import answers_for

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def typed(**over: object) -> dict[str, object]:
    return {f"q_{slug}": value for slug, value in {**answers_for("landing-page"), **over}.items()}


def brief_of(door: Entrance, deal_id: int) -> dict:
    with door.db.reading() as session:
        brief = session.get(Brief, deal_id)
        return brief.answers if brief else {}


def on_disk(door: Entrance) -> list[Path]:
    return [path for path in (door.home / "uploads").rglob("*") if path.is_file()]


def test_what_is_known_is_filled_in_already(door: Entrance) -> None:
    deal_id = door.deal(sales="briefing")
    page = door.http.get(door.link("brief", deal_id)).text
    assert 'name="q_company" type="text" value="Acme"' in page
    assert "A new page, please." in page
    assert brief_of(door, deal_id) == {}


def test_a_draft_is_kept_with_what_is_right_in_it(each_door: Entrance) -> None:
    deal_id = each_door.deal(sales="briefing")
    link = each_door.link("brief", deal_id)
    assert each_door.http.post(f"{link}/draft", data={"q_offer": "Roasted\x00 coffee 🎉", "q_sections": "many"}).status_code == 204
    assert brief_of(each_door, deal_id) == {"offer": "Roasted coffee 🎉"}
    assert each_door.http.post(f"{link}/draft", data={"q_offer": "Tea", "q_sections": "7"}).status_code == 204
    assert each_door.http.post(f"{link}/draft", data={"q_offer": "Tea", "q_sections": "7777"}).status_code == 204
    assert brief_of(each_door, deal_id) == {"offer": "Tea", "sections": 7}
    assert not each_door.facts()


def test_a_brief_is_sent_once_however_often_the_button_is_pressed(each_door: Entrance) -> None:
    deal_id = each_door.deal(sales="briefing")
    link = each_door.link("brief", deal_id)
    for _ in range(2):
        answer = each_door.http.post(link, data=typed() | {"action": "send"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{link}/done")
    assert [(fact.kind, fact.actor, fact.payload) for fact in each_door.facts()] == [("brief.sent", "client", {"version": 1})]


def test_a_brief_with_gaps_is_kept_and_shown_with_what_is_missing(door: Entrance) -> None:
    deal_id = door.deal(sales="briefing")
    link = door.link("brief", deal_id)
    answer = door.http.post(link, data={**typed(), "q_offer": "", "q_sections": "x", "action": "send"})
    assert answer.status_code == 422
    assert "2 things need your attention" in answer.text
    assert brief_of(door, deal_id)["audience"]
    assert not door.facts()
    saved = door.http.post(link, data={**typed(), "q_offer": "", "action": "save"})
    assert saved.status_code == 303
    assert "saved" in door.http.get(f"{link}/done").text.lower()


def test_a_button_alone_takes_no_answer_away(door: Entrance) -> None:
    deal_id = door.deal(a_brief, sales="briefing")
    assert door.http.post(door.link("brief", deal_id), data={"action": "send"}).status_code == 303
    assert brief_of(door, deal_id) == answers_for("landing-page")


def test_a_question_carries_the_condition_under_which_it_is_asked(door: Entrance) -> None:
    page = door.http.get(door.link("brief", door.deal(sales="briefing"))).text
    assert json.loads(re.search(r"data-shown-if='([^']+)'", page)[1]) | {"none": []} == {
        "question": "extras",
        "any": ["calculator"],
        "none": [],
        "at_least": None,
        "at_most": None,
        "answered": None,
    }


def test_files_are_kept_under_a_name_of_ours_and_can_be_taken_out(each_door: Entrance) -> None:
    deal_id = each_door.deal(sales="briefing")
    link = each_door.link("brief", deal_id)
    files = [("q_files", ("../../logo <1>.png", PNG, "image/png")), ("q_files", ("notes.txt", b"Hello", "text/plain"))]
    for _ in range(2):
        assert each_door.http.post(link, data=typed() | {"action": "save"}, files=files).status_code == 303
    assert brief_of(each_door, deal_id)["files"] == ["logo _1_.png", "notes.txt"]
    with each_door.db.reading() as session:
        kept = session.exec(select(Upload).order_by(Upload.id)).all()
    assert [upload.media_type for upload in kept] == ["image/png", "text/plain"]
    assert [(each_door.home / upload.path).read_bytes() for upload in kept] == [PNG, b"Hello"]
    assert all(re.fullmatch(rf"uploads/{deal_id}/[0-9a-f]{{64}}\.(png|txt)", upload.path) for upload in kept)
    gone = each_door.http.post(link, data=typed() | {"action": f"remove:{kept[0].id}"})
    assert gone.headers["location"] == link
    assert brief_of(each_door, deal_id)["files"] == ["notes.txt"]
    assert "notes.txt" in each_door.http.get(link).text


def test_nobody_takes_out_another_deals_file(door: Entrance) -> None:
    mine, theirs = door.deal(sales="briefing"), door.deal(sales="briefing")
    door.http.post(door.link("brief", theirs), data=typed() | {"action": "save"}, files=[("q_files", ("a.png", PNG, "image/png"))])
    for upload in ("1", "999", "x", "9" * 30, "-1"):
        door.http.post(door.link("brief", mine), data=typed() | {"action": f"remove:{upload}"})
    assert brief_of(door, theirs)["files"] == ["a.png"]
    assert 'value="remove:1"' in door.http.get(door.link("brief", theirs)).text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("page.html", b"<script>", "of a kind that is not taken"),
        ("logo.png", b"MZ\x90\0", "is not a PNG picture"),
        ("empty.pdf", b"", "is empty"),
        ("big.txt", b"x" * (1024 * 1024 + 1), "is too large"),
    ],
)
def test_a_file_that_is_not_taken_is_named_and_the_rest_is_kept(door: Entrance, name: str, content: bytes, sentence: str) -> None:
    door.now_with(upload_mb=1)
    deal_id = door.deal(sales="briefing")
    answer = door.http.post(door.link("brief", deal_id), data=typed() | {"action": "save"}, files=[("q_files", (name, content, "x/y"))])
    assert answer.status_code == 422
    assert sentence in answer.text
    assert brief_of(door, deal_id)["offer"]
    assert not list((door.home / "uploads").rglob("*.*"))


def test_a_deal_has_room_for_so_much_and_a_post_for_little_more(door: Entrance) -> None:
    door.now_with(upload_deal_mb=1)
    deal_id = door.deal(sales="briefing")
    half = b"x" * 600_000
    files = [("q_files", ("a.txt", half, "text/plain")), ("q_files", ("b.txt", half + b"y", "text/plain"))]
    answer = door.http.post(door.link("brief", deal_id), data=typed() | {"action": "save"}, files=files)
    assert answer.status_code == 422
    assert "does not fit" in answer.text
    assert brief_of(door, deal_id)["files"] == ["a.txt"]
    assert [path.stat().st_size for path in on_disk(door)] == [600_000]
    assert door.http.post(door.link("brief", deal_id), data=typed() | {"action": "save"}, files=files[:1]).status_code == 303


@pytest.mark.parametrize(("sales", "field"), [("lost", "q_files"), ("briefing", "q_offer"), ("briefing", "anything")])
def test_a_file_that_nobody_asks_for_is_not_stored(door: Entrance, sales: str, field: str) -> None:
    link = door.link("brief", door.deal(sales=sales))
    door.http.post(link, data=typed() | {"action": "save"}, files=[(field, ("a.txt", b"Hello", "text/plain"))])
    assert not on_disk(door)


def test_files_beyond_the_number_that_fits_are_not_stored(door: Entrance) -> None:
    deal_id = door.deal(sales="briefing")
    files = [("q_files", (f"{number}.txt", b"x" * (number + 1), "text/plain")) for number in range(25)]
    answer = door.http.post(door.link("brief", deal_id), data=typed() | {"action": "save"}, files=files)
    assert (answer.status_code, "5 files were left out" in answer.text) == (422, True)
    assert len(brief_of(door, deal_id)["files"]) == len(on_disk(door)) == 20


def test_a_file_that_fits_no_more_when_it_is_kept_is_deleted(door: Entrance) -> None:
    deal_id = door.deal(sales="briefing")
    with door.writing() as session:
        one, other = (uploads.store(door.home, deal_id, "a.txt", io.BytesIO(text), limit=100) for text in (b"one", b"other"))
        uploads.keep(session, deal_id, "files", one, room=3, now=door.clock())
        with pytest.raises(Invalid):
            uploads.keep(session, deal_id, "files", other, room=3, now=door.clock())
        uploads.discard(session, door.home, other)
        uploads.discard(session, door.home, one)
    assert [path.read_bytes() for path in on_disk(door)] == [b"one"]


def test_a_draft_of_many_megabytes_is_refused(door: Entrance) -> None:
    link = door.link("brief", door.deal(sales="briefing"))
    assert door.http.post(f"{link}/draft", data={"q_offer": "x" * 3_000_000}).status_code == 413
    long = door.http.post(link, data={**typed(), "q_offer": "x" * 20_000, "action": "save"})
    assert long.status_code == 422
    assert "very long" in long.text


def test_staff_fill_it_in_under_their_own_name(door: Entrance) -> None:
    deal_id = door.deal(sales="briefing")
    link = door.link("brief-staff", deal_id)
    assert "You are filling this in for" in door.http.get(link).text
    nameless = door.http.post(link, data=typed() | {"action": "send"})
    assert nameless.status_code == 422
    assert "say who you are" in nameless.text
    assert door.http.post(link, data=typed() | {"action": "send", "who": "Conor Walsh"}).status_code == 303
    assert [fact.actor for fact in door.facts("brief.sent")] == ["staff:conor@northlight.example"]


@pytest.mark.parametrize("sales", ["briefing", "lost"])
def test_who_only_reads_the_brief_changes_nothing(door: Entrance, sales: str) -> None:
    deal_id = door.deal(a_brief, sales=sales)
    link, before = door.link("brief-read", deal_id), brief_of(door, deal_id)
    page = door.http.get(link).text
    assert "nothing can be changed here" in page
    assert before["offer"] in page
    assert not re.findall("<(?:form|button|input|textarea|script)", page.partition("<main")[2])
    files = [("q_files", ("a.txt", b"Hello", "text/plain"))]
    for action in ("save", "send", "remove:1"):
        answer = door.http.post(link, data=typed(offer="x") | {"action": action, "who": "Conor Walsh"}, files=files)
        assert (answer.status_code, "own view" in answer.text) == (403, True)
    assert door.http.post(f"{link}/draft", data=typed(offer="x")).status_code == 403
    assert (brief_of(door, deal_id), door.facts(), on_disk(door)) == (before, [], [])


def test_a_late_edit_marks_the_proposal_stale_and_tells_the_salesperson(each_door: Entrance) -> None:
    deal_id, page = each_door.proposed()
    link = each_door.link("brief", deal_id)
    assert "There is a proposal already" in each_door.http.get(link).text
    assert each_door.http.post(link, data=typed(offer="Something else") | {"action": "send"}).status_code == 303
    with each_door.db.reading() as session:
        assert session.exec(select(Document).where(Document.kind == "proposal")).one().stale_since == each_door.clock()
        assert [effect.what for effect in session.exec(select(Effect))] == ["brief-edited-late"]
    assert "Your answers were edited after this version was made" in each_door.http.get(page).text


def test_a_brief_behind_an_accepted_proposal_is_closed(door: Entrance) -> None:
    deal_id, _ = door.proposed()
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        told(session, deal, an_acceptance(a_proposal(session, deal)))
    before, link = brief_of(door, deal_id), door.link("brief", deal_id)
    for answer in (
        door.http.get(link),
        door.http.post(link, data=typed(offer="x") | {"action": "send"}),
        door.http.post(f"{link}/draft", data=typed(offer="x")),
    ):
        assert answer.status_code == 409
        assert "has been accepted" in answer.text
    assert brief_of(door, deal_id) == before


def test_the_brief_of_a_lost_deal_is_closed(door: Entrance) -> None:
    link = door.link("brief", door.deal(sales="lost"))
    assert door.http.get(link).status_code == 409
    assert door.http.post(link, data=typed() | {"action": "send"}).status_code == 409
