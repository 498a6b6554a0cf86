"""The deal card as operators read it: Markdown, made from the record that other systems get. Pure.

Who it is with, whose move it is, where it stands and for how long, what it is worth, every document, and what happened as one timeline.
"""

from models.addresses import run_path, runs_path
from models.board_words import lasted, moment, place, shown
from models.deal_card import DealCard, RunView
from models.deal_history import SHORT, timeline, times_of
from models.markdown import lines, link, plain, table
from models.money import Money, total

MOST_LINES = 150
"""How much of the timeline the card shows; the whole of it is in `./studio deal`."""


def card_page(card: DealCard, *, zone: str, locale: str) -> str:
    """The card of a deal. `zone` is where its times are read, `locale` how its amounts are written."""
    client = card.client
    parts = [
        f"# Deal {card.id} · {plain(client.company or client.name, 80)}",
        f"{_move(card, zone)}\n\n{_about(card)}",
        f"## Where it stands\n\n{_standing(card, zone)}",
        f"## What it is worth\n\n{_worth(card, locale)}",
        _section("What is waited for", _waits(card, zone)),
        _section("Documents", _documents(card, zone, locale)),
        _section("Time in each stage", _times(card, zone)),
        _section("Runs", _runs(card, zone)),
        f"## Timeline\n\n{_timeline(card, zone)}",
    ]
    return "\n\n".join(part for part in parts if part)


def whose_move(card: DealCard) -> str:
    """Whose move it is, in words."""
    return {"client": "The client's move", "studio": "The studio's move", "system": "The system's move"}.get(card.whose_move, "Nobody's move")


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _move(card: DealCard, zone: str) -> str:
    failed = next((run for run in card.runs if run.state == "failed"), None)
    if failed:
        return f"**The studio's move.** The stage {failed.stage} failed: {plain(failed.why)} {_run_link(failed, 'Open the run')} and press Retry."
    asked = next((wait for wait in card.waits if wait.kinds), None)
    what = f" {plain(asked.what)[:1].upper()}{plain(asked.what)[1:]}." if asked and asked.what else ""
    until = f" Until {moment(asked.deadline, zone)}." if asked and asked.deadline else ""
    held = f" The deal is on hold since {moment(card.held_since, zone)}." if card.held_since else ""
    return f"**{whose_move(card)}.**{what}{until}{held}"


def _about(card: DealCard) -> str:
    client = card.client
    reached = [plain(one, 120) for one in (client.name, client.company, client.email, client.phone) if one]
    bounced = " **Letters to this address come back.**" if client.bounced_at else ""
    told = f"\n\nThey wrote: {plain(card.message)}" if card.message else ""
    sold = plain(card.salesperson) or "nobody yet"
    return (
        f"{' · '.join(reached)}{bounced}\n\nService {plain(card.service)} · salesperson {sold} · round {card.round} · "
        f"{link('all runs', runs_path(card.id))}{told}"
    )


def _standing(card: DealCard, zone: str) -> str:
    since = {one.track: one.since for one in times_of(card) if one.until is None}
    rows = [(track, f"**{place(state)}**", moment(since.get(track), zone)) for track, state in card.tracks.model_dump().items()]
    return table(("Track", "Now", "Since"), rows)


def _worth(card: DealCard, locale: str) -> str:
    amounts = card.amounts
    issued = [one for one in card.invoices if one.kind == "invoice"]
    billed = total([one.gross for one in issued], issued[0].gross.currency) if issued else None
    still = total([one.open for one in issued], issued[0].gross.currency) if issued else None
    cells: list[tuple[str, Money | None]] = [
        ("Budget", amounts.budget), ("Estimate, net", amounts.estimate), ("Proposal, gross", amounts.proposal),
        ("Accepted, gross", amounts.accepted), ("Invoiced", billed), ("Still open", still),
    ]  # fmt: skip
    head = [name for name, amount in cells if amount]
    return table(head, [[shown(amount, locale) for _, amount in cells if amount]] if head else [], right=head) or "Nothing is known yet."


def _waits(card: DealCard, zone: str) -> str:
    head = ("Move", "What", "Stage", "Since", "Next look", "Until")
    rows = [
        (wait.whose, lines(wait.what), wait.stage, moment(wait.opened_at, zone), moment(wait.due_at, zone), moment(wait.deadline, zone))
        for wait in card.waits
    ]
    return table(head, rows)


def _documents(card: DealCard, zone: str, locale: str) -> str:
    papers = [
        (_linked(f"{one.kind} v{one.version}", one.link), one.state, moment(one.made_at, zone), plain(one.made_by, 60), lines(one.why, SHORT))
        for one in card.documents
    ]
    money = [
        (
            _linked(f"{place(one.kind)} {plain(one.number or '')}".strip(), one.link),
            f"open {shown(one.open, locale)}" if one.open.amount else "settled" if one.kind == "invoice" else "",
            f"{one.issued_on}", "", f"{plain(one.title, SHORT)}, {shown(one.gross, locale)}",
        )
        for one in card.invoices
    ]  # fmt: skip
    return table(("Document", "State", "Made", "By", "What"), [*papers, *money])


def _times(card: DealCard, zone: str) -> str:
    rows = [
        (one.track, place(one.place), moment(one.since, zone), moment(one.until, zone) or "now", lasted(one.until - one.since) if one.until else "")
        for one in times_of(card)
    ]
    return table(("Track", "Stage", "From", "To", "Took"), rows, right=("Took",))


def _runs(card: DealCard, zone: str) -> str:
    rows = [
        (_run_link(run, run.stage), f"{run.round}", run.state, moment(run.wanted_at, zone), moment(run.ended_at, zone), lines(run.why, SHORT))
        for run in card.runs
    ]
    return table(("Stage", "Round", "State", "Wanted", "Ended", "Why"), rows)


def _timeline(card: DealCard, zone: str) -> str:
    happened = timeline(card)
    rows = [(moment(one.at, zone), one.sort, one.what, one.who, one.more) for one in happened[:MOST_LINES]]
    rest = f"\n\n{len(happened) - MOST_LINES} earlier lines: `./studio deal {card.id}`" if len(happened) > MOST_LINES else ""
    return table(("When", "Kind", "What", "Who", "More"), rows) + rest


def _linked(label: str, address: str) -> str:
    return link(label, address) if address else label


def _run_link(run: RunView, label: str) -> str:
    return link(label, run_path(run.flow_run_id)) if run.flow_run_id else label
