"""The demo's second half: the contract signed with the code from the mail, the deposit paid; a second deal paid by bank transfer."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

from rich.console import Console

from deployments.forms import Page
from models.money import Money
from models.settings import Settings

if TYPE_CHECKING:
    from deployments.demo import Play

Act = Callable[["Play", Settings], None]
PARTY = {
    "legal_name": "Greenfields Gardens Limited", "registration": "IE 512345", "street": "3 Mill Lane", "postcode": "H91 E2K8", "city": "Galway",
    "country": "IE", "vat_id": "",
}  # fmt: skip
SIGNER = {"name": "Ada Greenfield", "role": "Managing director", "consent": "yes"}
SECONDS = 60.0


def give_details(game: "Play", _settings: Settings) -> None:
    """Say who the contracting party is; the contract follows."""
    link = _link(game.letter(r"deal/\d+/r1/contract/details"), "c")
    with game.stage("contract") as say:
        game.post(f"{link}/details", game.page(link).form("/details").answer(dict(PARTY)))
        game.letter(r"deal/\d+/contract/v1/mail")
        say(urljoin(game.base, link), "the contract has come")


def sign(game: "Play", _settings: Settings) -> None:
    """Sign with the code from the mail."""
    link = urlsplit(game.stages[-1].url).path
    with game.stage("signature") as say:
        typed: dict[str, str | list[str]] = {**SIGNER, "email": game.email}
        game.post(f"{link}/code", game.page(link).form("/code").answer(typed))
        code = code_of(game.letter(r"deal/\d+/contract/v1/code/1"))
        game.post(f"{link}/sign", game.page(link).form("/sign").answer(typed | {"code": code}))
        game.letter(r"deal/\d+/contract/v1/signed")
        say(urljoin(game.base, f"{link}.pdf"), "signed with the code from the mail, countersigned, sealed")


def pay(game: "Play", _settings: Settings) -> None:
    """Pay the deposit at the provider's page."""
    with game.stage("deposit") as say:
        link = _link(game.letter(r"invoice/\d+/mail"), "i")
        pay_invoice(game, link)
        game.letter(r"invoice/\d+/payment/\d+/receipt")
        say(urljoin(game.base, link), "paid, receipt sent, work may start")


ACTS: tuple[Act, ...] = (give_details, sign, pay)


def pay_by_bank(game: "Play", settings: Settings, sale: Sequence[Act]) -> None:
    """A second client plays as far as the invoice and pays by bank transfer; the bank's statement is uploaded."""
    from deployments.demo import Failed, Play, machine

    other = Play(game.base, game.http, Console(quiet=True))  # its first steps are the first client's again
    for act in (*sale, *ACTS[:2]):
        act(other, settings)
    with game.stage("bank transfer") as say, machine(settings, "deals:read", "statements:write") as key:
        link = _link(other.letter(r"invoice/\d+/mail"), "i")
        card = game.http.get(f"/api/deals/{other.deal}", headers=key).json()
        invoice = card["invoices"][0]
        content = statement(_iban(game.page_text(link)), invoice["number"], Money.model_validate(invoice["gross"]), datetime.now(UTC).date())
        answer = game.http.post("/api/statements", content=content, headers=key | {"Content-Type": "application/xml"})
        if answer.status_code >= 400:  # noqa: PLR2004
            raise Failed(f"POST /api/statements was answered {answer.status_code}: {answer.text[:300]}")
        other.letter(rf"invoice/{invoice['id']}/payment/\d+/receipt")
        say(urljoin(game.base, link), f"{invoice['number']} found on the bank's statement, receipt sent")


def statement(iban: str, number: str, amount: Money, day: date) -> str:
    """A bank's statement (camt.053) with one transfer to `iban` that names an invoice."""
    reference, value, stamp = uuid4().hex[:16], f"{amount.major}", f"{day}T06:00:00"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>{reference}</MsgId><CreDtTm>{stamp}</CreDtTm></GrpHdr>
<Stmt><Id>{reference}</Id><CreDtTm>{stamp}</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{amount.currency}</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="{amount.currency}">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="{amount.currency}">{value}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>
<Ntry><Amt Ccy="{amount.currency}">{value}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>
<ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
<RltdPties><Dbtr><Nm>Greenfields Gardens Limited</Nm></Dbtr></RltdPties><RmtInf><Ustrd>Invoice {number}, thank you</Ustrd></RmtInf>
</TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"""


def pay_invoice(game: "Play", link: str) -> None:
    """Pay an invoice at the provider's page that its own page names."""
    address = _pay_page(game, link)
    game.post(urljoin(address, Page(game.http.get(address).text).forms[0].action), {"choice": ["pay"]})


def _pay_page(game: "Play", link: str) -> str:
    """The provider's address on an invoice's page; it is asked for anew should the last one have run out."""
    from deployments.demo import Failed

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        page = game.page(link)
        found = [one for one in page.links if "/pay/" in one and one.startswith("http")]
        if found:
            return found[0]
        if any(form.action.endswith("/pay") for form in page.forms):
            game.post(f"{link}/pay", {})
        time.sleep(0.2)
    raise Failed("The invoice has no pay button.")


def _link(page: str, kind: str) -> str:
    from deployments.demo import link_of

    return link_of(page, kind)


def code_of(page: str) -> str:
    """The six digits of the letter with the code."""
    from deployments.demo import Failed

    text = re.sub(r"<[^>]+>", " ", page)
    found = re.search(r"(?<![\w.-])(\d{6})(?![\w@])", text) or re.search(r"(?<![\w.-])(\d{3} \d{3})(?![\w@])", text)  # an address may look like one
    if found is None:
        raise Failed("The letter has no code of six digits.")
    return found[1].replace(" ", "")


def _iban(text: str) -> str:
    from deployments.demo import Failed

    found = re.search(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", re.sub(r"<[^>]+>", " ", text))
    if found is None:
        raise Failed("The invoice's page names no bank account.")
    return found[0].replace(" ", "")
