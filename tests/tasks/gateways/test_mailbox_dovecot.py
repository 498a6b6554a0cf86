"""A real Dovecot: nothing is lost, nothing is taken twice, and nothing of other people's is touched, wherever the line breaks."""

import contextlib
import email
import email.policy
import logging
import select
import shutil
import socket
import threading
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import pytest

from models.errors import BadSetup, Unavailable
from models.incoming_mail import HEAD_BYTES, MOST_BYTES, MailKind, read
from models.mail_ids import deal_hint
from models.mail_thread import candidates
from models.message import Mailbox, message_id
from tasks.gateways.imap import ImapMailbox
from tasks.gateways.smtp import SmtpMailer
from tests.dovecot import PASSWORD, a_dovecot
from tests.parts import requires
from tests.tasks.gateways.letters import Postbox, a_letter, a_server

ONE, TWO, THREE = (f"From: ann@acme.example\nSubject: {name}\n\n{name}\n".encode() for name in ("one", "two", "three"))
OURS = "studio.example"


@pytest.fixture(scope="module", autouse=True)
def _there():
    requires("dovecot")


@pytest.fixture
def server():
    with a_dovecot() as one:
        yield one


@pytest.fixture
def reader(server):
    """Makes mailboxes of the server's, closed afterwards."""
    made = []

    def make(**over):
        options = {name: over.pop(name) for name in ("timeout", "tls") if name in over}
        port = over.pop("port", server.port)
        made.append(ImapMailbox(server.url(**over).replace(f":{server.port}", f":{port}"), **({"timeout": 10} | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def subjects(arrived):
    return [read(one.raw, domain=OURS).subject for one in arrived]


def test_letters_come_oldest_first_and_are_moved_when_they_are_done(server, reader):
    server.deliver(ONE, TWO, THREE)
    mailbox = reader()

    first = mailbox.fetch(2)
    mailbox.done(first[0])
    mailbox.refused(first[1], "It cannot be read.")

    assert subjects(first) == ["one", "two"]
    assert [(one.size, one.is_whole, one.received_at.isoformat()) for one in first] == [(len(ONE) + 4, True, "2026-03-02T09:30:00+00:00")] * 2
    assert subjects(mailbox.fetch(10)) == ["three"]
    assert (server.subjects(), server.subjects("Processed"), server.subjects("Refused")) == (["three"], ["one"], ["two"])


def test_an_empty_mailbox_has_no_letters(server, reader):
    assert reader().fetch(10) == []


def test_what_people_have_read_comes_all_the_same_and_is_not_read_by_coming(server, reader):
    server.deliver(ONE, TWO)
    with server.line() as line:
        line.store("1", "+FLAGS", "\\Seen \\Flagged")
    mailbox = reader()
    assert subjects(mailbox.fetch(10)) == ["one", "two"]
    assert server.letters() == [("one", {"\\Seen", "\\Flagged"}), ("two", set())]


def test_letters_may_stay_where_they_are_under_a_mark(server, reader):
    server.deliver(ONE, TWO, THREE)
    mailbox = reader(rest="/INBOX?done=")
    one, two, three = mailbox.fetch(10)
    mailbox.done(one)
    mailbox.refused(two, "It cannot be read.")
    mailbox.done(one)

    assert server.letters() == [("one", {"$StudioflowDone"}), ("two", {"$StudioflowRefused"}), ("three", set())]
    assert subjects(mailbox.fetch(10)) == ["three"]
    mailbox.done(three)
    assert mailbox.fetch(10) == []


@pytest.mark.parametrize("rest", ["", "/INBOX?done="])
def test_a_worker_that_dies_between_fetch_and_done_loses_nothing(server, reader, rest):
    server.deliver(ONE)
    dead = reader(rest=rest)
    [before] = dead.fetch(10)
    heir = reader(rest=rest)
    [again] = heir.fetch(10)
    assert before == again
    heir.done(again)
    dead.done(before)
    assert reader(rest=rest).fetch(10) == []
    assert server.subjects("INBOX" if rest else "Processed") == ["one"]


@pytest.mark.parametrize("rest", ["", "/INBOX?done="])
def test_a_letter_that_a_person_took_away_meanwhile_is_left_alone(server, reader, rest):
    server.deliver(ONE, TWO)
    mailbox = reader(rest=rest)
    one, two = mailbox.fetch(10)
    with server.line() as line:
        line.store("1", "+FLAGS", "\\Deleted")
        line.expunge()
    mailbox.done(one)
    mailbox.done(two)
    assert server.subjects("INBOX" if rest else "Processed") == ["two"]


@pytest.mark.parametrize("capability", ["", "IMAP4rev1 UIDPLUS AUTH=PLAIN", "IMAP4rev1 AUTH=LOGIN"])
def test_what_a_person_only_marked_as_deleted_is_not_ours_to_remove(server, reader, capability):
    server.restart(capability=capability)
    server.deliver(ONE, TWO)
    mailbox = reader()
    one, _ = mailbox.fetch(10)
    with server.line() as line:
        line.store("2", "+FLAGS", "\\Deleted")
    mailbox.done(one)

    assert ("two", {"\\Deleted"}) in server.letters()
    assert server.subjects("Processed") == ["one"]
    assert mailbox.fetch(10) == []


def test_folders_may_have_to_begin_with_the_inbox(server, reader):
    server.restart(prefix="INBOX.", separator=".")
    server.deliver(ONE)
    mailbox = reader(rest="/INBOX?done=Übernommen&refused=Refused")
    [one] = mailbox.fetch(10)
    mailbox.done(one)
    assert server.subjects("INBOX.&ANw-bernommen") == ["one"]


def test_another_folder_than_the_inbox_may_be_read(server, reader):
    with server.line() as line:
        line.create("Studio")
        line.append("Studio", "", None, ONE.replace(b"\n", b"\r\n"))
    mailbox = reader(rest="/Studio")
    assert subjects(mailbox.fetch(10)) == ["one"]
    with pytest.raises(BadSetup, match="does not open the folder Missing"):
        reader(rest="/Missing").fetch(1)


def test_a_server_that_numbers_its_letters_anew_gives_them_again(server, reader):
    server.deliver(ONE, TWO)
    mailbox = reader()
    one, _ = mailbox.fetch(10)
    server.stop()
    kept = server.folder / "mail" / "hello@studio.example"
    for path in kept.glob("dovecot*"):
        path.unlink()
    (kept / "dovecot-uidlist").write_text("3 V1000000 N3\n", "utf-8")
    shutil.chown(kept / "dovecot-uidlist", 65534, 65534)
    server.start()

    mailbox.done(one)

    assert sorted(server.subjects()) == ["one", "two"]


@pytest.mark.parametrize("rest", ["", "/INBOX?done="])
def test_a_server_that_starts_anew_in_the_middle_changes_nothing(server, reader, rest):
    server.deliver(ONE, TWO)
    mailbox = reader(rest=rest)
    one, two = mailbox.fetch(10)
    mailbox.done(one)
    server.restart()
    mailbox.done(two)
    assert mailbox.fetch(10) == []


def test_a_server_that_is_gone_in_the_middle_is_away_and_the_letters_come_again(server, reader):
    server.deliver(ONE, TWO)
    mailbox = reader(timeout=5)
    one, _ = mailbox.fetch(10)
    server.stop()
    with pytest.raises(Unavailable, match="cannot be reached"):
        mailbox.done(one)
    with pytest.raises(Unavailable, match="cannot be reached"):
        mailbox.fetch(10)
    server.start()
    assert subjects(mailbox.fetch(10)) == ["one", "two"]


class Door:
    """A door to the server on a port of its own: its first visitor hears `answers` answers and finds it shut; later ones are let through."""

    def __init__(self, port, answers):
        self.server, self.answers, self.visitors = port, answers, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()

    def serve(self):
        left = self.answers
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, socket.create_connection(("127.0.0.1", self.server)) as server, contextlib.suppress(OSError):
                    talk(client, server, left)
                left = 10**9


def talk(client, server, left):
    """Carry words both ways until one of them goes, or the server has answered `left` times."""
    while left:
        for ready in select.select([client, server], [], [], 10)[0]:
            said = ready.recv(65536)
            if not said:
                return
            (server if ready is client else client).sendall(said)
            left -= ready is server


@pytest.mark.parametrize("rest", ["", "/INBOX?done="])
def test_wherever_the_line_breaks_every_letter_is_done_once_or_comes_again(server, reader, rest):
    told = []
    for answers in range(16):
        name = f"letter-{answers}"
        server.deliver(f"Subject: {name}\n\n{name}\n".encode())
        with Door(server.port, answers) as door:
            mailbox = reader(rest=rest, port=door.port)
            try:
                for one in mailbox.fetch(10):
                    told += subjects([one])  # a fact is kept before its letter is put away
                    mailbox.done(one)
            except Unavailable:
                told.append("broken")
    last = reader(rest=rest)
    for one in last.fetch(100):
        told += subjects([one])
        last.done(one)

    assert {f"letter-{answers}" for answers in range(16)} | {"broken"} == set(told)
    assert sorted(server.subjects("INBOX" if rest else "Processed")) == sorted(f"letter-{answers}" for answers in range(16))
    assert last.fetch(10) == []


def test_a_sign_in_that_is_refused_is_the_owners_to_mend_and_the_password_is_nowhere(server, reader, caplog):
    caplog.set_level(logging.DEBUG)
    mailbox = reader(password="wr0ng pass")
    with pytest.raises(BadSetup, match="does not accept our sign-in") as error:
        mailbox.fetch(1)
    assert "wr0ng" not in f"{error.value!r} {mailbox!r} {mailbox.__dict__!r} {caplog.text}"
    assert "studio.example" not in repr(mailbox)


def test_letters_come_through_tls_and_through_starttls(server, reader):
    server.deliver(ONE)
    for scheme in ("imaps", "imap+starttls"):
        mailbox = reader(scheme=scheme, host="localhost", tls=server.trust)
        assert subjects(mailbox.fetch(10)) == ["one"]


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_a_server_with_an_unknown_certificate_gets_no_password(server, reader, scheme):
    with pytest.raises(Unavailable, match="certificate") as error:
        reader(scheme=scheme, host="localhost").fetch(1)
    assert PASSWORD not in str(error.value)
    assert "Login:" not in (server.folder / "log").read_text("utf-8")


def test_a_server_without_starttls_gets_no_password(server, reader):
    server.restart(ssl="no")
    with pytest.raises(Unavailable, match="TLS"):
        reader(scheme="imap+starttls", host="localhost").fetch(1)


def test_of_a_letter_that_is_too_large_the_beginning_comes(server, reader):
    body = (
        b"--b\nContent-Type: text/plain\n\nThe film, as promised.\n--b\nContent-Type: video/mp4; name=film.mp4\nContent-Transfer-Encoding: base64\n\n"
    )
    film = (b"A" * 76 + b"\n") * (MOST_BYTES // 77)
    server.deliver(ONE.partition(b"\n\n")[0] + b"\nContent-Type: multipart/mixed; boundary=b\n\n" + body + film + b"--b--\n", TWO)
    mailbox = reader()
    large, small = mailbox.fetch(10)
    assert (large.is_whole, len(large.raw), large.size > MOST_BYTES, small.is_whole) == (False, HEAD_BYTES, True, True)
    mail = read(large.raw, domain=OURS)
    assert (mail.subject, mail.text, [one.name for one in mail.attachments]) == ("one", "The film, as promised.", ["film.mp4"])
    mailbox.done(large)


# Our letters, and what people's programs make of them


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def answered(raw, prefix, text, *, references):
    """A reply to a letter: as its program writes ids and subject, with `text`."""
    ours, reply = parsed(raw), EmailMessage()
    own, root = ours["Message-ID"], ours["References"]
    reply["From"], reply["To"] = "Ann Client <client@acme.example>", ours["From"]
    reply["Subject"], reply["Date"], reply["Message-ID"] = f"{prefix} {ours['Subject']}", formatdate(0), make_msgid(domain="acme.example")
    reply["In-Reply-To"] = own
    if references:
        reply["References"] = f"{root} {own}"
    reply.set_content(text)
    return reply.as_bytes()


def quoted(raw):
    return "".join(f"> {line}\n" for line in parsed(raw).get_body(("plain",)).get_content().splitlines())


REPLIES = {
    "gmail": lambda raw: answered(raw, "Re:", f"Yes.\n\nOn Sun, 1 Mar 2026 at 13:00, North Studio <\nhello@studio.example> wrote:\n\n{quoted(raw)}", references=True),
    "outlook": lambda raw: answered(
        raw, "AW:", "Yes.\n\nVon: North Studio <hello@studio.example>\nGesendet: Sonntag, 1. März 2026 13:00\nAn: Ann Client\nBetreff: Your proposal\n\n"
        + parsed(raw).get_body(("plain",)).get_content(), references=False,
    ),
    "apple": lambda raw: answered(raw, "Re:", f"Yes.\n\n> On 1 Mar 2026, at 13:00, North Studio <hello@studio.example> wrote:\n> \n{quoted(raw)}", references=True),
}  # fmt: skip


def bounced(raw):
    """A letter as a server gives it back."""
    return b"\n".join([
        b"From: MAILER-DAEMON@mx.acme.example", b"Subject: Undelivered Mail Returned to Sender", b"Auto-Submitted: auto-replied",
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"', b"", b"--=_b", b"Content-Type: text/plain", b"", b"Sorry.",
        b"--=_b", b"Content-Type: message/delivery-status", b"", b"Reporting-MTA: dns; mx.acme.example", b"",
        b"Final-Recipient: rfc822; client@acme.example", b"Action: failed", b"Status: 5.1.1", b"", b"--=_b", b"Content-Type: message/rfc822", b"",
        raw.replace(b"\r\n", b"\n"), b"--=_b--", b"",
    ])  # fmt: skip


@pytest.fixture(scope="module")
def sent():
    """A letter of ours as a mail server got it."""
    postbox = Postbox()
    with a_server(postbox) as port:
        letter = a_letter(reply_to=Mailbox(address="mary@studio.example", name="Mary Moore"))
        SmtpMailer(f"smtp://127.0.0.1:{port}", timeout=10).send(letter)
    return postbox.letters[0].content


@pytest.mark.parametrize("program", REPLIES)
def test_an_answer_finds_the_letter_that_it_answers(server, reader, sent, program):
    server.deliver(REPLIES[program](sent))
    mailbox = reader()
    [arrived] = mailbox.fetch(10)
    mailbox.done(arrived)
    mail = read(arrived.raw, domain=OURS)
    thread = candidates(mail, domain=OURS)

    assert (mail.kind, mail.text, mail.address) == (MailKind.REPLY, "Yes.", "client@acme.example")
    assert thread.hints == (42,)
    assert thread.deals == (() if program == "outlook" else (42,))
    assert thread.letters[0] == message_id("deal/42/proposal/v2/mail", OURS)


def test_a_letter_that_comes_back_is_known_in_each_way_that_it_may(server, reader, sent):
    server.deliver(bounced(sent), sent)
    mailbox = reader()
    returned, own = (read(one.raw, domain=OURS) for one in mailbox.fetch(10))

    assert (returned.kind, own.kind) == (MailKind.BOUNCE, MailKind.LOOP)
    assert returned.report is not None
    assert (returned.report.key, returned.report.message_id, returned.report.is_dead) == ("deal/42/proposal/v2/mail", own.external_id, True)
    assert deal_hint(returned.report.message_id, OURS) == 42
