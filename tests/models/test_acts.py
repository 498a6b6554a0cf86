"""Acts of acceptance: made of what was agreed and told, frozen; accepted once, by a code of their own, on paper, or by silence that was warned."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from models import act_evidence, act_facts, act_signature, act_state, acts, contract_evidence, evidence, facts, inbox, projects, signing
from models.act import ActBody
from models.answers import BY_RULE
from models.cash_tables import SignCode
from models.delivery_answers import (
    ActCodeAsked,
    ActDeemed,
    ActFaults,
    ActSigned,
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    FaultsMended,
    LaunchChecked,
    StageDeemed,
    WorkPaused,
)
from models.effects import EffectState
from models.errors import HandedBack, Invalid, Missing, Refused
from models.signature import Signer
from models.stages import Stage
from models.tables import Client, Deal, Document, Effect, Fact
from models.tracks import Work, move
from tests.factories import a_client, a_payment, a_wait, an_invoice, told
from tests.fakes import MONDAY
from tests.launching import (
    EVERY,
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
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, comments
from tests.studio import the_company

SECRET = "a test's secret"
DAY = timedelta(days=1)
SITE = "corporate-site"


def body(document: Document) -> ActBody:
    return ActBody.model_validate(document.body)


def deal_of(session: Session, document: Document) -> Deal:
    return session.get_one(Deal, document.deal_id)


def sign(session: Session, document: Document, code: str, *, at=TUESDAY, **who: object) -> str:
    email = session.get_one(Client, deal_of(session, document).client_id).email
    signer = Signer(**{"version": document.version, "name": "Orla Byrne", "role": "Owner", "email": email} | who)
    return act_signature.sign(session, SECRET, document.deal_id, signer, code, now=at)


def mended(session: Session, document: Document, note: str = "Both work now.", *, at=MONDAY) -> None:
    told(session, deal_of(session, document), FaultsMended(note=note), at=at, actor=MANAGER)


# Made


def test_an_act_is_made_once_and_a_replay_begins_with_the_same_one(here) -> None:
    with here.db.writing() as session:
        first = an_act(session)
        again = an_act(session, deal_of(session, first), at=MONDAY + DAY)
        assert again is first
        assert (first.state, first.version, first.body["number"]) == ("frozen", 1, f"A-{first.deal_id:04d}-1")
        assert acts.newest(session, deal_of(session, first)) is first


def test_before_the_checklist_is_done_there_is_no_act(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=Work.LAUNCH, accepted=EVERY)
        with pytest.raises(Missing, match="not done yet"):
            an_act(session, deal)
        assert acts.newest(session, deal) is None


def test_an_act_says_what_was_delivered_when_and_by_whose_word(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=SITE)
        for slug in ("specification", "prototype"):
            an_accepted_stage(session, deal, slug, at=MONDAY + DAY)
        version = a_shown_stage(session, deal, "design", at=MONDAY + 2 * DAY)
        told(session, deal, StageDeemed(stage="design", version=version), at=MONDAY + 30 * DAY, actor="system")
        for stage in projects.stand(session, deal).stages[3:]:
            an_accepted_stage(session, deal, stage.slug, at=MONDAY + 31 * DAY)
        deal.work = Work.LAUNCH.value
        told(session, deal, LaunchChecked(url="https://acme.example", note="Live."), at=MONDAY + 32 * DAY, actor=MANAGER)
        found = body(an_act(session, deal, at=MONDAY + 32 * DAY))
    assert [(stage.title, stage.how, stage.by) for stage in found.stages] == [
        ("Specification", "approved", "Orla Byrne"), ("Prototype", "approved", "Orla Byrne"), ("Design", "silence", ""), ("Pages", "done", ""),
        ("Programming", "done", ""), ("Content", "approved", "Orla Byrne"), ("Testing", "approved", "Orla Byrne"), ("Launch", "done", ""),
    ]  # fmt: skip
    assert [stage.on for stage in found.stages][1:3] == [date(2026, 3, 3), date(2026, 4, 1)]
    assert (found.url, found.note, found.made_on) == ("https://acme.example", "Live.", date(2026, 4, 3))


def test_an_act_rests_on_its_contract_and_quotes_its_warranty(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        contract = projects.contract_of(session, deal_of(session, document))
        row = session.exec(select(Document).where(Document.kind == "contract", Document.deal_id == document.deal_id)).one()
        found = body(document)
        clause = next(place for place, one in enumerate(contract.clauses, start=1) if one.title == "Warranty")
    assert (found.contract, found.contract_on, found.contract_hash) == (contract.number, contract.made_on, row.body_hash)
    assert (found.buyer, found.title, found.locale) == (contract.buyer, contract.title, contract.locale)
    assert found.warranty[0].startswith(f"The warranty of clause {clause} of the contract begins")
    assert found.warranty[1:] == contract.clauses[clause - 1].paragraphs
    assert contract.number in found.consent and contract.buyer.name in found.consent
    assert "reminds them twice" in found.silence


def test_an_act_under_a_contract_without_such_clauses_says_nothing_of_them(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_launch(session)
        with_terms(session, deal, silence_accepts=False)
        row = session.exec(select(Document).where(Document.kind == "contract", Document.deal_id == deal.id)).one()
        row.body = {**row.body, "clauses": [one for one in row.body["clauses"] if one["title"] != "Warranty"]}
        session.add(row)
        found = body(an_act(session, deal))
    assert (found.warranty, found.silence) == ([], "")


def test_changes_that_the_client_took_stand_in_the_act_and_in_what_is_to_be_paid(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=SITE)
        an_accepted_stage(session, deal, "specification")
        a_shown_stage(session, deal, "prototype")
        comments(session, deal, "prototype")
        offer = told(session, deal, ChangeOffered(stage="prototype", text="A calculator.", price=Decimal(400), days=3), actor=MANAGER)
        total = 49_200
        told(session, deal, ChangeAnswered(stage="prototype", offer=offer.id, decision="accept", total=total, name="Orla"))
        for stage in projects.stand(session, deal).stages[1:]:
            an_accepted_stage(session, deal, stage.slug)
        deal.work = Work.LAUNCH.value
        told(session, deal, LaunchChecked(), actor=MANAGER)
        before, agreed = sum(one.gross.amount for one in projects.contract_of(session, deal).schedule), projects.contract_of(session, deal).days
        found = body(an_act(session, deal))
    assert [(change.text, change.net.amount, change.days) for change in found.changes] == [("A calculator.", 40_000, 3)]
    assert found.gross.amount == before + total
    assert [one.title for one in found.payments][-1] == "Change: A calculator."
    assert found.time.agreed == agreed + 3


def test_what_is_paid_is_not_owed_and_what_nobody_has_asked_for_yet_is(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_launch(session, service=SITE)
        second = an_invoice(session, deal, part=2)
        a_payment(session, second, 10_000)
        found = body(an_act(session, deal))
        plan = projects.contract_of(session, deal).schedule
    assert [(one.part, one.number, one.open.amount) for one in found.payments] == [
        (2, second.number, second.gross - 10_000), (3, "", plan[2].gross.amount)
    ]  # fmt: skip
    assert found.gross.amount == sum(one.gross.amount for one in plan)


def test_an_act_counts_the_days_up_to_the_launch(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=Work.LAUNCH, accepted=EVERY)
        told(session, deal, DateMoved(days=2, reason="A flu."), actor=MANAGER)
        a_wait(session, deal, ActSigned, stage=Stage.LAUNCH, key="act#0", what="an answer", at=MONDAY + DAY)
        told(session, deal, LaunchChecked(), at=MONDAY + 4 * DAY, actor=MANAGER)
        found, plan = body(an_act(session, deal, at=MONDAY + 10 * DAY)), projects.stand(session, deal).plan
    time = found.time
    assert (time.agreed, time.done_on) == (plan.days + 2, date(2026, 3, 6))
    assert (time.worked, time.waited) == (2, 3), "asked on Tuesday, not answered yet on Friday morning: three evenings are lost"
    assert time.promised_on > time.planned_on


def test_two_of_the_same_facts_give_the_same_act(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        again = an_act(session, deal_of(session, document))
        assert again.body_hash == document.body_hash
        session.delete(document)
        session.flush()
        assert an_act(session, deal_of(session, document)).body_hash == document.body_hash


# Faults


def test_faults_are_mended_and_the_next_version_names_them(here) -> None:
    with here.db.writing() as session:
        first = an_act(session)
        some_faults(session, first, at=MONDAY + DAY)
        some_faults(session, first, "And the map is empty.", at=MONDAY + DAY)
        mended(session, first, at=MONDAY + 2 * DAY)
        assert first.state == "void"
        second = an_act(session, deal_of(session, first), showing=2, at=MONDAY + 2 * DAY)
        assert (second.state, second.version, acts.newest(session, deal_of(session, first))) == ("frozen", 2, second)
        found = body(second)
    assert [(one.version, one.text, one.by) for one in found.faults] == [
        (1, "The form does not send.", "Orla Byrne"), (1, "And the map is empty.", "Orla Byrne")
    ]  # fmt: skip
    assert {(one.named_on, one.mended_on, one.note) for one in found.faults} == {(date(2026, 3, 3), date(2026, 3, 4), "Both work now.")}
    assert (found.note, found.time.done_on) == ("Both work now.", date(2026, 3, 4))


def test_a_void_version_is_nobodys_to_answer(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        some_faults(session, document)
        mended(session, document)
        for answer in (ActFaults(version=1, text="More."), ActSigned(version=1, name="O", role="R"), ActCodeAsked(version=1, email="a@acme.example")):
            with pytest.raises(Refused, match="is put right"):
                told(session, deal_of(session, document), answer)


def test_who_named_faults_may_sign_after_all(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        some_faults(session, document)
        assert a_signed_act(session, document).state == "signed"
        with pytest.raises(Refused, match="signed already"):
            mended(session, document)


def test_nothing_is_mended_that_nobody_named(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_launch(session)
        with pytest.raises(Missing, match="no act"):
            told(session, deal, FaultsMended(), actor=MANAGER)
        an_act(session, deal)
        with pytest.raises(Refused, match="named no faults"):
            told(session, deal, FaultsMended(), actor=MANAGER)


# Signed


def test_a_client_signs_with_their_code_and_the_signature_names_what_was_signed(here) -> None:
    with here.db.writing() as session:
        document = a_signed_act(session, an_act(session))
        fact, answer = acts.signature(session, document)
        assert (document.state, document.frozen_by) == ("signed", fact.id)
        assert (answer.body_hash, answer.consent, answer.code) == (document.body_hash, document.body["consent"], 1)
        assert (fact.actor, fact.source, fact.subject) == ("client", "client", f"deal/{document.deal_id}/r1/act")
        assert (answer.address, answer.agent) == ("198.51.100.7", "A browser")


def test_it_is_signed_once(here) -> None:
    with here.db.writing() as session:
        document = a_signed_act(session, an_act(session))
        with pytest.raises(Refused, match="signed already"):
            sign(session, document, "123456")
        with pytest.raises(Refused, match="signed already"):
            told(session, deal_of(session, document), ActSigned(version=1, name="Orla", role="Owner"))
        with pytest.raises(Refused, match="is accepted"):
            an_act(session, deal_of(session, document), showing=2)


def test_a_code_of_the_contract_never_signs_the_act_nor_the_other_way_round(here) -> None:
    with here.db.writing() as session:
        document = an_act(session)
        deal_id, late = document.deal_id, MONDAY + timedelta(hours=2)
        contracts = session.exec(select(SignCode).where(SignCode.deal_id == deal_id)).one()
        fresh = signing.ask(session, deal_id, 1, "orla@acme.example", now=late)
        foreign = signing.digits(SECRET, deal_id, 1, fresh.number)
        assert sign(session, document, foreign, at=late) == "Please ask for a code first."
        own = an_act_code(session, document, at=late + timedelta(minutes=2))
        assert "not the code we sent" in sign(session, document, foreign, at=late + timedelta(minutes=3))
        assert signing.give(session, SECRET, deal_id, 1, own, now=late + timedelta(minutes=3)).code is None
        assert signing.wrong_tries(session, deal_id, 1, kind="act") == 1
        assert [(code.kind, code.number) for code in session.exec(select(SignCode).where(SignCode.deal_id == deal_id).order_by(SignCode.id))] == [
            ("contract", contracts.number), ("contract", 2), ("act", 1)
        ]  # fmt: skip


def test_digits_of_contracts_and_acts_are_others() -> None:
    same = [signing.digits(SECRET, deal, 1, 1) == signing.digits(SECRET, deal, 1, 1, kind="act") for deal in range(500)]
    assert sum(same) < 5


def test_a_signature_by_code_needs_the_code_and_the_document_as_it_is(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        claim = {"version": 1, "name": "Orla", "role": "Owner", "email": "orla@acme.example", "code": 1, "body_hash": document.body_hash}
        with pytest.raises(Refused, match="needs the code"):
            told(session, deal_of(session, document), ActSigned(**claim))
        an_act_code(session, document)
        with pytest.raises(Refused, match="needs the code"):  # asked for is not given
            told(session, deal_of(session, document), ActSigned(**claim))
        with pytest.raises(Refused, match="changed while you were reading"):
            told(session, deal_of(session, document), ActSigned(**claim | {"body_hash": "0" * 64}))
        assert document.state == "frozen"


@pytest.mark.parametrize(
    ("email", "may"),
    [("boss@acme.example", True), ("signer@holding.example", True), ("boss@evil.example", False), ("me", False)],
)
def test_codes_go_to_the_client_their_colleagues_and_whom_the_contract_names(here_sqlite, email: str, may: bool) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        document.made_from = {**document.made_from, "signer": "signer@holding.example"}
        session.add(document)
        asked = ActCodeAsked(version=1, email=email, name="Boss", role="Owner")
        if may:
            told(session, deal_of(session, document), asked, at=TUESDAY)
            letter = session.get_one(Effect, f"deal/{document.deal_id}/act/v1/code/1")
            assert (letter.what, letter.args["address"], letter.args["facts"]) == ("act-code", email, {"code_number": "1", "version": "1"})
        else:
            with pytest.raises(Refused):
                told(session, deal_of(session, document), asked, at=TUESDAY)


def test_who_may_sign_the_contract_may_sign_the_act(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_launch(session)
        contract = session.exec(select(Document).where(Document.kind == "contract", Document.deal_id == deal.id)).one()
        contract.made_from = {**contract.made_from, "signer": "signer@holding.example"}
        session.add(contract)
        assert an_act(session, deal).made_from["signer"] == "signer@holding.example"


def test_codes_of_an_act_are_asked_for_at_the_contracts_pace(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        an_act_code(session, document)
        with pytest.raises(signing.TooMany, match="a moment ago"):
            an_act_code(session, document, at=TUESDAY + timedelta(seconds=30))
        for wrong in range(signing.WRONG_IN_ALL):
            at = TUESDAY + timedelta(hours=1 + wrong // 5)
            if wrong % 5 == 0:
                an_act_code(session, document, at=at)
            sign(session, document, "nonsense", at=at)
        with pytest.raises(signing.TooMany, match="for this act. Please call us: it can be signed on paper"):
            an_act_code(session, document, at=MONDAY + 3 * DAY)


def test_paper_is_one_of_ours_word_with_its_own_day(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        with pytest.raises(Invalid, match="still to come"):
            an_act_on_paper(session, document, on=date(2026, 3, 9))
        an_act_on_paper(session, document, on=date(2026, 2, 27))
        fact, answer = acts.signature(session, document)
        assert (document.state, fact.actor, answer.name, answer.on) == ("signed", MANAGER, "Fergus Daly", date(2026, 2, 27))


def test_no_machine_can_claim_that_an_act_is_signed_or_deemed() -> None:
    assert {ActSigned, ActDeemed, ActCodeAsked} <= BY_RULE
    assert {LaunchChecked, ActFaults, FaultsMended}.isdisjoint(BY_RULE)


# Silence


def test_silence_accepts_after_two_warnings_and_is_recorded_as_that(here) -> None:
    with here.db.writing() as session:
        document = a_deemed_act(session, an_act(session))
        assert document.state == "deemed"
        assert act_state.deemed(session, document).kind == ActDeemed.kind
        assert acts.signature(session, document) is None
        for answer in (ActFaults(version=1, text="Late."), ActSigned(version=1, name="O", role="R")):
            with pytest.raises(Refused, match="counts as accepted already"):
                told(session, deal_of(session, document), answer)


@pytest.mark.parametrize(
    ("times", "state"), [(0, EffectState.DONE), (1, EffectState.DONE), (2, EffectState.SKIPPED), (2, EffectState.FAILED), (2, EffectState.UNKNOWN)]
)
def test_silence_that_was_not_warned_of_twice_accepts_nothing(here_sqlite, times: int, state: EffectState) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        warned(session, document, times, state=state)
        with pytest.raises(Refused, match="two warnings"):
            told(session, deal_of(session, document), ActDeemed(version=1), actor="system")
        assert document.state == "frozen"


def test_a_warning_that_came_back_is_none(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        warned(session, document)
        sent = act_state.warned(session, deal_of(session, document))
        assert len(sent) == 2
        sent[0].result = {**sent[0].result, "bounced": {"address": "orla@acme.example"}}
        session.add(sent[0])
        with pytest.raises(Refused, match="two warnings"):
            told(session, deal_of(session, document), ActDeemed(version=1), actor="system")


def test_warnings_of_an_earlier_version_do_not_count(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first = an_act(session)
        warned(session, first)
        some_faults(session, first)
        mended(session, first)
        second = an_act(session, deal_of(session, first), showing=2)
        a_wait(session, deal_of(session, first), ActSigned, stage=Stage.LAUNCH, key="act#2", ladder="act")
        with pytest.raises(Refused, match="two warnings"):
            told(session, deal_of(session, first), ActDeemed(version=2), actor="system")
        assert second.state == "frozen"


def test_silence_accepts_only_where_the_contract_says_so_and_nothing_was_named(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        warned(session, document)
        with_terms(session, deal_of(session, document), silence_accepts=False)
        with pytest.raises(Refused, match="does not say"):
            told(session, deal_of(session, document), ActDeemed(version=1), actor="system")
        with_terms(session, deal_of(session, document), silence_accepts=True)
        some_faults(session, document)
        with pytest.raises(Refused, match="named faults"):
            told(session, deal_of(session, document), ActDeemed(version=1), actor="system")


@pytest.mark.parametrize("comes", ["signature", "faults"])
def test_a_client_who_is_back_ends_the_pause(here, comes: str) -> None:
    with here.db.writing() as session:
        document = an_act(session)
        deal = deal_of(session, document)
        told(session, deal, WorkPaused(what="your word"), actor="system")
        assert deal.work == Work.PAUSED
        if comes == "signature":
            a_signed_act(session, document)
        else:
            some_faults(session, document)
        assert deal.work == Work.LAUNCH
        resumed = [effect for effect in session.exec(select(Effect)) if effect.what == "project-resumed"]
        assert bool(resumed) == (comes == "faults"), "a signature needs no new date"


# When nothing can be answered


@pytest.mark.parametrize("work", [Work.CANCELLED, Work.PRODUCTION, Work.HANDED_OVER])
def test_an_act_is_answered_while_the_launch_is_under_way(here_sqlite, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        deal = deal_of(session, document)
        deal.work = work.value
        if work == Work.PRODUCTION:
            some_faults(session, document)
            return
        with pytest.raises(HandedBack if work == Work.HANDED_OVER else Refused, match="handed over|cancelled"):
            some_faults(session, document)


def test_naming_faults_after_the_hand_over_is_an_attempt_to_come_back(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_signed_act(session, an_act(session))
        deal = deal_of(session, document)
        for place in (Work.COMPLETED, Work.HANDED_OVER):
            move(session, deal, place, why="a test", fact=None, now=MONDAY)
        with pytest.raises(HandedBack):
            some_faults(session, document)


def test_another_version_than_the_one_that_was_read_is_not_signed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        with pytest.raises(Refused, match="changed while you were reading"):
            act_facts.unsigned(session, deal_of(session, document), 2, MONDAY)


def test_a_withdrawn_act_is_void_and_an_accepted_one_is_not_withdrawn(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        out, signed, none = an_act(session), a_signed_act(session, an_act(session)), a_launch(session)
        act_state.withdraw(session, deal_of(session, out))
        act_state.withdraw(session, none)
        assert out.state == "void"
        with pytest.raises(Refused, match="has accepted the work"):
            act_state.withdraw(session, deal_of(session, signed))


def test_an_act_of_an_earlier_round_is_not_this_rounds(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act(session)
        deal = deal_of(session, document)
        deal.round = 2
        session.flush()
        assert acts.newest(session, deal) is None


# Evidence


def test_the_evidence_of_a_signature_says_who_when_from_where_and_over_what(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first = an_act(session)
        some_faults(session, first)
        mended(session, first, at=MONDAY + DAY)
        document = an_act(session, deal_of(session, first), showing=2, at=MONDAY + DAY)
        a_signed_act(session, document, at=MONDAY + 2 * DAY)
        found, again = act_evidence.evidence(session, document), act_evidence.evidence(session, document)
    assert found == again
    (signature,) = found.signatures
    assert (found.kind, found.number, found.version, found.deemed_at) == ("act", document.body["number"], 2, "")
    assert (signature.name, signature.role, signature.how, signature.address) == ("Orla Byrne", "Owner", "mailed code", "198.51.100.7")
    assert (found.body_hash, found.contract_hash, found.proposal_hash) == (document.body_hash, document.body["contract_hash"], "")
    words = [said for _, said in found.steps]
    assert words[0] == "Orla Byrne named faults in version 1."
    assert "tomasz@northlight.example recorded that the faults were put right." in words
    assert any(said.startswith("Orla Byrne asked for code 1 to be mailed to orla") for said in words)
    assert words[-1] == "Orla Byrne (Owner) gave code 1 and signed, from 198.51.100.7."


def test_the_evidence_of_silence_names_the_warnings_and_nobody(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_deemed_act(session, an_act(session))
        found = act_evidence.evidence(session, document)
    assert (found.signatures, found.deemed_at) == ([], contract_evidence.iso(MONDAY + 28 * DAY))
    words = [said for _, said in found.steps]
    assert words.count("orla@acme.example was warned that silence accepts.") == 2
    assert words[-1].startswith("Nobody had answered")
    files = {evidence.EVIDENCE: evidence.written(found), evidence.SNAPSHOT: evidence.canonical(document.body), evidence.ACT: b"%PDF"}
    assert evidence.read(files) == found
    assert evidence.problems(found, files) == []
    assert evidence.told(found)[0].startswith(f"Act of acceptance {document.body['number']}:")
    assert "Accepted by silence" in evidence.told(found)[1] and "30 March 2026" in evidence.told(found)[1]


def test_the_evidence_of_paper_states_no_bytes(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = an_act_on_paper(session, an_act(session), on=date(2026, 2, 27))
        found = act_evidence.evidence(session, document)
    assert (found.pdf_hash, found.template_hash, found.signatures[0].how) == ("", "", "paper")
    assert any("signed it on paper on 2026-02-27" in said for _, said in found.steps)


def test_what_nobody_accepted_has_no_evidence(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Missing, match="is not accepted"):
        act_evidence.evidence(session, an_act(session))


def test_a_pack_of_an_act_is_read_as_one_and_needs_its_pages(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_signed_act(session, an_act(session))
        found = act_evidence.evidence(session, document)
    whole = {evidence.EVIDENCE: evidence.written(found), evidence.SNAPSHOT: evidence.canonical(document.body), evidence.ACT: b"%PDF"}
    assert evidence.problems(evidence.read(whole), whole) == []
    for name in whole:
        with pytest.raises(Invalid, match=f"no signed (act|contract): .*{name}"):
            evidence.read({key: content for key, content in whole.items() if key != name})
    with pytest.raises(Invalid, match="no signed act: act.pdf is not in it"):
        evidence.read({evidence.EVIDENCE: whole[evidence.EVIDENCE], evidence.SNAPSHOT: b"{}", evidence.CONTRACT: b"%PDF"})
    unsigned = found.model_copy(update={"signatures": []})
    assert evidence.problems(unsigned, whole) == ["Nobody has signed it for the client."]


def test_every_fact_about_an_act_has_one_subject(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = deal_of(session, an_act(session))
        kinds = (ActCodeAsked, ActSigned, ActFaults, ActDeemed, FaultsMended)
        assert {inbox.subject_of(deal, kind) for kind in kinds} == {facts.subject(deal.id, 1, "act")}
        assert {fact.kind for fact in session.exec(select(Fact).where(Fact.deal_id == deal.id))} >= {LaunchChecked.kind}


def test_a_manager_who_has_left_is_named_by_the_studio(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_launch(session, client=a_client(session, name="Ada"))
        project = projects.of(session, deal)
        project.manager = "gone@northlight.example"
        session.add(project)
        assert body(an_act(session, deal)).manager.name == the_company().studio.name
