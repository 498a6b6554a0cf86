"""Sent mail in a folder: written whole, listed in order, read by name, never left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from models.errors import Missing, Unavailable
from models.message import Mailbox
from models.sent_mail import letter, text_of
from tasks.gateways.outbox import FileMailer, letters, read
from tests.tasks.gateways.letters import a_letter

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_letters_are_listed_in_the_order_in_which_they_were_sent(tmp_path):
    for minutes in (5, 1, 3):
        FileMailer(tmp_path).send(a_letter(key=f"deal/42/step-{minutes}/mail", sent_at=NOON + timedelta(minutes=minutes)))

    assert [letter.key for letter in letters(tmp_path)] == ["deal/42/step-1/mail", "deal/42/step-3/mail", "deal/42/step-5/mail"]


def test_a_listed_letter_shows_deal_reader_subject_file_time_and_links(tmp_path):
    text = "Proposal: http://127.0.0.1:8700/p/a_b-C?x=1&y=2.\nAgain (http://127.0.0.1:8700/p/a_b-C?x=1&y=2), or <https://studio.example/>."
    FileMailer(tmp_path).send(
        a_letter(text=text + "\n" + "long " * 100, to=Mailbox(address="ü@müller.example", name='Ü, "M"'), subject="Ваш проект 🎨")
    )

    (listed,) = letters(tmp_path)

    assert (listed.deal, listed.to, listed.subject, listed.at) == (42, "ü@xn--mller-kva.example", "Ваш проект 🎨", NOON)
    assert listed.links == ["http://127.0.0.1:8700/p/a_b-C?x=1&y=2", "https://studio.example/"]
    assert text_of(read(tmp_path, listed.name)).startswith("Proposal: ")
    assert "<p" in text_of(read(tmp_path, listed.name), "html")
    assert listed.path == str(tmp_path.resolve() / listed.name)


def test_a_list_that_is_asked_for_again_tells_the_folder_as_it_is_now(tmp_path):
    mailer = FileMailer(tmp_path)
    mailer.send(a_letter(key="deal/1/a/mail", subject="first"))
    (first,) = letters(tmp_path)
    assert letter(tmp_path, first.name) == first
    (tmp_path / first.name).unlink()
    assert letters(tmp_path) == []
    mailer.send(a_letter(key="deal/1/a/mail", subject="second"))
    assert [one.subject for one in letters(tmp_path)] == [letter(tmp_path, first.name).subject] == ["second"]
    with pytest.raises(Missing):
        letter(tmp_path, "deal-1-b-mail.0123456789ab.eml")


def test_a_letter_about_no_deal_is_listed_without_one(tmp_path):
    FileMailer(tmp_path).send(a_letter(key="digest/2026-03-01", deal=None))

    assert letters(tmp_path)[0].deal is None


def test_a_folder_that_is_not_there_yet_holds_no_letters(tmp_path):
    assert letters(tmp_path / "none") == []


def test_keys_that_look_alike_as_file_names_stay_two_letters(tmp_path):
    for key in ("deal/4-2/mail", "deal/4/2/mail", "deal/" + "x" * 80 + "a", "deal/" + "x" * 80 + "b"):
        FileMailer(tmp_path).send(a_letter(key=key))

    assert len(letters(tmp_path)) == 4


def test_a_letter_that_lies_there_is_not_written_again(tmp_path):
    first = FileMailer(tmp_path).send(a_letter(subject="first"))

    assert FileMailer(tmp_path).send(a_letter(subject="second")) == first
    assert [letter.subject for letter in letters(tmp_path)] == ["first"]


def test_the_same_letter_sent_by_eight_threads_is_one_file_and_leaves_nothing_beside_it(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        receipts = set(threads.map(lambda _: FileMailer(tmp_path).send(a_letter()).said, range(32)))

    assert len(receipts) == len(list(tmp_path.iterdir())) == 1


def test_a_letter_half_written_when_the_machine_stopped_is_not_shown(tmp_path):
    (tmp_path / ".x.tmp").write_bytes(b"Date: ")

    assert letters(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_a_vendor_that_is_away(tmp_path):
    (tmp_path / "mail").write_text("a file stands where the folder should be")

    with pytest.raises(Unavailable, match="cannot be written"):
        FileMailer(tmp_path / "mail").send(a_letter())


@pytest.mark.parametrize(
    "name",
    ["../secret.eml", "/etc/passwd", "..", "", "x.eml", "deal.000000000000.eml", "a/deal.000000000000.eml", "deal.000000000000.eml\0"],
)
def test_only_letters_of_the_folder_can_be_read(tmp_path, name):
    (tmp_path / "secret.eml").write_text("Subject: secret\n\n")
    (tmp_path / "mail").mkdir()

    with pytest.raises(Missing):
        read(tmp_path / "mail", name)


def test_a_link_to_a_file_elsewhere_is_no_letter(tmp_path):
    (tmp_path / "secret").write_text("Subject: secret\n\n")
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "deal.000000000000.eml").symlink_to(tmp_path / "secret")

    with pytest.raises(Missing):
        read(tmp_path / "mail", "deal.000000000000.eml")
    assert letters(tmp_path / "mail") == []
