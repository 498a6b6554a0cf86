"""From the form to the paid deposit: deals a minute, and how soon an invoice follows a signature and a receipt a payment."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from benchmarks.client import Somebody
from benchmarks.figures import Figure, median
from benchmarks.house import House
from benchmarks.sale import processor, sell
from benchmarks.watch import Watch, watching


class Bought(NamedTuple):
    """A deal whose deposit is paid: seconds from the signature to the invoice's letter, from the payment to the receipt."""

    deal: int
    to_invoice: float
    to_receipt: float


def buy(house: House, watch: Watch) -> Bought:
    """One deal from the form to the receipt of its deposit."""
    ada = Somebody(house)
    try:
        deal, to_invoice = sign(ada, watch)
        began = ada.pays_online(deal)
        _, at = watch.handed_over(ada.email, "invoice/receipt")
        return Bought(deal, to_invoice, at - began)
    finally:
        ada.leaves()


def sign(ada: Somebody, watch: Watch) -> tuple[int, float]:
    """One deal from the form to its first invoice; return its number and the seconds from the signature to the invoice's letter."""
    sell(ada, watch)
    deal, _ = watch.handed_over(ada.email, "r1/contract/details")
    ada.gives_details(deal)
    watch.handed_over(ada.email, "contract/v1/mail")
    ada.asks_code(deal)
    watch.handed_over(ada.email, "contract/v1/code/1")
    began = ada.signs(deal)
    _, at = watch.handed_over(ada.email, "invoice/mail")
    return deal, at - began


def paid(house: House, *, quick: bool) -> list[Figure]:
    """One after another on a system at rest; then all at once. The pages take 40 signing codes an hour from one address."""
    alone, count = (2, 3) if quick else (5, 10)
    with watching(house) as watch:
        buy(house, watch)  # not counted: the first contract, seal and payment of this worker
        singly = []
        for _ in range(alone):
            house.settle()
            singly.append(buy(house, watch))
        house.settle()
        with ThreadPoolExecutor(count) as crowd:
            before, began = house.spent(), time.monotonic()
            list(crowd.map(lambda _: buy(house, watch), range(count)))
            took = time.monotonic() - began
    house.settle()
    how = f"{count} at once, from the first form to the last receipt in {took:.0f} s"
    return [
        _seconds("signature → invoice letter handed over", [one.to_invoice for one in singly]),
        _seconds("payment at the provider's page → receipt handed over", [one.to_receipt for one in singly]),
        Figure("paid", "deals a minute, form → deposit paid", 60 * count / took, "a minute", how),
        *processor("paid", "processor time a deal with its deposit paid", before, house.spent(), count),
    ]


def _seconds(name: str, seconds: list[float]) -> Figure:
    return Figure("paid", name, median(seconds), "s", f"median of {len(seconds)}, slowest {max(seconds):.2f} s")
