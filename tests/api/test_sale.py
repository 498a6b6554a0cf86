"""One client's way through the door: form, brief, proposal."""

from models.tables import Brief, Deal
from tests.api.conftest import Entrance
from tests.factories import a_proposal, an_estimate
from tests.studio import answers_for


def test_a_client_goes_from_the_form_over_the_brief_to_an_accepted_proposal(each_door: Entrance) -> None:
    assert each_door.http.post("/apply", data=each_door.form()).headers["location"] == "/thanks"
    assert [fact.payload["name"] for fact in each_door.facts("application")] == ["Ada Byron"]

    deal_id = each_door.deal(sales="briefing")
    brief = each_door.link("brief", deal_id)
    assert each_door.http.get(brief).status_code == 200
    typed = {f"q_{slug}": value for slug, value in answers_for("landing-page").items()}
    assert each_door.http.post(f"{brief}/draft", data=typed).status_code == 204
    sent = each_door.http.post(brief, data={**typed, "action": "send"})
    assert (sent.status_code, sent.headers.get("location")) == (303, f"{brief}/done"), sent.text
    assert "Thank you" in each_door.http.get(f"{brief}/done").text
    assert len(each_door.facts("brief.sent")) == 1
    with each_door.db.reading() as session:
        assert session.get_one(Brief, deal_id).answers == answers_for("landing-page")

    with each_door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        an_estimate(session, deal)
        a_proposal(session, deal)
    page = each_door.link("proposal", deal_id)
    shown = each_door.http.get(page)
    assert shown.status_code == 200
    total = shown.text.split('name="total" value="')[1].split('"')[0]
    accepted = each_door.http.post(f"{page}/accept", data={"version": "1", "total": total, "name": "Ada Byron"})
    assert (accepted.status_code, accepted.headers.get("location")) == (303, page)
    assert "Accepted by" in each_door.http.get(page).text
