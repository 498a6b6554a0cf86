"""What a letter's end means, whatever the mail server does to it."""

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from models.errors import Refused, Unavailable, Uncertain
from models.message import Attachment, Mailbox
from tasks.gateways.smtp import SmtpMailer
from tests.tasks.gateways.letters import Postbox, a_letter, a_script, a_server

HELLO = ("220 hi", "250 hello", "250 sender ok", "250 rcpt ok", "354 go on")
BIG = (Attachment(name="big.bin", media_type="application/octet-stream", content=bytes(30_000_000)),)


def send(port, letter=None, timeout=10.0, url="smtp://127.0.0.1"):
    return SmtpMailer(f"{url}:{port}", timeout=timeout).send(letter or a_letter())


def test_a_letter_that_is_taken_has_the_servers_words_on_its_receipt():
    with a_server(Postbox(data="250 taken as 7")) as port:
        assert send(port).said == "250 taken as 7"


@pytest.mark.parametrize("answer", ["550 no such user", "552 too big", "501 what"])
def test_a_letter_that_the_server_will_never_take_is_refused_in_its_words(answer):
    for postbox in (Postbox(rcpt=answer), Postbox(data=answer)):
        with a_server(postbox) as port, pytest.raises(Refused, match=answer):
            send(port)


@pytest.mark.parametrize("answer", ["451 greylisted", "421 closing", "452 full"])
def test_a_letter_that_the_server_defers_is_tried_again(answer):
    for postbox in (Postbox(rcpt=answer), Postbox(data=answer)):
        with a_server(postbox) as port, pytest.raises(Unavailable, match=answer):
            send(port)


@pytest.mark.parametrize("step", range(5))
def test_before_the_dot_a_deferral_at_any_step_means_try_again(step):
    with a_script(*HELLO[:step], "451 later") as (port, _), pytest.raises(Unavailable):
        send(port)


@pytest.mark.parametrize("step", [2, 3, 4])
def test_before_the_dot_a_refusal_of_the_letter_is_final(step):
    with a_script(*HELLO[:step], "554 never") as (port, _), pytest.raises(Refused, match="554 never"):
        send(port)


def test_a_server_that_takes_nobody_at_all_has_not_refused_this_letter():
    with a_script("554 go away") as (port, _), pytest.raises(Unavailable, match="not ready"):
        send(port)


@pytest.mark.parametrize("answer", ["530 sign in first", "535 no"])
def test_a_sign_in_that_is_wanted_is_the_owners_to_mend(answer):
    with a_script(*HELLO[:2], answer) as (port, _), pytest.raises(Unavailable, match="Check STUDIO_MAIL_URL"):
        send(port)


def test_a_server_that_is_not_there_is_away():
    with a_server(Postbox()) as port:
        pass
    with pytest.raises(Unavailable, match="cannot be reached"):
        send(port)


@pytest.mark.parametrize("step", range(5))
def test_a_server_that_dies_before_the_letter_is_away(step):
    with a_script(*HELLO[:step]) as (port, _), pytest.raises(Unavailable):
        send(port)


@pytest.mark.parametrize("step", range(5))
def test_a_server_that_falls_silent_before_the_letter_is_away(step):
    with a_script(*HELLO[:step], then="silence") as (port, _), pytest.raises(Unavailable):
        send(port, timeout=0.3)


def test_a_server_that_dies_in_the_middle_of_the_letter_is_away():
    with a_script(*HELLO, "body") as (port, _), pytest.raises(Unavailable, match="in the middle"):
        send(port, a_letter(attachments=BIG))


def test_a_server_that_stops_reading_in_the_middle_of_the_letter_is_away():
    with a_script(*HELLO, "body", then="silence") as (port, _), pytest.raises(Unavailable, match="in the middle"):
        send(port, a_letter(attachments=BIG), timeout=1)


def test_a_server_that_dies_after_the_final_dot_leaves_it_uncertain():
    with a_script(*HELLO) as (port, heard), pytest.raises(Uncertain, match="may have gone out"):
        send(port)
    assert heard[-1] == b"."


