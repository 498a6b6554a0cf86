"""What is told about contracts: kept where it makes sense, refused in a sentence where not, followed by what may not be late."""

from datetime import timedelta
from itertools import product

import pytest
from sqlmodel import Session

from models import contract_parties, contract_state, contracts, inbox
from models.answers import Answer, ContractWord
from models.cash_answers import CodeAsked, ContractChangeAsked, ContractRevised, Countersigned
from models.contract_evidence import evidence
from models.errors import Invalid, Missing, Refused
from models.tables import Client, Deal, Document, Upload
from models.tracks import Sales
from tests.factories import a_client, a_contract, a_deal, a_signature, an_agreed_deal, the_details, told
from tests.fakes import MONDAY
from tests.studio import the_company

ON_PAPER = ContractWord(outcome="signed", on="2026-03-01", name="Fergus Daly", role="Owner")
LOST = ContractWord(outcome="lost", reason="They went silent.")
YES = Countersigned(version=1, decision="sign", name="Aoife Brennan")
NO = Countersigned(version=1, decision="refuse", reason="The price is wrong.")
STATES = ("none", "frozen", "signed", "countersigned", "refused")


def at(session: Session, state: str, **values) -> tuple[Deal, Document | None]:
    """A deal whose contract is in this state."""
    deal = an_agreed_deal(session, **values)
    if state == "none":
        return deal, None
    document = a_contract(session, deal)
    if state != "frozen":
        a_signature(session, document)
    if state in {"countersigned", "refused"}:
        told(session, deal, YES if state == "countersigned" else NO)
    return deal, document


ANSWERS: dict[str, tuple[Answer, set[str]]] = {
    "details": (the_details(), {"none"}), "code": (CodeAsked(version=1, email="x@acme.example"), {"frozen"}),
    "change": (ContractChangeAsked(version=1, text="Longer warranty."), {"frozen"}), "revised": (ContractRevised(version=1), {"frozen"}),
    "countersigned": (YES, {"signed"}), "refused": (NO, {"signed"}), "on paper": (ON_PAPER, {"frozen"}),
    "lost": (LOST, {"none", "frozen", "refused"}),
}  # fmt: skip


@pytest.mark.parametrize(("state", "name"), list(product(STATES, ANSWERS)))
def test_each_answer_has_its_moment(here_sqlite, state: str, name: str) -> None:
    answer, moments = ANSWERS[name]
    with here_sqlite.db.writing() as session:
        deal, _ = at(session, state)
        if state in moments:
            assert told(session, deal, answer).subject == f"deal/{deal.id}/r1/contract"
        else:
            with pytest.raises(Refused):
                told(session, deal, answer)


@pytest.mark.parametrize("name", ANSWERS)
def test_outside_of_contracting_nobody_asks_that(here_sqlite, name: str) -> None:
    answer, moments = ANSWERS[name]
    with here_sqlite.db.writing() as session:
        deal, _ = at(session, "signed" if "signed" in moments else "none" if "none" in moments else "frozen")
        for sales in set(Sales) - {Sales.CONTRACTING}:
            deal.sales = sales.value
            with pytest.raises(Refused, match="Nobody asks"):
                told(session, deal, answer)


