"""Steps of the contract: each said twice is one thing; letters go to whom they are meant for, with the words of their version."""

import re

import pytest
from sqlmodel import Session, select

from models import contract_state, contracts, documents, letters
from models.answers import ContractWord
from models.cash_answers import ContractChangeAsked, ContractRevised, Countersigned
from models.cash_tables import SignCode
from models.contract_texts import ContractTexts
from models.contracts import Revision
from models.effects import planned_errands
from models.errors import Missing, Refused
from models.tables import Client, Deal, Document, Effect, Fact
from tasks import contract_revisions
from tasks import contracts as steps
from tasks import letters as mail
from tasks.world import World, use
from tests.factories import a_code, a_contract, a_signature, an_agreed_deal, told
from tests.fakes import MONDAY
from tests.studio import the_company
from tests.tasks.places import at


def agreed(here: World, **values) -> int:
    with here.db.writing() as session:
        return an_agreed_deal(session, **values).id


def latest(here: World, deal_id: int) -> Document:
    with here.db.reading() as session:
        document = documents.latest(session, deal_id, "contract")
    assert document is not None
    return document


def revise(here: World, deal_id: int, key: str = "run/1", *, keep: bool = True, **texts: str) -> dict:
    return contract_revisions.revise_contract.fn(deal_id, {"texts": texts or {"title": "Another"}}, "conor", key, keep=keep)


def with_rule(here: World, rule: str) -> World:
    """The same world with another rule of who signs for the studio."""
    from dataclasses import replace

    texts = ContractTexts.model_validate(here.company.contract.model_dump() | {"countersign": rule})
    return use(replace(here, company=here.company.model_copy(update={"contract": texts})))


def test_details_are_asked_for_unless_they_are_known(here: World) -> None:
    known, unknown = agreed(here), agreed(here, details=False)
    assert [steps.needs_details.fn(deal_id, 1) for deal_id in (known, unknown)] == [False, True]
    for _ in range(2):
        assert steps.ask_details.fn(unknown, 1) == "done"
    assert here.mail.letters() == [f"deal/{unknown}/r1/contract/details"]
    with here.db.writing() as session:
        client = session.get_one(Client, session.get_one(Deal, unknown).client_id)
        client.details = session.get_one(Client, session.get_one(Deal, known).client_id).details
        session.add(client)
    assert steps.needs_details.fn(unknown, 1), "a replay meets the same wait, whatever has become known meanwhile"


def test_the_salesperson_has_a_page_for_their_word_from_the_start(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite, details=False)
    assert [steps.give_word_link.fn(deal_id, 1) for _ in range(2)] == ["done", "done"]
    message = here_sqlite.mail.sent[0]
    assert message.to.name == "Conor Walsh"
    assert re.search(r"https://office\.example/k/[a-z0-9]{32}", message.text)


def test_a_contract_is_published_once_and_a_replay_begins_with_the_same_one(here: World) -> None:
    deal_id = agreed(here)
    assert [steps.publish_contract.fn(deal_id, 1) for _ in range(2)] == [1, 1]
    revise(here, deal_id)
    assert steps.publish_contract.fn(deal_id, 1) == 1, "what was said of version 1 is met again, then version 2"
    with here.db.writing() as session:
        a_signature(session, documents.latest(session, deal_id, "contract"))
        told(session, session.get_one(Deal, deal_id), Countersigned(version=2, decision="refuse", name="Aoife", reason="No."))
    assert steps.publish_contract.fn(deal_id, 1) == 1
    assert latest(here, deal_id).version == 2, "a version that the studio refused is not made again by itself"


def test_a_client_who_never_got_the_first_version_is_told_of_the_second_as_of_a_first(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite)
    steps.publish_contract.fn(deal_id, 1)
    revise(here_sqlite, deal_id)
    assert [steps.mail_contract.fn(deal_id, version) for version in (1, 2)] == ["skipped", "done"]
    with here_sqlite.db.reading() as session:
        assert [effect.what for effect in session.exec(select(Effect).where(Effect.state == "done"))] == ["contract-ready"]


def test_a_contract_is_mailed_with_its_link_and_its_pdf_and_a_later_one_with_what_changed(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite)
    version = steps.publish_contract.fn(deal_id, 1)
    for _ in range(2):
        assert steps.mail_contract.fn(deal_id, version) == "done"
    revise(here_sqlite, deal_id, **{"clause:Warranty": "Two years."})
    assert steps.mail_contract.fn(deal_id, 2) == "done"
    first, second = here_sqlite.mail.sent
    assert f"C-{deal_id:04d}-1" in first.text
    assert f"C-{deal_id:04d}-2" in second.text
    assert "Warranty, added: Two years." in second.text
    assert re.search(r"https://office\.example/c/[a-z0-9]{32}\.pdf", first.text)
    with here_sqlite.db.reading() as session:
        assert [effect.what for effect in session.exec(select(Effect).order_by(Effect.planned_at))] == ["contract-ready", "contract-updated"]


