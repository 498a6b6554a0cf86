"""The client's page of a project: whose move it is, what they say there kept once, files taken in or refused, and no way back from support."""

import io
import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlmodel import select

from api import guards
from models import changes, issued, links, projects, training, uploads
from models.after_answers import HandedOver, ReturnRefused
from models.answers import LinkAsked
from models.delivery_answers import ChangeOffered, DateMoved, FaultsMended, MaterialReviewed, StageAnswered, WorkPaused
from models.stages import Stage
from models.tables import Client, Deal, Document, Effect, Upload
from models.tracks import Work
from models.whose_move import move_of
from tests.api.conftest import SECRET, Entrance
from tests.factories import a_fact, a_wait, told
from tests.fakes import MONDAY
from tests.happenings import STORIES, Telling
from tests.launching import an_act, an_act_on_paper, some_faults
from tests.projecting import a_project, a_shown_stage, comments
from tests.studio import the_company

PDF = b"%PDF-1.7\n" + b"x" * 300
EXE = b"MZ\x90\x00" + b"\x00" * 300
APPROVE = {"stage": "design", "version": "1", "decision": "approve", "name": "Orla Byrne"}
COMMENT = APPROVE | {"decision": "comment", "text": "The logo is too small."}
LOGO = "brand-guide-logo-as-a"
PERSON = "the-name-of-one-person"


def project(door: Entrance, **values) -> tuple[int, str]:
    """A project, and the path of its client's page."""
    with door.writing() as session:
        deal_id = a_project(session, **{"service": "corporate-site"} | values).id
    return deal_id, door.link("project", deal_id)


def shown(door: Entrance, *, again: int = 0) -> tuple[int, str]:
    """A project whose design is with the client; `again` rounds of changes were asked for and made."""
    deal_id, page = project(door, accepted=2)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        a_shown_stage(session, deal, "design")
        for _ in range(again):
            comments(session, deal, "design")
            a_shown_stage(session, deal, "design")
    return deal_id, page


def priced(door: Entrance) -> tuple[int, str, dict[str, str]]:
    """A project with a priced change of the design, its page, and the form that takes it."""
    deal_id, page = shown(door, again=2)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        comments(session, deal, "design")
        told(session, deal, ChangeOffered(stage="design", text="A third layout.", hours=6, price=480, days=2), actor="staff:t")
        offer = projects.stand(session, deal).stage("design").offer
        total = changes.gross(session, deal, offer).amount
    return deal_id, page, {"stage": "design", "offer": str(offer.number), "total": str(total), "decision": "accept", "name": "Orla Byrne"}


def over(door: Entrance, work: Work = Work.HANDED_OVER) -> tuple[int, str]:
    """A project whose work is accepted, or whose client is support's."""
    deal_id, page = project(door, work=work, accepted=7)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        for kind in ("launch.checked", "act.signed", *((HandedOver.kind,) if work == Work.HANDED_OVER else ())):
            a_fact(session, deal, kind, noun="act", payload={"name": "Orla"})
    return deal_id, page


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2].partition("</main>")[0]).split())


def text(door: Entrance, page: str) -> str:
    answer = door.http.get(page)
    assert answer.status_code == 200
    return text_of(answer.text)


