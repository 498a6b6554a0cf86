"""The manager's page: a form for exactly what is theirs now, each word kept once under their name, and no way back after the hand-over."""

import re

import pytest
from sqlmodel import select

from models import passwords
from models.after_answers import AccessListed, ReturnRefused
from models.delivery_answers import (
    ActFaults,
    ChangeOffered,
    DateMoved,
    FaultsMended,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageReady,
    WorkPaused,
)
from models.delivery_tables import TimeEntry
from models.tables import Deal, Upload
from models.tracks import Work
from tests.api.conftest import Entrance
from tests.api.test_project import LOGO, PDF, PERSON, forms_of, heading, over, send, shown, stand, text, text_of
from tests.factories import a_fact, told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, a_shown_stage, comments, plan_of

TOMASZ = {"who": "Tomasz Zielinski"}
STAFF = "staff:tomasz@northlight.example"
OFFER = {"stage": "design", "number": "0", "text": "A third layout.", "hours": "6", "price": "480,00", "days": "2"} | TOMASZ


def work(door: Entrance, **values) -> tuple[int, str]:
    """A project, and the path of its manager's page."""
    with door.writing() as session:
        deal_id = a_project(session, **{"service": "corporate-site"} | values).id
    return deal_id, door.link("work", deal_id)


def sent(door: Entrance) -> tuple[int, str, str]:
    """A project whose first material came as a file, its page, and the number of what came."""
    deal_id, page = work(door, work=Work.MATERIALS, materials=False)
    send(door, door.link("project", deal_id), PERSON, ("who.pdf", PDF))
    return deal_id, page, str(door.facts(MaterialSent.kind)[-1].id)


def beyond(door: Entrance) -> tuple[int, str]:
    """A project whose client wants more changes of the design than are included."""
    deal_id, _ = shown(door, again=2)
    with door.writing() as session:
        comments(session, session.get_one(Deal, deal_id), "design", text="A third layout, please.")
    return deal_id, door.link("work", deal_id)


def at_launch(door: Entrance, *kinds: str) -> tuple[int, str]:
    """A project whose stages are accepted; what was told about its act."""
    deal_id, page = work(door, work=Work.LAUNCH, accepted=7)
    with door.writing() as session:
        for kind in kinds:
            a_fact(session, session.get_one(Deal, deal_id), kind, noun="act", payload={"text": "The form sends nothing.", "version": 1, "name": "Orla"})
    return deal_id, page


# Materials


def test_what_came_is_read_accepted_once_and_the_next_may_begin(each_door: Entrance) -> None:
    deal_id, page, fact = sent(each_door)
    assert heading(each_door, page) == "Your move"
    html = each_door.http.get(page).text
    assert "1 material has come, and the work waits for your word on it." in text_of(html)
    [path] = re.findall(r'href="(/w/[^"]+/files/\d+)"', html)
    file = each_door.http.get(path)
    assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
    assert file.headers["content-disposition"] == 'attachment; filename="who.pdf"'
    assert (file.headers["x-content-type-options"], "sandbox" in file.headers["content-security-policy"]) == ("nosniff", True)
    for _ in range(2):
        answer = each_door.http.post(f"{page}/materials/{PERSON}", data={"decision": "accept", "fact": fact} | TOMASZ)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    [kept] = each_door.facts(MaterialReviewed.kind)
    assert (kept.actor, kept.source) == (STAFF, "staff")
    assert stand(each_door, deal_id).material(PERSON).place == "accepted"


def test_a_material_is_sent_back_with_a_reason_that_the_client_reads_and_no_other_is_touched(door: Entrance) -> None:
    deal_id, page, fact = sent(door)
    answer = door.http.post(f"{page}/materials/{PERSON}", data={"decision": "reject", "fact": fact} | TOMASZ)
    assert (answer.status_code, "the client reads it" in answer.text) == (422, True)
    assert door.http.post(f"{page}/materials/{PERSON}", data={"decision": "reject", "fact": fact, "reason": "It is empty."} | TOMASZ).status_code == 303
    assert {item.slug: item.asked for item in stand(door, deal_id).materials if item.asked > 1} == {PERSON: 2}
    assert "Why it came back: It is empty." in text(door, door.link("project", deal_id))


