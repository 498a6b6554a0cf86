"""Steps of the act: each said twice is one thing; letters go to whom they are meant for, with the words of their version."""

import hashlib
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader
from sqlmodel import select

from deployments.cli_verify import judge
from models import acts, evidence
from models.delivery_answers import ActDeemed, ActSigned, FaultsMended, WorkPaused
from models.effects import planned_errands
from models.errors import Missing, Refused
from models.sealed import is_sealed, original
from models.stages import Stage
from models.tables import Client, Deal, Document, Effect, Fact
from models.tracks import Work
from models.waiting import Spot
from tasks import acts as steps
from tasks import forms, printing
from tasks import letters as mail
from tasks import world as the_world
from tasks.gateways import seal
from tasks.gateways.pdf import NoLibraries, WeasyPrinter
from tasks.gateways.pdf_join import embedded
from tasks.world import World
from tests.factories import told
from tests.fakes import MONDAY
from tests.launching import (
    MANAGER,
    TUESDAY,
    a_deemed_act,
    a_launch,
    a_signed_act,
    an_act,
    an_act_code,
    an_act_on_paper,
    some_faults,
    warned,
    with_terms,
)
from tests.parts import requires
from tests.sealing import a_key


def out(here: World, **values) -> Document:
    """An act that is out."""
    with here.db.writing() as session:
        return an_act(session, **values)


def now_is(here: World, document: Document) -> Document:
    with here.db.reading() as session:
        return session.get_one(Document, document.id)


def work_of(here: World, document: Document) -> str:
    with here.db.reading() as session:
        return session.get_one(Deal, document.deal_id).work


def kinds(here: World, *wanted: type) -> list[str]:
    with here.db.reading() as session:
        return [fact.kind for fact in session.exec(select(Fact).order_by(Fact.id)) if fact.kind in {one.kind for one in wanted}]


def do(here: World, document: Document, does, *args, **kwargs) -> None:
    with here.db.writing() as session:
        does(session, session.get_one(Document, document.id), *args, **kwargs)


def text_of(message) -> str:
    """A letter's words on one line."""
    return " ".join(message.text.split())


def next_version(here: World, document: Document) -> int:
    """Faults named and mended, and the version that follows."""
    do(here, document, some_faults)
    with here.db.writing() as session:
        told(session, session.get_one(Deal, document.deal_id), FaultsMended(note="Both work now."), actor=MANAGER)
    return steps.publish_act.fn(document.deal_id, 2)


# Made, printed, sent


def test_an_act_is_published_once_and_a_replay_begins_with_the_same_ones(here: World) -> None:
    with here.db.writing() as session:
        deal = a_launch(session)
    assert [steps.publish_act.fn(deal.id, 1) for _ in range(2)] == [1, 1]
    with here.db.reading() as session:
        first = acts.newest(session, session.get_one(Deal, deal.id))
    assert next_version(here, first) == 2
    assert [steps.publish_act.fn(deal.id, showing) for showing in (1, 2, 1)] == [1, 2, 1]
    assert [now_is(here, first).state, now_is(here, first).version] == ["void", 1]


def test_an_act_is_mailed_once_with_its_link_and_its_pdf(here_sqlite: World) -> None:
    document = out(here_sqlite, service="corporate-site")
    assert [steps.mail_act.fn(document.deal_id, 1) for _ in range(2)] == ["done", "done"]
    (letter,) = here_sqlite.mail.sent
    assert re.search(r"https://office\.example/t/[a-z0-9]{32}\.pdf", letter.text)
    assert letter.sender.name.startswith("Tomasz Zielinski")
    assert "Specification · approved, 2 March 2026" in text_of(letter)
    assert "31 March 2026" in text_of(letter), "the day on which silence accepts"
    with here_sqlite.db.reading() as session:
        assert session.get_one(Effect, f"deal/{document.deal_id}/act/v1/mail").what == "act-ready"


def test_the_next_version_says_what_was_put_right_and_a_void_one_is_not_mailed(here_sqlite: World) -> None:
    document = out(here_sqlite)
    assert steps.tell_faults.fn(document.deal_id, 1, "The form does not send.") == "done"
    version = next_version(here_sqlite, document)
    assert steps.mail_act.fn(document.deal_id, 1) == "skipped"
    assert steps.mail_act.fn(document.deal_id, version) == "done"
    faults, updated = here_sqlite.mail.sent
    assert faults.to.name == "Tomasz Zielinski"
    assert f"A-{document.deal_id:04d}-1" in faults.text and "The form does not send." in faults.text
    assert "The form does not send." in updated.text and "Both work now." in updated.text


