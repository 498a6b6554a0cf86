"""A contract out of an accepted proposal, the client's details and the words of contract.toml; sections may be replaced by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.lists import format_list

from models import contract_parties, schedule, vat
from models.cash_answers import ContractDetails
from models.company import Company
from models.contract import Clause, ContractBody, DeliveryTerms, Instalment, VatRule
from models.contract_texts import MAY_BE_EMPTY
from models.errors import Invalid
from models.money import Money
from models.proposal import ScopeItem, Snapshot, Totals
from models.tables import Client
from models.wording import BLANK, fill

LISTS = ("intro", "materials", "exclusions", "assumptions")
PLAIN = ("title", *LISTS)
GONE = "-"
"""A clause or a list whose new text is this falls away."""


@dataclass(frozen=True)
class Agreed:
    """What a contract is made of: the accepted proposal with its hash, selection and totals, who accepted it and when, who signs."""

    snapshot: Snapshot
    digest: str
    selection: list[str]
    totals: Totals
    accepted_by: str
    accepted_on: date
    client: Client
    details: ContractDetails
    texts: Mapping[str, str] = field(default_factory=dict)


def compose(company: Company, agreed: Agreed, *, number: str, version: int, today: date) -> ContractBody:
    """Version `version` of a contract, whole.

    `agreed.texts` replaces by key: title, intro, materials, exclusions, assumptions (a line is an item), `clause:<title>` (a line is a
    paragraph), `payment:<part>` and `when:<part>`, `scope:<title>` (a note below the item). Raises Invalid for any other key.
    """
    snapshot, texts = agreed.snapshot, agreed.texts
    rule = vat.rule(company.studio, country=agreed.details.country, vat_id=agreed.details.vat_id)
    net = agreed.totals.net
    charged = net.times(Decimal(rule.percent) / 100)
    plan = _schedule(schedule.plan(net, snapshot.payments, rule, net + charged), texts)
    words = _words(company, agreed, rule, plan, number=number, today=today) | {"vat": charged.format(snapshot.locale)}
    words["total"] = (net + charged).format(snapshot.locale)
    lists = {name: getattr(snapshot, name) for name in ("materials", "exclusions", "assumptions")}
    lists["intro"] = _paragraphs("intro", company.contract.intro, words)
    lists |= {name: _lines(name, texts[name], words) for name in LISTS if name in texts}
    _check_known(texts, snapshot, plan)
    return ContractBody(
        number=number, version=version, deal_id=snapshot.deal_id, locale=snapshot.locale, currency=snapshot.currency, made_on=today,
        title=_filled("title", texts.get("title") or company.contract.title, words), service_name=snapshot.service_name,
        studio=company.studio.card(), seller=contract_parties.seller(company), salesperson=snapshot.salesperson,
        buyer=contract_parties.buyer(agreed.client, agreed.details, snapshot.locale), proposal=snapshot.number,
        proposal_hash=agreed.digest, accepted_by=agreed.accepted_by, accepted_on=agreed.accepted_on, clauses=_clauses(company, agreed, words),
        scope=[_noted(item, texts) for item in snapshot.scope], timeline=snapshot.timeline, days=agreed.totals.days,
        options=[option for option in snapshot.options if option.slug in agreed.selection], **lists, price_model=snapshot.price_model,
        price_note=snapshot.price_note, discount=snapshot.discount, net=net, vat=charged, gross=net + charged, vat_rule=rule, schedule=plan,
        bank=_bank(company), consent=_filled("consent", company.contract.consent, words), changes=vat_changes(agreed, rule, net),
        terms=DeliveryTerms.model_validate(company.contract.terms.model_dump()),
    )  # fmt: skip


def vat_changes(agreed: Agreed, rule: VatRule, net: Money) -> list[str]:
    """What differs from the accepted proposal because of who signs: the net price stays, VAT follows the law."""
    was, now = Decimal(agreed.snapshot.vat_percent), Decimal(rule.percent)
    if was == now:
        return []
    gross, locale = net + net.times(now / 100), agreed.snapshot.locale
    told = f"VAT is {_percent(now)} % instead of the {_percent(was)} % of the proposal, by the details you gave: {net.format(locale)} net stays"
    return [f"{told}, {f'with VAT it is {gross.format(locale)}' if now else 'and nothing is added to it'}. {rule.note}".strip()]


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _words(company: Company, agreed: Agreed, rule: VatRule, plan: list[Instalment], *, number: str, today: date) -> dict[str, str]:
    """The blanks of contract.toml; `vat` and `total` stand with the sums."""
    studio, snapshot, details, locale = company.studio, agreed.snapshot, agreed.details, agreed.snapshot.locale
    late = studio.late_interest
    buyer = contract_parties.buyer(agreed.client, details, locale)
    return {
        "client_name": details.legal_name, "client_contact": agreed.client.name, "client_address": ", ".join(buyer.address),
        "client_registration": details.registration, "client_vat_id": details.vat_id, "studio": studio.legal.name,
        "studio_address": ", ".join(studio.legal.address), "studio_registration": studio.legal.registration,
        "studio_tax_id": studio.legal.tax_id, "salesperson": snapshot.salesperson.name, "service": snapshot.service_name,
        "number": number, "date": format_date(today, "long", locale=locale), "proposal": snapshot.number,
        "accepted_by": agreed.accepted_by, "accepted_on": format_date(agreed.accepted_on, "long", locale=locale),
        "net": agreed.totals.net.format(locale), "vat_note": rule.note, "price_note": snapshot.price_note,
        "payments": "one payment" if len(plan) == 1 else f"{len(plan)} payments",
        "first_payment": f"{plan[0].gross.format(locale)} ({plan[0].title})", "due_days": str(studio.invoices.due_days),
        "days": str(agreed.totals.days), "interest": f"{late.base_rate + late.points:f}" if late else "", "interest_law": late.law if late else "",
    }  # fmt: skip


def _clauses(company: Company, agreed: Agreed, words: Mapping[str, str]) -> list[Clause]:
    """The studio's clauses with those replaced, left out or added by hand; a paragraph with an open blank is left out."""
    own = {key.partition(":")[2].casefold(): (key, text) for key, text in agreed.texts.items() if key.startswith("clause:")}
    clauses = []
    for clause in company.contract.clauses_for(agreed.snapshot.price_model):
        title = _filled("clause", clause.title, words)
        key, text = own.pop(title.casefold(), ("", ""))
        told = _lines(key, text, words) if key else _paragraphs(title, clause.paragraphs, words)
        clauses += [Clause(title=title, paragraphs=told)] if told else []
    added = [Clause(title=key.partition(":")[2].strip(), paragraphs=_lines(key, text, words)) for key, text in own.values() if text != GONE]
    return [*clauses, *added]


