"""Mail that comes in: which mailbox an address chooses, what a watched folder gives, what a server's bad manners mean."""

import contextlib
import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.errors import BadSetup, Unavailable
from models.incoming_mail import HEAD_BYTES, MOST_BYTES, read
from tasks.gateways.imap import ImapMailbox
from tasks.gateways.mail_folder import FolderMailbox
from tasks.gateways.mail_in import Mailbox, from_url

LETTER = b"From: ann@acme.example\nSubject: one\n\nHello\n"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "mail" / "in"
    path.mkdir(parents=True)
    return path


def put(folder, name="one.eml", content=LETTER, age=60):
    path = folder / name
    path.write_bytes(content)
    at = time.time() - age
    os.utime(path, (at, at))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


# Which one


def test_an_address_chooses_the_mailbox(folder):
    assert from_url("", folder) is None
    boxes: list[Mailbox | None] = [from_url("files", folder), from_url("imaps://me:x@mail.example", folder)]
    assert [type(one) for one in boxes] == [FolderMailbox, ImapMailbox]
    assert [repr(one) for one in boxes] == [f"FolderMailbox({folder})", "ImapMailbox(mail.example:993)"]


@pytest.mark.parametrize(("url", "sentence"), [
    ("imap://me:s3cret@mail.example", "in clear"), ("imaps://mail.example", "no user"), ("imaps://me@mail.example", "no password"),
    ("imaps://:s3cret@mail.example", "no user"), ("pop3://me:s3cret@mail.example", "not the address"), ("imaps://me:s3cret@", "not the address"),
    ("imaps://me:s3cret@mail.example:99999", "cannot be read"), ("imaps://me:s3cret@[mail", "cannot be read"), ("s3cret", "not the address"),
    ("imaps://me:s3cret%0d%0aA1@mail.example", "control characters"), ("imaps://me:s3cret@mail.example/a%0ab", "control characters"),
    ("imaps://me:s3cret@mail.example?done=INBOX", "where they are read"), ("imaps://me:s3cret@mail.example?refused=", "where they are read"),
    ("imaps://me:s3cret@mail.example?dome=x", "not the address"), ("imaps://me:s3cret@mail.example?s3cret", "cannot be read"),
    ("imaps://me:s3cret@mail.example/x#y", "not the address"),
])  # fmt: skip
def test_an_address_that_is_none_is_the_owners_to_mend_and_is_not_repeated(url, sentence, folder):
    with pytest.raises(BadSetup, match=sentence) as error:
        from_url(url, folder)
    assert "s3cret" not in str(error.value)


# A folder


def test_whole_letters_come_oldest_first_and_are_put_away(folder):
    for age, name in enumerate(("three.eml", "two.EML", "one.eml"), start=10):
        put(folder, name, age=age)
    mailbox = FolderMailbox(folder)
    one, two = mailbox.fetch(2)
    mailbox.done(one)
    mailbox.refused(two, "It cannot be read.")

    assert (one.raw, one.size, one.is_whole) == (LETTER, len(LETTER), True)
    assert (names(folder), names(folder.parent / "done"), names(folder.parent / "refused")) == (
        ["three.eml"],
        ["one.eml"],
        ["two.EML", "two.EML.txt"],
    )
    assert (folder.parent / "refused" / "two.EML.txt").read_text("utf-8") == "two.EML: It cannot be read.\n"
    assert len(mailbox.fetch(10)) == 1


def test_what_is_no_whole_letter_is_left_alone(folder):
    put(folder, "growing.eml", age=0)
    put(folder, "from the future.eml", age=-2)
    put(folder, ".hidden.eml")
    put(folder, "letter.eml.part")
    put(folder, "notes.txt")
    (folder / "folder.eml").mkdir()
    (folder / "link.eml").symlink_to(put(folder.parent, "elsewhere.eml"))
    (folder / "nowhere.eml").symlink_to("missing")
    os.mkfifo(folder / "pipe.eml")
    before = names(folder)
    assert FolderMailbox(folder).fetch(10) == []
    assert names(folder) == before


def test_an_absent_folder_holds_no_letters(folder):
    assert FolderMailbox(folder / "missing").fetch(10) == []


def test_a_letter_that_changed_since_it_was_read_is_not_put_away(folder):
    put(folder)
    mailbox = FolderMailbox(folder)
    [before] = mailbox.fetch(10)
    put(folder, content=LETTER + b"more\n", age=30)
    mailbox.done(before)
    mailbox.refused(before, "It cannot be read.")
    [after] = mailbox.fetch(10)
    assert after.raw.endswith(b"more\n")
    mailbox.done(after)
    mailbox.done(after)
    assert (names(folder), names(folder.parent / "done"), names(folder.parent / "refused")) == ([], ["one.eml"], [])