def test_the_same_faults_are_told_once_and_others_again(here_sqlite: World) -> None:
    document = out(here_sqlite)
    for text in ("The form.", "The form.", "And <b>the map</b>."):
        assert steps.tell_faults.fn(document.deal_id, 1, text) == "done"
    assert len(here_sqlite.mail.sent) == 2
    assert "<b>the map" not in here_sqlite.mail.sent[1].html


def test_an_act_is_printed_under_its_hash(here_sqlite: World) -> None:
    document = out(here_sqlite)
    digest = steps.print_act.fn(document.deal_id, 1)
    after = now_is(here_sqlite, document)
    assert digest == after.pdf_hash == steps.print_act.fn(document.deal_id, 1)
    assert (here_sqlite.settings.home / after.pdf_path).is_file()
    assert after.template_hash
    assert after.body["number"] in here_sqlite.pdf.printed[-1]
    assert re.search(r"https://office\.example/t/[a-z0-9]{32}", here_sqlite.pdf.printed[-1])


def test_a_machine_that_cannot_print_goes_on_and_what_is_missing_is_printed_later(here_sqlite: World, caplog) -> None:
    class Without:
        def print(self, *_: object, **__: object) -> bytes:
            raise NoLibraries("pango")

    document = out(here_sqlite)
    the_world.use(replace(here_sqlite, pdf=Without()))
    do(here_sqlite, document, a_signed_act)
    assert [steps.print_act.fn(document.deal_id, 1), steps.seal_act.fn(document.deal_id, 1)] == ["", ""]
    the_world.use(here_sqlite)
    said = printing.print_missing.fn()
    assert any("act 1 of deal" in one for one in said) and any("and sealed act 1" in one for one in said)
    assert is_sealed(now_is(here_sqlite, document))


def test_what_is_not_there_is_missing(here_sqlite: World) -> None:
    document = out(here_sqlite)
    for step in (steps.print_act, steps.mail_act, steps.end_silence, steps.mail_accepted, steps.tell_accepted):
        with pytest.raises(Missing, match="no act 7"):
            step.fn(document.deal_id, 7)
    with pytest.raises(Missing, match="no signed act 1"):
        steps.seal_act.fn(document.deal_id, 1)


# The code


def test_the_code_of_the_act_is_the_acts_own_and_is_nowhere_else(here: World) -> None:
    document = out(here)
    with here.db.writing() as session:
        digits = an_act_code(session, session.get_one(Document, document.id))
        errands = [one for one in planned_errands(session, now=MONDAY) if one.what == "act-code"]
    for errand in errands:
        mail.send(errand.key, mail.order_of(errand.args), kind="errand")
    (letter,) = here.mail.sent
    assert re.findall(r"\b\d{6}\b", letter.text)[0] == digits
    assert f"A-{document.deal_id:04d}-1" in letter.text
    with here.db.reading() as session:
        kept = str([row.model_dump() for table in (Effect, Fact, Document) for row in session.exec(select(table))])
    assert digits not in kept


# An operator's form


def test_resume_says_that_it_was_signed_on_paper(here_sqlite: World) -> None:
    document = out(here_sqlite)
    spot = Spot(document.deal_id, Stage.LAUNCH, 1, "act#1", "run")
    given = {"version": 1, "name": "Fergus Daly", "role": "Director", "on": "2026-03-02", "who": " Tomasz "}
    assert [forms._keep(spot, ActSigned, dict(given), "run/act-1-1", "") for _ in range(2)] == [True, True]
    after = now_is(here_sqlite, document)
    with here_sqlite.db.reading() as session:
        signed = acts.signature(session, after)
    assert signed is not None
    assert (after.state, signed[0].source, signed[0].actor, signed[1].code) == ("signed", "operator", "staff:Tomasz", 0)


# Silence


def test_silence_after_two_warnings_is_acceptance_once(here: World) -> None:
    document = out(here)
    do(here, document, warned)
    assert [steps.end_silence.fn(document.deal_id, 1) for _ in range(3)] == ["deemed"] * 3
    assert kinds(here, ActDeemed, WorkPaused) == ["act.deemed"]
    assert (now_is(here, document).state, work_of(here, document)) == ("deemed", "launch")


