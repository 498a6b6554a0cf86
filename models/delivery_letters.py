"""The letters of delivery: what each asks for, in whose name it goes out, and the link behind its button."""

from models.needs import Needs

MANAGER, SUPPORT, DIRECTOR = "project_manager", "support", "director"


def _client(*facts: str, links: tuple[str, ...] = (), link: bool = True, sender: str = MANAGER) -> Needs:
    return Needs(facts, links, link=link, sender=sender)


def _staff(*facts: str, links: tuple[str, ...] = ("deal",)) -> Needs:
    return Needs(facts, links, staff=True)


DELIVERY_NEEDS: dict[str, Needs] = {
    "project-welcome": _client("welcome", "people", "stages", "needed", "promised_on"),
    "materials-reminder": _client("missing", "waiting", "promised_on", "answer_by"),
    "materials-last-call": _client("missing", "closes_on", "waiting", "silence", "promised_on", "answer_by"),
    "materials-rejected": _client("item_title", "reason", "needed_for", "promised_on", "answer_by"),
    "materials-sent": _staff("item_title", "message", "files"),
    "materials-review-reminder": _staff("what", "waiting"),
    "project-paused": _client("what", "promised_on", "answer_by"),
    "project-paused-staff": _staff("what"),
    "project-resumed": _client("promised_on", "still_yours"),
    "stage-shown": _client("stage_title", "told", "note", "url", "rounds_left", "closes_on", "promised_on", "answer_by"),
    "stage-shown-again": _client("stage_title", "note", "url", "rounds_left", "closes_on", "promised_on", "answer_by"),
    "stage-reminder": _client("stage_title", "waiting", "url", "closes_on", "promised_on", "answer_by"),
    "stage-warning": _client("stage_title", "waiting", "url", "closes_on", "silence", "promised_on", "answer_by"),
    "stage-accepted": _client("stage_title", "next_title", "next_asks", "promised_on"),
    "stage-deemed": _client("stage_title", "next_title", "next_asks", "promised_on"),
    "stage-done": _client("stage_title", "told", "next_title", "next_asks", "promised_on"),
    "stage-accepted-staff": _staff("stage_title", "who", "next_title"),
    "stage-comments": _staff("stage_title", "message", "rounds_left"),
    "stage-beyond": _staff("stage_title", "message"),
    "stage-late": _staff("stage_title", "planned_on", "waiting"),
    "stage-changes-reminder": _staff("stage_title", "message", "waiting"),
    "change-price-reminder": _staff("stage_title", "message", "waiting"),
    "change-offer": _client("stage_title", "change", "price", "days", "promised_on", "answer_by", "closes_on"),
    "change-offer-reminder": _client("stage_title", "change", "price", "days", "waiting", "promised_on", "answer_by", "closes_on"),
    "change-accepted": _client("stage_title", "change", "price", "promised_on"),
    "change-answered-staff": _staff("stage_title", "change", "price", "days", "decision"),
    "launch-due": _staff("checklist"),
    "launch-reminder": _staff("checklist", "waiting"),
    "act-ready": _client("number", "stages", "closes_on", links=("pdf",)),
    "act-updated": _client("number", "message", "note", "closes_on", links=("pdf",)),
    "act-reminder": _client("number", "waiting", "closes_on", links=("pdf",)),
    "act-warning": _client("number", "waiting", "closes_on", "silence", links=("pdf",)),
    "act-code": _client("code", "code_until", "number", link=False),
    "act-signed": _client("number", "signed_by", "signed_on", "open_amount", links=("pdf",)),
    "act-deemed": _client("number", "closes_on", links=("pdf",)),
    "act-signed-staff": _staff("number", "signed_by", "signed_on", "open_amount"),
    "act-faults": _staff("number", "message"),
    "act-faults-reminder": _staff("number", "message", "waiting"),
    "course-invitation": _client("stage_title", "promised_on", "consent"),
    "course-1": _client(link=False),
    "course-2": _client(link=False),
    "course-3": _client(link=False),
    "course-4": _client(link=False),
    "course-5": _client(link=False),
    "next-step-offer": _client("note", "total", "valid_until", links=("pdf",), sender=""),
    "training-offer": _client("training", "minutes", "slots", "place", "closes_on", sender=SUPPORT),
    "training-reminder": _client("training", "minutes", "slots", "closes_on", sender=SUPPORT),
    "training-booked": _client("training", "minutes", "slot", "place", sender=SUPPORT),
    "training-booked-staff": _staff("training", "slot", "who"),
    "access-due": _staff("access"),
    "access-reminder": _staff("access", "waiting"),
    "handover-done": _client("manager", "support_name", "support_address", "support_phone", "access_list", "slot", sender=SUPPORT),
    "handover-staff": _staff("ticket", links=()),
    "review-request": _client("days_worked", sender=DIRECTOR),
    "review-reminder": _client(sender=DIRECTOR),
    "review-thanks": _client("stars", links=("refer",), sender=DIRECTOR),
    "review-came": _staff("stars", "message", "who", "published", links=()),
    "mail-came": _staff("from_name", "address", "subject", "message", "files", links=()),
    "mail-bounced": _staff("address", "said", links=()),
    "hours-warning": _staff("hours_worked", "hours_planned", "done_percent", "over_percent"),
}
_CLIENTS = {
    "project-": "project", "materials-": "project", "stage-": "project", "change-": "project", "act-": "act", "training-": "project",
    "handover-": "project", "review-": "review", "course-invitation": "project", "next-step-offer": "proposal",
}  # fmt: skip
_STAFF = {"mail-": "deal", "review-": "deal", "handover-": "deal"}


def _button(name: str, needs: Needs) -> str:
    starts = _STAFF if needs.staff else _CLIENTS
    return next((kind for start, kind in starts.items() if name.startswith(start)), "work")


DELIVERY_BUTTONS: dict[str, str] = {name: _button(name, needs) for name, needs in DELIVERY_NEEDS.items() if needs.link}
"""The client's project page, the act or the review; the manager's own page of the project for staff."""
