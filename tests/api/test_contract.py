"""The contract's page: details, reading, the code, one signature, changes; GET never acts, staff only look."""

import io
import re

import pytest
from sqlmodel import select

from models import contracts, documents, links, signing
from models.answers import ContractWord
from models.cash_answers import Countersigned
from models.cash_tables import SignCode
from models.contracts import Revision
from models.tables import Client, Deal, Document, Effect, Upload
from tests.api.conftest import SECRET, Entrance
from tests.factories import a_contract, a_signature, an_agreed_deal, the_details, told
from tests.studio import the_company

TYPED = {
    "legal_name": "Acme Instruments Limited", "registration": "CRO 512345", "street": "5 Quay Street", "extra": "", "postcode": "H91 X0Y1",
    "city": "Galway", "country": "IE", "vat_id": "IE 6388047 V", "invoice_email": "",
}  # fmt: skip
SIGNER = {"name": "Orla Byrne", "role": "Owner", "version": "1"}
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 200


def agreed(door: Entrance, *, details: bool = True) -> tuple[int, str]:
    with door.writing() as session:
        deal = an_agreed_deal(session, details=details)
    return deal.id, door.link("contract", deal.id)


def out(door: Entrance) -> tuple[int, str]:
    """A contract that is out, and the path of its page."""
    with door.writing() as session:
        document = a_contract(session)
    return document.deal_id, door.link("contract", document.deal_id)


def signed(door: Entrance) -> int:
    with door.writing() as session:
        return a_signature(session, a_contract(session), secret=SECRET).deal_id


def email_of(door: Entrance, deal_id: int) -> str:
    with door.db.reading() as session:
        return session.get_one(Client, session.get_one(Deal, deal_id).client_id).email


def code_of(door: Entrance, deal_id: int) -> str:
    with door.db.reading() as session:
        code = session.exec(select(SignCode).where(SignCode.deal_id == deal_id).order_by(SignCode.id.desc())).first()
        return signing.digits(SECRET, code.deal_id, code.version, code.number)


def ask(door: Entrance, deal_id: int, page: str, **over: str):
    return door.http.post(f"{page}/code", data=SIGNER | {"email": email_of(door, deal_id)} | over)


def sign(door: Entrance, deal_id: int, page: str, code: str, **over: str):
    return door.http.post(f"{page}/sign", data=SIGNER | {"email": email_of(door, deal_id), "consent": "yes", "code": code} | over)


def revised(door: Entrance, deal_id: int, **texts: str) -> None:
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        contracts.revise(session, the_company(), deal, Revision(texts=texts), who="conor", now=door.clock(), keep=True)


def contract(door: Entrance, deal_id: int) -> Document:
    with door.db.reading() as session:
        return documents.latest(session, deal_id, "contract")


# Details


