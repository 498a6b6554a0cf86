"""Bank statements as banks write them: camt.053 of any version, MT940 with structured and free text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from tests.models.billing import HER_IBAN, OUR_IBAN, TODAY


@dataclass(frozen=True)
class BankLine:
    """A line as a test thinks of it: `amount` in euros, below nought when it went out."""

    amount: str
    text: str = ""
    on: date = TODAY
    ref: str = ""
    name: str = "Acme Ltd"
    iban: str = HER_IBAN
    reversal: bool = False
    status: str = "BOOK"
    structured: str = ""
    end_to_end: str = "NOTPROVIDED"
    parts: tuple[tuple[str, str], ...] = ()
    currency: str = "EUR"
    instructed: str = ""

    @property
    def value(self) -> Decimal:
        return Decimal(self.amount)


def camt(
    lines: Sequence[BankLine], *, opening: str = "1000.00", closing: str = "", version: str = "08", iban: str = OUR_IBAN, number: str = "1",
    more: Sequence[str] = (), prefix: str = "", head: str = '<?xml version="1.0" encoding="UTF-8"?>', codes: tuple[str, str] = ("OPBD", "CLBD"),
) -> bytes:  # fmt: skip
    """A camt.053 file with one statement, and `more` of them behind it."""
    statements = [statement(lines, opening=opening, closing=closing, version=version, iban=iban, number=number, codes=codes), *more]
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    header = "<GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2026-03-02T23:00:00Z</CreDtTm></GrpHdr>"
    text = f'<Document xmlns="{namespace}"><BkToCstmrStmt>{header}{"".join(statements)}</BkToCstmrStmt></Document>'
    if prefix:
        text = text.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:").replace(f"<{prefix}:/{prefix}:", f"</{prefix}:")
        text = text.replace('xmlns="', f'xmlns:{prefix}="')
    return f"{head}\n{text}".encode()


def statement(
    lines: Sequence[BankLine], *, opening: str = "1000.00", closing: str = "", version: str = "08", iban: str = OUR_IBAN, number: str = "1",
    codes: tuple[str, str] = ("OPBD", "CLBD"),
) -> str:  # fmt: skip
    booked = sum((line.value for line in lines if line.status == "BOOK"), Decimal())
    ends = closing or str(Decimal(opening) + booked)
    account = f"<Id><IBAN>{iban}</IBAN></Id>" if iban else "<Id><Othr><Id>12345</Id></Othr></Id>"
    days = [line.on for line in lines] or [TODAY]
    return (
        f"<Stmt><Id>{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>2026-03-02T23:00:00Z</CreDtTm>"
        f"<Acct>{account}<Ccy>EUR</Ccy></Acct>{_balance(codes[0], opening, min(days))}{_balance(codes[1], ends, max(days))}"
        + "".join(_entry(line, version) for line in lines)
        + "</Stmt>"
    )


def _balance(code: str, amount: str, on: date) -> str:
    way = "DBIT" if Decimal(amount) < 0 else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(Decimal(amount))}</Amt>'
        f"<CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _entry(line: BankLine, version: str) -> str:
    way = "CRDT" if line.value >= 0 else "DBIT"
    status = line.status if version == "02" else f"<Cd>{line.status}</Cd>"
    reversal = "<RvslInd>true</RvslInd>" if line.reversal else ""
    reference = f"<AcctSvcrRef>{line.ref}</AcctSvcrRef>" if line.ref else ""
    parts = line.parts or ((str(abs(line.value)), line.text),)
    details = "".join(_transaction(replace(line, amount=amount, text=text), version, way) for amount, text in parts)
    batch = f"<Btch><NbOfTxs>{len(parts)}</NbOfTxs></Btch>" if line.parts else ""
    return (
        f'<Ntry><Amt Ccy="{line.currency}">{abs(line.value)}</Amt><CdtDbtInd>{way}</CdtDbtInd>{reversal}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>{line.on}</Dt></BookgDt><ValDt><Dt>{line.on}</Dt></ValDt>{reference}"
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{batch}{details}</NtryDtls></Ntry>"
    )


def _transaction(line: BankLine, version: str, way: str) -> str:
    who = "Dbtr" if way == "CRDT" else "Cdtr"
    party = f"<Nm>{escape(line.name)}</Nm>" if version in {"02", "03", "04"} else f"<Pty><Nm>{escape(line.name)}</Nm></Pty>"
    instructed = f'<InstdAmt><Amt Ccy="USD">{line.instructed}</Amt></InstdAmt>' if line.instructed else ""
    own = f'<TxAmt><Amt Ccy="EUR">{line.amount}</Amt></TxAmt>'
    if version == "02":
        amount = f"<AmtDtls>{instructed}{own}</AmtDtls>"
    else:
        amount = f'<Amt Ccy="{line.currency}">{line.amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        amount = (f"<AmtDtls>{instructed}</AmtDtls>" if instructed else "") + amount
    free = "".join(f"<Ustrd>{escape(text)}</Ustrd>" for text in line.text.split("|") if text)
    structured = f"<Strd><CdtrRefInf><Ref>{line.structured}</Ref></CdtrRefInf></Strd>" if line.structured else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{line.end_to_end}</EndToEndId></Refs>{amount}<RltdPties><{who}>{party}</{who}>"
        f"<{who}Acct><Id><IBAN>{line.iban}</IBAN></Id></{who}Acct></RltdPties><RmtInf>{free}{structured}</RmtInf></TxDtls>"
    )


def mt940(
    lines: Sequence[BankLine], *, opening: str = "1000.00", closing: str = "", account: str = OUR_IBAN, number: str = "00001/001",
    structured: bool = True, end: str = "-\r\n",
) -> bytes:  # fmt: skip
    """An MT940 file with one statement."""
    ends = closing or str(Decimal(opening) + sum((line.value for line in lines), Decimal()))
    days = [line.on for line in lines] or [TODAY]
    rows = [":20:STARTUMSE", f":25:{account}", f":28C:{number}", f":60F:{_mt_balance(opening, min(days))}"]
    for line in lines:
        mark = ("R" if line.reversal else "") + ("C" if (line.value >= 0) is not line.reversal else "D")
        reference = f"//{line.ref}" if line.ref else ""
        rows.append(f":61:{line.on:%y%m%d}{line.on:%m%d}{mark}{abs(line.value):.2f}NTRFNONREF{reference}".replace(".", ","))
        rows += _structured(line) if structured else [f":86:{line.text} {line.name}"]
    rows += [f":62F:{_mt_balance(ends, max(days))}", f":86:Your account manager: NL-2026-0001 {end}".strip("-\r\n ")]
    return "\r\n".join([*rows, end]).encode()


def _mt_balance(amount: str, on: date) -> str:
    return f"{'D' if Decimal(amount) < 0 else 'C'}{on:%y%m%d}EUR{abs(Decimal(amount)):.2f}".replace(".", ",")


def _structured(line: BankLine) -> list[str]:
    purpose = f"SVWZ+{line.text}"
    chunks = [purpose[at : at + 27] for at in range(0, len(purpose), 27)]
    body = "166?00GUTSCHRIFT" + "".join(f"?{20 + place}{chunk}" for place, chunk in enumerate(chunks))
    body += f"?30COBADEFFXXX?31{line.iban}?32{line.name[:27]}"
    return [":86:" + body[:65], *(body[at : at + 65] for at in range(65, len(body), 65))]