def heading(door: Entrance, page: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", door.http.get(page).text, re.DOTALL)[1].strip()


def forms_of(html: str) -> set[str]:
    return set(re.findall(r'<form action="/[jw]/[^/]+/([^"]+)"', html))


def stand(door: Entrance, deal_id: int):
    with door.db.reading() as session:
        return projects.stand(session, session.get_one(Deal, deal_id))


def send(door: Entrance, page: str, slug: str, *files: tuple[str, bytes], **fields: str):
    posted = [("files", (name, io.BytesIO(content))) for name, content in files]
    return door.http.post(f"{page}/materials/{slug}", data={"action": "send"} | fields, files=posted or [("none", ("", b""))])


# Whose move


def test_before_the_work_begins_there_is_no_page(door: Entrance) -> None:
    deal_id = door.deal(sales="won", work="kickoff")
    answer = door.http.get(door.link("project", deal_id))
    assert answer.status_code == 404
    assert "You get a letter as soon as" in answer.text


def test_what_is_missing_is_named_and_can_be_sent(door: Entrance) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    answer = door.http.get(page)
    assert heading(door, page) == "It is your move"
    assert "One thing is missing before the work can begin: The name of one person who approves results" in text_of(answer.text)
    assert f"Not yet urgent: needed for Design, from {9} March 2026" in text_of(answer.text)
    assert f"materials/{PERSON}" in forms_of(answer.text)


def test_while_the_studio_works_the_page_says_who_does_what_until_when(door: Entrance) -> None:
    _, page = project(door, accepted=2)
    assert heading(door, page) == "It is our move"
    assert "Tomasz Zielinski is at work on Design , planned until 18 March 2026" in text(door, page)


def test_the_promised_day_and_every_reason_why_it_moved_are_told(door: Entrance) -> None:
    deal_id, page = shown(door)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION, what="an answer to “Design”", at=MONDAY)
        told(session, deal, DateMoved(days=2, reason="The designer is ill."), actor="staff:t")
    door.clock.pass_(days=2)
    said = text(door, page)
    assert "If you answer today, ready on 16 April 2026" in said
    assert "Today means before 4 March 2026, 17:30. Each working day later moves the day by one." in said
    assert "Planned for 10 April 2026 at first; moved by 4 working days:" in said
    assert "We waited for an answer to “Design” 2 days We need longer: The designer is ill. 2 days" in said


def test_documents_invoices_and_people_are_there_as_far_as_they_were_given(door: Entrance) -> None:
    deal_id, page = project(door)
    with door.writing() as session:
        invoice = issued.of_deal(session, session.get_one(Deal, deal_id))[0]
    paths = [door.link(kind, deal_id) for kind in ("contract", "proposal", f"invoice:{invoice.id}")]
    html = door.http.get(page).text
    assert [path for path in paths if f'href="{path}"' not in html] == []
    assert f"Invoice {invoice.number}" in text_of(html)
    assert "paid" in text_of(html)
    assert "tomasz@northlight.example" in html
    assert "conor@northlight.example" in html


def test_what_was_never_given_is_not_linked(door: Entrance) -> None:
    deal_id, page = project(door)
    html = door.http.get(page).text
    for kind in ("contract", "proposal", "act"):
        assert links.token(SECRET, kind, deal_id, 1) not in html


def test_a_paused_project_says_what_it_waits_for_and_goes_on_with_the_answer(door: Entrance) -> None:
    deal_id, page = shown(door)
    with door.writing() as session:
        told(session, session.get_one(Deal, deal_id), WorkPaused(what="your word on “Design”"), actor="system")
    assert heading(door, page) == "Paused: it is your move"
    assert "The project rests; we wait for your word on “Design”. It goes on, with a new date, as soon as you answer." in text(door, page)
    assert door.http.post(f"{page}/stage", data=APPROVE).status_code == 303
    assert door.get_deal(deal_id).work == Work.PRODUCTION
    assert heading(door, page) == "It is our move"


def test_looking_at_the_page_does_nothing(door: Entrance) -> None:
    deal_id, page = shown(door)
    before = door.facts()
    for path in (page, f"{page}/stage", f"{page}/change", f"{page}/materials/{LOGO}", f"{page}/training", f"{page}/course"):
        assert door.http.get(path).status_code in {200, 404, 405}
    assert door.facts() == before
    assert stand(door, deal_id).stage("design").place == "shown"


# Stages


def test_an_approval_is_kept_once_and_seen_at_once(each_door: Entrance) -> None:
    deal_id, page = shown(each_door)
    for _ in range(2):
        answer = each_door.http.post(f"{page}/stage", data=APPROVE)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    approvals = [fact for fact in each_door.facts(StageAnswered.kind) if fact.payload["stage"] == "design"]
    assert [(fact.actor, fact.source, fact.payload["name"]) for fact in approvals] == [("client", "client", "Orla Byrne")]
    assert stand(each_door, deal_id).stage("design").place == "accepted"
    said = text(each_door, page)
    assert "Thank you. You approved “Design”." in said
    assert "Tomasz Zielinski is at work on Pages" in said