def test_details_are_kept_tidy_with_the_client(here) -> None:
    with here.db.writing() as session:
        deal, _ = at(session, "none", details=False)
        told(session, deal, the_details(country="DE", vat_id="de 136 695 976", invoice_email="Books@Acme.example"))
        client = session.get_one(Client, deal.client_id)
        assert (client.details["vat_id"], client.details["invoice_email"]) == ("DE136695976", "books@acme.example")
        assert contracts.details_known(client)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"country": "XX"}, "country"), ({"vat_id": "IE12345"}, "vat_id"), ({"vat_id": "DE136695976"}, "vat_id"), ({"invoice_email": "me"}, "invoice_email"),
        ({"country": "FR", "vat_id": "EU372022452"}, "vat_id"), ({"country": "US", "vat_id": "DE136695976"}, "vat_id"), ({"vat_id": "---"}, "vat_id"),
    ],
)  # fmt: skip
def test_details_that_cannot_be_are_refused_by_field(here_sqlite, over: dict, field: str) -> None:
    assert set(contract_parties.problems_of(the_details(**over))) == {field}
    with here_sqlite.db.writing() as session:
        deal, _ = at(session, "none", details=False)
        with pytest.raises(Invalid):
            told(session, deal, the_details(**over))
        assert session.get_one(Client, deal.client_id).details == {}


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("IE", "6388047v", "IE6388047V"), ("IE", "IE 6388047 V", "IE6388047V"), ("GR", "094259216", "EL094259216"), ("GR", "GR094259216", "EL094259216"),
        ("GB", "980780684", "GB980780684"), ("GB", "XI980780684", "XI980780684"), ("CH", "CHE-100.155.212 MWST", "CHE100155212MWST"),
        ("US", "12-3456789", "US123456789"), ("MC", "FR 40 303265045", "FR40303265045"), ("NO", "NO 995 525 828 MVA", "NO995525828MVA"),
    ],
)  # fmt: skip
def test_a_vat_number_is_kept_compact_with_its_countrys_letters(country: str, typed: str, kept: str) -> None:
    assert contract_parties.vat_number(country, typed) == kept
    assert contract_parties.vat_number(country, kept) == kept


def test_a_party_is_printed_as_its_letters_are_addressed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        client = a_client(session, phone="+353201234567")
    party = contract_parties.buyer(client, the_details(country="DE", vat_id="", extra="Hinterhaus", postcode="50667", city="Köln"), "de_DE")
    assert party.address == ["5 Quay Street", "Hinterhaus", "50667 Köln", "Deutschland"]
    assert (party.contact, party.email, party.phone) == (client.name, client.email, client.phone)
    assert contract_parties.seller(the_company()).vat_id == "IE6417582GH"


# The salesperson's word


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (ContractWord(outcome="signed", on="2026-03-01"), "who signed it"),
        (ContractWord(outcome="signed", on=MONDAY.date() + timedelta(days=2), name="Fergus"), "still to come"),
        (ContractWord(outcome="signed", on="2026-03-01", name="Fergus", scan=77), "no scan of this deal"),
    ],
)  # fmt: skip
def test_paper_needs_who_when_and_a_real_scan(here_sqlite, word: ContractWord, sentence: str) -> None:
    with here_sqlite.db.writing() as session:
        deal, document = at(session, "frozen")
        with pytest.raises(Invalid, match=sentence):
            told(session, deal, word)
        assert document.state == "frozen"