@pytest.mark.parametrize(
    ("terms", "warnings", "said", "work"),
    [
        ({"silence_accepts": False}, 2, "paused", "paused"), ({"silence_accepts": True}, 1, "paused", "paused"),
        ({"silence_accepts": False, "silence_pauses": False}, 2, "", "launch"), ({"silence_pauses": False}, 0, "", "launch"),
        ({"silence_pauses": False}, 2, "deemed", "launch"),
    ],
)  # fmt: skip
def test_silence_means_what_the_contract_says(here_sqlite: World, terms: dict[str, bool], warnings: int, said: str, work: str) -> None:
    document = out(here_sqlite)
    with here_sqlite.db.writing() as session:
        with_terms(session, session.get_one(Deal, document.deal_id), **terms)
    do(here_sqlite, document, warned, warnings)
    assert steps.end_silence.fn(document.deal_id, 1) == said
    assert steps.end_silence.fn(document.deal_id, 1) in {said, ""}
    assert work_of(here_sqlite, document) == work
    assert len(kinds(here_sqlite, ActDeemed, WorkPaused)) == bool(said)


@pytest.mark.parametrize("quicker", [a_signed_act, some_faults])
def test_whoever_is_quicker_than_the_end_of_silence_is_heard(here: World, quicker) -> None:
    document = out(here)
    do(here, document, warned)
    do(here, document, quicker)
    assert steps.end_silence.fn(document.deal_id, 1) == ""
    assert kinds(here, ActDeemed, WorkPaused) == []


def test_a_client_who_came_back_from_a_pause_is_not_paused_again_by_a_replay(here_sqlite: World) -> None:
    document = out(here_sqlite)
    assert steps.end_silence.fn(document.deal_id, 1) == "paused"
    do(here_sqlite, document, some_faults)
    assert steps.end_silence.fn(document.deal_id, 1) == ""
    assert work_of(here_sqlite, document) == "launch"


# Accepted


def test_a_signed_act_becomes_a_sealed_pack_that_verifies_offline(here: World) -> None:
    document = out(here)
    steps.print_act.fn(document.deal_id, 1)
    do(here, document, a_signed_act)
    signed = now_is(here, document)
    digest = steps.seal_act.fn(document.deal_id, 1)
    after = now_is(here, document)
    content = (here.settings.home / after.pdf_path).read_bytes()
    assert digest == after.pdf_hash == hashlib.sha256(content).hexdigest() == steps.seal_act.fn(document.deal_id, 1)
    assert original(after) == (signed.pdf_hash, signed.pdf_path)
    files = embedded(content)
    assert set(files) == set(evidence.FILES_OF["act"])
    assert files[evidence.ACT] == (here.settings.home / signed.pdf_path).read_bytes()
    verdict = judge(here.settings.home / after.pdf_path, seal.fingerprints(a_key()))
    assert verdict.ok, verdict.problems
    assert verdict.says[0].startswith(f"Act of acceptance A-{document.deal_id:04d}-1:")
    assert "Orla Byrne, Owner" in verdict.says[1]


def test_an_act_that_silence_accepted_is_sealed_with_its_warnings(here_sqlite: World, clock) -> None:
    document = out(here_sqlite)
    steps.print_act.fn(document.deal_id, 1)
    do(here_sqlite, document, a_deemed_act)
    digest = steps.seal_act.fn(document.deal_id, 1)
    place = here_sqlite.settings.home / now_is(here_sqlite, document).pdf_path
    verdict = judge(place, seal.fingerprints(a_key()))
    assert verdict.ok, verdict.problems
    assert "Accepted by silence" in verdict.says[1]
    place.unlink()
    clock.pass_(days=400)
    assert steps.seal_act.fn(document.deal_id, 1) == digest, "a lost pack is sealed to the same bytes"


def test_a_changed_pack_of_an_act_fails(here_sqlite: World, tmp_path) -> None:
    document = out(here_sqlite)
    do(here_sqlite, document, a_signed_act)
    steps.seal_act.fn(document.deal_id, 1)
    place = here_sqlite.settings.home / now_is(here_sqlite, document).pdf_path
    spoiled = tmp_path / "spoiled.pdf"
    spoiled.write_bytes(place.read_bytes().replace(b"%PDF-1", b"%PDF-2", 1) + b" ")
    assert not judge(spoiled, seal.fingerprints(a_key())).ok


