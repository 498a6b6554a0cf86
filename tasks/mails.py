"""Mail that comes in: looked for now and then, each letter kept raw, taken in once, put away. One process of them all does it."""

import hashlib
import logging
from collections import Counter
from datetime import timedelta
from pathlib import Path

from models import arrivals, incoming_mail, leases
from models.arrivals import Taken
from models.errors import Refused, Unavailable
from models.incoming_mail import Arrived
from tasks.gateways.mail_in import Mailbox
from tasks.step import step
from tasks.world import World, lives, real_now, world

A_LOOK = 20
LEASE = timedelta(minutes=10)
TRIES = 3
OLD = timedelta(days=14)
_tries: Counter[str] = Counter()
"""How often this process failed to take a letter in, by its hash."""
log = logging.getLogger("studioflow.mail")


def take_mail() -> list[str]:
    """Take in what has come, and say what became of each letter. Nothing without a mailbox, or while another process does it.

    Raises Unavailable while the mailbox is away (it is looked at again), BadSetup where the owner must mend its address.
    """
    here = world()
    box = here.mailbox
    if box is None or not _may(here):
        return []
    said = []
    try:
        for arrived in box.fetch(A_LOOK):
            said += _one(here, box, arrived)
    finally:
        with here.db.writing() as session:
            leases.give_back(session, "postman", here.worker)
    if said:
        here.nudge()
    return said


@step
def read() -> list[str]:
    """Take in what has come, by a person's word; say what became of each letter. Raises as `take_mail` does."""
    return take_mail()


def _may(here: World) -> bool:
    with here.db.writing() as session:
        before = leases.holder(session, "postman")
        if before and not lives(session, before):
            leases.give_back(session, "postman", before)
            session.flush()
        return leases.take(session, "postman", here.worker, length=LEASE, now=real_now())


def _one(here: World, box: Mailbox, arrived: Arrived) -> list[str]:
    """One letter, which keeps no other from being taken in: what goes wrong with it is logged, and it comes again a few times."""
    mark = hashlib.sha256(arrived.raw or b"").hexdigest()
    try:
        taken = take(here, arrived)
    except Refused as wrong:
        taken = Taken(str(wrong), is_placed=False)
    except (Unavailable, OSError) as away:  # ours, not the letter's: it stays in the mailbox until there is a database and a disk again
        log.warning("A letter is not taken in yet: %s", away)
        return []
    except Exception as error:  # as above
        log.exception("A letter cannot be taken in.")
        _tries[mark] += 1
        if _tries[mark] < TRIES:
            return []
        taken = Taken(f"It cannot be taken in: {type(error).__name__}: {error}", is_placed=False)
    if taken.is_placed:
        box.done(arrived)
    else:
        box.refused(arrived, taken.said)
    _tries.pop(mark, None)
    log.info("%s", taken.said)
    return [taken.said]


def take(here: World, arrived: Arrived) -> Taken:
    """Keep a letter's bytes below home, and what follows from it, in that order. The same letter once more changes nothing.

    A stranger's letter that is old starts nothing: whoever points us at a full mailbox does not mean last year's.
    """
    mail = incoming_mail.read(arrived.raw, domain=arrivals.domain_of(here.company))
    if not arrived.is_whole:
        mail = mail.model_copy(update={"text": f"{mail.text}\n\n[The letter has {arrived.size:,} bytes; only its beginning is kept here.]".strip()})
    path = _kept(here.settings.home, arrived.raw)
    is_old = arrived.received_at < real_now() - OLD
    with here.db.writing() as session:
        strangers = "" if is_old else here.settings.mailbox_strangers
        return arrivals.take(session, here.company, mail, path=path, strangers=strangers, now=here.now())


def _kept(home: Path, raw: bytes) -> str:
    """Where the bytes lie, below home, by their own hash."""
    digest = hashlib.sha256(raw).hexdigest()
    path = f"mail-in/{digest[:2]}/{digest}.eml"
    place = home / path
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = place.with_suffix(".tmp")
        scratch.write_bytes(raw)
        scratch.replace(place)
    return path
