"""What changed between two versions of a contract, in sentences for the client."""

from collections.abc import Iterable, Sequence

from models.contract import ContractBody

_LISTS = {
    "intro": "The introduction", "materials": "What we need from you", "exclusions": "What is not included",
    "assumptions": "What the price rests on",
}  # fmt: skip


def differences(old: ContractBody, new: ContractBody) -> list[str]:
    """Sentences on what `new` changed: parties, price, payments, scope, clauses, texts. Empty when a client would see no change."""
    return [*_parties(old, new), *_price(old, new), *_scope(old, new), *_clauses(old, new), *_texts(old, new)]


def _parties(old: ContractBody, new: ContractBody) -> Iterable[str]:
    if old.buyer.name != new.buyer.name:
        yield f"The contract is with {new.buyer.name}; it was {old.buyer.name}."
    if old.buyer.address != new.buyer.address:
        yield f"Your address is {', '.join(new.buyer.address)}; it was {', '.join(old.buyer.address)}."
    for name, title in (("vat_id", "VAT number"), ("registration", "registration")):
        was, now = getattr(old.buyer, name), getattr(new.buyer, name)
        if was != now:
            yield f"Your {title} is {now or 'left out'}{f'; it was {was}' if was else ''}."
    if old.seller != new.seller or old.bank != new.bank:
        yield "The studio's own details have been brought up to date."
    if old.salesperson.name != new.salesperson.name:
        yield f"{new.salesperson.name} now looks after you."


def _price(old: ContractBody, new: ContractBody) -> Iterable[str]:
    if old.vat_rule.percent != new.vat_rule.percent:
        yield f"VAT is {new.vat_rule.percent} %; it was {old.vat_rule.percent} %. With VAT the price is {new.gross.format(new.locale)}."
    elif old.gross != new.gross:
        yield f"The price with VAT is {new.gross.format(new.locale)}; it was {old.gross.format(old.locale)}."
    was = {one.part: one for one in old.schedule}
    for one in new.schedule:
        before = was.get(one.part)
        if before and before.title != one.title:
            yield f"Payment {one.part} is called {one.title}; it was {before.title}."
        if before and before.when != one.when:
            yield f"Payment {one.part} ({one.title}) is due {one.when}; it was {before.when}."


def _scope(old: ContractBody, new: ContractBody) -> Iterable[str]:
    was = {item.title: item.description for item in old.scope}
    for item in new.scope:
        if item.title in was and was[item.title] != item.description:
            yield f"{item.title} is described differently: {item.description}"


def _clauses(old: ContractBody, new: ContractBody) -> Iterable[str]:
    was, now = ({clause.title: clause.paragraphs for clause in body.clauses} for body in (old, new))
    for title, paragraphs in now.items():
        if title in was:
            yield from _lines(title, old, was[title], new, paragraphs)
        else:
            yield f"New clause: {title}."
    yield from (f"Gone: the clause {title}." for title in was if title not in now)


def _texts(old: ContractBody, new: ContractBody) -> Iterable[str]:
    if _bare(old, old.title) != _bare(new, new.title):
        yield f"The title is {new.title}."
    for name, title in _LISTS.items():
        yield from _lines(title, old, getattr(old, name), new, getattr(new, name))
    if _bare(old, old.consent) != _bare(new, new.consent):
        yield "The sentence of consent has been reworded."


def _lines(title: str, old: ContractBody, was: Sequence[str], new: ContractBody, now: Sequence[str]) -> Iterable[str]:
    before, after = [_bare(old, text) for text in was], [_bare(new, text) for text in now]
    yield from (f"{title}, added: {text}" for text, bare in zip(now, after, strict=True) if bare not in before)
    yield from (f"{title}, removed: {text}" for text, bare in zip(was, before, strict=True) if bare not in after)


def _bare(body: ContractBody, text: str) -> str:
    """A text without the names and sums of its version: where these alone differ, they have been told of already."""
    buyer = body.buyer
    filled = [
        buyer.name, ", ".join(buyer.address), buyer.vat_id, buyer.registration, body.number, body.vat_rule.note, f"({body.schedule[0].title})",
        *(amount.format(body.locale) for amount in (body.gross, body.net, body.vat, body.schedule[0].gross)),
    ]  # fmt: skip
    for word in sorted(filter(None, filled), key=len, reverse=True):
        text = text.replace(word, "…")
    return text
