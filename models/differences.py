"""What changed between two versions of a proposal, in sentences for the client."""

from collections.abc import Iterable, Sequence

from models.money import total
from models.proposal import Node, Snapshot

_LISTS = {
    "task": "How we understand the task",
    "result": "The result",
    "materials": "What we need from you",
    "exclusions": "What is not included",
    "assumptions": "What the price rests on",
    "next_step": "The next step",
}
_TEXTS = {"title": "The title", "greeting": "The greeting", "price_note": "The note on the price", "vat_note": "The note on VAT"}


def differences(old: Snapshot, new: Snapshot) -> list[str]:
    """Sentences on what `new` changed: price, lines, scope, options, days, dates, texts. Empty when a client would see no change."""
    return [*_price(old, new), *_scope(old, new), *_options(old, new), *_time(old, new), *_texts(old, new)]


def _price(old: Snapshot, new: Snapshot) -> Iterable[str]:
    before, after = (total((line.net for line in s.lines), s.currency) - s.discount for s in (old, new))
    if before != after:
        yield f"The price without options is {after.format(new.locale)} net; it was {before.format(old.locale)}."
    was, now = ({line.title: line.net for line in s.lines} for s in (old, new))
    for title, net in now.items():
        if title not in was:
            yield f"New: {title}, {net.format(new.locale)}."
        elif was[title] != net:
            yield f"{title}: {net.format(new.locale)} instead of {was[title].format(old.locale)}."
    yield from (f"Gone: {title}." for title in was if title not in now)
    if old.discount != new.discount or old.discount_reason != new.discount_reason:
        if new.discount.amount:
            yield f"There is a discount of {new.discount.format(new.locale)}: {new.discount_reason}."
        else:
            yield "The discount is gone."
    if old.vat_percent != new.vat_percent:
        yield f"VAT is {new.vat_percent} %; it was {old.vat_percent} %."
    if old.payments != new.payments:
        yield "The payment plan has changed: " + ", ".join(f"{term.percent} % {term.title}" for term in new.payments) + "."


def _scope(old: Snapshot, new: Snapshot) -> Iterable[str]:
    was, now = ({item.title: item for item in s.scope} for s in (old, new))
    for title, item in now.items():
        if title in was and was[title].quantity != item.quantity:
            yield f"{title}: {item.quantity} × {item.unit} instead of {was[title].quantity}."
        elif title in was and was[title] != item:
            yield f"{title} is described differently."
    before, after = (_titles(s.structure) for s in (old, new))
    yield from (f"The structure now has {title}." for title in after if title not in before)
    yield from (f"The structure no longer has {title}." for title in before if title not in after)


def _options(old: Snapshot, new: Snapshot) -> Iterable[str]:
    was, now = ({option.slug: option for option in s.options} for s in (old, new))
    for slug, option in now.items():
        if slug not in was:
            yield f"New option: {option.title}, {option.price.format(new.locale)}."
        elif was[slug].price != option.price:
            yield f"Option {option.title}: {option.price.format(new.locale)} instead of {was[slug].price.format(old.locale)}."
    yield from (f"No longer an option: {option.title}." for slug, option in was.items() if slug not in now)


def _time(old: Snapshot, new: Snapshot) -> Iterable[str]:
    if old.days != new.days:
        yield f"The work takes {new.days} working days; it was {old.days}."
    elif old.timeline != new.timeline:
        yield "The phases of the timeline have moved."
    if old.valid_until != new.valid_until:
        yield f"The proposal is valid until {new.valid_until:%-d %B %Y}."
    if [person.name for person in old.team] != [person.name for person in new.team]:
        yield "The team is " + ", ".join(person.name for person in new.team) + "."
    if old.salesperson.name != new.salesperson.name:
        yield f"{new.salesperson.name} now looks after you."


def _texts(old: Snapshot, new: Snapshot) -> Iterable[str]:
    for name, title in _LISTS.items():
        before, after = getattr(old, name), getattr(new, name)
        added = [text for text in after if text not in before]
        removed = [text for text in before if text not in after]
        yield from (f"{title}, added: {text}" for text in added)
        yield from (f"{title}, removed: {text}" for text in removed)
        if before != after and not added and not removed:
            yield f"{title} stands in another order."
    yield from (f"{title} has been reworded." for name, title in _TEXTS.items() if getattr(old, name) != getattr(new, name))
    if old.quotes != new.quotes:
        yield "Your own words have been brought up to date."


def _titles(nodes: Sequence[Node]) -> list[str]:
    return [title for node in nodes for title in (node.title, *_titles(node.children))]