def test_a_version_that_is_void_by_now_is_not_mailed(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite)
    steps.publish_contract.fn(deal_id, 1)
    revise(here_sqlite, deal_id)
    assert steps.mail_contract.fn(deal_id, 1) == "skipped"
    assert here_sqlite.mail.sent == []


def test_a_contract_is_printed_under_its_hash(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite)
    steps.publish_contract.fn(deal_id, 1)
    digest = steps.print_contract.fn(deal_id, 1)
    document = latest(here_sqlite, deal_id)
    assert digest == document.pdf_hash == steps.print_contract.fn(deal_id, 1)
    assert (here_sqlite.settings.home / document.pdf_path).is_file()
    assert document.template_hash


def test_what_is_not_there_is_missing(here_sqlite: World) -> None:
    deal_id = agreed(here_sqlite)
    for step in (steps.print_contract, steps.mail_contract, steps.sign_by_rule, steps.mail_signed):
        with pytest.raises(Missing, match="no contract 7"):
            step.fn(deal_id, 7)


def test_a_wish_goes_to_the_salesperson_in_the_clients_words(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "contract out")
    for _ in range(2):
        steps.tell_change.fn(deal.id, 1, "Longer <b>warranty</b>.")
    steps.tell_change.fn(deal.id, 1, "And hosting.")
    assert [message.to.name for message in here_sqlite.mail.sent] == ["Conor Walsh", "Conor Walsh"]
    assert "Longer <b>warranty</b>." in here_sqlite.mail.sent[0].text
    assert "<b>warranty" not in here_sqlite.mail.sent[0].html


# The code


def test_the_code_is_computed_when_its_letter_is_written_and_is_nowhere_else(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "contract out")
        code = session.exec(select(SignCode)).one()
        from models import signing

        digits = signing.digits(here.secret, deal.id, 1, code.number)
        errands = planned_errands(session, now=MONDAY)
    for errand in errands:
        mail.send(errand.key, mail.order_of(errand.args), kind="errand")
    message = here.mail.sent[0]
    assert (message.to.address, re.findall(r"\b\d{6}\b", message.text)[0]) == (code.email, digits)
    with here.db.reading() as session:
        kept = str([row.model_dump() for table in (Effect, Fact, SignCode, Document) for row in session.exec(select(table))])
    assert digits not in kept


