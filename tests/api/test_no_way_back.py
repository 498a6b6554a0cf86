"""After the hand-over no page and no machine leads back to the project: refused, written down, nothing changed."""

import pytest
from sqlmodel import select

from models import keys
from models.after_answers import AccessListed, ReturnRefused
from models.delivery_answers import ANSWERS as DELIVERY
from models.delivery_answers import BY_RULE
from models.tables import Client, Deal, Fact, Move, StageRun, Upload
from tests.aftermath import ACCESSES, a_handed_over_project
from tests.api.conftest import Entrance

TEXT = {"stage": "text", "version": "1"}
ORLA = {"name": "Orla Byrne", "role": "Owner"}
PAGES = [
    ("project", "/stage", TEXT | ORLA | {"decision": "approve"}, "client"),
    ("project", "/stage", TEXT | ORLA | {"decision": "comment", "text": "Once more."}, "client"),
    ("project", "/change", {"stage": "text", "offer": "1", "decision": "accept", "total": "59040"} | ORLA, "client"),
    ("project", "/materials/x", {"text": "Here it is."}, "client"),
    ("work", "/stage", TEXT | {"note": "Look."}, "staff:tomasz@northlight.example"),
    ("work", "/materials/x", {"decision": "waive", "fact": "0"}, "staff:tomasz@northlight.example"),
    ("work", "/date", {"days": "3", "reason": "Illness.", "number": "0"}, "staff:tomasz@northlight.example"),
    ("work", "/access", {"what_0": "Domain", "where_0": "registrar.example", "held_by_0": "Orla"}, "staff:tomasz@northlight.example"),
    ("act", "/code", {"version": "1", "email": "orla@acme.example"} | ORLA, "client"),
    ("act", "/faults", {"version": "1", "text": "It is slow.", "name": "Orla"}, "client"),
]
SAID = {
    "stage.ready": {"stage": "text"}, "stage.answered": {"stage": "text", "version": 1, "decision": "approve"},
    "change.offered": {"stage": "text", "text": "More", "price": "480"}, "change.answered": {"stage": "text", "offer": 1, "decision": "decline"},
    "material.sent": {"item": "x", "text": "x"}, "material.reviewed": {"item": "x", "decision": "waive"},
    "date.moved": {"days": 2, "reason": "Illness."}, "launch.checked": {}, "act.faults": {"version": 1, "text": "Slow."}, "act.mended": {},
    AccessListed.kind: ACCESSES.model_dump(),
}  # fmt: skip


@pytest.fixture
def deal_id(door: Entrance) -> int:
    with door.writing() as session:
        return a_handed_over_project(session).id or 0


def untouched(door: Entrance) -> list:
    """All that a way back would change."""
    with door.db.reading() as session:
        told = [fact.id for fact in session.exec(select(Fact).order_by(Fact.id)) if fact.kind != ReturnRefused.kind]
        counts = [len(session.exec(select(table)).all()) for table in (Move, StageRun, Upload)]
        return [told, counts, session.exec(select(Deal.work)).all()]


@pytest.mark.parametrize(("kind", "path", "form", "actor"), PAGES, ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "")
def test_no_page_leads_back(door: Entrance, deal_id: int, kind: str, path: str, form: dict[str, str], actor: str) -> None:
    if "email" in form:  # a code goes to the client's own address
        with door.db.reading() as session:
            form = form | {"email": session.exec(select(Client.email)).one()}
    before = untouched(door)
    answer = door.http.post(door.link(kind, deal_id) + path, data=form | ({"who": "Tomasz Zielinski"} if kind == "work" else {}))
    assert answer.status_code == 409
    assert "support" in answer.text
    assert untouched(door) == before
    assert [fact.actor for fact in door.facts(ReturnRefused.kind)] == [actor]


def test_no_machine_leads_back(door: Entrance, deal_id: int) -> None:
    with door.writing() as session:
        key = keys.add(session, "tomasz's tool", ["facts:write"], door.clock(), staff="tomasz@northlight.example")
    key, before = {"Authorization": f"Bearer {key}"}, untouched(door)
    for kind, payload in SAID.items():
        door.clock.pass_(minutes=1)
        body = {"kind": kind, "external_id": kind, "actor": "staff:tomasz@northlight.example", "payload": payload}
        answer = door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=key)
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json"), answer.text
    assert untouched(door) == before
    attempts = door.facts(ReturnRefused.kind)
    assert [fact.payload["what"].split()[0] for fact in attempts] == list(SAID)
    assert {fact.actor for fact in attempts} == {"staff:tomasz@northlight.example"}


def test_the_list_of_what_machines_may_say_is_complete() -> None:
    assert set(SAID) == {answer.kind for answer in DELIVERY if answer not in BY_RULE} | {AccessListed.kind}
