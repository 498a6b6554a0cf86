"""The act's page: reading, the code, one signature, faults; GET never acts, staff only look, machines cannot sign."""

import re

import pytest
from sqlmodel import select

from models import act_state, acts, signing
from models.after_answers import ReturnRefused
from models.cash_tables import SignCode
from models.delivery_answers import ActFaults, ActSigned, FaultsMended
from models.stages import Stage
from models.tables import Client, Deal, Document
from models.tracks import Work, move
from tests.api.conftest import SECRET, Entrance
from tests.factories import a_wait, an_invoice, told
from tests.launching import MANAGER, a_deemed_act, a_launch, a_signed_act, an_act, an_act_on_paper

SIGNER = {"name": "Orla Byrne", "role": "Owner", "version": "1"}


def out(door: Entrance) -> tuple[int, str]:
    """An act that is out, and the path of its page; the code of its contract went out yesterday."""
    with door.writing() as session:
        document = an_act(session)
    door.clock.pass_(days=1)
    return document.deal_id, door.link("act", document.deal_id)


def accepted(door: Entrance, how) -> tuple[int, str]:
    with door.writing() as session:
        deal_id = how(session, an_act(session)).deal_id
    return deal_id, door.link("act", deal_id)


def email_of(door: Entrance, deal_id: int) -> str:
    with door.db.reading() as session:
        return session.get_one(Client, session.get_one(Deal, deal_id).client_id).email


def code_of(door: Entrance, deal_id: int) -> str:
    with door.db.reading() as session:
        code = session.exec(select(SignCode).where(SignCode.deal_id == deal_id, SignCode.kind == "act").order_by(SignCode.id.desc())).first()
        return signing.digits(SECRET, code.deal_id, code.version, code.number, kind="act")


def ask(door: Entrance, deal_id: int, page: str, **over: str):
    return door.http.post(f"{page}/code", data=SIGNER | {"email": email_of(door, deal_id)} | over)


def sign(door: Entrance, deal_id: int, page: str, code: str, **over: str):
    return door.http.post(f"{page}/sign", data=SIGNER | {"email": email_of(door, deal_id), "consent": "yes", "code": code} | over)


def act(door: Entrance, deal_id: int) -> Document:
    with door.db.reading() as session:
        document = act_state.newest(session, session.get_one(Deal, deal_id))
    assert document is not None
    return document


def mend(door: Entrance, deal_id: int, *, publish: bool = True) -> None:
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        told(session, deal, FaultsMended(note="Both work now."), at=door.clock(), actor=MANAGER)
        if publish:
            an_act(session, deal, showing=2, at=door.clock())


# Reading


def test_before_the_launch_there_is_no_act(door: Entrance) -> None:
    with door.writing() as session:
        deal = a_launch(session)
    page = door.link("act", deal.id)
    assert door.http.get(page).status_code == 404
    assert door.http.get(f"{page}.pdf").status_code == 404
    assert door.http.post(f"{page}/faults", data={"text": "x", "version": "1"}).status_code == 404


def test_the_page_shows_the_act_the_day_of_silence_and_the_way_back(door: Entrance) -> None:
    deal_id, page = out(door)
    project = door.link("project", deal_id)
    with door.writing() as session:
        deadline = door.clock().replace(day=30)
        a_wait(session, session.get_one(Deal, deal_id), ActSigned, stage=Stage.LAUNCH, key="act#1", ladder="act", deadline=deadline)
    text = door.http.get(page).text
    for said in (f"A-{deal_id:04d}-1", f"C-{deal_id:04d}-1", "https://acme.example", "Both languages.", "Sign this act", "That day is 30 March 2026", "€"):
        assert said in text, said
    assert project in text


def test_an_act_that_is_not_printed_yet_says_so_and_comes_as_pdf_then(door: Entrance) -> None:
    deal_id, page = out(door)
    assert door.http.get(f"{page}.pdf").status_code == 503
    (door.home / "documents").mkdir()
    (door.home / "documents" / "x.pdf").write_bytes(b"%PDF-1.7 x")
    with door.writing() as session:
        session.exec(select(Document).where(Document.kind == "act")).one().pdf_path = "documents/x.pdf"
    printed = door.http.get(f"{page}.pdf")
    assert (printed.content, printed.headers["content-disposition"]) == (b"%PDF-1.7 x", f'inline; filename="act-A-{deal_id:04d}-1.pdf"')
    assert door.http.get(f"{door.link('act-staff', deal_id)}.pdf").status_code == 200


def test_looking_at_an_act_changes_nothing(door: Entrance) -> None:
    deal_id, page = out(door)
    _, signed = accepted(door, a_signed_act_here)
    paths = [page, door.link("act-staff", deal_id), signed, f"{page}/sign", f"{page}/code", f"{page}/faults"]

    def everything() -> list[str]:
        with door.db.reading() as session:
            tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars().all()
            return [str(session.connection().exec_driver_sql(f'SELECT * FROM "{table}"').all()) for table in tables]

    before = everything()
    assert [door.http.get(path).status_code for path in paths] == [200, 200, 200, 405, 405, 405]
    assert everything() == before