def _paragraphs(key: str, texts: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The texts filled; one that rests on what this contract does not have (a VAT number, say) is left out."""
    absent = {blank for blank in MAY_BE_EMPTY if not words.get(blank)}
    return [_filled(key, text, words) for text in texts if absent.isdisjoint(BLANK.findall(text))]


def _lines(key: str, text: str, words: Mapping[str, str]) -> list[str]:
    return [] if text.strip() == GONE else [_filled(key, line.strip(), words) for line in text.splitlines() if line.strip()]


def _filled(key: str, text: str, words: Mapping[str, str]) -> str:
    if unknown := [blank for blank in BLANK.findall(text) if not words.get(blank)]:
        raise Invalid(f"{key}: nothing fills the blank {{{unknown[0]}}}.")
    return fill(text, words) or ""


def _noted(item: ScopeItem, texts: Mapping[str, str]) -> ScopeItem:
    note = texts.get(f"scope:{item.title}", "").strip()
    return item.model_copy(update={"description": f"{item.description} {note}".strip()}) if note else item


def _schedule(plan: list[Instalment], texts: Mapping[str, str]) -> list[Instalment]:
    return [
        one.model_copy(update={"title": texts.get(f"payment:{one.part}", one.title), "when": texts.get(f"when:{one.part}", one.when)}) for one in plan
    ]


def _bank(company: Company) -> list[str]:
    bank = company.studio.bank
    iban = " ".join(bank.iban[start : start + 4] for start in range(0, len(bank.iban), 4))
    return [bank.holder, f"IBAN {iban}", f"BIC {bank.bic}", bank.name]


def _check_known(texts: Mapping[str, str], snapshot: Snapshot, plan: list[Instalment]) -> None:
    parts, items = [str(one.part) for one in plan], [item.title for item in snapshot.scope]
    allowed = {"payment": parts, "when": parts, "scope": items}
    for key, text in texts.items():
        kind, colon, which = key.partition(":")
        if not colon and kind not in PLAIN:
            raise Invalid(f'A contract has no text "{kind}"; texts are {", ".join(PLAIN)}.')
        if colon and kind not in {*allowed, "clause"}:
            raise Invalid(f'"{key}" names nothing in a contract.')
        if kind in allowed and which not in allowed[kind]:
            what = "scope" if kind == "scope" else "payment plan"
            raise Invalid(f'The {what} has no "{which}"; there is {format_list(allowed[kind], locale="en")}.')
        if kind == "clause" and (not which.strip() or (not text.strip())):
            raise Invalid("A clause needs a title and a text.")