def test_another_thing_than_the_one_looked_at_is_not_accepted_unseen(door: Entrance) -> None:
    deal_id, page, fact = sent(door)
    send(door, door.link("project", deal_id), PERSON, ("other.pdf", PDF + b"2"))
    answer = door.http.post(f"{page}/materials/{PERSON}", data={"decision": "accept", "fact": fact} | TOMASZ)
    assert answer.status_code == 409
    assert "This changed while you were reading. Nothing was recorded; below is how it stands now." in text_of(answer.text)
    assert stand(door, deal_id).material(PERSON).place == "sent"


def test_what_is_missing_can_be_done_without(door: Entrance) -> None:
    deal_id, page = work(door, work=Work.MATERIALS, materials=False)
    assert heading(door, page) == "The client’s move"
    answer = door.http.post(f"{page}/materials/{LOGO}", data={"decision": "waive", "fact": "0", "reason": "We draw one."} | TOMASZ)
    assert answer.status_code == 303
    assert stand(door, deal_id).material(LOGO).place == "waived"


def test_files_of_another_deal_and_those_of_the_brief_are_not_handed_out(door: Entrance) -> None:
    deal_id, page, _ = sent(door)
    _, other = work(door)
    with door.writing() as session:
        brief = Upload(deal_id=deal_id, question="brand", name="x", media_type="text/html", size=1, sha256="0", path="studio.db", at=MONDAY)
        session.add(brief)
        session.flush()
        [mine] = session.exec(select(Upload).where(Upload.question != "brand"))
    for path in (f"{other}/files/{mine.id}", f"{page}/files/{brief.id}", f"{page}/files/99999", f"{page}/files/{2**40}"):
        assert door.http.get(path).status_code == 404
    assert door.http.get(f"{page}/files/x").status_code == 422


# Stages and changes


def test_a_stage_is_shown_once_with_its_address_and_a_word(each_door: Entrance) -> None:
    deal_id, page = work(each_door, accepted=2)
    form = {"stage": "design", "version": "0", "url": "test.acme.example/design", "note": "Mind the headline."} | TOMASZ
    for _ in range(2):
        assert each_door.http.post(f"{page}/stage", data=form).status_code == 303
    stage = stand(each_door, deal_id).stage("design")
    assert (stage.place, stage.version, stage.url, stage.note) == ("shown", 1, "https://test.acme.example/design", "Mind the headline.")
    assert [fact.actor for fact in each_door.facts(StageReady.kind)][-1] == STAFF
    assert heading(each_door, page) == "The client’s move"
    assert "Mind the headline." in text(each_door, each_door.link("project", deal_id))


def test_a_version_that_somebody_showed_meanwhile_is_not_shown_over(door: Entrance) -> None:
    deal_id, page = work(door, accepted=2)
    with door.writing() as session:
        a_shown_stage(session, session.get_one(Deal, deal_id), "design")
    answer = door.http.post(f"{page}/stage", data={"stage": "design", "version": "0", "note": "Mine."} | TOMASZ)
    assert answer.status_code == 409
    assert "Mine." in answer.text
    assert stand(door, deal_id).stage("design").version == 1


def test_a_stage_that_lacks_materials_is_not_offered_to_be_shown(door: Entrance) -> None:
    deal_id, page = work(door, work=Work.MATERIALS, materials=False)
    assert "stage" not in forms_of(door.http.get(page).text)
    with door.writing() as session:
        a_material(session, session.get_one(Deal, deal_id), PERSON)
    assert "stage" in forms_of(door.http.get(page).text)


