"""What happened in a project, each fact as a sentence for its readers. Pure."""

from collections.abc import Iterator
from datetime import datetime

from models.after_answers import AccessListed, HandedOver, ReturnRefused, TrainingAnswered
from models.answers import BY_KIND
from models.delivery_answers import (
    ActDeemed,
    ActFaults,
    ActSigned,
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    FaultsMended,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageAnswered,
    StageDeemed,
    StageReady,
    WorkPaused,
)
from models.project_pages import Happened
from models.projects import Stand
from models.tables import Fact

SENTENCES = {
    f"{StageReady.kind}/ask": "We showed “{title}”.",
    f"{StageReady.kind}/tell": "We finished “{title}”.",
    f"{StageAnswered.kind}/approve": "{client} approved “{title}”.",
    f"{StageAnswered.kind}/comment": "{client} asked for changes of “{title}”.",
    StageDeemed.kind: "“{title}” counts as accepted, as the contract says.",
    ChangeOffered.kind: "We put a price on a change of “{title}”.",
    f"{ChangeAnswered.kind}/accept": "{client} took the change of “{title}” at its price.",
    f"{ChangeAnswered.kind}/decline": "{client} left the change of “{title}”.",
    f"{ChangeAnswered.kind}/lapse": "The offer of a change of “{title}” has run out.",
    MaterialSent.kind: "{client} sent “{title}”.",
    f"{MaterialReviewed.kind}/accept": "We have “{title}”.",
    f"{MaterialReviewed.kind}/reject": "We sent “{title}” back: {reason}",
    f"{MaterialReviewed.kind}/waive": "We do without “{title}”.",
    WorkPaused.kind: "The project was paused; we wait for {what}.",
    DateMoved.kind: "We moved the date: {reason}",
    LaunchChecked.kind: "Everything on the launch list is done.",
    ActSigned.kind: "{client} signed the act of acceptance.",
    ActFaults.kind: "{client} named what is not as agreed.",
    FaultsMended.kind: "We put right what was not as agreed.",
    ActDeemed.kind: "The work counts as accepted, as the contract says.",
    f"{TrainingAnswered.kind}/book": "{client} chose a time for the training.",
    f"{TrainingAnswered.kind}/decline": "The training was declined.",
    HandedOver.kind: "The project was handed over to support.",
}
"""By kind of fact, and what it decides. What is not here is nobody's news."""
STAFF_SENTENCES = {
    AccessListed.kind: "The inventory of accesses was written.",
    ReturnRefused.kind: "An attempt to reopen the project was refused: {what}.",
}
"""What the client does not read."""


def newest(stand: Stand, *, is_staff: bool, most: int) -> list[Happened]:
    """The newest things that happened, the last one first; clients read of themselves as "You"."""
    found = _sentences(stand, reversed(stand.facts), is_staff=is_staff)
    return [happened for happened, _ in zip(found, range(most), strict=False)]


def just_said(stand: Stand, since: datetime) -> str:
    """What the client said last, if that was after `since`: the page thanks for it."""
    told = (fact for fact in reversed(stand.facts) if fact.actor == "client" and fact.known_at > since)
    return next((happened.text for happened in _sentences(stand, told, is_staff=False)), "")


def _sentences(stand: Stand, told: Iterator[Fact], *, is_staff: bool) -> Iterator[Happened]:
    for fact in told:
        sentence = SENTENCES.get(_key(stand, fact)) or (STAFF_SENTENCES.get(fact.kind) if is_staff else None)
        if fact.kind in BY_KIND and sentence:
            who = fact.payload.get("name") or "The client" if is_staff else "You"
            words = {"client": who, "title": _title(stand, fact), "reason": fact.payload.get("reason", ""), "what": fact.payload.get("what", "")}
            yield Happened(at=fact.known_at, text=sentence.format(**words))


def _key(stand: Stand, fact: Fact) -> str:
    if fact.kind == StageReady.kind:
        plan = stand.plan.stage(fact.payload["stage"])
        return f"{fact.kind}/{'ask' if plan and plan.approval else 'tell'}"
    decision = fact.payload.get("decision")
    return f"{fact.kind}/{decision}" if decision else fact.kind


def _title(stand: Stand, fact: Fact) -> str:
    """The stage's or the material's title; its short name where the plan does not know it."""
    name = fact.payload.get("stage") or fact.payload.get("item") or ""
    plan = stand.plan.stage(name)
    return plan.title if plan else next((item.plan.title for item in stand.materials if item.slug == name), name)