def test_another_letter_of_the_same_name_stays_as_it_is(folder):
    mailbox = FolderMailbox(folder)
    for text in (b"first", b"second", b"third"):
        put(folder, content=text)
        [one] = mailbox.fetch(10)
        mailbox.done(one)
    assert [path.read_bytes() for path in sorted((folder.parent / "done").iterdir())] == [b"second", b"third", b"first"]


@pytest.mark.parametrize("name", [b"\xff\xfe.eml", "Brief für Ann.eml".encode(), b"a\nb.eml", b"-rf .eml", b"a'b\"c;.eml"])
def test_a_letters_name_may_be_any_bytes(folder, name):
    path = os.fsdecode(os.fsencode(folder) + b"/" + name)
    Path(path).write_bytes(LETTER)
    os.utime(path, (0, 0))
    mailbox = FolderMailbox(folder)
    [one] = mailbox.fetch(10)
    mailbox.refused(one, "It cannot be read.")
    [reason] = (folder.parent / "refused").glob("*.txt")
    reason.read_text("utf-8")
    assert mailbox.fetch(10) == []


def test_of_a_letter_that_is_too_large_the_beginning_comes(folder):
    path = put(folder, content=LETTER)
    os.truncate(path, MOST_BYTES + 1)
    os.utime(path, (0, 0))
    [one] = FolderMailbox(folder).fetch(10)
    assert (one.is_whole, one.size, len(one.raw)) == (False, MOST_BYTES + 1, HEAD_BYTES)
    assert read(one.raw, domain="studio.example").subject == "one"


def test_large_letters_come_a_few_at_a_time(folder):
    for number in range(5):
        path = put(folder, f"{number}.eml")
        os.truncate(path, MOST_BYTES)
        os.utime(path, (number, number))
    assert [one.is_whole for one in FolderMailbox(folder).fetch(10)] == [True, True]


def test_a_folder_that_cannot_be_written_is_away(folder):
    put(folder)
    mailbox = FolderMailbox(folder)
    [one] = mailbox.fetch(10)
    (folder.parent / "done").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be moved to done"):
        mailbox.done(one)


# A server with bad manners


