"""The tables of money and signatures: invoices, the ledger, payments, bank statements, signing codes.

    deal ─< invoice ─< posting >─ entry          payment ─< posting          statement ─< payment
    fact ── todo (what the worker still has to act on)
"""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from models.columns import Payload
from models.columns import json_of as _json
from models.columns import minor as _minor
from models.columns import when as _when


class Series(SQLModel, table=True):
    """The last number given out in a series and year. It is raised in the transaction that issues, and only there."""

    name: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0


class Invoice(SQLModel, table=True):
    """An invoice, credit note or pro-forma as it was issued; `body` (`models.invoice.InvoiceBody`) is never changed afterwards.

    `key` makes issuing happen once: `deal/42/r1/invoice/2`. A pro-forma has no number. `part` is its place in the payment plan, from 1;
    0 stands outside of it. Amounts are positive in a credit note too. What is paid is the ledger's word.
    """

    __table_args__ = (UniqueConstraint("series", "year", "seq"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str = Field(index=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    client_id: int = Field(foreign_key="client.id", index=True)
    round: int = 1
    part: int = 0
    series: str | None = None
    year: int | None = None
    seq: int | None = None
    number: str | None = Field(default=None, unique=True)
    reference: str | None = Field(default=None, unique=True)
    corrects_id: int | None = Field(default=None, foreign_key="invoice.id", index=True)
    currency: str
    net: int = _minor()
    vat: int = _minor()
    gross: int = _minor()
    issued_at: datetime = _when(null=False)
    issued_on: date
    due_on: date | None = None
    body: Payload = _json()
    body_hash: str
    template_hash: str = ""
    pdf_hash: str = ""
    pdf_path: str = ""
    fact_id: int | None = Field(default=None, foreign_key="fact.id")


class Statement(SQLModel, table=True):
    """A bank statement as it was taken in; the file lies below home. Balances are minor units, None where the file gave none."""

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    name: str
    format: str
    account: str = Field(index=True)
    currency: str
    number: str = ""
    from_on: date | None = None
    to_on: date | None = None
    opening: int | None = _minor(null=True)
    closing: int | None = _minor(null=True)
    lines: int = 0
    fresh: int = 0
    came_by: str
    actor: str
    path: str
    at: datetime = _when(null=False)


class Payment(SQLModel, table=True):
    """Money that came or went, as a provider, a bank line or an operator told it; once per (source, external id).

    `direction` is in or out, `amount` positive. `state`: new ▶ matched | suspense | payout | ignored; suspense ▶ matched | ignored.
    `said` tells an operator why it is where it is; `suggested` are ids of invoices that it may be for.
    """

    __table_args__ = (UniqueConstraint("source", "external_id"), Index("payment_state", "state", "id"))

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    direction: str = "in"
    amount: int = _minor()
    currency: str
    method: str = ""
    reference: str = ""
    payer_name: str = ""
    payer_iban: str = ""
    happened_on: date
    state: str = "new"
    said: str = ""
    suggested: list[int] = _json(list)
    client_id: int | None = Field(default=None, foreign_key="client.id", index=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    statement_id: int | None = Field(default=None, foreign_key="statement.id", index=True)
    fact_id: int | None = Field(default=None, foreign_key="fact.id")
    known_at: datetime = _when(null=False)
    settled_at: datetime | None = _when()


class Entry(SQLModel, table=True):
    """One thing that happened in the books; its postings sum to nought in each currency. `key` makes it happen once."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    happened_on: date
    at: datetime = _when(null=False)
    memo: str = ""
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    fact_id: int | None = Field(default=None, foreign_key="fact.id")


class Posting(SQLModel, table=True):
    """A line of an entry: debit positive, credit negative, minor units."""

    __table_args__ = (Index("posting_account", "account", "currency"),)

    id: int | None = Field(default=None, primary_key=True)
    entry_id: int = Field(foreign_key="entry.id", index=True)
    account: str
    amount: int = _minor()
    currency: str
    client_id: int | None = Field(default=None, foreign_key="client.id", index=True)
    invoice_id: int | None = Field(default=None, foreign_key="invoice.id", index=True)
    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)


class Todo(SQLModel, table=True):
    """A fact that the worker still has to act on: a webhook, say. Written with the fact; `done_at` when it was acted on."""

    __table_args__ = (Index("todo_open", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")),)

    fact_id: int = Field(foreign_key="fact.id", primary_key=True)
    kind: str
    added_at: datetime = _when(null=False)
    due_at: datetime = _when(null=False)
    tries: int = 0
    said: str = ""
    done_at: datetime | None = _when()


class SignCode(SQLModel, table=True):
    """A signing code that was asked for, of one kind of document: contract or act.

    The code is derived from the secret and this row's number, and stored nowhere.
    """

    __tablename__ = "sign_code"
    __table_args__ = (UniqueConstraint("deal_id", "kind", "version", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    kind: str = "contract"
    version: int
    number: int
    email: str
    made_at: datetime = _when(null=False)
    expires_at: datetime = _when(null=False)
    tries: int = 0
    used_at: datetime | None = _when()
