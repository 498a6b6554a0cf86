"""The sale: answers to the form, letters after a form and a brief, deals a minute."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from benchmarks.client import Somebody
from benchmarks.figures import Figure, median, percentile
from benchmarks.house import House
from benchmarks.watch import Watch, watching

ANSWER_MS, LETTER_S, PROPOSAL_S, DEALS_A_MINUTE = 50, 2, 5, 6


def play(house: House, watch: Watch) -> tuple[int, float, float]:
    """One deal from the form to its acceptance; return its number, and the seconds to the brief's and to the proposal's letter."""
    ada = Somebody(house)
    try:
        return sell(ada, watch)
    finally:
        ada.leaves()


def sell(ada: Somebody, watch: Watch) -> tuple[int, float, float]:
    """As `play`, by somebody who stays on the line."""
    began = ada.applies()
    deal, at = watch.handed_over(ada.email, "r1/brief/mail")
    to_brief, began = at - began, ada.sends_brief(deal)
    _, at = watch.handed_over(ada.email, "proposal/v1/mail")
    ada.accepts(deal)
    return deal, to_brief, at - began


def warm_up(house: House) -> None:
    """Play one deal that is not counted."""
    with watching(house) as watch:
        play(house, watch)
    house.settle()


def letters(house: House, *, quick: bool) -> list[Figure]:
    """Form → brief's letter, and brief → proposal's letter: one deal after another, each on a system at rest."""
    count = 3 if quick else 10
    to_brief, to_proposal = [], []
    with watching(house) as watch:
        for _ in range(count):
            house.settle()
            _, brief, proposal = play(house, watch)
            to_brief.append(brief)
            to_proposal.append(proposal)
    house.settle()

    def how(seconds: list[float]) -> str:
        return f"median of {count}, slowest {max(seconds):.2f} s"

    return [
        Figure("letters", "form → brief letter handed over", median(to_brief), "s", how(to_brief), at_most=LETTER_S),
        Figure("letters", "brief sent → proposal letter handed over", median(to_proposal), "s", how(to_proposal), at_most=PROPOSAL_S),
    ]


def deals(house: House, *, quick: bool) -> list[Figure]:
    """Deals a minute: all in flight at once, each client answering as soon as the letter is there."""
    count = 5 if quick else 20
    with watching(house) as watch, ThreadPoolExecutor(count) as crowd:
        before, began = house.spent(), time.monotonic()
        list(crowd.map(lambda _: play(house, watch), range(count)))
        took = time.monotonic() - began
    house.settle()
    how = f"{count} at once, from the first form to the last acceptance in {took:.0f} s"
    return [
        Figure("deals", "deals a minute, form → accepted", 60 * count / took, "a minute", how, at_least=DEALS_A_MINUTE),
        *processor("deals", "processor time a deal", before, house.spent(), count),
    ]


def processor(of: str, name: str, before: Mapping[str, float], after: Mapping[str, float], count: int) -> list[Figure]:
    """Processor seconds of each process between two looks, divided by the deals that were played in between."""
    how = "until all is at rest"
    return [Figure(of, f"{name}, {process}", (after[process] - before.get(process, 0)) / count, "s", how) for process in after]


def answers(house: House, *, quick: bool) -> list[Figure]:
    """Form post → answer, while the system works on what the earlier posts began."""
    alone, crowd = (20, 10) if quick else (100, 50)
    one = Somebody(house)
    singly = []
    for _ in range(alone):
        body = one.prepares()
        singly.append(1000 * one.posts("/apply", body))
    one.leaves()
    together = _at_once(house, crowd)
    how = f"of {alone} posts, one at a time, on the line by which the form came"
    at_once = f"of {crowd} posts at one moment, each on its own line"
    return [
        Figure("answer", "form post → answer, median", median(singly), "ms", how, at_most=ANSWER_MS),
        Figure("answer", "form post → answer, 95 %", percentile(singly, 0.95), "ms", how, at_most=ANSWER_MS),
        Figure("answer", "form post → answer, a crowd, median", median(together), "ms", at_once),
        Figure("answer", "form post → answer, a crowd, 95 %", percentile(together, 0.95), "ms", at_once),
    ]


def _at_once(house: House, count: int) -> list[float]:
    """Milliseconds of posts that start together, forms opened before."""
    start = Barrier(count)

    def post(somebody: Somebody) -> float:
        body = somebody.prepares()
        start.wait()
        took = somebody.posts("/apply", body)
        somebody.leaves()
        return 1000 * took

    with ThreadPoolExecutor(count) as crowd:
        return list(crowd.map(post, [Somebody(house) for _ in range(count)]))
