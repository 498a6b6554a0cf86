"""Mail that comes in: each letter kept raw, taken in once, put away; what goes wrong with one keeps no other waiting."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from models import facts, leases
from models.after_answers import MailCame
from models.errors import Unavailable
from models.incoming_mail import Arrived
from models.tables import Client, Deal
from tasks import mails
from tasks.world import World, real_now, use
from tests.fakes import MONDAY
from tests.models.test_arrivals import mail
from tests.projecting import a_project


@dataclass
class Box:
    """A mailbox of letters in a list."""

    letters: list[bytes]
    away: bool = False
    put_away: list[bytes] = field(default_factory=list)
    aside: list[tuple[bytes, str]] = field(default_factory=list)
    dies: list[BaseException] = field(default_factory=list)

    def fetch(self, limit: int) -> list[Arrived]:
        if self.away:
            raise Unavailable("The mail server is away.")
        return [Arrived(handle=str(place), raw=raw, size=len(raw), received_at=MONDAY) for place, raw in enumerate(self.letters[:limit])]

    def done(self, arrived: Arrived) -> None:
        if self.dies:
            raise self.dies.pop(0)
        self.put_away.append(arrived.raw)
        self.letters.remove(arrived.raw)

    def refused(self, arrived: Arrived, why: str) -> None:
        self.aside.append((arrived.raw, why))
        self.letters.remove(arrived.raw)


def with_box(here: World, *letters: bytes) -> Box:
    box = Box(list(letters))
    use(replace(here, mailbox=box))
    return box


@pytest.fixture
def deal(here: World) -> Deal:
    with here.db.writing() as session:
        return a_project(session)


def address(here: World, deal: Deal) -> str:
    with here.db.reading() as session:
        return session.get_one(Client, deal.client_id).email


def came(here: World, deal: Deal) -> list[dict]:
    with here.db.reading() as session:
        return [fact.payload for fact in facts.of_deal(session, deal.id, MailCame.kind)]


def test_a_letter_is_kept_taken_in_and_put_away(here: World, deal: Deal) -> None:
    raw = mail(address(here, deal))
    box = with_box(here, raw)
    [said] = mails.take_mail()
    assert f"Deal {deal.id}" in said
    assert (box.letters, box.put_away) == ([], [raw])
    [payload] = came(here, deal)
    assert (here.settings.home / payload["path"]).read_bytes() == raw
    assert mails.take_mail() == []


def test_a_letter_that_could_not_be_put_away_comes_again_and_is_one(here: World, deal: Deal) -> None:
    box = with_box(here, mail(address(here, deal)))
    box.dies = [Unavailable("The line went dead.")]
    with pytest.raises(Unavailable):
        mails.take_mail()
    mails.take_mail()
    assert len(came(here, deal)) == 1
    assert box.letters == []


def test_a_letter_of_nobody_is_put_aside_for_a_person(here_sqlite: World) -> None:
    box = with_box(here_sqlite, mail("new@client.example"))
    mails.take_mail()
    [(_, why)] = box.aside
    assert "nobody we know" in why


def test_one_letter_that_cannot_be_taken_in_keeps_no_other(here: World, deal: Deal) -> None:
    good = mail(address(here, deal))
    box = with_box(here, b"broken", good)
    broken = Arrived.model_construct(handle="0", raw=None, size=0, received_at=MONDAY)  # what no gateway should hand over
    fetch = box.fetch
    box.fetch = lambda limit: [broken, *fetch(limit)[1:]] if b"broken" in box.letters else fetch(limit)
    box.refused = lambda arrived, why: (box.aside.append((b"broken", why)), box.letters.remove(b"broken"))
    mails.take_mail()
    assert (box.letters, box.put_away) == ([b"broken"], [good])
    for _ in range(mails.TRIES - 1):
        mails.take_mail()
    assert box.letters == []
    assert "cannot be taken in" in box.aside[0][1]


def test_a_letter_that_comes_while_the_disk_refuses_stays_in_the_mailbox_until_it_takes_it(here: World, deal: Deal) -> None:
    box, folder = with_box(here, mail(address(here, deal))), here.settings.home / "mail-in"
    folder.write_text("in the way")
    for _ in range(mails.TRIES + 1):
        assert mails.take_mail() == []
    assert (len(box.letters), box.aside) == (1, [])
    folder.unlink()
    assert len(mails.take_mail()) == 1
    assert (box.letters, box.aside) == ([], [])


@pytest.mark.parametrize(("days", "applies"), [(1, True), (40, False)])
def test_a_strangers_old_letter_starts_nothing(here_sqlite: World, days: int, applies: bool) -> None:
    use(replace(here_sqlite, settings=here_sqlite.settings.model_copy(update={"mailbox_strangers": "landing-page"})))
    raw = mail("new@client.example")
    arrived = Arrived(handle="1", raw=raw, size=len(raw), received_at=real_now() - timedelta(days=days))
    assert mails.take(mails.world(), arrived).is_placed == applies


def test_what_is_too_large_to_be_kept_whole_says_so(here: World, deal: Deal) -> None:
    raw = mail(address(here, deal))
    mails.take(here, Arrived(handle="1", raw=raw, size=90_000_000, is_whole=False, received_at=real_now()))
    assert "only its beginning" in came(here, deal)[0]["text"]


def test_while_the_mailbox_is_away_the_caller_is_told_and_the_lease_is_free(here_sqlite: World) -> None:
    box = with_box(here_sqlite)
    box.away = True
    with pytest.raises(Unavailable):
        mails.take_mail()
    box.away = False
    assert mails.take_mail() == []


def test_two_workers_do_not_read_the_same_mailbox_at_once(here: World, deal: Deal) -> None:
    box = with_box(here, mail(address(here, deal)))
    with here.db.writing() as session:
        leases.take(session, "worker/other", "other", length=mails.LEASE, now=real_now())
        leases.take(session, "postman", "other", length=mails.LEASE, now=real_now())
    assert mails.take_mail() == []
    assert len(box.letters) == 1


def test_without_a_mailbox_nothing_is_read(here_sqlite: World) -> None:
    assert mails.take_mail() == []