def test_a_signer_at_another_address_gets_the_code_and_later_the_contract_and_so_does_the_client(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        a_signature(session, document, email="boss@acme.example")
        told(session, session.get_one(Deal, document.deal_id), Countersigned(version=1, decision="sign", name="Aoife Brennan"))
        errands = planned_errands(session, now=MONDAY)
    for errand in errands:
        mail.send(errand.key, mail.order_of(errand.args), kind="errand")
    assert [steps.mail_signed.fn(document.deal_id, 1) for _ in range(2)] == [["done", "done"]] * 2
    addresses = [message.to.address for message in here_sqlite.mail.sent]
    assert addresses[0] == addresses[2] == "boss@acme.example"
    assert addresses[1].startswith("orla")
    assert len(addresses) == 3


def test_a_code_of_a_version_that_is_void_by_now_is_still_its_own(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = session.get_one(Deal, a_contract(session).deal_id)
        digits = a_code(session, contract_state.of_round(session, deal))
        contracts.revise(session, the_company(), deal, Revision(texts={"title": "Another"}), who="x", now=MONDAY, keep=True)
        errand = planned_errands(session, now=MONDAY)[0]
    mail.send(errand.key, mail.order_of(errand.args), kind="errand")
    assert digits in here_sqlite.mail.sent[0].text
    assert f"C-{deal.id:04d}-1" in here_sqlite.mail.sent[0].text


# The studio's signature


def test_by_its_rule_the_studio_signs_at_once_and_once(here: World) -> None:
    with here.db.writing() as session:
        document = a_signature(session, a_contract(session))
    assert [steps.sign_by_rule.fn(document.deal_id, 1) for _ in range(3)] == [True] * 3
    with here.db.reading() as session:
        fact = session.exec(select(Fact).where(Fact.kind == Countersigned.kind)).one()
    assert (fact.actor, fact.source, fact.payload["name"], fact.payload["decision"]) == ("system", "system", "Aoife Brennan", "sign")


def test_where_the_director_signs_they_are_asked_and_the_rule_does_not_sign(here_sqlite: World) -> None:
    there = with_rule(here_sqlite, "director")
    with there.db.writing() as session:
        document = a_signature(session, a_contract(session))
        deal = session.get_one(Deal, document.deal_id)
    assert not steps.sign_by_rule.fn(deal.id, 1)
    for _ in range(2):
        assert steps.ask_director.fn(deal.id, 1) == "done"
    message = there.mail.sent[0]
    assert message.to.name == "Aoife Brennan"
    assert re.search(r"https://office\.example/s/[a-z0-9]{32}", message.text)
    assert re.search(r"https://office\.example/c/[a-z0-9]{32}\.pdf", message.text)
    with there.db.writing() as session:
        told(session, session.get_one(Deal, deal.id), Countersigned(version=1, decision="sign", name="Aoife Brennan"))
    use(here_sqlite)
    assert not steps.sign_by_rule.fn(deal.id, 1), "a version keeps the way it took, though the rule has changed"


def test_a_refusal_is_told_with_who_and_why(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "contract refused")
    assert steps.tell_refusal.fn(deal.id, 1) == "done"
    text = here_sqlite.mail.sent[0].text
    assert "The price is wrong." in text
    assert "Aoife Brennan" in text


def test_a_signed_contract_is_told_to_the_client_and_to_the_salesperson(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "contract signed")
    steps.sign_by_rule.fn(deal.id, 1)
    assert steps.mail_signed.fn(deal.id, 1) == ["done"]
    assert [steps.tell_signed.fn(deal.id, 1) for _ in range(2)] == ["done", "done"]
    client, staff = here_sqlite.mail.sent
    assert "Orla Byrne" in staff.text
    assert "2 March 2026" in staff.text
    assert re.search(r"/c/[a-z0-9]{32}\.pdf", client.text)


def test_paper_is_told_of_by_its_own_day_and_signer(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        told(session, session.get_one(Deal, document.deal_id), ContractWord(outcome="signed", on="2026-02-27", name="Fergus Daly"))
    steps.sign_by_rule.fn(document.deal_id, 1)
    steps.tell_signed.fn(document.deal_id, 1)
    text = here_sqlite.mail.sent[0].text
    assert "Fergus Daly" in text
    assert "27 February 2026" in text


# Revised by hand


def test_a_revision_shows_first_and_is_kept_and_told_once(here: World) -> None:
    deal_id = agreed(here)
    steps.publish_contract.fn(deal_id, 1)
    shown = revise(here, deal_id, "run/0", keep=False, **{"clause:Warranty": "Two years."})
    assert "Not published yet" in shown["shown"]
    assert "Warranty, added: Two years." in shown["shown"]
    assert latest(here, deal_id).version == 1
    published = revise(here, deal_id, "run/1", **{"clause:Warranty": "Two years."})
    assert "Published." in published["shown"]
    assert revise(here, deal_id, "run/1", **{"clause:Warranty": "Two years."}) == {"changes": [], "shown": ""}
    with here.db.reading() as session:
        fact = session.exec(select(Fact).where(Fact.kind == ContractRevised.kind)).one()
    assert (fact.payload, fact.actor, latest(here, deal_id).version) == ({"version": 2}, "staff:conor", 2)


def test_a_revision_that_may_not_be_leaves_nothing(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        document = a_signature(session, a_contract(session))
    with pytest.raises(Refused):
        revise(here_sqlite, document.deal_id)
    with pytest.raises(Missing):
        revise(here_sqlite, 999)
    with here_sqlite.db.reading() as session:
        assert not session.exec(select(Fact).where(Fact.kind == ContractRevised.kind)).all()


def test_the_words_of_reminders_are_those_of_what_is_open(here_sqlite: World, clock) -> None:
    with here_sqlite.db.writing() as session:
        out, refused = at(session, "contract out"), at(session, "contract refused")
    clock.pass_(days=3)
    assert "A longer warranty, please." in reminder(here_sqlite, out, "contract-change-reminder")
    assert "The price is wrong." in reminder(here_sqlite, refused, "contract-change-reminder")
    assert f"C-{out.id:04d}-1" in reminder(here_sqlite, out, "contract-reminder")


def reminder(here: World, deal: Deal, name: str) -> str:
    to = "client" if name == "contract-reminder" else "salesperson"
    return mail.write(here, f"deal/{deal.id}/{name}", letters.LetterOrder(name=name, deal_id=deal.id, to=to, is_reminder=True)).text


def test_the_change_asked_for_is_the_newest_of_the_version(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "contract out")
        told(session, session.get_one(Deal, deal.id), ContractChangeAsked(version=1, text="Hosting, too."))
        told_of = contract_state.change_asked(session, latest_in(session, deal.id))
    assert told_of.text == "Hosting, too."


def latest_in(session: Session, deal_id: int) -> Document:
    document = documents.latest(session, deal_id, "contract")
    assert document is not None
    return document
