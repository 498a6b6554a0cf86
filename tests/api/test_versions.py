"""Older versions of a document: the card leads to each as it was printed, and only the studio may read it."""

import pytest
from sqlmodel import Session

from models import documents
from models.tables import Deal
from tests.api.conftest import Entrance
from tests.launching import an_act

PRINTED = ("proposal", "contract", "act")


@pytest.fixture
def deal_id(door: Entrance) -> int:
    """A deal each of whose papers has two printed versions; that of its estimate has two as well, and is never printed."""
    (door.home / "documents").mkdir()
    with door.writing() as session:
        deal = session.get_one(Deal, an_act(session).deal_id)
        for kind in (*PRINTED, "estimate"):
            print_two(session, door, deal, kind)
        return deal.id or 0


def print_two(session: Session, door: Entrance, deal: Deal, kind: str) -> None:
    first = documents.latest(session, deal.id or 0, kind)
    assert first and first.version == 1
    second = documents.add_version(session, deal, kind, first.body, made_by="system", now=door.clock())
    for one in (first, second) if kind in PRINTED else ():
        one.pdf_path = f"documents/{kind}-{one.version}.pdf"
        (door.home / one.pdf_path).write_bytes(f"%PDF-1.7 {kind} {one.version}".encode())


def links_of(door: Entrance, deal_id: int) -> dict[tuple[str, int], str]:
    card = door.http.get(f"/api/deals/{deal_id}", headers=door.key("deals:read")).json()
    return {(one["kind"], one["version"]): one["link"].removeprefix("http://127.0.0.1:8700") for one in card["documents"]}


def test_the_card_leads_to_the_newest_version_as_a_page_and_to_older_ones_on_paper(door: Entrance, deal_id: int) -> None:
    links = links_of(door, deal_id)
    for kind in PRINTED:
        page = door.link(f"{kind}-staff", deal_id)
        assert (links[kind, 1], links[kind, 2]) == (f"{page}.pdf?version=1", page)
        assert door.http.get(links[kind, 1]).content == f"%PDF-1.7 {kind} 1".encode()
        assert door.http.get(f"{page}.pdf").content == f"%PDF-1.7 {kind} 2".encode()
    assert (links["estimate", 1], links["estimate", 2]) == ("", door.link("estimate-staff", deal_id)), "no link leads to what is not there"


@pytest.mark.parametrize("kind", PRINTED)
def test_a_client_reads_the_newest_version_only_and_a_version_that_never_was_is_not_found(door: Entrance, deal_id: int, kind: str) -> None:
    client, staff = (f"{door.link(of, deal_id)}.pdf" for of in (kind, f"{kind}-staff"))
    assert door.http.get(client).content == f"%PDF-1.7 {kind} 2".encode()
    for path, version, status in ((client, "1", 404), (staff, "3", 404), (staff, "0", 422), (staff, "x", 422), (staff, "2", 200)):
        answer = door.http.get(path, params={"version": version})
        assert answer.status_code == status, answer.text
        assert status != 404 or f"There is no version {version} of this document here." in answer.text
