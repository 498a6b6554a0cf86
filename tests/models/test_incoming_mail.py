"""A letter that came: read to the word as people's programs write them, harmless whatever it is made of."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import facts
from models.db import Database
from models.facts import News
from models.incoming_mail import MOST_BYTES, Enclosure, IncomingMail, Invitation, MailKind, read
from models.mail_quotes import own_words
from models.mail_report import Action, Recipient
from models.mail_stop import asks_to_stop
from models.mail_text import LONGEST_WHOLE, plain_of
from tests.fakes import MONDAY

LETTERS = {path.stem: path.read_bytes() for path in sorted((Path(__file__).parent / "letters").glob("*.eml"))}
ROOT, LETTER, KEY = (
    "<b839c358bc55b8b3.deal-42@studio.example>", "<112c6ad48b0655b6.deal-42-proposal-v2-mail@studio.example>", "deal/42/proposal/v2/mail",
)  # fmt: skip
OURS, ANN = "studio.example", "client@acme.example"
K = MailKind
HEAD = b"From: Ann Client <client@acme.example>\nMessage-ID: <1@acme.example>\n"


def sample(name: str) -> IncomingMail:
    return read(LETTERS[name], domain=OURS)


def letter(head: bytes = b"", body: bytes = b"Hello") -> IncomingMail:
    return read(HEAD + head + b"\n" + body, domain=OURS)


def typed(media_type: str, body: bytes, encoding: str = "8bit") -> IncomingMail:
    return letter(f"Content-Type: {media_type}\nContent-Transfer-Encoding: {encoding}\n".encode(), body)


# What people write


PEOPLE = {
    "gmail-reply": (K.REPLY, ANN, "Hello,\n\nwe like option B. Could we start in April – or is that too soon?\n\nAnn"),
    "outlook-german": (
        K.REPLY, "j.mueller@acme.example",
        "Guten Tag,\n\ndas Angebot gefällt uns. Können wir am Donnerstag telefonieren?\n\nMit freundlichen Grüßen\nJürgen Müller",
    ),
    "outlook-french": (
        K.REPLY, "luc@acme.example", "Bonjour,\n\nC’est d’accord pour nous, à une question près : l’hébergement est-il compris ?\n\nLuc",
    ),
    "outlook-html": (K.REPLY, ANN, "Looks good to me — please send the contract."),
    "outlook-web": (K.REPLY, ANN, "Yes, go ahead."),
    "apple-mail": (K.REPLY, ANN, "First the sketch:\n\nand my answers below.\n\nBlue.\n\nBy May."),
    "thunderbird-bottom": (K.REPLY, ANN, "That is more than we thought. What could we leave out to stay below 10,000?"),
    "mobile": (K.REPLY, ANN, "Yes!"),
    "html-only": (K.NEW, "bo@fresh.example", "Hello,\nwe need a website for\n\n- our shop\n- our café\n\nBudget 5 000 €"),
    "koi8-r": (K.REPLY, "ivan@acme.example", "Добрый день,\n\nнас всё устраивает."),
    "iso-2022-jp": (K.REPLY, "yamada@acme.example", "お世話になっております。\n内容を確認しました。"),
    "utf-7": (K.NEW, "old@acme.example", "Schöne Grüße aus Köln"),
    "stop": (K.REPLY, ANN, "Stop, please."),
    "forward": (K.NEW, ANN, "Our logo is in the letter below."),
    "shared-mailbox": (K.NEW, "bo@fresh.example", "We need a website."),
    "calendar-reply": (K.REPLY, ANN, "Ann Client has accepted this invitation."),
    "forged-references": (K.REPLY, "eve@evil.example", "Please pay to my new account."),
    "two-froms": (K.REPLY, "", "Who am I?"),
    "no-head": (K.NEW, "", "Only words, no head at all."),
}  # fmt: skip
MACHINES = {
    "away-exchange": K.AUTO_REPLY, "away-gmail": K.AUTO_REPLY, "away-old": K.AUTO_REPLY, "read-receipt": K.AUTO_REPLY,
    "mailing-list": K.LIST, "own-letter-back": K.LOOP,
}  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_a_persons_letter_is_read_to_the_word(name: str) -> None:
    mail = sample(name)
    assert (mail.kind, mail.address, mail.text) == PEOPLE[name]
    assert mail.report is None


@pytest.mark.parametrize("name", MACHINES)
def test_a_machines_letter_is_known_as_one(name: str) -> None:
    assert sample(name).kind == MACHINES[name]


def test_every_sample_is_looked_at() -> None:
    assert set(PEOPLE) | set(MACHINES) | set(REPORTS) == set(LETTERS)


def test_a_letter_names_its_people_its_moment_and_what_it_answers() -> None:
    mail = sample("gmail-reply")
    assert (mail.external_id, mail.name, mail.subject) == ("<CAHk-=wgJ8aT0u8nQ2@mail.gmail.com>", "Ann Client", "Re: Your proposal")
    assert (mail.to, mail.cc, mail.reply_to, mail.senders) == (("hello@studio.example",), (), "", (ANN,))
    assert mail.date == datetime(2026, 3, 2, 9, 12, 29, tzinfo=UTC)
    assert mail.references == (ROOT, LETTER)
    assert "No more reminders" in mail.whole


def test_names_and_subjects_are_read_in_any_charset() -> None:
    assert [(sample(name).name, sample(name).subject) for name in ("koi8-r", "iso-2022-jp", "utf-7", "outlook-german")] == [
        ("Иван Петров", "Re: Вопрос"), ("山田太郎", "Re: 見積もり"), ("Old Exchange User", "Grüße"), ("Müller, Jürgen", "AW: Your proposal"),
    ]  # fmt: skip


def test_files_are_listed_and_inline_pictures_too() -> None:
    assert sample("outlook-german").attachments == (Enclosure(name="Rückfragen.pdf", media_type="application/pdf", size=24),)
    assert [one.name for one in sample("apple-mail").attachments] == ["sketch.png"]
    assert sample("forward").attachments == (Enclosure(name="Logo.eml", media_type="message/rfc822", size=87),)


def test_a_file_does_not_name_a_place() -> None:
    assert typed('application/zip; name="../../etc/C:\\\\Windows\\\\x\r\n .zip"', b"x").attachments[0].name == "x .zip"


def test_nothing_turns_the_order_of_letters_round() -> None:
    assert typed('application/pdf; name="=?utf-8?q?invoice=E2=80=AEfdp=2Eexe?="', b"x").attachments[0].name == "invoicefdp.exe"
    assert letter("Subject: a\u202eb\u2066c\n".encode()).subject == "abc"


def test_a_calendar_tells_which_slot_was_taken() -> None:
    assert sample("calendar-reply").invitation == Invitation(method="reply", uid="training-42-1@studio.example", answer="accepted")
    assert sample("gmail-reply").invitation is None


@pytest.mark.parametrize("senders", [
    b"From: a@x.example\nFrom: b@x.example\n", b"From: a@x.example, b@x.example\n", b"From: <a@x.example> <b@x.example>\n",
    b"From: nobody\nFrom: a@x.example\n", b"", b"From:\n", b"From: Undisclosed:;\n",
])  # fmt: skip
def test_of_several_senders_or_none_nobody_is_believed(senders: bytes) -> None:
    assert read(senders + b"\nHello", domain=OURS).address == ""


@pytest.mark.parametrize(("sender", "name"), [
    ("Ann <A@X.example>", "Ann"), ('"Lee, Ann" <a@x.example>', "Lee, Ann"), ("a@x.example (Ann)", ""), ("=?utf-8?q?b=40y=2Eexample?= <a@x.example>", "b@y.example"),
    ('"b@y.example" <a@x.example>', "b@y.example"), ("Team: a@x.example;", ""), ('"\\"Ann\\"" <a@x.example>', '"Ann"'), ("<a@x.example>", ""),
])  # fmt: skip
def test_the_address_is_what_stands_in_the_brackets_never_what_the_name_pretends(sender: str, name: str) -> None:
    mail = read(f"From: {sender}\nFrom: a@x.example\n\n".encode(), domain=OURS)
    assert (mail.address, mail.name) == ("a@x.example", name)


def test_a_letter_without_an_id_is_known_by_its_bytes() -> None:
    raw = b"From: a@x.example\n\nHello"
    assert read(raw, domain=OURS).external_id == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert letter().external_id == "<1@acme.example>"
    assert read(b"Message-ID: <" + b"x" * 3000 + b">\n\n", domain=OURS).external_id.startswith("sha256:")


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Mar 2026 10:00:00 +0000", "Mon, 2 Mar 2026 10:00:00 +9999", "Fri, 1 Jan 1904 00:00:00 +0000", "9" * 5000]
)
def test_a_date_that_is_none_is_none(date: str) -> None:
    assert letter(f"Date: {date}\n".encode()).date is None


# Text


@pytest.mark.parametrize(("charset", "content", "text"), [
    ("utf-8", "Grüße".encode(), "Grüße"), ("iso-8859-1", "Grüße – 5 €".encode("cp1252"), "Grüße – 5 €"), ("us-ascii", "Grüße".encode("latin-1"), "Grüße"),
    ("x-unknown", "Grüße".encode(), "Grüße"), ("rot13", b"Hello", "Hello"), ("punycode", "Grüße".encode(), "Grüße"), ("zip", b"Hello", "Hello"),
    ("utf-16", "Hello".encode("utf-16"), "Hello"), ("gb2312", "您好".encode("gb18030"), "您好"), ("utf-8", "Grüße und".encode()[:-1] + b"\xc3", "Grüße un�"),
    ("\\x00", b"Hello", "Hello"), ("a" * 5000, b"Hello", "Hello"),
])  # fmt: skip
def test_a_text_is_read_in_the_charset_that_it_has(charset: str, content: bytes, text: str) -> None:
    assert typed(f"text/plain; charset={charset}", content).whole == text


@pytest.mark.parametrize(("encoding", "content"), [
    ("base64", b"R3LDvMOfZQ=="), ("BASE64", b"R3LD\nvMOf ZQ"), ("base64", b"R3LDvMOfZQ==\n-- \nlist footer"), ("base64", b"R3LDvMOfZQ=!A"),
    ("quoted-printable", b"Gr=C3=BC=\n=C3=9Fe"), ("8bit", "Grüße".encode()), ("x-what", "Grüße".encode()),
])  # fmt: skip
def test_a_text_is_unpacked_as_far_as_it_goes(encoding: str, content: bytes) -> None:
    assert typed("text/plain; charset=utf-8", content, encoding).text == "Grüße"


def test_what_html_hides_is_not_read() -> None:
    page = "<p>Yes</p><p style='DISPLAY : none'>no</p><!-- no --><script>no</script><style>no</style><noscript>no</noscript><template>no</template>"
    assert plain_of(page) == "Yes\n"


def test_html_keeps_its_lines() -> None:
    page = "<div>One<br>two</div><div>three</div><ul><li>a<li>b</ul><pre>x\n  y</pre><blockquote>old<br>older</blockquote>new"
    assert plain_of(page).split("\n") == ["One", "two", "three", "- a", "- b", "", "x", "  y", "> old", "> older", ">", "new"]


ATTRIBUTIONS = [
    "On Sun, 1 Mar 2026 at 13:00, North Studio <\nhello@studio.example> wrote:", "Am 01.03.26 um 13:00 schrieb North Studio:",
    "Am So., 1. März 2026 um 13:00 Uhr schrieb North Studio <hello@studio.example>:", "Le dim. 1 mars 2026 à 13:00, North Studio <hello@studio.example> a écrit :",
    "El dom, 1 mar 2026 a las 13:00, North Studio (<hello@studio.example>) escribió:", "Il giorno dom 1 mar 2026 alle 13:00 North Studio ha scritto:",
    "Em dom., 1 de mar. de 2026 às 13:00, North Studio escreveu:", "Op zo 1 mrt 2026 om 13:00 schreef North Studio <hello@studio.example>:",
    "niedz., 1 mar 2026 o 13:00 North Studio <hello@studio.example> napisał(a):", "01.03.2026 13:00, North Studio пишет:",
    "вс, 1 мар. 2026 г. в 13:00, North Studio <hello@studio.example>:\nнаписал:", "Den sön 1 mars 2026 kl 13:00 skrev North Studio <hello@studio.example>:",
    "2026年3月1日(日) 13:00 North Studio <hello@studio.example>のメール:",
]  # fmt: skip
HEADS = [
    "From: A <a@x.example>\nSent: Sunday\nTo: B\nSubject: C", "*From:* A\n*Date:* Sunday\n*To:* B", "Von: A\nGesendet: Sonntag\nAn: B\nCc: D\nBetreff: C",
    "De : A\nEnvoyé : dimanche\nÀ : B\nObjet : C", "De: A\nEnviado el: domingo\nPara: B\nAsunto: C", "Da: A\nInviato: domenica\nA: B\nOggetto: C",
    "Van: A\nVerzonden: zondag\nAan: B\nOnderwerp: C", "Od: A\nWysłano: niedziela\nDo: B\nTemat: C", "От: А\nОтправлено: воскресенье\nКому: Б\nТема: В",
    "差出人: A\n送信日時: 2026年\n宛先: B\n件名: C", "-----Original Message-----\nanything", "________________________________\nFrom: A\nSent: Sunday\nTo: B",
    "-------- Ursprüngliche Nachricht --------\nBetreff: C", "---------- Forwarded message ---------\nFrom: A",
]  # fmt: skip


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_the_line_above_a_quotation_goes_with_it(line: str) -> None:
    assert own_words(f"Yes.\n\n{line}\n> old\n>\n> older") == "Yes."
    assert own_words(f"{line}\n\n> old\n\nYes.") == "Yes."


@pytest.mark.parametrize("head", HEADS)
def test_an_older_letter_below_is_cut_off(head: str) -> None:
    assert own_words(f"Yes.\n\n{head}\n\nold words") == "Yes."


@pytest.mark.parametrize("signature", [
    "-- \nAnn\nAcme Ltd", "--\nAnn", "Sent from my iPhone", "Get Outlook for iOS", "Von meinem iPhone gesendet", "Envoyé de mon iPhone", "Enviado desde mi iPhone",
    "Gesendet mit der GMX Mail App", "Отправлено с iPhone", "Sent from Yahoo Mail",
])  # fmt: skip
def test_a_signature_is_cut_off(signature: str) -> None:
    assert own_words(f"Yes.\n\n{signature}") == "Yes."
    assert own_words(f"Yes.\n\n{signature}\n\nOn 1 March 2026 Ann wrote:\n> old") == "Yes."


@pytest.mark.parametrize("text", [
    "On Monday our designer wrote:\nuse more blue", "From: the beginning\nit was clear", "We sent it from my office, see you.", "To: do\nFrom: now on\nDate: soon",
    "Am Montag schrieb uns der Designer:\nmehr Blau", "a -- b\n---\nc", "--\n" + "\n".join(f"line {number}" for number in range(30)),
])  # fmt: skip
def test_a_sentence_that_only_looks_so_stays(text: str) -> None:
    assert own_words(text) == text


def test_answers_between_the_lines_stay_and_a_letter_of_nothing_but_history_is_empty() -> None:
    assert own_words("> A?\nYes.\n> B?\nNo.") == "Yes.\nNo."
    assert own_words("> A\n> B") == own_words("") == ""


# Stop


STOPS = [
    "Stop", "STOP!", "stop.", "Please stop.", "Stop, please", "“Stop”", "stop emails", "Stop sending me these emails", "unsubscribe", "Unsubscribe me, thanks",
    "please remove me from your list", "Opt out", "no more e-mails please", "Don't email me again", "Hello,\n\nunsubscribe\n\nAnn", "abmelden", "Bitte abbestellen",
    "Bitte keine Mails mehr", "Bitte nehmen Sie mich aus dem Verteiler", "désabonner", "Se désinscrire".removeprefix("Se "), "plus d'emails svp", "Darme de baja",
    "no más correos", "Cancellami", "afmelden", "Geen mails meer", "wypisz mnie", "Стоп", "отписаться", "Отпишите меня, пожалуйста", "配信停止",
]  # fmt: skip
GOES_ON = [
    "please stop by on Monday", "do not stop the work", "Don't stop", "Stop?", "the bus stop", "Non-stop", "stop the project", "We will stop on Friday.",
    "Can we remove the header?", "Remove", "remove me as signer, add Bob", "No more than three pages", "Unsubscribe should be a link in the footer",
    "The button says: unsubscribe", "keine Mails mehr als zwei", "I did not unsubscribe", "kündigen", "stop motion video", "Basta!", "", "Stopwatch",
    "one\ntwo\nthree\nfour\nStop", "Stop\n" + "and a long letter about everything else " * 20,
]  # fmt: skip


@pytest.mark.parametrize("text", STOPS)
def test_a_plain_word_stops_the_letters(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize("text", GOES_ON)
def test_a_sentence_that_holds_the_word_stops_nothing(text: str) -> None:
    assert not asks_to_stop(text)


@given(
    st.sampled_from(["stop", "unsubscribe", "remove me", "opt out"]),
    st.lists(st.sampled_from(["we", "will", "the", "work", "not", "Monday", "sign"]), min_size=1),
    st.booleans(),
)
def test_no_words_around_it_make_a_request(word: str, others: list[str], is_first: bool) -> None:
    assert not asks_to_stop(" ".join([word, *others] if is_first else [*others, word]))


def test_only_a_persons_own_words_ask() -> None:
    assert sample("stop").asks_to_stop
    assert letter(b"Subject: unsubscribe\n", b"").asks_to_stop
    assert not letter(b"Subject: unsubscribe\n", b"How was your day?").asks_to_stop
    assert not letter(b"In-Reply-To: <x@y>\n", b"OK.\n\n> Stop\n").asks_to_stop
    assert not letter(b"Auto-Submitted: auto-replied\n", b"Stop").asks_to_stop


# Reports of mail servers


def told(action: Action, status: str, said: str, original: str = "") -> Recipient:
    return Recipient(address=ANN, original=original, action=action, status=status, said=said)


UNKNOWN = "550 5.1.1 <client@acme.example>: Recipient address rejected: User unknown in virtual mailbox table"
FULL = "552-5.2.2 The email account that you tried to reach is over quota and inactive. Please direct the recipient to https://support.example/?p=OverQuotaPerm"
TIMEOUT = "connect to mx.acme.example[192.0.2.25]:25: Connection timed out"
REPORTS = {
    "dsn-postfix": (told(Action.FAILED, "5.1.1", UNKNOWN, ANN), True, True),
    "dsn-postfix-delayed": (told(Action.DELAYED, "4.4.1", TIMEOUT), False, False),
    "dsn-postfix-expired": (told(Action.FAILED, "4.4.7", TIMEOUT), True, False),
    "dsn-exim": (told(Action.FAILED, "5.0.0", "550 No such user here"), True, True),
    "exim-in-words": (told(Action.FAILED, "", "Unrouteable address"), True, True),
    "dsn-exchange": (
        told(Action.FAILED, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"), True, True,
    ),
    "dsn-gmail-full": (told(Action.FAILED, "5.2.2", FULL), True, False),
    "qmail": (told(Action.FAILED, "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"), True, True),
    "dsn-spam-refused": (told(Action.FAILED, "5.7.1", "550 5.7.1 Message rejected as spam by content filtering", ANN), True, False),
    "dsn-relayed": (told(Action.RELAYED, "2.0.0", "250 2.0.0 OK", ANN), False, False),
    "dsn-of-others": (told(Action.FAILED, "5.1.1", UNKNOWN, ANN), True, True),
    "complaint": (told(Action.COMPLAINED, "", "abuse"), False, False),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_tells_what_became_of_which_letter(name: str) -> None:
    mail, (recipient, has_failed, is_dead) = sample(name), REPORTS[name]
    assert mail.kind == (K.COMPLAINT if name == "complaint" else K.BOUNCE)
    assert mail.report is not None
    assert (mail.report.recipients, mail.report.has_failed, mail.report.is_dead) == ((recipient,), has_failed, is_dead)
    if name == "dsn-of-others":
        assert (mail.report.message_id, mail.report.key, mail.report.is_ours) == ("<20260301.spam@elsewhere.example>", "", False)
    else:
        assert (mail.report.message_id, mail.report.key, mail.report.is_ours) == (LETTER, KEY, True)


def test_a_report_without_the_letters_head_names_it_by_what_it_answers() -> None:
    bare = LETTERS["dsn-exim"].replace(f"Message-ID: {LETTER}\n".encode(), b"").replace(b"X-Studio-Key: deal/42/proposal/v2/mail\n", b"")
    report = read(bare, domain=OURS).report
    assert report is not None
    assert (report.message_id, report.key, report.is_ours) == (LETTER, "", True)


@pytest.mark.parametrize(("status", "said", "is_dead"), [
    ("5.1.1", "", True), ("5.1.2", "", True), ("5.4.4", "Host not found", True), ("5.0.0", "550 User unknown", True), ("", "no such user", True),
    ("5.2.2", "user unknown", False), ("5.7.1", "mailbox not found", False), ("4.1.1", "", False), ("5.0.0", "554 rejected", False),
    ("5.3.4", "too big", False), ("", "", False), ("5.1.8", "sender's domain not found", False),
])  # fmt: skip
def test_an_address_is_dead_only_when_nobody_is_there(status: str, said: str, is_dead: bool) -> None:
    for action in Action:
        assert told(action, status, said).is_dead == (is_dead and action == Action.FAILED)


def test_a_person_who_writes_of_a_failed_delivery_is_a_person() -> None:
    assert letter(b"Subject: Delivery failure of our parcel\n", b"<client@acme.example>:\n550 5.1.1 no such user").kind == K.NEW


# Kinds


@pytest.mark.parametrize(("head", "kind"), [
    ("Auto-Submitted: no", K.NEW), ("Auto-Submitted: auto-replied (vacation)", K.AUTO_REPLY), ("auto-submitted: Auto-Generated; owner=x", K.AUTO_REPLY),
    ("X-Autoreply: yes", K.AUTO_REPLY), ("X-Autorespond: on", K.AUTO_REPLY), ("Precedence: auto_reply", K.AUTO_REPLY), ("Precedence: bulk", K.LIST),
    ("Precedence: junk", K.LIST), ("List-Id: <a.b.example>", K.LIST), ("List-Id: <hello.studio.example>\nPrecedence: list", K.NEW),
    ("List-Id: <hello.notstudio.example>", K.LIST), ("X-Studio-Key: deal/42/x", K.LOOP), ("X-Loop: hello@studio.example", K.LOOP), ("X-Loop: other@x", K.NEW),
    ("Subject: Automatic reply: Your proposal", K.AUTO_REPLY), ("Subject: Réponse automatique : Devis", K.AUTO_REPLY), ("Subject: Re: Automatic reply: x", K.NEW),
    ("Subject: Vacation homes", K.NEW), ("Subject: Holiday\nReturn-Path: <>", K.AUTO_REPLY), ("Subject: Office", K.NEW), ("References: <a@b>", K.REPLY),
    ("In-Reply-To: <a@b>", K.REPLY), ("In-Reply-To: your letter", K.NEW), ("\n".join(["Received: by x"] * 41), K.LOOP), ("\n".join(["Received: by x"] * 20), K.NEW),
])  # fmt: skip
def test_what_a_head_says_of_its_kind(head: str, kind: MailKind) -> None:
    assert letter(f"{head}\n".encode()).kind == kind


def test_our_own_letters_come_back_as_ours_and_those_of_our_people_do_not() -> None:
    automatic = b"Auto-Submitted: auto-generated\n"
    assert read(b"From: hello@studio.example\n" + automatic + b"\nHello", domain=OURS).kind == K.LOOP
    assert read(b"From: mary@studio.example\nMessage-ID: <abc@studio.example>\n\nHello", domain=OURS).kind == K.NEW
    assert read(f"From: x@y.example\nMessage-ID: {LETTER}\n\nHello".encode(), domain=OURS).kind == K.LOOP


def test_a_studio_with_an_international_domain_knows_itself() -> None:
    raw = "From: hallo@müller.example\nAuto-Submitted: auto-generated\n\n".encode()
    assert read(raw, domain="xn--mller-kva.example").kind == K.LOOP


# Hostile letters


def nest(levels: int, media_type: str = "multipart/mixed") -> bytes:
    return b"".join(f"Content-Type: {media_type}; boundary=b{n}\n\n--b{n}\n".encode() for n in range(levels)) + b"\nHello"


def letters_inside(levels: int) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * levels + b"\nHello"


BOMBS = {
    "nothing": b"", "NULs": b"\0" * 1000, "deep parts": HEAD + nest(5000), "deep alternatives": HEAD + nest(5000, "multipart/alternative"),
    "letters in letters": HEAD + letters_inside(20_000), "many parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "near boundaries": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bb\n" * 200_000, "an endless head": b"X: y\n" * 300_000,
    "an endless line": b"Subject: " + b"x" * 3_000_000, "comments": b"From: " + b"(" * 500_000, "quotes": b"To: " + b'"' * 500_000,
    "folds": b"X:" + b"\n y" * 300_000, "words": b"Subject: " + b"=?utf-8?q?" * 100_000, "ids": b"References: " + b"<a@b> " * 300_000,
    "tags": HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 150_000, "dashes": HEAD + b"\n" + b"--\n" * 40_000, "arrows": HEAD + b"\n" + b">" * 200_000,
    "wrote": HEAD + b"\n" + b"On Monday 10:00 wrote\n" * 5_000, "recipients": b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@b.example\n\n" * 50_000,
    "parameters": b"Content-Type: text/plain" + b"; a*0*=utf-8''x" * 50_000, "escapes": b"From: " + b"\\" * 100_000, "surrogates": HEAD + b"Content-Type: text/plain; charset=utf-7\n\n+2AA-x",
    "surrogates in a head": b"Subject: =?utf-7?q?+2AA-x?=\n\n", "halves": HEAD + b"Content-Type: text/plain; charset=utf-16\n\n\x00\xd8\x00\xd8",
    "a NUL in a word": b"Subject: =?utf-8?q?a=00b?=\nFrom: =?utf-8?b?AAAA?= <a@b.example>\n\n\0x", "no boundary": HEAD + b"Content-Type: multipart/mixed\n\nHello",
    "an empty boundary": HEAD + b'Content-Type: multipart/mixed; boundary=""\n\n--\nHello', "a broken type": HEAD + b"Content-Type: =?x?=;;;=\n\nHello",
    "a return address": b"From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + b"a@" * 100_000, "windows lines": LETTERS["apple-mail"].replace(b"\n", b"\r\n"),
}  # fmt: skip


def plain(mail: IncomingMail) -> dict:
    """The letter as it is kept; whatever a database refuses is not in it."""
    body = mail.model_dump(mode="json")
    written = json.dumps(body, ensure_ascii=False)
    written.encode()
    assert "\\u0000" not in written
    return body


@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_letter_is_read_within_bounds(name: str) -> None:
    mail = read(BOMBS[name], domain=OURS)
    plain(mail)
    assert len(mail.whole) <= LONGEST_WHOLE
    assert max(len(mail.attachments), len(mail.references), len(mail.to), len(mail.report.recipients if mail.report else ())) <= 50
    assert max(map(len, (mail.external_id, mail.subject, mail.name, mail.address, *mail.references))) <= 330


def test_a_letter_of_fifty_megabytes_is_read_to_the_word() -> None:
    parts = b'--b\nContent-Type: text/plain\n\nHello\n--b\nContent-Type: video/mp4; name="film.mp4"\nContent-Transfer-Encoding: base64\n\n'
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + parts + (b"A" * 76 + b"\n") * 680_000 + b"--b--\n"
    mail = read(raw, domain=OURS)
    assert (mail.text, [one.name for one in mail.attachments]) == ("Hello", ["film.mp4"])
    assert MOST_BYTES // 2 < mail.attachments[0].size < MOST_BYTES


def test_lines_may_end_as_they_do_on_windows() -> None:
    assert [read(raw.replace(b"\n", b"\r\n"), domain=OURS).text for raw in LETTERS.values()] == [sample(name).text for name in LETTERS]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    plain(read(raw, domain=OURS))
    plain(read(HEAD + raw, domain=OURS))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(LETTERS)), st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=12), st.integers(0, 40)), min_size=1, max_size=12)
)
def test_a_damaged_letter_is_read(name: str, damages: list[tuple[int, bytes, int]]) -> None:
    raw = LETTERS[name]
    for at, added, lost in damages:
        raw = raw[:at] + added + raw[at + lost :]
    plain(read(raw, domain=OURS))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_own_words_are_words_of_the_letter(text: str) -> None:
    words = own_words(text)
    assert set(words.split()) <= set(text.split())
    assert own_words(words) in words


def test_whatever_was_read_can_be_kept(db: Database) -> None:
    with db.writing() as session:
        for name, raw in (LETTERS | BOMBS).items():
            mail = read(raw, domain=OURS)
            news = News(
                kind="mail.came", source="mail", external_id=f"{name}/{mail.external_id}", actor="client", payload=plain(mail), happened_at=mail.date
            )
            facts.keep(session, news, now=MONDAY)
            facts.keep(session, news, now=MONDAY)
    with db.reading() as session:
        kept = facts.find(session, "mail", "gmail-reply/<CAHk-=wgJ8aT0u8nQ2@mail.gmail.com>")
        assert kept is not None
        assert IncomingMail.model_validate(kept.payload) == sample("gmail-reply")