def a_signed_act_here(session, document: Document) -> Document:
    return a_signed_act(session, document, secret=SECRET)


@pytest.mark.parametrize("what", ["code", "sign", "faults"])
def test_staff_look_and_do_not_act(door: Entrance, what: str) -> None:
    deal_id, _ = out(door)
    staff = door.link("act-staff", deal_id)
    assert "/sign" not in door.http.get(staff).text
    answer = door.http.post(f"{staff}/{what}", data=SIGNER | {"email": "a@acme.example", "text": "x", "code": "1", "consent": "yes"})
    assert answer.status_code == 403
    assert "Only the client can answer it" in answer.text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (a_signed_act_here, "Orla Byrne</bdi> signed on 3 March 2026, 10:04"), (an_act_on_paper, "Fergus Daly</bdi> signed on paper on 2 March 2026"),
        (a_deemed_act, "Since 30 March 2026: nobody answered"),
    ],
)  # fmt: skip
def test_an_accepted_act_says_how_and_what_is_still_to_pay(door: Entrance, how, said: str) -> None:
    deal_id, page = accepted(door, how)
    with door.writing() as session:
        invoice = an_invoice(session, session.get_one(Deal, deal_id), part=2)
    text = door.http.get(page).text
    assert said in text
    assert "Still to pay" in text and "Open the invoice" not in text, "nobody has given this reader the invoice's link yet"
    link = door.link(f"invoice:{invoice.id}", deal_id)
    assert link in door.http.get(page).text
    assert "/sign" not in text
    assert door.http.get(f"{page}.pdf").status_code == 503


# Signing


def test_a_client_signs_with_the_code_from_the_mail(each_door: Entrance) -> None:
    deal_id, page = out(each_door)
    asked = ask(each_door, deal_id, page)
    assert (asked.status_code, asked.headers["location"]) == (303, f"{page}#f-code"), "a reload asks for nothing again"
    shown = each_door.http.get(page).text
    assert "o•••@acme.example" in shown and "Enter the code and sign" in shown
    assert code_of(each_door, deal_id) not in shown
    answer = sign(each_door, deal_id, page, code_of(each_door, deal_id))
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    document = act(each_door, deal_id)
    with each_door.db.reading() as session:
        signed = acts.signature(session, document)
    assert signed is not None
    assert (signed[1].name, signed[1].role, signed[1].address) == ("Orla Byrne", "Owner", "127.0.0.1")
    assert signed[1].agent == "testclient"
    again = sign(each_door, deal_id, page, code_of(each_door, deal_id))
    assert again.status_code == 409
    assert "signed already" in again.text
    assert len(each_door.facts(ActSigned.kind)) == 1


def test_the_code_of_the_contract_does_not_sign_the_act(door: Entrance) -> None:
    deal_id, page = out(door)
    with door.writing() as session:
        number = signing.ask(session, deal_id, 1, email_of(door, deal_id), now=door.clock()).number
    door.clock.pass_(minutes=2)
    foreign = signing.digits(SECRET, deal_id, 1, number)
    assert "ask for a code first" in sign(door, deal_id, page, foreign).text
    ask(door, deal_id, page)
    answer = sign(door, deal_id, page, foreign)
    assert answer.status_code == 422
    assert "You have 4 tries left" in answer.text
    assert act(door, deal_id).state == "frozen"


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"consent": ""}, "tick this to sign"), ({"name": ""}, "your full name"), ({"role": ""}, "what you are in the firm"),
        ({"email": "me"}, "like an e-mail address"), ({"email": "boss@acme.example"}, "sent to another address"), ({"code": ""}, "not the code we sent"),
    ],
)  # fmt: skip
def test_a_signature_with_a_gap_comes_back_without_the_code(door: Entrance, over: dict[str, str], said: str) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    code = code_of(door, deal_id)
    answer = sign(door, deal_id, page, **{"code": code} | over)
    assert answer.status_code == 422
    assert said in answer.text
    assert code not in answer.text
    assert act(door, deal_id).state == "frozen"


def test_a_code_goes_to_nobody_else_and_not_too_often(door: Entrance) -> None:
    deal_id, page = out(door)
    stranger = ask(door, deal_id, page, email="boss@evil.example")
    assert stranger.status_code == 422
    assert "Tomasz Zielinski can take it on paper" in stranger.text
    assert ask(door, deal_id, page).status_code == 303
    early = ask(door, deal_id, page)
    assert early.status_code == 429
    assert "a moment ago" in early.text


def test_one_network_address_does_not_try_for_ever(door: Entrance) -> None:
    deal_id, page = out(door)
    answers = [sign(door, deal_id, page, "000000").status_code for _ in range(42)]
    assert set(answers[:40]) == {422} and answers[40:] == [429, 429]