def test_changes_beyond_the_rounds_are_priced_once_or_made_all_the_same(each_door: Entrance) -> None:
    deal_id, page = beyond(each_door)
    said = text(each_door, page)
    assert "beyond the included rounds. Put a price on them, or show the next version all the same." in said
    assert "A third layout, please." in said
    for _ in range(2):
        assert each_door.http.post(f"{page}/change", data=OFFER).status_code == 303
    [fact] = each_door.facts(ChangeOffered.kind)
    assert fact.payload == {"stage": "design", "text": "A third layout.", "hours": 6.0, "price": "480.00", "days": 2}
    assert "Offered at €480.00 net, €590.40 with VAT, 2 working days more." in text(each_door, page)
    assert not {"stage", "change"} & forms_of(each_door.http.get(page).text)
    assert each_door.http.post(f"{page}/stage", data={"stage": "design", "version": "3"} | TOMASZ).status_code == 409
    assert stand(each_door, deal_id).stage("design").place == "priced"


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"text": ""}, "say what will be changed"), ({"price": ""}, "net price as a number"), ({"price": "much"}, "net price as a number"),
        ({"price": "-1"}, "net price as a number"), ({"price": "1e9"}, "net price as a number"), ({"hours": "six"}, "Hours are a number"),
        ({"days": "1.5"}, "a whole number"), ({"text": "x" * 5001}, "under 5,000 characters"), ({"who": ""}, "say who you are"), ({"who": "Mallory"}, "who you are"),
    ],
)  # fmt: skip
def test_a_price_with_a_gap_comes_back(door: Entrance, over: dict[str, str], sentence: str) -> None:
    _, page = beyond(door)
    answer = door.http.post(f"{page}/change", data=OFFER | over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts(ChangeOffered.kind)


def test_the_studio_that_needs_longer_says_so_once_and_the_client_reads_why(each_door: Entrance) -> None:
    deal_id, page = work(each_door, accepted=2)
    assert each_door.http.post(f"{page}/date", data={"number": "0", "days": "0", "reason": "x"} | TOMASZ).status_code == 422
    for _ in range(2):
        assert each_door.http.post(f"{page}/date", data={"number": "0", "days": "3", "reason": "The designer is ill."} | TOMASZ).status_code == 303
    assert [fact.payload for fact in each_door.facts(DateMoved.kind)] == [{"days": 3, "reason": "The designer is ill."}]
    assert "We need longer: The designer is ill. 3 days" in text(each_door, each_door.link("project", deal_id))


# Launch, faults, accesses


def test_the_launch_list_is_done_when_every_item_is_ticked(each_door: Entrance) -> None:
    deal_id, page = at_launch(each_door)
    checklist = stand(each_door, deal_id).plan.checklist
    answer = each_door.http.post(f"{page}/launch", data={"item": checklist[1:], "url": "https://acme.example"} | TOMASZ)
    assert answer.status_code == 422
    assert f"Not ticked yet: {checklist[0]}." in text_of(answer.text)
    assert answer.text.count(" checked") == len(checklist) - 1
    for _ in range(2):
        assert each_door.http.post(f"{page}/launch", data={"item": checklist, "url": "https://acme.example"} | TOMASZ).status_code == 303
    [fact] = each_door.facts(LaunchChecked.kind)
    assert fact.payload == {"items": checklist, "url": "https://acme.example", "note": ""}
    assert "launch" not in forms_of(each_door.http.get(page).text)


def test_the_launch_list_comes_after_the_stages(door: Entrance) -> None:
    deal_id, page = work(door, accepted=2)
    assert "launch" not in forms_of(door.http.get(page).text)
    answer = door.http.post(f"{page}/launch", data={"item": stand(door, deal_id).plan.checklist} | TOMASZ)
    assert (answer.status_code, "Design comes first." in answer.text) == (409, True)


def test_faults_are_shown_until_they_are_mended(door: Entrance) -> None:
    _, page = at_launch(door, LaunchChecked.kind, ActFaults.kind)
    assert "The form sends nothing." in text(door, page)
    assert "mended" in forms_of(door.http.get(page).text)
    _, mended = at_launch(door, LaunchChecked.kind, ActFaults.kind, FaultsMended.kind)
    assert "mended" not in forms_of(door.http.get(mended).text)
    answer = door.http.post(f"{mended}/mended", data={"number": "1", "note": "Done."} | TOMASZ)
    assert answer.status_code == 409


def rows(door: Entrance, deal_id: int, **over: str) -> dict[str, str]:
    plan = stand(door, deal_id).plan
    filled = {f"what_{row}": what for row, what in enumerate(plan.access)}
    return filled | {"where_0": "Blacknight, account ACME", "held_by_0": "Orla Byrne"} | TOMASZ | over


def test_accesses_are_listed_where_there_are_any_and_written_anew_when_sent_again(each_door: Entrance) -> None:
    deal_id, _ = over(each_door, Work.COMPLETED)
    page = each_door.link("work", deal_id)
    other = {"what_7": "Newsletter", "where_7": "Mailjet", "held_by_7": "Orla"}
    for _ in range(2):
        assert each_door.http.post(f"{page}/access", data=rows(each_door, deal_id, **other)).status_code == 303
    [fact] = each_door.facts(AccessListed.kind)
    assert [item["what"] for item in fact.payload["items"]] == ["Domain and name servers", "Newsletter"]
    assert "Blacknight, account ACME" in each_door.http.get(page).text
    assert each_door.http.post(f"{page}/access", data=rows(each_door, deal_id, held_by_0="Support")).status_code == 303
    assert len(each_door.facts(AccessListed.kind)) == 2


@pytest.mark.parametrize(
    ("over_", "sentence"),
    [
        ({"where_0": "Blacknight, password: hunter2"}, "This looks like a password."), ({"held_by_0": "Orla, Xk7$mPq2!vZ"}, "This looks like a password."),
        ({"where_0": ""}, "say where it is"), ({"held_by_0": ""}, "say who holds it"), ({"where_7": "Mailjet"}, "say what this opens"),
        ({"where_0": "", "held_by_0": ""}, "at least one access"), ({"where_0": "x" * 501}, "under 500 characters"),
    ],
)  # fmt: skip
def test_a_password_or_a_gap_in_the_list_is_not_taken(door: Entrance, over_: dict[str, str], sentence: str) -> None:
    deal_id, _ = over(door, Work.COMPLETED)
    answer = door.http.post(f"{door.link('work', deal_id)}/access", data=rows(door, deal_id, **over_))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts(AccessListed.kind)


@pytest.mark.parametrize("said", ["pw: hunter2", "Password is tiger", "PIN=1234", "token = abc", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "Xk7$mPq2!vZ", "ssh://root:geheim@host", "-----BEGIN PRIVATE KEY-----"])  # fmt: skip
def test_what_looks_like_a_password(said: str) -> None:
    assert passwords.looks_like_one(said)


@pytest.mark.parametrize(
    "said",
    [
        "In Orla's password safe", "Blacknight, account ACME-2026", "https://panel.blacknight.example/Login?id=7", "orla.byrne+Web1@acme.example", "The pin board in the office",
        "Passwords: see the safe", "Server Web-01.acme.example:8443, rack 7", "Contract No. NL-C-2026-0042/B",
    ],
)  # fmt: skip
def test_what_does_not(said: str) -> None:
    assert not passwords.looks_like_one(said)


# Around


def test_hours_are_shown_beside_what_was_estimated_once_there_are_any(door: Entrance) -> None:
    deal_id, page = work(door)
    assert 'id="t-hours"' not in door.http.get(page).text
    with door.writing() as session:
        planned = plan_of(session, session.get_one(Deal, deal_id)).stage("prototype").hours
        for number, (stage, minutes, gone) in enumerate([("prototype", 90, None), ("prototype", 45, None), ("", 30, None), ("design", 600, MONDAY)]):
            session.add(TimeEntry(
                source="csv", external_id=str(number), deal_id=deal_id, stage=stage, person="Hanna", worked_on=MONDAY.date(), minutes=minutes, seen_at=MONDAY,
                changed_at=MONDAY, deleted_at=gone,
            ))  # fmt: skip
    said = text(door, page)
    assert f"Prototype 2.2 {planned.normalize():f}" in said
    assert "Design 0 46.6" in said
    assert "Besides 0.5" in said


POSTS = [
    (f"materials/{LOGO}", {"decision": "waive", "fact": "0"}, f"material.reviewed {LOGO}"), ("stage", {"stage": "design", "version": "1"}, "stage.ready design"),
    ("change", OFFER, "change.offered design"), ("date", {"number": "0", "days": "3", "reason": "Ill again."}, "date.moved"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "form", "what"), POSTS)
def test_after_the_hand_over_nothing_is_taken_and_each_attempt_is_written_down(door: Entrance, path: str, form: dict[str, str], what: str) -> None:
    deal_id, _ = over(door)
    page = door.link("work", deal_id)
    before = len(door.facts())
    assert heading(door, page) == "Handed over to support"
    assert not forms_of(door.http.get(page).text)
    answer = door.http.post(f"{page}/{path}", data=form | TOMASZ)
    assert answer.status_code == 409
    assert "handed over to support for good" in answer.text
    [attempt] = door.facts(ReturnRefused.kind)
    assert (attempt.actor, attempt.payload["what"]) == (STAFF, what)
    assert len(door.facts()) == before + 1
    assert f"An attempt to reopen the project was refused: {what}." in text(door, page)


def test_the_launch_and_the_accesses_of_a_client_handed_over_are_nobodys_here(each_door: Entrance) -> None:
    deal_id, _ = over(each_door)
    page = each_door.link("work", deal_id)
    for path, form in (("launch", {"item": stand(each_door, deal_id).plan.checklist}), ("access", rows(each_door, deal_id))):
        assert each_door.http.post(f"{page}/{path}", data=form | TOMASZ).status_code == 409
    assert [fact.payload["what"] for fact in each_door.facts(ReturnRefused.kind)] == ["launch.checked", "access.listed"]


def test_the_page_is_for_staff_alone_and_looking_does_nothing(door: Entrance) -> None:
    deal_id, page = work(door)
    project = door.link("project", deal_id).rpartition("/")[2]
    assert door.http.get(f"/w/{project}").status_code == 404
    assert door.http.post(f"/w/{project}/stage", data=TOMASZ).status_code == 404
    before = door.facts()
    for path in (page, f"{page}/stage", f"{page}/date", f"{page}/launch"):
        door.http.get(path)
    assert door.facts() == before
    bare = door.deal(sales="won", work="kickoff")
    assert door.http.get(door.link("work", bare)).status_code == 404


def test_the_clients_page_is_linked_once_it_was_given(door: Entrance) -> None:
    deal_id, page = work(door)
    assert "The page as the client sees it" not in door.http.get(page).text
    link = door.link("project-staff", deal_id)
    assert f'href="{link}"' in door.http.get(page).text


def test_a_paused_or_held_project_says_so_to_its_manager(door: Entrance) -> None:
    deal_id, page = work(door, accepted=2)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        a_shown_stage(session, deal, "design")
        told(session, deal, WorkPaused(what="your word on “Design”"), actor="system")
        deal.held_since = MONDAY
    assert heading(door, page) == "Paused: the client’s move"
    assert "we wait for your word on “Design”. It goes on by itself" in text(door, page)
    assert "The deal is on hold" in text(door, page)


def test_a_cancelled_project_asks_nobody(door: Entrance) -> None:
    deal_id, page = work(door, work=Work.CANCELLED)
    assert heading(door, page) == "Cancelled"
    assert not forms_of(door.http.get(page).text)
    assert heading(door, door.link("project", deal_id)) == "This project was cancelled"
    assert not forms_of(door.http.get(door.link("project", deal_id)).text)
