"""The JSON interface: keys, applications, deals, facts."""

import pytest
from sqlmodel import Session, select

from models import intake, keys
from models.answers import Application, Noted
from models.errors import Invalid, Missing, Refused
from models.stages import Stage
from models.tables import ApiKey, Deal, Fact, StageRun
from tests.api.conftest import Entrance
from tests.factories import a_proposal, a_run, an_acceptance, an_application, told

ADA = {"service": "landing-page", "name": "Ada Byron", "email": "ada@acme.example"}


def problem(answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.json()["detail"]


def test_a_key_is_shown_once_and_kept_as_a_hash(door: Entrance) -> None:
    with door.writing() as session:
        key = keys.add(session, "crm", ["deals:read"], door.clock())
        kept = keys.everyone(session)[0]
    assert key.startswith("sf_")
    assert len(key) == 43
    assert key not in str(kept.model_dump())


def test_a_key_needs_a_known_scope_and_a_name_of_its_own(door: Entrance) -> None:
    with door.writing() as session:
        keys.add(session, "crm", ["deals:read"], door.clock())
        for scopes in (["deals:write"], []):
            with pytest.raises(Invalid, match="scopes are"):
                keys.add(session, "other", scopes, door.clock())
        with pytest.raises(Refused, match="already"):
            keys.add(session, "crm", ["deals:read"], door.clock())
        with pytest.raises(Missing):
            keys.revoke(session, "nobody", door.clock())


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer sf_nonsense"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer \x7f"}])
def test_without_a_key_of_ours_nothing_is_told(door: Entrance, sent: dict[str, str]) -> None:
    answer = door.http.get("/api/deals", headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "key" in problem(answer)


def test_a_key_is_good_for_its_scopes_only_and_not_after_it_is_revoked(door: Entrance) -> None:
    reader = door.key("deals:read")
    assert door.http.get("/api/deals", headers=reader).status_code == 200
    assert "applications:write" in problem(door.http.post("/api/applications", json=ADA, headers=reader))
    assert door.http.post("/api/applications", json=ADA, headers=reader).status_code == 403
    with door.writing() as session:
        assert session.get_one(ApiKey, 1).used_at == door.clock()
        keys.revoke(session, "crm", door.clock())
    assert door.http.get("/api/deals", headers=reader).status_code == 401


def test_an_application_is_kept_once_under_its_idempotency_key(each_door: Entrance) -> None:
    sender = each_door.key("applications:write") | {"Idempotency-Key": "row-7"}
    first, again = (each_door.http.post("/api/applications", json=ADA, headers=sender) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert len(each_door.facts("application")) == 1
    assert each_door.facts()[0].source == "api:crm"
    assert "another application" in problem(each_door.http.post("/api/applications", json=ADA | {"name": "Bob"}, headers=sender))


def _admitted(session: Session, fact: Fact) -> int | None:
    application = Application.model_validate(fact.payload)
    who = intake.contact(application, "IE")
    return intake.admit(session, fact, who, application, currency="EUR", locale="en_IE", now=fact.known_at).deal.id


def test_an_application_says_what_became_of_it(each_door: Entrance) -> None:
    sender = each_door.key("applications:write")
    made = each_door.http.post("/api/applications", json=ADA, headers=sender).json()
    path = f"/api/applications/{made['id']}"
    assert made["status_url"].endswith(path)
    assert each_door.http.get(path, headers=sender).json() == {"id": made["id"], "state": "received", "deal": None}
    with each_door.writing() as session:
        first = session.merge(each_door.facts("application")[0])
        second = an_application(session, **first.payload)
        deal_id, _ = (_admitted(session, fact) for fact in (first, second))
        second_id = second.id
    assert each_door.http.get(path, headers=sender).json() == {"id": made["id"], "state": "opened", "deal": deal_id}
    assert each_door.http.get(f"/api/applications/{second_id}", headers=sender).json()["state"] == "joined"
    assert each_door.http.get("/api/applications/999", headers=sender).status_code == 404
    assert each_door.http.get("/api/applications/99999999999999", headers=sender).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "rockets"},
        {"email": "ada"},
        {"name": ""},
        {"budget": -1},
        {"budget": 1e300},
        {"budget": "lots"},
        {"locale": "xx_../etc"},
        {"message": "x" * 20_000},
        {"colour": "red"},
        {"name": None},
        {"source": [1]},
        {"source": {"utm_source": "x" * 1000}},
        {"name": "\x00"},
    ],
)
def test_an_application_that_cannot_be_meant_is_refused_with_a_sentence(door: Entrance, wrong: dict) -> None:
    answer = door.http.post("/api/applications", json=ADA | wrong, headers=door.key("applications:write"))
    assert answer.status_code == 422
    assert problem(answer)
    assert not door.facts()