def test_a_server_that_falls_silent_after_the_final_dot_leaves_it_uncertain():
    with a_script(*HELLO, then="silence") as (port, _), pytest.raises(Uncertain, match="no answer in time"):
        send(port, timeout=1)


@pytest.mark.parametrize("answer", ["what?", "354 go on", "99999"])
def test_an_answer_to_the_dot_that_nobody_understands_leaves_it_uncertain(answer):
    with a_script(*HELLO, answer) as (port, _), pytest.raises(Uncertain):
        send(port, timeout=2)


def test_a_server_that_dies_after_it_took_the_letter_has_taken_it():
    with a_script(*HELLO, "250 taken") as (port, _):
        assert send(port).said == "250 taken"


def test_an_international_address_is_refused_where_the_server_cannot_take_it():
    with a_server(Postbox(), enable_SMTPUTF8=False) as port, pytest.raises(Refused, match="international"):
        send(port, a_letter(to=Mailbox(address="jürgen@acme.example")))


def test_letters_are_sent_from_many_threads_and_from_inside_a_loop():
    postbox = Postbox()
    with a_server(postbox) as port:
        with ThreadPoolExecutor(8) as threads:
            receipts = list(threads.map(lambda n: send(port, a_letter(key=f"deal/{n}/mail")), range(16)))

        async def inside():
            return send(port, a_letter(key="deal/99/mail"))

        receipts.append(asyncio.run(inside()))

    assert len({receipt.message_id for receipt in receipts}) == len(postbox.letters) == 17
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")]


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost that signs itself, as (file, key file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key(), serial_number=x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


@pytest.fixture
def locked_server(certificate):
    """A server that speaks only after STARTTLS and to `me` with `s3 cret`; gives its port, its postbox and a context that trusts it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def check(server, session, envelope, mechanism, auth):
        return AuthResult(success=auth.login == b"me" and auth.password == b"s3 cret", handled=False)

    postbox = Postbox()
    with a_server(postbox, tls_context=context, require_starttls=True, authenticator=check, auth_required=True) as port:
        yield port, postbox, ssl.create_default_context(cafile=certificate[0])


def test_a_letter_goes_through_starttls_and_a_sign_in(locked_server):
    port, postbox, trust = locked_server

    SmtpMailer(f"smtp+starttls://me:s3%20cret@localhost:{port}", tls=trust, timeout=10).send(a_letter())

    assert len(postbox.letters) == 1


def test_a_wrong_password_is_the_owners_to_mend_and_is_not_shown(locked_server):
    port, postbox, trust = locked_server

    with pytest.raises(Unavailable, match="sign-in") as error:
        SmtpMailer(f"smtp+starttls://me:wr0ng@localhost:{port}", tls=trust, timeout=10).send(a_letter())

    assert "wr0ng" not in str(error.value)
    assert postbox.letters == []


def test_a_server_with_an_unknown_certificate_gets_neither_password_nor_letter(locked_server):
    port, postbox, _ = locked_server

    with pytest.raises(Unavailable, match="certificate"):
        SmtpMailer(f"smtp+starttls://me:s3%20cret@localhost:{port}", timeout=10).send(a_letter())

    assert postbox.letters == []


def test_a_server_without_starttls_gets_neither_password_nor_letter():
    postbox = Postbox()
    with a_server(postbox) as port, pytest.raises(Unavailable, match="STARTTLS"):
        SmtpMailer(f"smtp+starttls://me:s3cret@localhost:{port}", timeout=10).send(a_letter())
    assert postbox.letters == []


def test_a_letter_goes_through_tls_from_the_first_byte(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    postbox = Postbox()
    with a_server(postbox, ssl_context=context) as port:
        SmtpMailer(f"smtps://localhost:{port}", tls=ssl.create_default_context(cafile=certificate[0]), timeout=10).send(a_letter())
    assert len(postbox.letters) == 1