@pytest.mark.parametrize(("media_type", "own", "removed", "fits"), [(m, o, r, m != "text/html" and o and not r) for m, o, r in product(("application/pdf", "image/png", "image/jpeg", "text/html"), (True, False), (True, False))])  # fmt: skip
def test_a_scan_is_a_picture_or_pdf_of_this_deal(here_sqlite, media_type: str, own: bool, removed: bool, fits: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal, document = at(session, "frozen")
        owner = deal if own else a_deal(session)
        scan = Upload(
            deal_id=owner.id, question="contract-scan", name="scan", media_type=media_type, size=1, sha256="ab" * 32, path="x", at=MONDAY,
            removed_at=MONDAY if removed else None,
        )  # fmt: skip
        session.add(scan)
        session.flush()
        word = ON_PAPER.model_copy(update={"scan": scan.id})
        if fits:
            told(session, deal, word)
        else:
            with pytest.raises(Invalid):
                told(session, deal, word)
        assert document.state == ("signed" if fits else "frozen")


def test_no_contract_can_be_signed_on_paper_before_it_is_made(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, _ = at(session, "none", details=False)
        with pytest.raises(Refused, match="client's details come first"):
            told(session, deal, ON_PAPER)


def test_a_lost_contract_is_no_longer_a_question_of_signatures(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, document = at(session, "signed")
        with pytest.raises(Refused, match="has signed this contract here"):
            told(session, deal, LOST)
        assert document.state == "signed"


# The studio's signature


def test_the_studio_signs_or_refuses_once(here) -> None:
    for first, second in product((YES, NO), (YES, NO)):
        with here.db.writing() as session:
            deal, document = at(session, "signed")
            told(session, deal, first)
            assert document.state == ("signed" if first is YES else "void")
            with pytest.raises(Refused):
                told(session, deal, second)


def test_the_studio_signs_by_name_and_what_the_client_signed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, _ = at(session, "signed")
        with pytest.raises(Invalid, match="who signs"):
            told(session, deal, Countersigned(version=1, decision="sign"))
        with pytest.raises(Refused, match="not signed this version"):
            told(session, deal, Countersigned(version=2, decision="sign", name="Aoife"))


def test_after_a_refusal_a_new_version_may_be_made_and_signed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, first = at(session, "refused")
        contracts.revise(session, the_company(), deal, contracts.Revision(texts={"title": "Another"}), who="conor", now=MONDAY, keep=True)
        second = contract_state.of_round(session, deal)
        assert (first.state, second.state, second.version) == ("void", "frozen", 2)
        told(session, deal, ContractRevised(version=2))
        a_signature(session, second, at=MONDAY + timedelta(hours=1))
        told(session, deal, YES.model_copy(update={"version": 2}))
        assert second.state == "signed"


# Evidence


def test_the_evidence_tells_the_whole_way_of_a_signature(here) -> None:
    with here.db.writing() as session:
        deal, document = at(session, "frozen")
        document.template_hash, document.pdf_hash = "aa" * 32, "bb" * 32
        a_signature(session, document, at=MONDAY + timedelta(minutes=2), agent="Firefox")
        inbox.tell(session, deal.id, YES, source="staff", external_id="x", actor="staff:aoife@northlight.example", now=MONDAY + timedelta(hours=1))
        found = evidence(session, the_company(), document)
        assert found == evidence(session, the_company(), document)
    assert (found.body_hash, found.template_hash, found.pdf_hash) == (document.body_hash, "aa" * 32, "bb" * 32)
    assert found.proposal_hash == document.body["proposal_hash"]
    client, studio = found.signatures
    assert (client.side, client.how, client.name, client.address, client.agent) == ("client", "mailed code", "Orla Byrne", "198.51.100.7", "Firefox")
    assert client.consent == document.body["consent"]
    assert (studio.side, studio.how, studio.name, studio.role) == ("studio", "director's link", "Aoife Brennan", "Director")
    assert [at for at, _ in found.steps] == sorted(at for at, _ in found.steps)
    told_of = " ".join(words for _, words in found.steps)
    for words in ("made by the system and frozen", "asked for code 1", "gave code 1 and signed", "Aoife Brennan signed for the studio"):
        assert words in told_of
    assert found.made_at == (MONDAY + timedelta(hours=1)).isoformat()


def test_nobody_signs_what_the_salesperson_has_given_up(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, document = at(session, "frozen")
        told(session, deal, LOST)
        with pytest.raises(Refused, match="no longer open"):
            a_signature(session, document)
        with pytest.raises(Refused, match="no longer open"):
            told(session, deal, ContractChangeAsked(version=1, text="Cheaper, please."))
        assert document.state == "frozen"


def test_the_evidence_of_paper_states_no_bytes_that_nobody_signed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, document = at(session, "frozen")
        document.pdf_hash = "bb" * 32
        inbox.tell(session, deal.id, ON_PAPER, source="staff", external_id="x", actor="staff:conor@northlight.example", now=MONDAY)
        inbox.tell(session, deal.id, YES, source="system", external_id="y", actor="system", now=MONDAY)
        found = evidence(session, the_company(), document)
    client, studio = found.signatures
    assert (found.pdf_hash, client.how, client.at, client.name) == ("", "paper", "2026-03-01T00:00:00+00:00", "Fergus Daly")
    assert studio.how == "standing rule"
    assert "conor@northlight.example recorded that Fergus Daly signed it on paper on 2026-03-01. There is no scan." in dict(found.steps).values()


def test_wrong_tries_are_in_the_evidence(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        _, document = at(session, "frozen")
        from models import signing
        from tests.factories import a_code

        a_code(session, document)
        for _ in range(2):
            signing.give(session, "a test's secret", document.deal_id, 1, "nonsense", now=MONDAY)
        a_signature(session, document, at=MONDAY + timedelta(minutes=5))
        found = evidence(session, the_company(), document)
    assert any("Code 1: 2 wrong tries" in words for _, words in found.steps)


def test_what_nobody_signed_has_no_evidence(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        _, document = at(session, "frozen")
        with pytest.raises(Missing, match="is not signed"):
            evidence(session, the_company(), document)