def test_a_list_of_changes_goes_to_the_studio_and_stays_to_be_read(door: Entrance) -> None:
    deal_id, page = shown(door)
    assert "2 rounds are still included" in text(door, page)
    assert door.http.post(f"{page}/stage", data=COMMENT).status_code == 303
    assert (stand(door, deal_id).stage("design").place, stand(door, deal_id).stage("design").rounds_left) == ("changes", 1)
    said = text(door, page)
    assert "is making the changes that you asked for in Design" in said
    assert "The logo is too small." in said
    assert not {"stage", "change"} & forms_of(door.http.get(page).text)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"name": " "}, "Please type your name."), ({"decision": "comment", "text": ""}, "Please say what should change."),
        ({"decision": "comment", "text": "x" * 20_001}, "under 20,000 characters"),
    ],
)  # fmt: skip
def test_a_gap_comes_back_with_what_was_typed(door: Entrance, over: dict[str, str], sentence: str) -> None:
    _, page = shown(door)
    answer = door.http.post(f"{page}/stage", data=APPROVE | over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="problems"' in answer.text
    assert not [fact for fact in door.facts(StageAnswered.kind) if fact.payload["stage"] == "design"]


def test_another_version_than_the_one_read_is_refused_and_the_list_is_not_lost(door: Entrance) -> None:
    deal_id, page = shown(door)
    with door.writing() as session:
        a_shown_stage(session, session.get_one(Deal, deal_id), "design")
    answer = door.http.post(f"{page}/stage", data=COMMENT | {"text": "All of <b>this</b> was typed."})
    assert answer.status_code == 409
    assert "This changed while you were reading. Nothing was recorded." in answer.text
    assert "All of &lt;b&gt;this&lt;/b&gt; was typed." in answer.text
    assert 'name="version" value="2"' in answer.text
    assert stand(door, deal_id).stage("design").place == "shown"


def test_a_second_word_on_what_is_answered_is_refused(door: Entrance) -> None:
    _, page = shown(door)
    door.http.post(f"{page}/stage", data=APPROVE)
    assert door.http.post(f"{page}/stage", data=COMMENT).status_code == 409


@pytest.mark.parametrize("form", [{"version": "x"}, {"decision": "sign"}, {"version": "9" * 40}, {}])
def test_a_form_that_is_not_ours_is_refused(door: Entrance, form: dict[str, str]) -> None:
    _, page = shown(door)
    answer = door.http.post(f"{page}/stage", data=(APPROVE | form) if form else {})
    assert answer.status_code == 422
    assert door.http.post(f"{page}/stage", data=APPROVE | {"stage": "no-such"}).status_code == 404


def test_the_end_of_silence_is_told_as_the_contract_says(door: Entrance) -> None:
    deal_id, page = shown(door)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        wait = a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION, ladder="stage-approval", deadline=MONDAY + timedelta(days=28))
        wait.subject = f"deal/{deal_id}/r1/stage/design"
        session.add(wait)
    assert "Without a word from you it counts as accepted on 30 March 2026, as the contract says; you are warned twice before." in text(door, page)


# A priced change


def test_a_change_is_taken_at_the_total_shown_and_stands_in_the_date(each_door: Entrance) -> None:
    deal_id, page, form = priced(each_door)
    said = text(each_door, page)
    assert "€590.40 with VAT" in said
    assert "2 working days later: 14 April 2026 if you take it today" in said
    for _ in range(2):
        assert each_door.http.post(f"{page}/change", data=form).status_code == 303
    assert len(each_door.facts("change.answered")) == 1
    assert stand(each_door, deal_id).days == 30
    assert "You added: A third layout. 2 days" in text(each_door, page)
    assert "Ready on 14 April 2026" in text(each_door, page)


def test_another_total_is_refused(door: Entrance) -> None:
    deal_id, page, form = priced(door)
    answer = door.http.post(f"{page}/change", data=form | {"total": "48000"})
    assert answer.status_code == 409
    assert "€590.40" in answer.text
    assert stand(door, deal_id).stage("design").place == "priced"


def test_without_a_name_nothing_is_ordered_and_without_one_it_is_left(door: Entrance) -> None:
    deal_id, page, form = priced(door)
    answer = door.http.post(f"{page}/change", data=form | {"name": ""})
    assert answer.status_code == 422
    assert "the change is ordered with it" in answer.text
    assert door.http.post(f"{page}/change", data=form | {"name": "", "decision": "decline"}).status_code == 303
    assert stand(door, deal_id).stage("design").place == "shown"
    assert heading(door, page) == "It is your move"