def test_hostile_words_are_kept_as_words(each_door: Entrance) -> None:
    message = "<script>alert(1)</script> {{7*7}} file:///etc/passwd \u202eevil \x00\x07 🎉 \ud83d שלום"
    body = (
        '{"service": "landing-page", "name": "A\\u0000da", "email": "ada@acme.example", "source": {"utm_source": "\\u0000x"},'
        ' "message": "<script>alert(1)</script> {{7*7}} file:///etc/passwd \\u202eevil \\u0000\\u0007 🎉 \\ud83d שלום"}'
    )
    answer = each_door.http.post(
        "/api/applications", content=body.encode(), headers=each_door.key("applications:write") | {"Content-Type": "application/json"}
    )
    assert answer.status_code == 202, answer.text
    kept = each_door.facts()[0].payload
    assert kept["name"] == "Ada"
    assert kept["message"] == "<script>alert(1)</script> {{7*7}} file:///etc/passwd evil  🎉  שלום"
    assert message != kept["message"]


def test_a_body_that_is_no_json_or_too_long_is_refused(door: Entrance) -> None:
    sender = door.key("applications:write") | {"Content-Type": "application/json"}
    assert door.http.post("/api/applications", content=b"{", headers=sender).status_code == 422
    assert door.http.post("/api/applications", content=b"\xff\xfe", headers=sender).status_code in {400, 422}
    assert door.http.post("/api/applications", content=b"[" * 5000, headers=sender).status_code in {400, 422}
    long = door.http.post("/api/applications", content=b'{"name": "' + b"x" * 1_000_000 + b'"}', headers=sender)
    assert long.status_code == 413
    assert "256 kB" in problem(long)

    def endless():
        for _ in range(1000):
            yield b"x" * 1024

    assert door.http.post("/api/applications", content=endless(), headers=sender).status_code == 413


def test_a_deal_is_told_whole_with_staff_links_only(each_door: Entrance) -> None:
    deal_id, page = each_door.proposed()
    with each_door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        a_run(session, Stage.PROPOSAL, deal, state="running", flow_run_id="run-1")
        told(session, deal, Noted(text="called"), actor="staff:conor@northlight.example")
    reader = each_door.key("deals:read")
    answer = each_door.http.get(f"/api/deals/{deal_id}", headers=reader)
    card = answer.json()
    assert card["tracks"] == {"sales": "proposed", "work": "none", "money": "none"}
    assert card["amounts"]["budget"] == {"amount": 900_000, "currency": "EUR"}
    assert card["amounts"]["proposal"]["amount"] > card["amounts"]["estimate"]["amount"]
    assert card["whose_move"] == "system"
    assert card["touches"] == {"count": 1, "kinds": {"deal.noted": 1}}
    assert card["runs"][0]["url"].endswith("/runs/flow-run/run-1")
    assert page not in answer.text
    link = next(document["link"] for document in card["documents"] if document["kind"] == "proposal")
    assert link.removeprefix("http://127.0.0.1:8700") == each_door.link("proposal-staff", deal_id)
    assert each_door.http.get(link).status_code == 200
    assert each_door.http.get("/api/deals/999", headers=reader).status_code == 404


def test_deals_are_found_by_client_and_place_a_page_at_a_time(each_door: Entrance) -> None:
    made = [each_door.deal(sales="briefing") for _ in range(3)]
    other = each_door.deal(sales="proposed")
    reader = each_door.key("deals:read")
    page = each_door.http.get("/api/deals?limit=2", headers=reader).json()
    assert [item["id"] for item in page["items"]] == [other, made[2]]
    rest = each_door.http.get(page["next"], headers=reader).json()
    assert [item["id"] for item in rest["items"]] == [made[1], made[0]]
    assert rest["next"] is None
    assert [item["id"] for item in each_door.http.get("/api/deals?track=sales:proposed", headers=reader).json()["items"]] == [other]
    email = page["items"][0]["client"]["email"]
    assert [item["id"] for item in each_door.http.get(f"/api/deals?email={email.upper()}", headers=reader).json()["items"]] == [other]
    assert each_door.http.get("/api/deals?email=%00&track=", headers=reader).status_code == 200
    for wrong in ("track=sales:dreaming", "track=none", "limit=0", "cursor=0", "cursor=x", "limit=1000"):
        assert each_door.http.get(f"/api/deals?{wrong}", headers=reader).status_code == 422


