"""What every mailer does, whichever it is; and which one an address chooses."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import BadSetup, Refused
from models.message import Attachment, Mailbox, message_id, thread_root
from tasks.gateways.mail import from_url
from tasks.gateways.mime import compose
from tasks.gateways.outbox import FileMailer
from tasks.gateways.smtp import SmtpMailer
from tests.tasks.gateways.letters import Postbox, a_letter, a_server


class Sent:
    """A mailer and what came out at its other end."""

    def __init__(self, mailer, contents):
        self.mailer, self.contents = mailer, contents


@pytest.fixture(params=["files", "smtp"])
def sent(request, tmp_path):
    if request.param == "files":
        yield Sent(FileMailer(tmp_path), lambda: [path.read_bytes() for path in tmp_path.glob("*.eml")])
        return
    postbox = Postbox()
    with a_server(postbox, enable_SMTPUTF8=True) as port:
        yield Sent(SmtpMailer(f"smtp://127.0.0.1:{port}", timeout=10), lambda: [bytes(letter.content) for letter in postbox.letters])


def parsed(content):
    return email.message_from_string(content.decode().replace("\r\n", "\n"), policy=email.policy.default)


def test_a_letter_arrives_with_the_bytes_it_was_composed_of(sent):
    letter = a_letter()

    receipt = sent.mailer.send(letter)

    assert sent.contents() == [compose(letter)]
    assert receipt.message_id == letter.message_id == message_id(letter.key, "studio.example")
    assert receipt.said


def test_a_line_that_is_only_a_dot_stays_in_the_letter(sent):
    sent.mailer.send(a_letter(text="one\n.\n..two\n.three\n", html=""))

    assert parsed(sent.contents()[0]).get_content() == "one\n.\n..two\n.three\n"


def test_an_address_that_is_none_is_refused_and_nothing_goes_out(sent):
    for address in ("nobody", "a@b@c.example", "a b@c.example", "a@", "@b.example", "a@exa mple.com", ""):
        with pytest.raises(Refused, match="not a mail address"):
            sent.mailer.send(a_letter(to=Mailbox(address=address)))
    assert sent.contents() == []


def test_an_international_address_is_written_to(sent):
    sent.mailer.send(a_letter(to=Mailbox(address="jürgen@müller.example", name="Jürgen")))

    assert parsed(sent.contents()[0])["To"].addresses[0].addr_spec == "jürgen@xn--mller-kva.example"


def test_a_letter_of_ten_megabytes_arrives_whole(sent):
    content = bytes(range(256)) * 4 * 10240
    sent.mailer.send(a_letter(attachments=(Attachment(name="big.bin", media_type="application/octet-stream", content=content),)))

    (part,) = parsed(sent.contents()[0]).iter_attachments()
    assert part.get_content() == content


def test_only_a_mailer_that_keeps_its_letters_can_be_asked(sent):
    assert sent.mailer.ask("deal/42/proposal/v2/mail") is None

    receipt = sent.mailer.send(a_letter())

    assert sent.mailer.ask("deal/42/proposal/v2/mail") == (receipt if sent.mailer.can_ask else None)


def test_the_same_letter_gives_the_same_bytes():
    attachments = (Attachment(name="a.pdf", media_type="application/pdf", content=b"%PDF"),)

    assert compose(a_letter(attachments=attachments)) == compose(a_letter(attachments=attachments))


def test_letters_of_one_deal_stand_in_one_thread_and_have_ids_of_their_own():
    first, second = (parsed(compose(a_letter(key=f"deal/42/{step}/mail"))) for step in ("brief", "proposal"))

    assert first["References"] == second["References"] == first["In-Reply-To"] == thread_root(42, "studio.example")
    assert first["Message-ID"] != second["Message-ID"]


def test_a_letter_about_no_deal_starts_no_thread():
    assert parsed(compose(a_letter(deal=None)))["References"] is None


def test_the_way_out_of_a_list_is_given_when_there_is_one():
    letter = parsed(compose(a_letter(unsubscribe="https://studio.example/u/" + "x" * 500)))

    assert letter["List-Unsubscribe"] == "<https://studio.example/u/" + "x" * 500 + ">"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed(compose(a_letter()))["List-Unsubscribe"] is None


def test_a_letter_says_that_a_machine_wrote_it_and_when():
    letter = parsed(compose(a_letter()))

    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Date"].datetime == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_styles_are_written_into_the_elements_and_rules_for_screens_are_kept():
    html = "<style>p{color:#123456} @media (max-width:9px){p{color:red}}</style><link rel=stylesheet href=http://127.0.0.1:9/x.css><p>Hi"
    part = parsed(compose(a_letter(html=html))).get_body(("html",))

    assert '<p style="color: #123456;">' in part.get_content()
    assert "@media" in part.get_content()


hostile = st.text(max_size=120) | st.text(alphabet='\r\n:@,<>"\\ aé=?', max_size=60)


def unfolded(header):
    return str(make_header(decode_header(header.replace("\n ", " "))))


@settings(max_examples=60, deadline=None)
@given(name=hostile, subject=hostile, text=st.text(max_size=400), attached=hostile)
@example("Ann\r\nBcc: spy@evil.example", "Hi\nBcc: spy@evil.example", "\r\n.\r\nQUIT\r\n", "a\r\nBcc: spy@evil.example")
@example('"Ann" <spy@evil.example>, Ben', "=?utf-8?q?=0D=0ABcc=3A_spy=40evil.example?=", "x" * 5000, "ä" * 200)
@example("\ud800", "a\u2028b\x85c\x00", "\ud800\x00", "..")
def test_no_text_gets_out_of_its_place_whatever_it_holds(name, subject, text, attached):
    files = (Attachment(name="f" + attached[:150], media_type="text/plain", content=b"x"),)
    letter = a_letter(to=Mailbox(address="client@acme.example", name=name), subject=subject, text=text, attachments=files)

    content = compose(letter)
    found = parsed(content)
    raw = email.message_from_string(content.decode().replace("\r\n", "\n"))

    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert not set(content.replace(b"\r\n", b"")) & set(b"\r\n\0")
    assert [address.addr_spec for address in found["To"].addresses] == ["client@acme.example"]
    assert unfolded(parseaddr(raw["To"])[0]) == letter.to.name
    assert unfolded(raw["Subject"]) == letter.subject
    assert found["Bcc"] is None
    assert len(found.items()) == len(set(found.keys())) == 12


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", "A/b", "a b", "a\nb", "ä"])
def test_a_key_that_is_no_slash_path_is_no_key(key):
    with pytest.raises(ValueError):
        a_letter(key=key)


def test_no_address_means_files(tmp_path):
    assert isinstance(from_url("", tmp_path), FileMailer)
    assert isinstance(from_url("smtps://me:secret@mail.example", tmp_path), SmtpMailer)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:s3cret@mail.example",
        "mail.example:25",
        "smtp://",
        "smtps://me:s3cret@mail.example:port",
        "smtps://me:s3cret@mail.example:99999",
        "smtps://me:s3/cret@mail.example",
        "smtps://me:s3cret@[mail",
        "smtps://me@mail.example",
        "smtp://me:s3cret@mail.example",
        "smtps://me:s3cret@mail.example/?timeout=1",
    ],
)
def test_a_broken_address_is_explained_without_repeating_it(url, tmp_path):
    with pytest.raises(BadSetup, match=r"^STUDIO_MAIL_URL ") as error:
        from_url(url, tmp_path)
    assert "s3" not in str(error.value)


def test_a_mailer_never_shows_its_password():
    assert "s3cret" not in repr(SmtpMailer("smtps://me:s3cret@mail.example"))
