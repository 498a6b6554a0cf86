"""The act of acceptance: everything that its page and PDF show, as plain data, made once per version and never looked up again."""

from datetime import date
from typing import Literal

from models.contract import Party
from models.money import Money
from models.proposal import Person, Record, StudioCard

Acceptance = Literal["approved", "silence", "done"]


class StageDelivered(Record):
    """A stage of the work and the day it was accepted: approved by `by`, by silence after the warnings, or done where nobody was asked."""

    title: str
    on: date
    how: Acceptance
    by: str = ""


class ChangeDelivered(Record):
    """A change beyond what was agreed, as the client took it: net price, working days."""

    text: str
    net: Money
    days: int


class FaultMended(Record):
    """What the client named in place of signing an earlier version, and when it was put right."""

    version: int
    text: str
    by: str
    named_on: date
    mended_on: date
    note: str = ""


class OpenPayment(Record):
    """A payment of the plan that is not in yet: `number` of its invoice, "" before it is issued; `open` is gross."""

    part: int
    title: str
    number: str
    open: Money


class WorkingTime(Record):
    """The time that the work took. Days are working days: agreed in all, worked, spent waiting for the client.

    `promised_on` is the day that held at the end, `planned_on` the one of the beginning, `done_on` when it was done.
    """

    agreed: int
    worked: int
    waited: int
    planned_on: date
    promised_on: date
    done_on: date


class ActBody(Record):
    """One version of an act of acceptance, whole. `contract_hash` names the contract that it rests on.

    `warranty` are the words about the warranty's beginning and the contract's own clause; empty where the contract has none. `silence`
    says what it means not to answer, "" where it means nothing.
    """

    number: str
    version: int
    deal_id: int
    locale: str
    currency: str
    made_on: date
    title: str
    service_name: str
    studio: StudioCard
    seller: Party
    buyer: Party
    manager: Person
    contract: str
    contract_on: date
    contract_hash: str
    intro: list[str]
    stages: list[StageDelivered]
    options: list[str]
    changes: list[ChangeDelivered]
    url: str = ""
    note: str = ""
    faults: list[FaultMended] = []
    time: WorkingTime
    gross: Money
    payments: list[OpenPayment]
    warranty: list[str]
    silence: str = ""
    consent: str