# Materials


def test_files_a_link_and_words_are_sent_once_and_wait_for_a_look(each_door: Entrance) -> None:
    deal_id, page = project(each_door, work=Work.MATERIALS, materials=False)
    for _ in range(2):
        answer = send(each_door, page, PERSON, ("who.pdf", PDF), link="acme.example/people", text="Orla decides.")
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    [fact] = each_door.facts("material.sent")
    with each_door.db.reading() as session:
        [upload] = session.exec(select(Upload)).all()
    assert fact.payload == {"item": PERSON, "uploads": [upload.id], "link": "https://acme.example/people", "text": "Orla decides."}
    assert (upload.question, upload.name) == (f"material:{PERSON}", "who.pdf")
    assert (each_door.home / upload.path).read_bytes() == PDF
    assert stand(each_door, deal_id).material(PERSON).place == "sent"
    said = text(each_door, page)
    assert "is looking at what you sent" in said
    assert "With us since 2 March 2026: we are looking at it" in said


def test_what_is_refused_among_files_is_named_and_the_others_are_kept(door: Entrance) -> None:
    deal_id, page = project(door, work=Work.MATERIALS, materials=False)
    answer = send(door, page, PERSON, ("who.pdf", PDF), ("logo.pdf", EXE), ("notes.exe", EXE), ("empty.pdf", b""), text="Orla decides.")
    assert answer.status_code == 422
    said = text_of(answer.text)
    assert "“logo.pdf” is not a PDF" in said
    assert "“notes.exe” is of a kind that is not taken" in said
    assert "1 file is kept below and not sent yet." in said
    assert "Orla decides." in answer.text
    assert "who.pdf" in said
    assert not door.facts("material.sent")
    assert send(door, page, PERSON, text="Orla decides.").status_code == 303
    assert len(door.facts("material.sent")[0].payload["uploads"]) == 1
    assert not list(door.home.rglob("*.tmp"))
    assert stand(door, deal_id).material(PERSON).place == "sent"


def test_five_hundred_files_are_refused_in_one_sentence_and_the_first_twenty_are_kept(door: Entrance) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    answer = send(door, page, PERSON, *((f"photo {number}.pdf", PDF + str(number).encode()) for number in range(500)))
    assert answer.status_code == 422
    assert "480 files were left out: at most 20 fit here. Put them all into one .zip, or send us a link. 20 files are kept below" in text_of(answer.text)
    with door.db.reading() as session:
        assert len(session.exec(select(Upload)).all()) == 20
    assert len([path for path in (door.home / "uploads").rglob("*") if path.is_file()]) == 20


def test_a_file_beyond_the_size_or_the_quota_is_refused_and_takes_no_room(door: Entrance) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    door.now_with(upload_mb=1, upload_deal_mb=2)
    answer = send(door, page, PERSON, ("big.pdf", PDF + b"x" * uploads.MEGABYTE), ("one.pdf", PDF + b"1" * 900_000), ("two.pdf", PDF + b"2" * 900_000))
    assert "“big.pdf” is too large: 1 MB; at most 1 MB are taken." in text_of(answer.text)
    answer = send(door, page, PERSON, ("three.pdf", PDF + b"3" * 900_000))
    assert answer.status_code == 422
    assert "“three.pdf” does not fit: one project may upload 2 MB in all. Send us a link instead." in text_of(answer.text)
    assert sorted(path.stat().st_size for path in (door.home / "uploads").rglob("*") if path.is_file()) == [900_309, 900_309]


def test_two_gigabytes_are_refused_before_they_are_read(door: Entrance) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    headers = {"content-length": str(2 * 1024**3), "content-type": "multipart/form-data; boundary=x"}
    answer = door.http.post(f"{page}/materials/{PERSON}", content=b"--x\r\n", headers=headers)
    assert answer.status_code == 413
    assert "at most 251 MB can be sent here" in answer.text


