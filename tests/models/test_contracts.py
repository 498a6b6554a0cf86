"""Contracts: made from what was accepted, frozen when sent, made anew by hand, one live version at a time."""

from decimal import Decimal
from itertools import product

import pytest
from sqlmodel import Session, select

from models import contract_body, contract_state, contracts, documents
from models.cash_answers import ContractChangeAsked, ContractDetails
from models.contract import ContractBody
from models.contracts import Revision
from models.errors import Invalid, Missing, Refused
from models.money import total
from models.proposal import Snapshot
from models.tables import Client, Deal, Document
from models.totals import totals
from models.tracks import Sales
from tests.factories import a_client, a_contract, a_deal, a_proposal, a_signature, an_agreed_deal, an_estimate, the_details, told
from tests.fakes import MONDAY
from tests.studio import SERVICES, the_company

COMPANY = the_company()
PARTIES = {
    "home with number": {"country": "IE", "vat_id": "IE6388047V"}, "home without": {"country": "IE", "vat_id": ""},
    "EU with number": {"country": "DE", "vat_id": "DE136695976"}, "EU without": {"country": "DE", "vat_id": ""},
    "outside": {"country": "US", "vat_id": ""}, "outside with number": {"country": "CH", "vat_id": "CHE100155212MWST"},
}  # fmt: skip


def body_of(document: Document) -> ContractBody:
    return ContractBody.model_validate(document.body)


def revised(session: Session, deal: Deal, revision: Revision, *, keep: bool = True) -> tuple[ContractBody, list[str]]:
    return contracts.revise(session, COMPANY, deal, revision, who="staff:conor", now=MONDAY, keep=keep)


@pytest.mark.parametrize(("service", "party"), list(product(SERVICES, PARTIES)))
def test_a_contract_says_what_was_accepted_and_vat_by_the_law(here_sqlite, service: str, party: str) -> None:
    with here_sqlite.db.writing() as session:
        client = a_client(session)
        deal = an_agreed_deal(session, service=service, client=client)
        client.details = the_details(**PARTIES[party]).model_dump()
        proposal = documents.latest(session, deal.id, "proposal")
        snapshot = Snapshot.model_validate(proposal.body)
        document = a_contract(session, deal)
    body = body_of(document)
    assert (document.state, document.frozen_at, document.body_hash) == ("frozen", MONDAY, documents.fingerprint(document.body))
    assert (body.number, body.proposal, body.proposal_hash) == (f"C-{deal.id:04d}-1", snapshot.number, proposal.body_hash)
    assert (body.scope, body.timeline, body.days) == (snapshot.scope, snapshot.timeline, snapshot.days)
    assert body.net == totals(snapshot, []).net
    assert body.gross == body.net + body.vat
    assert body.vat == body.net.times(Decimal(body.vat_rule.percent) / 100)
    assert total((part.net for part in body.schedule), body.currency) == body.net
    assert [part.part for part in body.schedule] == list(range(1, len(snapshot.payments) + 1))
    assert bool(body.changes) == (Decimal(body.vat_rule.percent) != Decimal(snapshot.vat_percent))
    assert all(f"{body.net.format(body.locale)} net stays" in change for change in body.changes)
    said = " ".join([body.title, body.consent, *body.intro, *(text for clause in body.clauses for text in clause.paragraphs)])
    assert "{" not in said
    assert "Acme Instruments Limited" in said
    assert {clause.title for clause in body.clauses} >= {"Price", "Payments", "Acceptance", "Liability", "Form, law and place"}
    assert all(clause.paragraphs for clause in body.clauses)


def test_the_options_taken_are_in_it_and_the_others_are_not(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED, service="corporate-site")
        options = Snapshot.model_validate(a_proposal(session, deal).body).options
    with here_sqlite.db.writing() as session:
        agreed = an_agreed_deal(session, service="corporate-site", selection=[options[0].slug])
        proposal = documents.latest(session, agreed.id, "proposal")
        body = body_of(a_contract(session, agreed))
    assert [option.slug for option in body.options] == proposal.selection
    assert body.net.amount == proposal.totals["net"]["amount"]
    assert body.gross.amount == proposal.totals["gross"]["amount"]