def test_details_are_asked_for_kept_and_then_the_contract_is_being_made(each_door: Entrance) -> None:
    deal_id, page = agreed(each_door, details=False)
    first = each_door.http.get(page)
    assert first.status_code == 200
    assert 'name="legal_name" type="text" value="Acme"' in first.text
    assert '<option value="IE" selected' in first.text
    for _ in range(2):
        answer = each_door.http.post(f"{page}/details", data=TYPED)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert len(each_door.facts("contract.details")) == 1
    with each_door.db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
        assert (client.details["vat_id"], client.details["city"]) == ("IE6388047V", "Galway")
    assert "We are making your contract" in each_door.http.get(page).text


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"legal_name": ""}, "give the name"), ({"street": ""}, "street and number"), ({"city": " "}, "the town"), ({"country": ""}, "choose a country"),
        ({"country": "ZZ"}, "choose a country"), ({"country": "Ireland"}, "choose a country"), ({"vat_id": "IE1"}, "no valid VAT number"),
        ({"vat_id": "x" * 31}, "keep this shorter"), ({"legal_name": "x" * 201}, "keep this shorter"), ({"invoice_email": "me"}, "like an e-mail address"),
        ({"country": "FR", "vat_id": "IE6388047V"}, "VAT number of France"),
    ],
)  # fmt: skip
def test_details_with_a_gap_come_back_with_what_was_typed(door: Entrance, over: dict[str, str], sentence: str) -> None:
    _, page = agreed(door, details=False)
    answer = door.http.post(f"{page}/details", data=TYPED | {"registration": "HRB 1"} | over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="HRB 1"' in answer.text
    assert not door.facts("contract.details")


def test_every_gap_of_the_details_is_told_at_once(door: Entrance) -> None:
    _, page = agreed(door, details=False)
    answer = door.http.post(f"{page}/details", data=TYPED | {"street": "", "vat_id": "IE1", "invoice_email": "me"})
    for sentence in ("3 things need your attention", "street and number", "no valid VAT number", "like an e-mail address"):
        assert sentence in answer.text


def test_details_after_the_contract_is_made_are_a_change_of_it(door: Entrance) -> None:
    deal_id, page = out(door)
    answer = door.http.post(f"{page}/details", data=TYPED | {"city": "Cork"})
    assert answer.status_code == 409
    assert "Ask for a change" in answer.text
    assert contract(door, deal_id).version == 1


def test_a_closed_deal_asks_for_no_details(door: Entrance) -> None:
    deal_id, page = agreed(door, details=False)
    with door.writing() as session:
        session.get_one(Deal, deal_id).sales = "lost"
    assert "There is no contract to make" in door.http.get(page).text
    assert door.http.post(f"{page}/details", data=TYPED).status_code == 409


def test_before_a_yes_there_is_no_contract(door: Entrance) -> None:
    page = door.link("contract", door.deal(sales="estimating"))
    assert door.http.get(page).status_code == 404
    assert door.http.get(f"{page}.pdf").status_code == 404


# Reading


def test_the_page_shows_the_contract_and_says_what_differs_from_the_proposal(door: Entrance) -> None:
    with door.writing() as session:
        deal = an_agreed_deal(session)
        session.get_one(Client, deal.client_id).details = the_details(country="DE", vat_id="DE136695976").model_dump()
        session.flush()
        a_contract(session, deal)
    page = door.http.get(door.link("contract", deal.id)).text
    assert f"C-{deal.id:04d}-1" in page
    assert "VAT is 0 % instead of the 23 % of the proposal" in page
    assert "Sign this contract" in page


def test_a_contract_that_is_not_printed_yet_says_so_and_comes_as_pdf_then(door: Entrance) -> None:
    deal_id, page = out(door)
    assert door.http.get(f"{page}.pdf").status_code == 503
    (door.home / "documents").mkdir()
    (door.home / "documents" / "x.pdf").write_bytes(b"%PDF-1.7 x")
    with door.writing() as session:
        documents.latest(session, deal_id, "contract").pdf_path = "documents/x.pdf"
    printed = door.http.get(f"{page}.pdf")
    assert (printed.content, printed.headers["content-disposition"]) == (b"%PDF-1.7 x", f'inline; filename="contract-C-{deal_id:04d}-1.pdf"')
    assert door.http.get(f"{door.link('contract-staff', deal_id)}.pdf").status_code == 200


def test_looking_at_a_contract_changes_nothing(door: Entrance) -> None:
    deal_id, page = out(door)
    other = signed(door)
    _, asked = agreed(door, details=False)
    paths = [page, asked, door.link("contract-staff", deal_id), door.link("contract-word", deal_id), door.link("countersign", other)]

    def everything() -> list[str]:
        with door.db.reading() as session:
            tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars().all()
            return [str(session.connection().exec_driver_sql(f'SELECT * FROM "{table}"').all()) for table in tables]

    before = everything()
    assert {door.http.get(path).status_code for path in paths} == {200}
    assert everything() == before


@pytest.mark.parametrize("what", ["details", "code", "sign", "change"])
def test_staff_look_and_do_not_act(door: Entrance, what: str) -> None:
    deal_id, _ = out(door)
    staff = door.link("contract-staff", deal_id)
    assert "/sign" not in door.http.get(staff).text
    answer = door.http.post(f"{staff}/{what}", data=TYPED | SIGNER | {"email": "a@acme.example", "text": "x", "code": "1", "consent": "yes"})
    assert answer.status_code == 403
    assert "Only the client can answer it" in answer.text


# Signing


def test_a_client_signs_with_the_code_from_the_mail(each_door: Entrance) -> None:
    deal_id, page = out(each_door)
    asked = ask(each_door, deal_id, page)
    assert (asked.status_code, asked.headers["location"]) == (303, f"{page}#f-code"), "a reload asks for nothing again"
    shown = each_door.http.get(page).text
    assert "Enter the code and sign" in shown
    assert 'value="Owner"' in shown
    code = code_of(each_door, deal_id)
    assert code not in shown
    answer = each_door.http.post(
        f"{page}/sign", data=SIGNER | {"email": email_of(each_door, deal_id), "consent": "yes", "code": code}, headers={"user-agent": "Firefox"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    fact = each_door.facts("contract.signed")[0]
    assert (fact.actor, fact.payload["role"], fact.payload["address"], fact.payload["agent"]) == ("client", "Owner", "127.0.0.1", "Firefox")
    document = contract(each_door, deal_id)
    assert (document.state, fact.payload["body_hash"]) == ("signed", document.body_hash)
    assert fact.payload["consent"] == document.body["consent"]
    assert "Your signature is here" in each_door.http.get(page).text
    with each_door.db.reading() as session:
        orders = session.exec(select(Effect).where(Effect.what == "contract-code")).all()
        assert [code in str(order.model_dump()) for order in orders] == [False]


def test_a_wrong_code_is_counted_and_the_fifth_ends_it(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    right = code_of(door, deal_id)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        answer = sign(door, deal_id, page, wrong)
        assert answer.status_code == 422
        assert f"You have {left} left" in answer.text
        assert wrong not in answer.text
    assert "it was the last try" in sign(door, deal_id, page, wrong).text
    assert sign(door, deal_id, page, right).status_code == 422
    assert contract(door, deal_id).state == "frozen"
    assert not door.facts("contract.signed")


def test_a_code_is_over_after_fifteen_minutes(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    code = code_of(door, deal_id)
    door.clock.pass_(minutes=15)
    assert "15 minutes" in sign(door, deal_id, page, code).text
    assert "Mail me the code" in door.http.get(page).text


def test_another_code_takes_a_minute_and_ends_the_first(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    first = code_of(door, deal_id)
    early = ask(door, deal_id, page)
    assert early.status_code == 429
    assert "Ask for another in 60 seconds" in early.text
    door.clock.pass_(seconds=61)
    assert ask(door, deal_id, page).status_code == 303
    assert sign(door, deal_id, page, first).status_code == 422
    assert sign(door, deal_id, page, code_of(door, deal_id)).status_code == 303


def test_signing_twice_is_told_kindly_and_leaves_one_signature(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    code = code_of(door, deal_id)
    assert sign(door, deal_id, page, code).status_code == 303
    again = sign(door, deal_id, page, code)
    assert again.status_code == 409
    assert "Your signature is here" in again.text
    assert ask(door, deal_id, page).status_code == 409
    assert len(door.facts("contract.signed")) == 1


def test_signing_a_void_version_is_answered_with_the_one_that_is_out(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    code = code_of(door, deal_id)
    revised(door, deal_id, **{"clause:Warranty": "Two years."})
    late = sign(door, deal_id, page, code)
    assert late.status_code == 409
    assert "This contract changed while you were reading" in late.text
    assert "Two years." in late.text
    assert "Warranty, added: Two years." in door.http.get(page).text
    assert contract(door, deal_id).state == "frozen"


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"name": ""}, "type your full name"), ({"role": ""}, "what you are in the firm"), ({"email": "orla"}, "like an e-mail address"),
        ({"name": "x" * 201}, "under 200 characters"), ({"email": "mallory@evil.example"}, "Conor Walsh can name them"),
    ],
)  # fmt: skip
def test_a_code_goes_to_nobody_in_particular(door: Entrance, over: dict[str, str], sentence: str) -> None:
    deal_id, page = out(door)
    answer = ask(door, deal_id, page, **over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts("contract.code_asked")


def test_a_colleague_may_sign_and_a_named_signer_too(door: Entrance) -> None:
    deal_id, page = out(door)
    assert ask(door, deal_id, page, email="boss@acme.example").status_code == 303
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        contracts.revise(session, the_company(), deal, Revision(signer="chair@holding.example"), who="conor", now=door.clock(), keep=True)
    door.clock.pass_(minutes=2)
    assert ask(door, deal_id, page, email="chair@holding.example", version="2").status_code == 303
    assert sign(door, deal_id, page, code_of(door, deal_id), email="chair@holding.example", version="2").status_code == 303
    assert door.facts("contract.signed")[0].payload["email"] == "chair@holding.example"


def test_without_consent_nothing_is_signed_and_no_try_is_lost(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    answer = sign(door, deal_id, page, code_of(door, deal_id), consent="")
    assert answer.status_code == 422
    assert "tick this to sign" in answer.text
    with door.db.reading() as session:
        assert session.exec(select(SignCode)).one().tries == 0


@pytest.mark.parametrize("version", ["", "x", "1.0", "-1", "9" * 20, "0"])
def test_a_form_that_is_not_ours_is_refused(door: Entrance, version: str) -> None:
    deal_id, page = out(door)
    assert ask(door, deal_id, page, version=version).status_code in {409, 422}
    assert sign(door, deal_id, page, "123456", version=version).status_code in {409, 422}


def test_whoever_tries_from_one_address_is_slowed_down_over_all_contracts(door: Entrance) -> None:
    seen = []
    for _ in range(3):
        deal_id, page = out(door)
        ask(door, deal_id, page)
        seen += [sign(door, deal_id, page, "nonsense").status_code for _ in range(18)]
    assert seen.count(429) == len(seen) - 40
    assert seen[-1] == 429


def test_nothing_is_signed_on_a_closed_deal(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    code = code_of(door, deal_id)
    with door.writing() as session:
        session.get_one(Deal, deal_id).sales = "lost"
    answer = sign(door, deal_id, page, code)
    assert answer.status_code == 409
    assert "the project is closed" in answer.text


def test_hostile_words_of_a_signer_stay_words(door: Entrance) -> None:
    deal_id, page = out(door)
    ask(door, deal_id, page)
    sign(door, deal_id, page, code_of(door, deal_id), name="<script>alert(1)</script>{{7*7}}")
    after = door.http.get(page).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in after
    assert "<script>alert" not in after


# A change


def test_a_change_is_asked_for_once_and_shown(door: Entrance) -> None:
    _, page = out(door)
    for _ in range(2):
        answer = door.http.post(f"{page}/change", data={"text": "Longer warranty.", "name": "Orla", "version": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert [fact.payload for fact in door.facts("contract.change_asked")] == [{"version": 1, "text": "Longer warranty.", "name": "Orla"}]
    assert "You asked for a change" in door.http.get(page).text


@pytest.mark.parametrize(("text", "sentence"), [("", "say what should be different"), ("x" * 5001, "under 5,000")])
def test_a_change_needs_words_and_not_too_many(door: Entrance, text: str, sentence: str) -> None:
    _, page = out(door)
    answer = door.http.post(f"{page}/change", data={"text": text, "version": "1"})
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_change_of_what_is_void_is_answered_with_the_new_version(door: Entrance) -> None:
    deal_id, page = out(door)
    revised(door, deal_id, title="Another")
    assert door.http.post(f"{page}/change", data={"text": "More.", "version": "1"}).status_code == 409


# The studio's signature


def test_the_director_signs_under_their_name(each_door: Entrance) -> None:
    deal_id = signed(each_door)
    page = each_door.link("countersign", deal_id)
    assert "has signed" in each_door.http.get(page).text
    typed = {"decision": "sign", "name": "Aoife Brennan", "version": "1"}
    for _ in range(2):
        assert each_door.http.post(page, data=typed).status_code == 303
    fact = each_door.facts("contract.countersigned")[0]
    assert (fact.actor, fact.source, fact.payload["name"]) == ("staff:aoife@northlight.example", "staff", "Aoife Brennan")
    assert "Countersigned by <bdi>Aoife Brennan</bdi>" in each_door.http.get(page).text
    assert each_door.http.post(page, data=typed | {"decision": "refuse", "reason": "No."}).status_code == 409
    assert "Signed by both sides" in each_door.http.get(each_door.link("contract", deal_id)).text
    assert len(each_door.facts("contract.countersigned")) == 1


def test_a_refusal_voids_the_contract_and_says_why(door: Entrance) -> None:
    deal_id = signed(door)
    page = door.link("countersign", deal_id)
    assert door.http.post(page, data={"decision": "refuse", "name": "Aoife Brennan", "reason": "Too cheap.", "version": "1"}).status_code == 303
    assert "Refused by <bdi>Aoife Brennan</bdi>" in door.http.get(page).text
    assert "This contract is void" in door.http.get(door.link("contract", deal_id)).text
    assert contract(door, deal_id).state == "void"


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"name": ""}, "who you are"), ({"name": "Mallory"}, "who you are"), ({"name": "Conor Walsh"}, "who you are"),
        ({"decision": "refuse"}, "give a reason"), ({"decision": "refuse", "reason": "x" * 2001}, "under 2,000"), ({"decision": "perhaps"}, ""),
    ],
)  # fmt: skip
def test_a_countersignature_with_a_gap_comes_back(door: Entrance, over: dict[str, str], sentence: str) -> None:
    page = door.link("countersign", signed(door))
    answer = door.http.post(page, data={"decision": "sign", "name": "Aoife Brennan", "version": "1"} | over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts("contract.countersigned")


def test_before_the_client_signed_there_is_nothing_to_countersign(door: Entrance) -> None:
    deal_id, _ = out(door)
    page = door.link("countersign", deal_id)
    assert door.http.get(page).status_code == 404
    assert door.http.post(page, data={"decision": "sign", "name": "Aoife Brennan", "version": "1"}).status_code in {404, 409}


# On paper

ON_PAPER = {"decision": "signed", "signed_on": "2026-03-01", "name": "Fergus Daly", "role": "Owner", "who": "Conor Walsh"}


def test_a_contract_signed_on_paper_is_recorded_with_its_scan(each_door: Entrance) -> None:
    deal_id, page = out(each_door)
    word = each_door.link("contract-word", deal_id)
    for _ in range(2):
        answer = each_door.http.post(word, data=ON_PAPER, files={"scan": ("signed.png", io.BytesIO(PNG), "image/png")})
        assert (answer.status_code, answer.headers["location"]) == (303, word)
    with each_door.db.reading() as session:
        upload = session.exec(select(Upload)).one()
    fact = each_door.facts("contract.answered")[0]
    told_of = ContractWord.model_validate(fact.payload)
    assert (told_of.name, told_of.role, told_of.scan, str(told_of.on)) == ("Fergus Daly", "Owner", upload.id, "2026-03-01")
    assert (fact.actor, upload.question, upload.media_type) == ("staff:conor@northlight.example", "contract-scan", "image/png")
    assert (each_door.home / upload.path).read_bytes() == PNG
    assert contract(each_door, deal_id).state == "signed"
    assert "This is recorded" in each_door.http.get(word).text
    assert "Your signature is here" in each_door.http.get(page).text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("scan.zip", b"PK\x03\x04" + b"x" * 50, "A scan is a PDF"), ("scan.pdf", b"no pdf at all", "is not a PDF"), ("scan.html", b"<html>", "not taken"),
        ("scan.txt", b"plain", "A scan is a PDF"), ("scan.pdf", b"", "empty"),
    ],
)  # fmt: skip
def test_a_scan_is_judged_by_its_content(door: Entrance, name: str, content: bytes, sentence: str) -> None:
    deal_id, _ = out(door)
    answer = door.http.post(door.link("contract-word", deal_id), data=ON_PAPER, files={"scan": (name, io.BytesIO(content), "application/pdf")})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert contract(door, deal_id).state == "frozen"
    assert not door.facts("contract.answered")


def test_a_scan_may_be_large_and_not_too_large(door: Entrance) -> None:
    deal_id, _ = out(door)
    word = door.link("contract-word", deal_id)
    door.now_with(upload_mb=1)
    too_much = door.http.post(word, data=ON_PAPER, files={"scan": ("s.png", io.BytesIO(PNG + b"x" * 1024 * 1024), "image/png")})
    assert too_much.status_code == 422
    fits = door.http.post(word, data=ON_PAPER, files={"scan": ("s.png", io.BytesIO(PNG + b"x" * 900 * 1024), "image/png")})
    assert fits.status_code == 303


def test_paper_without_a_contract_is_told_what_is_missing(door: Entrance) -> None:
    deal_id, _ = agreed(door, details=False)
    answer = door.http.post(door.link("contract-word", deal_id), data=ON_PAPER)
    assert answer.status_code == 409
    assert "details come first" in answer.text


def test_what_the_client_signed_here_is_not_signed_on_paper_too(door: Entrance) -> None:
    deal_id = signed(door)
    word = door.link("contract-word", deal_id)
    answer = door.http.post(word, data=ON_PAPER)
    assert answer.status_code == 409
    assert "This is recorded" in answer.text


def test_after_a_refusal_the_word_is_open_again(door: Entrance) -> None:
    deal_id, _ = out(door)
    word = door.link("contract-word", deal_id)
    door.http.post(word, data=ON_PAPER)
    with door.writing() as session:
        told(session, session.get_one(Deal, deal_id), Countersigned(version=1, decision="refuse", name="Aoife Brennan", reason="No."))
    assert "Was the contract with" in door.http.get(word).text


def test_the_tokens_of_new_pages_are_taken_out_of_the_log() -> None:
    from api.guards import redact

    for kind, path in links.PATHS.items():
        assert redact(f"GET /{path}/{'a' * 32}/x HTTP/1.1") == f"GET /{path}/…/x HTTP/1.1", kind
    assert re.search("…", redact("/c/abc.pdf"))