@pytest.mark.parametrize("path", ["/j/tok/materials/logo", "/j/tok/materials/logo/"])
def test_only_the_form_of_a_material_takes_large_files(path: str) -> None:
    limit = guards.limits(200)
    assert limit(path) == 201 * guards.MEGABYTE
    assert limit("/j/tok/stage") == limit("/j/tok") == limit("/w/tok/materials/logo") == guards.SMALL


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({}, "Please add a file, a link or a few words."), ({"link": "not a page"}, "Please give a web address"), ({"text": "x" * 20_001}, "under 20,000 characters")],
)  # fmt: skip
def test_nothing_and_what_cannot_be_read_is_told(door: Entrance, fields: dict[str, str], sentence: str) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    answer = send(door, page, PERSON, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts("material.sent")


def test_what_was_sent_back_says_why_and_is_sent_again_with_its_other_files(door: Entrance) -> None:
    deal_id, page = project(door, work=Work.MATERIALS, materials=False)
    send(door, page, PERSON, ("one.pdf", PDF), ("two.pdf", PDF + b"2"))
    with door.writing() as session:
        told(session, session.get_one(Deal, deal_id), MaterialReviewed(item=PERSON, decision="reject", reason="Page two is <b>empty</b>."), actor="staff:t")
    html = door.http.get(page).text
    assert "Page two is &lt;b&gt;empty&lt;/b&gt;." in html
    [second] = re.findall(r'value="remove:(\d+)" aria-label="Remove two.pdf"', html)
    assert door.http.post(f"{page}/materials/{PERSON}", data={"action": f"remove:{second}"}).status_code == 303
    assert send(door, page, PERSON, ("three.pdf", PDF + b"3")).status_code == 303
    with door.db.reading() as session:
        live = {upload.id: upload.name for upload in uploads.of_deal(session, deal_id)}
    assert [live[number] for number in door.facts("material.sent")[-1].payload["uploads"]] == ["one.pdf", "three.pdf"]
    assert len(door.facts("material.sent")) == 2


def test_the_last_file_of_what_was_sent_is_not_taken_out_and_no_other_deals_file_ever(door: Entrance) -> None:
    deal_id, page = project(door, work=Work.MATERIALS, materials=False)
    _, other = project(door, work=Work.MATERIALS, materials=False)
    send(door, page, PERSON, ("one.pdf", PDF))
    with door.db.reading() as session:
        [upload] = uploads.of_deal(session, deal_id)
    answer = door.http.post(f"{page}/materials/{PERSON}", data={"action": f"remove:{upload.id}"})
    assert answer.status_code == 409
    assert "This file is all that you sent." in answer.text
    assert door.http.post(f"{other}/materials/{PERSON}", data={"action": f"remove:{upload.id}"}).status_code == 303
    with door.db.reading() as session:
        assert uploads.of_deal(session, deal_id)


def test_what_we_have_already_and_what_nobody_asks_for_is_refused_before_a_byte_is_kept(door: Entrance) -> None:
    _, page = project(door)
    answer = send(door, page, PERSON, ("one.pdf", PDF), text="Take this one.")
    assert answer.status_code == 409
    assert "We have “The name of one person who approves results” already." in text_of(answer.text)
    assert "Take this one." in answer.text
    assert send(door, page, "no-such-item", ("one.pdf", PDF)).status_code == 404
    assert not (door.home / "uploads").exists()


# The letters on what comes after, the training


def test_the_letters_on_what_comes_after_are_asked_for_plainly_and_taken_back(each_door: Entrance) -> None:
    deal_id, page = project(each_door)
    assert "5 short letters on what happens to a site once it is live" in text(each_door, page)
    for decision in ("yes", "yes", "no", "yes"):
        assert each_door.http.post(f"{page}/course", data={"decision": decision}).status_code == 303
    assert [fact.payload["decision"] for fact in each_door.facts("course.answered")] == ["yes", "no", "yes"]
    assert "You get 5 short letters" in text(each_door, page)
    assert door_client(each_door, deal_id).course_off_at is None
    assert each_door.http.post(f"{page}/course", data={"decision": "maybe"}).status_code == 422


def door_client(door: Entrance, deal_id: int) -> Client:
    with door.db.reading() as session:
        return session.get_one(Client, session.get_one(Deal, deal_id).client_id)


def test_before_production_nobody_is_asked_about_the_letters(door: Entrance) -> None:
    _, page = project(door, work=Work.MATERIALS, materials=False)
    assert "course" not in forms_of(door.http.get(page).text)


def slots(door: Entrance) -> list[str]:
    return [one.starts_at.isoformat() for one in training.slots(the_company(), set(), door.clock())]


def test_a_slot_of_the_training_is_booked_once_and_no_longer_offered_to_others(each_door: Entrance) -> None:
    _, page = over(each_door, Work.COMPLETED)
    _, other = over(each_door, Work.COMPLETED)
    assert heading(each_door, page) == "It is done"
    assert "One thing is left: choose when we show your people how to run it." in text(each_door, page)
    first, second, *_ = slots(each_door)
    for _ in range(2):
        assert each_door.http.post(f"{page}/training", data={"slot": first, "decision": "book", "name": "Orla"}).status_code == 303
    assert len(each_door.facts("training.answered")) == 1
    assert "The entry for your calendar is in your mail." in text(each_door, page)
    assert each_door.http.post(f"{page}/training", data={"slot": second, "decision": "book"}).status_code == 409
    assert first not in each_door.http.get(other).text
    late = each_door.http.post(f"{other}/training", data={"slot": first, "decision": "book"})
    assert (late.status_code, "no longer free" in late.text) == (422, True)


@pytest.mark.parametrize("slot", ["", "tomorrow", "2026-03-04T03:00:00+00:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_is_not_offered_is_not_booked(door: Entrance, slot: str) -> None:
    _, page = over(door, Work.COMPLETED)
    assert door.http.post(f"{page}/training", data={"slot": slot, "decision": "book"}).status_code == 422
    assert not door.facts("training.answered")


def test_no_training_is_an_answer_too(door: Entrance) -> None:
    _, page = over(door, Work.COMPLETED)
    assert door.http.post(f"{page}/training", data={"decision": "decline"}).status_code == 303
    assert "training" not in forms_of(door.http.get(page).text)
    assert "is handing you over to support" in text(door, page)


def test_the_act_is_opened_from_the_page_while_it_waits_for_the_clients_word(door: Entrance) -> None:
    with door.writing() as session:
        document = an_act(session, service="landing-page")
        deal_id = document.deal_id
    page = door.link("project", deal_id)
    assert "The act of acceptance comes to you by mail in a moment" in text(door, page)
    act = door.link("act", deal_id)
    assert door.http.get(page).text.count(f'href="{act}"') == 2
    with door.writing() as session:
        some_faults(session, session.get_one(Document, document.id))
    assert "is putting right what you named" in text(door, page)
    work = door.link("work", deal_id)
    for _ in range(2):
        assert door.http.post(f"{work}/mended", data={"who": "Tomasz Zielinski", "number": "1", "note": "It sends now."}).status_code == 303
    assert len(door.facts(FaultsMended.kind)) == 1
    assert heading(door, page) == "It is your move"
    assert "The act of acceptance comes to you by mail in a moment" in text(door, page)


def test_an_act_that_is_signed_ends_the_work_and_stays_to_be_read(door: Entrance) -> None:
    with door.writing() as session:
        document = an_act_on_paper(session, an_act(session, service="landing-page"))
        deal_id = document.deal_id
    page, act = door.link("project", deal_id), door.link("act", deal_id)
    said = text(door, page)
    assert "Done on 2 March 2026" in said
    assert f"Act of acceptance {document.body['number']}, signed on 2 March 2026" in said
    assert f'href="{act}"' in door.http.get(page).text


# After the hand-over, and behind other links


def test_after_the_hand_over_the_page_is_an_archive_that_points_to_support(door: Entrance) -> None:
    _, page = over(door)
    html = door.http.get(page).text
    assert heading(door, page) == "It is done"
    assert "support is there for it" in text_of(html)
    assert "support@northlight.example" in html
    assert "tomasz@northlight.example" not in html
    assert forms_of(html) <= {"training"}


@pytest.mark.parametrize(
    ("path", "form", "what"),
    [
        ("stage", APPROVE, "stage.answered design"), ("stage", COMMENT, "stage.answered design"),
        ("change", {"stage": "design", "offer": "3", "total": "1", "decision": "accept", "name": "O"}, "change.answered design"),
        (f"materials/{LOGO}", {"action": "send", "text": "Here"}, f"material.sent {LOGO}"),
        (f"materials/{LOGO}", {"action": "remove:1"}, f"material.sent {LOGO}"),
    ],
)  # fmt: skip
def test_no_route_leads_back_and_an_attempt_is_written_down(door: Entrance, path: str, form: dict[str, str], what: str) -> None:
    deal_id, page = over(door)
    before = len(door.facts())
    for _ in range(2):
        answer = door.http.post(f"{page}/{path}", data=form)
        assert answer.status_code == 409
        assert "This client was handed over to support for good." in answer.text
    [attempt] = door.facts(ReturnRefused.kind)
    assert (attempt.deal_id, attempt.actor, attempt.payload["what"]) == (deal_id, "client", what)
    assert len(door.facts()) == before + 1
    assert not (door.home / "uploads").exists()


def test_another_system_that_tries_it_is_refused_and_written_down_as_well(each_door: Entrance) -> None:
    deal_id, _ = over(each_door)
    body = {"kind": "stage.ready", "external_id": "1", "payload": {"stage": "design"}}
    answer = each_door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=each_door.key("facts:write", name="tracker"))
    assert answer.status_code == 409
    [attempt] = each_door.facts(ReturnRefused.kind)
    assert (attempt.actor, attempt.payload["what"]) == ("machine:tracker", "stage.ready design")


def test_staff_read_the_same_page_and_can_do_nothing_on_it(door: Entrance) -> None:
    deal_id, _ = shown(door)
    page, before = door.link("project-staff", deal_id), door.facts()
    html = door.http.get(page).text
    assert "This is the client’s page, for you to read." in html
    assert not forms_of(html)
    for path, form in (("stage", APPROVE), ("change", {}), (f"materials/{LOGO}", {}), ("training", {}), ("course", {"decision": "yes"})):
        answer = door.http.post(f"{page}/{path}", data=form)
        assert answer.status_code == 403
        assert "Only the client can answer here" in answer.text
    assert door.facts() == before


def test_foreign_links_open_nothing(door: Entrance) -> None:
    deal_id, page = project(door)
    work = door.link("work", deal_id).rpartition("/")[2]
    for path in (f"/j/{work}", f"/j/{'a' * 32}"):
        assert door.http.get(path).status_code == door.http.post(f"{path}/stage", data=APPROVE).status_code == 404
    with door.writing() as session:
        links.revoke(session, "project", deal_id, now=door.clock())
    assert door.http.get(page).status_code == 410


def test_a_deal_on_hold_says_so_and_still_takes_an_answer(door: Entrance) -> None:
    deal_id, page = shown(door)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        deal.held_since = MONDAY
        session.add(deal)
    assert "Your project is on hold, as agreed." in text(door, page)
    assert door.http.post(f"{page}/stage", data=APPROVE).status_code == 303


def test_a_renewed_link_leads_to_the_project(door: Entrance) -> None:
    deal_id, _ = project(door)
    with door.writing() as session:
        told(session, session.get_one(Deal, deal_id), LinkAsked())
    with door.db.reading() as session:
        [order] = [effect.args for effect in session.exec(select(Effect)) if effect.what == "link-renewed"]
    assert order["links"] == {"link": "project"}


# Whatever is told


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES)
def test_the_page_never_disagrees_with_where_the_project_stands(door: Entrance, story) -> None:
    deal_id, page = project(door, work=Work.MATERIALS, materials=False)
    with door.writing() as session:
        telling = Telling(session, session.get_one(Deal, deal_id))
        telling.stages_go_on()
        for said in story:
            telling.hears(*said)
        door.clock.at = telling.now
    turn, html = move_of(stand(door, deal_id)), door.http.get(page).text
    assert ("your move" in re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)[1]) == (turn.whose == "client")
    forms = forms_of(html)
    assert ("stage" in forms) == (turn.what == "stage")
    assert ("change" in forms) == (turn.what == "change")
    open_items = {f"materials/{item.slug}" for item in stand(door, deal_id).materials if not item.is_settled}
    assert {form for form in forms if form.startswith("materials/")} == open_items
    done = re.findall(r'<li class="is-done">\s*<p class="line-title"><b>(.*?)</b>', html)
    assert done == [stage.plan.title for stage in stand(door, deal_id).accepted]
    work = door.http.get(door.link("work", deal_id))
    assert work.status_code == 200
    door.clock.at = MONDAY