def test_the_same_things_give_the_same_version(here) -> None:
    with here.db.writing() as session:
        deal = an_agreed_deal(session)
        first = a_contract(session, deal)
    with here.db.writing() as session:
        again = a_contract(session, session.get_one(Deal, deal.id))
        assert (again.id, again.version, again.body_hash) == (first.id, 1, first.body_hash)
        assert len(session.exec(select(Document).where(Document.kind == "contract")).all()) == 1


def test_other_details_make_another_version_and_void_the_one_before(here) -> None:
    with here.db.writing() as session:
        deal = an_agreed_deal(session)
        first = a_contract(session, deal)
        session.get_one(Client, deal.client_id).details = the_details(legal_name="Acme Holding Limited").model_dump()
        session.flush()
        second = a_contract(session, deal)
        assert (first.state, second.state, second.version) == ("void", "frozen", 2)
        assert second.changes == ["The contract is with Acme Holding Limited; it was Acme Instruments Limited."]


def test_a_new_round_makes_a_new_version_and_leaves_the_signed_one_of_the_old(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = an_agreed_deal(session)
        first = a_signature(session, a_contract(session, deal))
        deal.round = 2
        assert contract_state.of_round(session, deal) is None
        proposal = documents.latest(session, deal.id, "proposal")
        proposal.round = 2
        session.flush()
        second = a_contract(session, deal)
        assert (first.state, second.version, second.state) == ("signed", 2, "frozen")
        assert contract_state.is_first(session, second)


def test_without_details_or_without_a_yes_there_is_no_contract(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = an_agreed_deal(session, details=False)
        with pytest.raises(Missing, match="who the contracting party is"):
            a_contract(session, deal)
        other = a_deal(session, sales=Sales.PROPOSED)
        a_proposal(session, other)
        with pytest.raises(Missing, match="no accepted proposal"):
            a_contract(session, other)
        third = a_deal(session, sales=Sales.ESTIMATING)
        an_estimate(session, third)
        with pytest.raises(Missing, match="no accepted proposal"):
            a_contract(session, third)


@pytest.mark.parametrize(
    ("known", "asked", "told_now", "asks", "has"),
    [(known, asked, told_now, asked or not known, told_now or (known and not asked)) for known, asked, told_now in product([0, 1], [0, 1], [0, 1])],
)
def test_details_are_asked_for_once_a_round_and_stay_asked(here_sqlite, known, asked, told_now, asks, has) -> None:
    with here_sqlite.db.writing() as session:
        deal = an_agreed_deal(session, details=bool(known))
        if asked:
            from models import effects

            effects.plan(session, contract_state.details_letter(deal), "letter", deal_id=deal.id, what="contract-details", now=MONDAY)
        client = session.get_one(Client, deal.client_id)
        if told_now:
            told(session, deal, the_details())
            client.details = client.details if known else {}
        assert contracts.details_known(client) == bool(known)
        assert contract_state.asks_details(session, deal) == bool(asks)
        assert contract_state.has_details(session, deal) == bool(has)


class TestARevision:
    def test_is_shown_before_anything_changes(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            document = a_contract(session)
            deal = session.get_one(Deal, document.deal_id)
            body, changes = revised(session, deal, Revision(texts={"clause:Warranty": "Two years, for everything."}), keep=False)
            assert next(clause.paragraphs for clause in body.clauses if clause.title == "Warranty") == ["Two years, for everything."]
            assert changes[0] == "Warranty, added: Two years, for everything."
            assert documents.latest(session, deal.id, "contract").version == 1

    def test_is_the_next_version_with_what_changed_and_the_one_before_is_void(self, here) -> None:
        with here.db.writing() as session:
            first = a_contract(session)
            deal = session.get_one(Deal, first.deal_id)
            texts = {
                "clause:warranty": "-", "clause:Hosting": "The studio hosts for a year.\nFree of charge.", "title": "Agreement for {service}",
                "payment:1": "Retainer", "when:2": "in May", f"scope:{first.body['scope'][0]['title']}": "In two languages.",
                "exclusions": "Photographs\nTranslations",
            }  # fmt: skip
            body, changes = revised(session, deal, Revision(texts=texts, reason="their lawyer"))
            second = documents.latest(session, deal.id, "contract")
            assert (first.state, second.state, second.version, second.why) == ("void", "frozen", 2, "their lawyer")
            assert body_of(second) == body
            assert second.changes == changes
            assert [clause.paragraphs for clause in body.clauses if clause.title == "Hosting"] == [["The studio hosts for a year.", "Free of charge."]]
            assert "Warranty" not in {clause.title for clause in body.clauses}
            assert (body.title, body.exclusions) == ("Agreement for Landing page", ["Photographs", "Translations"])
            assert (body.schedule[0].title, body.schedule[1].when) == ("Retainer", "in May")
            assert body.scope[0].description.endswith("In two languages.")
            assert body.net == body_of(first).net
            told_of = " ".join(changes)
            for word in ("Hosting", "Warranty", "Retainer", "in May", "In two languages", "Photographs", "title is Agreement"):
                assert word in told_of

    def test_keeps_what_was_changed_before_until_the_standard_is_taken_again(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            revised(session, deal, Revision(texts={"clause:Warranty": "Two years."}))
            body, _ = revised(session, deal, Revision(texts={"clause:Hosting": "We host."}))
            assert next(clause.paragraphs for clause in body.clauses if clause.title == "Warranty") == ["Two years."]
            body, _ = revised(session, deal, Revision(texts={"clause:Warranty": contracts.STANDARD, "clause:Hosting": contracts.STANDARD}))
            first = documents.version(session, deal.id, "contract", 1)
            assert body.clauses == body_of(first).clauses

    def test_may_correct_the_clients_details_and_vat_follows(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            body, changes = revised(session, deal, Revision(details={"country": "DE", "vat_id": "DE 136 695 976", "city": "Köln"}))
            assert (body.vat_rule.category, body.buyer.vat_id, body.buyer.address[-1]) == ("AE", "DE136695976", "Germany")
            assert any(change.startswith("VAT is 0 %; it was 23 %.") for change in changes)
            assert session.get_one(Client, deal.client_id).details["vat_id"] == "DE136695976"

    def test_that_is_only_shown_leaves_the_clients_details_alone(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            revised(session, deal, Revision(details={"legal_name": "Another Limited"}), keep=False)
            assert session.get_one(Client, deal.client_id).details["legal_name"] == "Acme Instruments Limited"

    @pytest.mark.parametrize(
        ("revision", "sentence"),
        [
            (Revision(texts={"titel": "x"}), 'no text "titel"'), (Revision(texts={"payment:9": "x"}), 'no "9"; there is 1'),
            (Revision(texts={"when:first": "x"}), 'payment plan has no "first"'), (Revision(texts={"scope:Rockets": "x"}), 'scope has no "Rockets"'),
            (Revision(texts={"clause: ": "x"}), "needs a title"), (Revision(texts={"price:1": "x"}), '"price:1" names nothing'),
            (Revision(texts={"clause:Law": "{courts} decide"}), "nothing fills the blank {courts}"),
            (Revision(texts={"title": "{nobody}"}), "blank {nobody}"), (Revision(details={"vat_id": "IE1"}), "no valid VAT number"),
            (Revision(details={"country": "Ireland"}), "country: "), (Revision(details={"surprise": "x"}), "surprise: "),
            (Revision(details={"legal_name": ""}), "legal_name: "), (Revision(signer="not an address"), "no e-mail address"),
        ],
    )  # fmt: skip
    def test_that_cannot_be_is_refused_in_a_sentence_and_changes_nothing(self, here_sqlite, revision: Revision, sentence: str) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            with pytest.raises(Invalid) as caught:
                revised(session, deal, revision)
            assert sentence in str(caught.value)
            assert documents.latest(session, deal.id, "contract").version == 1

    def test_that_changes_nothing_is_refused(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            assert revised(session, deal, Revision(), keep=False)[1] == []
            with pytest.raises(Refused, match="change nothing"):
                revised(session, deal, Revision())

    def test_of_a_signed_contract_is_a_new_agreement(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            document = a_signature(session, a_contract(session))
            deal = session.get_one(Deal, document.deal_id)
            for keep in (True, False):
                with pytest.raises(Refused, match="a new agreement"):
                    revised(session, deal, Revision(texts={"title": "Another"}), keep=keep)
            session.get_one(Client, deal.client_id).details = the_details(legal_name="Other").model_dump()
            session.flush()
            with pytest.raises(Refused, match="a new agreement"):
                a_contract(session, deal)

    def test_of_what_is_not_there_is_missing(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session, pytest.raises(Missing, match="no contract to revise"):
            revised(session, an_agreed_deal(session), Revision(texts={"title": "x"}))

    def test_may_name_who_signs(self, here_sqlite) -> None:
        with here_sqlite.db.writing() as session:
            deal = session.get_one(Deal, a_contract(session).deal_id)
            _, changes = revised(session, deal, Revision(signer="Boss@Holding.example"))
            assert changes == ["boss@holding.example may sign it too."]
            revised(session, deal, Revision(texts={"title": "Another"}))
            assert documents.latest(session, deal.id, "contract").made_from["signer"] == "boss@holding.example"


def test_the_studios_words_are_filled_and_what_does_not_apply_is_left_out(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = an_agreed_deal(session)
        session.get_one(Client, deal.client_id).details = the_details(registration="").model_dump()
        session.flush()
        body = body_of(a_contract(session, deal))
    assert not any("registered as" in line for line in body.intro)
    payments = next(clause for clause in body.clauses if clause.title == "Payments")
    assert "10.15 % a year" in " ".join(payments.paragraphs)
    assert body.schedule[0].gross.format(body.locale) in " ".join(payments.paragraphs)
    assert body.consent.startswith(f"I have read contract {body.number}")


def test_a_studio_without_late_interest_does_not_promise_any() -> None:
    studio = COMPANY.studio.model_copy(update={"late_interest": None})
    words = {"interest": "", "interest_law": "", "net": "1", "due_days": str(studio.invoices.due_days)}
    told_of = contract_body._paragraphs("Payments", ["Interest is {interest} %.", "Due in {due_days} days."], words)
    assert told_of == ["Due in 7 days."]


def test_a_word_that_may_not_be_missing_is_never_left_out_in_silence() -> None:
    with pytest.raises(Invalid, match="blank {net}"):
        contract_body._paragraphs("Price", ["The price is {net}."], {"net": ""})


def test_a_change_that_was_asked_for_belongs_to_its_version(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first = a_contract(session)
        deal = session.get_one(Deal, first.deal_id)
        told(session, deal, ContractChangeAsked(version=1, text="Longer warranty."))
        assert contract_state.change_asked(session, first).text == "Longer warranty."
        revised(session, deal, Revision(texts={"clause:Warranty": "Two years."}))
        assert contract_state.change_asked(session, documents.latest(session, deal.id, "contract")) is None


def test_details_that_are_not_whole_any_more_are_asked_for_again(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        client = a_client(session, details=ContractDetails.model_construct(**the_details(vat_id="IE000").model_dump()).model_dump())
        assert not contracts.details_known(client)
        assert not contracts.details_known(a_client(session))