@contextlib.contextmanager
def a_script(greeting=b"* OK hello", after=None, **answers):
    """A raw IMAP server: what it says to a command (`{tag}` is put in), OK where nothing is named; it hangs up after `after` answers in all."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                with line, line.makefile("rwb") as talk, contextlib.suppress(OSError):
                    serve_one(talk)

    def serve_one(talk):
        talk.write(greeting + b"\r\n" * bool(greeting))
        talk.flush()
        while (after is None or len(heard) < after) and (said := talk.readline()):
            heard.append(said)
            tag, _, command = said.strip().partition(b" ")
            word = command.split(b" ")[1] if command.startswith(b"UID") else command.split(b" ")[0]
            answer = answers.get(word.decode("ascii", "replace"), DEFAULTS.get(word, b"{tag} OK done"))
            talk.write(answer.replace(b"{tag}", tag).replace(b"\n", b"\r\n") + b"\r\n")
            talk.flush()
            if answer.startswith(b"* BYE"):
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


DEFAULTS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 MOVE\n{tag} OK done",
    b"SELECT": b"* 1 EXISTS\n* OK [UIDVALIDITY 7] ok\n* OK [PERMANENTFLAGS (\\Seen \\*)] ok\n{tag} OK done",
    b"SEARCH": b"* SEARCH 3\n{tag} OK done",
    b"LOGOUT": b"* BYE bye\n{tag} OK done",
    b"FETCH": b'* 1 FETCH (UID 3 RFC822.SIZE 5 INTERNALDATE "02-Mar-2026 10:00:00 +0100" BODY[]<0> {5}\nHello)\n{tag} OK done',
}


def box(port, **options):
    return ImapMailbox(f"imap://me:s3cret@127.0.0.1:{port}", **({"timeout": 5} | options))


def test_a_letter_is_read_however_its_answer_is_ordered():
    size = b'INTERNALDATE " 2-Mar-2026 23:30:00 -0130" RFC822.SIZE 4'
    for told in (
        b"* 9 FETCH (FLAGS (\\Seen))\n* 1 FETCH (" + size + b" UID 3 BODY[]<0> {5}\nHello)\n{tag} OK done",
        b"* 1 FETCH (UID 3 FLAGS () " + size + b" BODY[]<0> {5}\nHello)\n* 9 FETCH (UID 9 RFC822.SIZE 1)\n{tag} OK done",
    ):
        with a_script(FETCH=told) as (port, _):
            mailbox = box(port)
            [one] = mailbox.fetch(10)
            mailbox.close()
        assert (one.handle, one.raw, one.size, one.received_at) == ("7/3", b"Hello", 5, datetime(2026, 3, 3, 1, 0, tzinfo=UTC))


def test_a_server_that_is_not_there_is_away():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached"):
        box(port).fetch(1)


@pytest.mark.parametrize("greeting", [b"", b"* BYE too busy", b"220 this is no mail reader's server", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_server_that_greets_badly_is_away(greeting):
    with a_script(greeting, after=0) as (port, _), pytest.raises(Unavailable):
        box(port).fetch(1)


def test_a_server_that_falls_silent_is_away():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="timed out"):
        box(silent.getsockname()[1], timeout=0.2).fetch(1)


@pytest.mark.parametrize("answers", range(6))
def test_a_server_that_goes_at_any_step_is_away(answers):
    with a_script(after=answers) as (port, _), pytest.raises(Unavailable):
        box(port).fetch(1)


@pytest.mark.parametrize(("word", "answer"), [
    ("SEARCH", b"{tag} NO later"), ("SEARCH", b"{tag} BAD what"), ("SEARCH", b"* SEARCH a b\n{tag} OK done"), ("SELECT", b"* BYE\n"), ("SEARCH", b"{tag}"),
    ("FETCH", b"{tag} BAD what"), ("FETCH", b"* 1 FETCH (UID 3 BODY[] {99999}\n{tag} OK done"), ("CAPABILITY", b"{tag} NO"), ("CAPABILITY", b"\xff\xff"),
])  # fmt: skip
def test_a_server_that_answers_badly_is_away(word, answer):
    with a_script(after=8, **{word: answer}) as (port, _), pytest.raises(Unavailable):
        box(port, timeout=1).fetch(1)


@pytest.mark.parametrize(
    "answer", [b"{tag} NO [SERVERBUG] this letter is broken", b"{tag} OK nothing", b"* 1 FETCH (UID 4 RFC822.SIZE 5)\n{tag} OK done"]
)
def test_a_letter_that_the_server_cannot_give_keeps_no_other_waiting(answer, caplog):
    with a_script(FETCH=answer) as (port, heard):
        assert box(port).fetch(1) == []
    assert heard[-1].endswith(b"LOGOUT\r\n")


@pytest.mark.parametrize(("answer", "error"), [
    (b"{tag} NO [AUTHENTICATIONFAILED] wrong: s3cret", BadSetup), (b"{tag} NO s3cret is not it", BadSetup), (b"{tag} BAD no", BadSetup),
    (b"{tag} NO [UNAVAILABLE] Temporary authentication failure.", Unavailable), (b"{tag} NO [LIMIT] Too many connections", Unavailable),
    (b"{tag} NO Internal error occurred", Unavailable), (b"* BYE s3cret", Unavailable),
])  # fmt: skip
def test_a_sign_in_is_refused_for_good_or_for_now_and_the_password_is_not_repeated(answer, error, caplog):
    caplog.set_level(logging.DEBUG)
    for login in (
        {"LOGIN": answer},
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\n{tag} OK done", "AUTHENTICATE": answer.replace(b"s3cret", b"AG1lAHMzY3JldA==")},
    ):
        with a_script(after=4, **login) as (port, _), pytest.raises(error) as said:
            box(port).fetch(1)
        assert "s3cret" not in f"{said.value!r} {caplog.text}"
        assert "AG1lAHMzY3JldA" not in str(said.value)


def test_a_password_that_the_server_cannot_take_is_not_shown():
    with a_script() as (port, _), pytest.raises(BadSetup, match="ASCII") as said:
        ImapMailbox(f"imap://me:s3cr%C3%A9t@127.0.0.1:{port}", timeout=5).fetch(1)
    assert "é" not in str(said.value)


def test_a_server_that_lets_everybody_in_before_tls_gets_nothing():
    with a_script(b"* PREAUTH welcome") as (port, heard), pytest.raises(Unavailable):
        ImapMailbox(f"imap+starttls://me:s3cret@127.0.0.1:{port}", timeout=5).fetch(1)
    assert b"s3cret" not in b"".join(heard)


def test_a_server_without_marks_needs_a_folder():
    select = DEFAULTS[b"SELECT"].replace(b" \\*", b"")
    with a_script(SELECT=select) as (port, _), pytest.raises(BadSetup, match="keeps no marks"):
        ImapMailbox(f"imap://me:s3cret@127.0.0.1:{port}?done=", timeout=5).fetch(1)


def test_a_move_that_is_refused_is_tried_into_a_new_folder_and_then_told():
    with a_script(MOVE=b"{tag} NO [OVERQUOTA] full") as (port, heard):
        mailbox = box(port)
        [one] = mailbox.fetch(1)
        with pytest.raises(Unavailable):
            mailbox.done(one)
    assert sum(b"CREATE" in line for line in heard) == 1