def test_pages_that_are_not_those_that_were_signed_are_never_sealed(here_sqlite: World) -> None:
    class Different:
        def print(self, *_: object, **__: object) -> bytes:
            return b"%PDF-1.7 of another year"

    document = out(here_sqlite)
    steps.print_act.fn(document.deal_id, 1)
    do(here_sqlite, document, a_signed_act)
    (here_sqlite.settings.home / now_is(here_sqlite, document).pdf_path).unlink()
    the_world.use(replace(here_sqlite, pdf=Different()))
    with pytest.raises(Refused, match="back from a backup"):
        steps.seal_act.fn(document.deal_id, 1)


def test_a_signed_act_is_told_to_the_client_the_manager_and_the_salesperson_once(here: World) -> None:
    document = out(here)
    do(here, document, a_signed_act)
    for _ in range(2):
        assert steps.mail_accepted.fn(document.deal_id, 1) == ["done"]
        assert steps.tell_accepted.fn(document.deal_id, 1) == ["done", "done"]
    client, *staff = here.mail.sent
    assert {message.to.name for message in staff} == {"Tomasz Zielinski", "Conor Walsh"}
    for message in (client, *staff):
        assert "Orla Byrne" in message.text and "3 March 2026" in message.text and "€" in message.text
    assert re.search(r"/t/[a-z0-9]{32}\.pdf", client.text)


def test_who_leads_and_sells_gets_one_letter(here_sqlite: World) -> None:
    document = out(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.get_one(Deal, document.deal_id).salesperson = "tomasz@northlight.example"
    do(here_sqlite, document, a_signed_act)
    assert steps.tell_accepted.fn(document.deal_id, 1) == ["done"]


def test_a_signer_at_another_address_gets_the_act_and_so_does_the_client(here_sqlite: World) -> None:
    document = out(here_sqlite)
    do(here_sqlite, document, a_signed_act, email="boss@acme.example", at=TUESDAY)
    assert [steps.mail_accepted.fn(document.deal_id, 1) for _ in range(2)] == [["done", "done"]] * 2
    with here_sqlite.db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, document.deal_id).client_id)
    assert [message.to.address for message in here_sqlite.mail.sent] == [client.email, "boss@acme.example"]


def test_paper_is_told_of_by_its_own_day_and_signer(here_sqlite: World) -> None:
    document = out(here_sqlite)
    do(here_sqlite, document, an_act_on_paper, on=MONDAY.date().replace(month=2, day=27))
    steps.mail_accepted.fn(document.deal_id, 1)
    (letter,) = here_sqlite.mail.sent
    assert "Fergus Daly" in letter.text and "27 February 2026" in letter.text


def test_an_act_that_silence_accepted_is_told_as_that(here_sqlite: World) -> None:
    document = out(here_sqlite)
    do(here_sqlite, document, a_deemed_act)
    assert steps.mail_accepted.fn(document.deal_id, 1) == ["done"]
    steps.tell_accepted.fn(document.deal_id, 1)
    client, staff, _ = here_sqlite.mail.sent
    assert "counts as accepted from Monday 30 March 2026" in text_of(client).replace("Monday, ", "Monday ")
    assert "silence accepted, as the contract says" in text_of(staff)
    with here_sqlite.db.reading() as session:
        assert session.get_one(Effect, f"deal/{document.deal_id}/act/v1/accepted").what == "act-deemed"
    assert work_of(here_sqlite, document) == Work.LAUNCH


def test_a_real_pack_is_the_act_and_its_evidence_on_paper(here_sqlite: World, tmp_path) -> None:
    requires("printer")
    document, press = out(here_sqlite, service="corporate-site"), WeasyPrinter()
    the_world.use(replace(here_sqlite, pdf=press))
    try:
        steps.print_act.fn(document.deal_id, 1)
        do(here_sqlite, document, a_signed_act)
        steps.seal_act.fn(document.deal_id, 1)
    finally:
        press.close()
    place = here_sqlite.settings.home / now_is(here_sqlite, document).pdf_path
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(place).pages]
    assert "What was delivered" in pages[0]
    assert "Evidence of signature" in pages[-1] and "Orla Byrne" in pages[-1]
    assert judge(place, seal.fingerprints(a_key())).ok