@pytest.mark.parametrize("kind", ["act.signed", "act.deemed", "act.code_asked"])
def test_a_machines_key_cannot_sign(door: Entrance, kind: str) -> None:
    deal_id, _ = out(door)
    payload = {"version": 1, "name": "Orla Byrne", "role": "Owner", "email": "orla@acme.example"}
    body = {"external_id": "1", "kind": kind, "actor": "client", "payload": payload}
    answer = door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=door.key("facts:write"))
    assert answer.status_code == 422
    assert (act(door, deal_id).state, door.facts(kind)) == ("frozen", [])


def test_another_system_may_tell_that_the_launch_is_done_or_what_is_not_as_agreed(door: Entrance) -> None:
    deal_id, _ = out(door)
    body = {"external_id": "1", "kind": "act.faults", "actor": "client", "payload": {"version": 1, "text": "The form."}}
    assert door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=door.key("facts:write")).status_code == 201


# Faults


def test_faults_are_named_once_and_the_act_can_still_be_signed(each_door: Entrance) -> None:
    deal_id, page = out(each_door)
    for _ in range(2):
        answer = each_door.http.post(f"{page}/faults", data={"text": "The <b>form</b>.", "name": "Orla", "version": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert len(each_door.facts(ActFaults.kind)) == 1
    shown = each_door.http.get(page).text
    assert "we are putting them right" in shown and "The &lt;b&gt;form&lt;/b&gt;." in shown
    ask(each_door, deal_id, page)
    assert sign(each_door, deal_id, page, code_of(each_door, deal_id)).status_code == 303


@pytest.mark.parametrize(("text", "said"), [("", "what is not as agreed"), ("x" * 10_001, "under 10,000 characters")])
def test_faults_are_words(door: Entrance, text: str, said: str) -> None:
    _, page = out(door)
    answer = door.http.post(f"{page}/faults", data={"text": text, "version": "1"})
    assert answer.status_code == 422
    assert said in answer.text


def test_an_answer_to_a_version_that_was_mended_keeps_its_words_and_says_what_comes(door: Entrance) -> None:
    deal_id, page = out(door)
    door.http.post(f"{page}/faults", data={"text": "The form.", "version": "1"})
    mend(door, deal_id, publish=False)
    waiting = door.http.get(page)
    assert waiting.headers["refresh"] == "2"
    assert "put right" in waiting.text and "/sign" not in waiting.text
    late = door.http.post(f"{page}/faults", data={"text": "And the footer.", "version": "1"})
    assert late.status_code == 409
    assert "And the footer." in late.text and "comes in a moment" in late.text
    assert "refresh" not in late.headers
    with door.writing() as session:
        an_act(session, session.get_one(Deal, deal_id), showing=2, at=door.clock())
    stale = sign(door, deal_id, page, "123456")
    assert stale.status_code == 409
    assert "look at the act again" in stale.text and "Both work now." in stale.text
    assert 'name="version" value="2"' in door.http.get(page).text


def test_a_form_of_somebody_elses_is_refused(door: Entrance) -> None:
    _, page = out(door)
    assert door.http.post(f"{page}/faults", data={"text": "x"}).status_code in {400, 409, 422}
    assert door.http.post(f"{page}/faults", data={"text": "x", "version": "one"}).status_code in {400, 409, 422}


def test_after_the_hand_over_an_attempt_is_refused_and_written_down(each_door: Entrance) -> None:
    deal_id, page = accepted(each_door, a_signed_act_here)
    with each_door.writing() as session:
        for place in (Work.COMPLETED, Work.HANDED_OVER):
            move(session, session.get_one(Deal, deal_id), place, why="a test", fact=None, now=each_door.clock())
    answer = each_door.http.post(f"{page}/faults", data={"text": "The form.", "version": "1"})
    assert answer.status_code == 409
    assert "support" in answer.text
    (attempt,) = each_door.facts(ReturnRefused.kind)
    assert (attempt.actor, attempt.payload["what"]) == ("client", "act.faults")


def test_a_cancelled_act_and_one_on_hold_say_so_and_cannot_be_signed(door: Entrance) -> None:
    deal_id, page = out(door)
    with door.writing() as session:
        session.get_one(Deal, deal_id).held_since = door.clock()
    held = door.http.get(page).text
    assert "on hold" in held and "/sign" not in held
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        act_state.withdraw(session, deal)
        deal.work, deal.held_since = Work.CANCELLED.value, None
    text = door.http.get(page).text
    assert "void" in text and "/sign" not in text
    assert sign(door, deal_id, page, "123456").status_code == 409


def test_a_token_of_another_page_opens_no_act(door: Entrance) -> None:
    deal_id, page = out(door)
    contract = door.link("contract", deal_id)
    assert door.http.get(contract.replace("/c/", "/t/")).status_code == 404
    assert re.fullmatch(r"/t/[a-z0-9]{32}", page)