def test_a_fact_is_told_once_by_its_external_id(each_door: Entrance) -> None:
    deal_id, teller = each_door.deal(), each_door.key("facts:write")
    body = {"kind": "deal.noted", "external_id": "call-1", "payload": {"text": "They called."}, "actor": "client"}
    first, again = (each_door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=teller) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["actor"] == "client"
    assert len(each_door.facts()) == 1
    assert each_door.facts()[0].source == "machine:crm"
    another = each_door.http.post(f"/api/deals/{deal_id}/facts", json=body | {"payload": {"text": "No."}}, headers=teller)
    assert another.status_code == 409
    assert each_door.http.post("/api/deals/999/facts", json=body | {"external_id": "x"}, headers=teller).status_code == 404


def test_a_machines_key_speaks_for_none_of_the_staff(door: Entrance) -> None:
    deal_id, teller = door.deal(), door.key("facts:write")
    body = {"kind": "deal.noted", "external_id": "c", "payload": {"text": "They called."}}
    claimed = door.http.post(f"/api/deals/{deal_id}/facts", json=body | {"actor": "staff:conor@northlight.example"}, headers=teller)
    assert (claimed.status_code, "none of the staff" in problem(claimed)) == (409, True)
    assert not door.facts()
    assert door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=teller).json()["actor"] == "machine:crm"


def test_no_key_changes_the_clients_address(door: Entrance) -> None:
    deal_id, teller = door.deal(), door.key("facts:write")
    body = {"kind": "client.address_changed", "external_id": "c", "payload": {"email": "mallory@else.example"}}
    assert door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=teller).status_code == 422
    assert not door.facts()


def test_a_persons_key_tells_facts_as_that_person_and_as_nobody_else(door: Entrance) -> None:
    deal_id = door.deal()
    with door.writing() as session:
        key = keys.add(session, "conor's phone", ["facts:write"], door.clock(), staff="conor@northlight.example")
    header, body = {"Authorization": f"Bearer {key}"}, {"kind": "deal.noted", "external_id": "c", "payload": {"text": "They called."}}
    other = door.http.post(f"/api/deals/{deal_id}/facts", json=body | {"actor": "staff:maeve@northlight.example"}, headers=header)
    assert (other.status_code, "speaks for conor@northlight.example" in problem(other)) == (409, True)
    assert door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=header).json()["actor"] == "staff:conor@northlight.example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "deal.invented"},
        {"kind": "application.joined"},
        {"payload": {}},
        {"payload": {"text": "x", "more": 1}},
        {"external_id": ""},
        {"external_id": "\x00"},
        {"actor": "machine:erp"},
        {"happened_at": "2030-01-01T00:00:00Z"},
        {"happened_at": "2026-01-01T00:00:00"},
        {"payload": "text"},
        {"payload": {"text": "x" * 50_000}},
    ],
)
def test_a_fact_that_cannot_be_read_is_refused_with_a_sentence(door: Entrance, wrong: dict) -> None:
    body = {"kind": "deal.noted", "external_id": "call-1", "payload": {"text": "They called."}} | wrong
    answer = door.http.post(f"/api/deals/{door.deal()}/facts", json=body, headers=door.key("facts:write"))
    assert answer.status_code == 422
    assert problem(answer)
    assert not door.facts()


def test_a_fact_keeps_when_it_happened(door: Entrance) -> None:
    body = {"kind": "deal.noted", "external_id": "c", "payload": {"text": "x"}, "happened_at": "2026-02-27T18:00:00+01:00"}
    told_ = door.http.post(f"/api/deals/{door.deal()}/facts", json=body, headers=door.key("facts:write")).json()
    assert told_["happened_at"] == "2026-02-27T17:00:00Z"
    assert told_["known_at"] == "2026-03-02T10:00:00Z"


def test_an_acceptance_told_by_a_machine_counts_once_and_never_twice(each_door: Entrance) -> None:
    deal_id, _ = each_door.proposed()
    teller = each_door.key("facts:write")
    with each_door.writing() as session:
        yes = an_acceptance(a_proposal(session, session.get_one(Deal, deal_id))).model_dump(mode="json")
    body = {"kind": "proposal.answered", "external_id": "phone-1", "payload": yes, "actor": "client"}
    assert each_door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=teller).status_code == 201
    late = each_door.http.post(f"/api/deals/{deal_id}/facts", json=body | {"external_id": "phone-2"}, headers=teller)
    assert late.status_code == 409
    assert "accepted" in problem(late)


def test_unknown_addresses_and_methods_of_the_interface_are_problems_too(door: Entrance) -> None:
    assert problem(door.http.get("/api/nothing"))
    assert door.http.delete("/api/deals").status_code == 405
    assert problem(door.http.delete("/api/deals"))


def test_an_application_wants_its_intake_in_the_same_transaction(door: Entrance) -> None:
    door.http.post("/api/applications", json=ADA, headers=door.key("applications:write"))
    with door.db.reading() as session:
        assert [(run.stage, run.application_id) for run in session.exec(select(StageRun))] == [("intake", door.facts()[0].id)]
