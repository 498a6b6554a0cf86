"""`./studio verify`: offline, in plain words; a changed byte fails, and nothing that is given to it ends in a traceback."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys

import pytest
from pypdf import PdfWriter

from deployments import cli_verify
from deployments.cli_verify import judge, known_keys
from models import evidence
from models.errors import Invalid
from models.settings import ROOT
from tasks.gateways import seal
from tests.fakes import MONDAY
from tests.sealing import a_body, a_key, a_pack, a_pdf, some_evidence, some_files

PACK = a_pack()
OURS = seal.fingerprints(a_key())


@pytest.fixture
def verdict(tmp_path):
    """What is said of these bytes where our key is known (or these keys are)."""

    def say(pdf: bytes, known=OURS):
        file = tmp_path / "contract.pdf"
        file.write_bytes(pdf)
        return judge(file, known)

    return say


@pytest.fixture
def studio(tmp_path):
    """The command as somebody runs it: in a process of its own, without a network, a database or a home."""

    def run(*arguments: object, **given: str) -> subprocess.CompletedProcess:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "PREFECT_"))}
        return subprocess.run(
            [sys.executable, "-m", "deployments.cli", "verify", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
            env=env | {"STUDIO_HOME": str(tmp_path / "nowhere"), "COLUMNS": "80"} | given,
        )  # fmt: skip

    return run


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "signed.pdf"
    place.write_bytes(PACK)
    return place


def test_a_pack_as_it_was_sealed_says_who_signed_what_and_when(verdict):
    found = verdict(PACK)

    assert (found.ok, found.ours, found.problems) == (True, True, [])
    assert (found.number, found.version, len(found.signatures)) == ("C-0042-1", 1, 2)
    assert "Orla Byrne, Owner" in found.says[1]


def test_any_byte_anywhere_that_differs_fails(verdict):
    chance = random.Random(42)
    attached = [PACK.find(b"/EmbeddedFile"), PACK.find(b"stream", PACK.find(b"/EmbeddedFile")) + 20, PACK.find(b"/ByteRange"), PACK.find(b"<3082") + 1]
    for place in [0, 7, len(PACK) - 1, *attached, *chance.sample(range(len(PACK)), 150)]:
        spoilt = PACK[:place] + bytes([PACK[place] ^ chance.randrange(1, 256)]) + PACK[place + 1 :]
        found = verdict(spoilt)
        assert (found.ok, len(found.problems), found.says) == (False, 1, []), place


@pytest.mark.parametrize("spoil", [lambda pdf: pdf[:-1], lambda pdf: pdf[:2000], lambda pdf: pdf + b"\n", lambda pdf: pdf + pdf, lambda pdf: b"\n" + pdf])
def test_a_file_cut_or_added_to_fails(verdict, spoil):
    assert not verdict(spoil(PACK)).ok


def test_evidence_of_another_contract_fails_even_under_our_own_seal(verdict):
    other = some_files(a_body(number="C-0077-1", title="Another site"), a_pdf(pages=3))
    for name in evidence.FILES:
        found = verdict(a_pack(some_files() | {name: other[name]}))
        assert not found.ok, name
        assert all(problem.startswith("The evidence is") for problem in found.problems)


def test_a_pack_sealed_anew_with_another_key_is_reported_as_foreign(verdict):
    found = verdict(a_pack(key="somebody's"))

    assert (found.ok, found.ours) == (False, False)
    assert "another's key" in found.problems[0]
    assert found.fingerprint == seal.fingerprints(a_key("somebody's"))[0]


def test_where_our_key_is_not_known_the_fingerprint_is_there_to_compare(verdict):
    found = verdict(a_pack(key="somebody's"), None)

    assert (found.ok, found.ours) == (True, None)
    assert found.fingerprint == seal.fingerprints(a_key("somebody's"))[0]


def test_seals_of_an_earlier_key_of_ours_are_ours(verdict):
    assert verdict(a_pack(key="older"), [*OURS, *seal.fingerprints(a_key("older"))]).ok


def test_something_else_sealed_by_us_is_no_contract(verdict):
    found = verdict(a_pack({"notes.txt": b"hello"}))

    assert (found.ok, found.ours) == (False, True)
    assert "no signed contract" in found.problems[0]


def test_a_contract_that_nobody_signed_fails(verdict):
    assert verdict(a_pack(some_files(signatures=[]))).problems == ["Nobody has signed it for the client."]


@pytest.mark.parametrize(
    ("pdf", "said"),
    [
        (b"", "The file is empty."), (b"hello", "This is no PDF."), (a_pdf(), "This PDF carries no seal."), (b"%PDF-1.7", "This PDF carries no seal."),
        (b"%PDF-1.7 /ByteRange [0 9 99 9]", "The document has been cut: its end is missing."), (bytes(100_000), "This is no PDF."),
    ],
)  # fmt: skip
def test_what_is_no_signed_contract_is_told_in_a_sentence(verdict, pdf, said):
    assert verdict(pdf).problems == [said]


def test_whoever_has_a_key_can_seal_anything_but_only_contracts_are_contracts(verdict):
    found = verdict(seal.seal(a_pdf(), key=a_key(), reason="x", at=MONDAY, name="x"))
    assert found.problems == ["It is sealed, but no signed contract: evidence.json and snapshot.json and contract.pdf are not in it."]


def test_a_file_that_keeps_a_reader_busy_is_left_after_a_while(tmp_path):
    (tmp_path / "busy.pdf").write_bytes(a_pack({f"{number}.txt": b"x" for number in range(4000)}))
    found = judge(tmp_path / "busy.pdf", OURS, seconds=0.05)
    assert not found.ok
    assert "takes too long" in found.problems[0]


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "huge", "long name", "odd name"])
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path, kind):
    place = tmp_path / kind
    match kind:
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "huge":
            with place.open("wb") as file:
                file.truncate(cli_verify.MOST_BYTES + 1)
        case "long name":
            place = tmp_path / ("x" * 300)
        case "odd name":
            place = tmp_path / "a\x00b"
    (problem,) = judge(place, OURS).problems
    assert problem.endswith(".")
    assert not judge(place, OURS).ok


def test_a_fingerprint_may_be_given_however_it_is_written():
    plain = OURS[0].replace(":", "")
    written = [OURS[0], plain, plain.lower(), " ".join(plain[place : place + 4] for place in range(0, 64, 4))]
    assert [known_keys(one) for one in written] == [OURS] * 4
    for bad in ("12", plain[:-1], plain + "0", "G" * 64):
        with pytest.raises(Invalid, match="64 hexadecimal digits"):
            known_keys(bad)


def test_the_command_says_it_in_plain_words_and_nought(studio, file):
    done = studio(file, STUDIO_SEAL_KEY=a_key())

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "This file is as it was sealed: not a byte was changed, added or taken away.",
        "Contract C-0042-1: A website",
        "For the client: Orla Byrne, Owner, orla@acme.example; signed on 2 March 2026 at 10:04 UTC with a code sent by mail, from 203.0.113.7",
        "For the studio: Aoife Brennan, Director, aoife@northlight.example; signed on 2 March 2026 at 10:05 UTC by the studio's standing rule",
        "Sealed on 2026-03-02 at 10:00 UTC with the certificate “Seal of the tests (ours)”, fingerprint (SHA-256):",
        f"    {OURS[0]}",
        "The certificate is this studio's own.",
    ]


def test_the_command_ends_with_one_and_a_sentence_when_a_byte_differs(studio, file):
    file.write_bytes(PACK[:3000] + b"#" + PACK[3001:])
    done = studio(file, STUDIO_SEAL_KEY=a_key())

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The document has been changed since it was sealed.\n"


def test_without_a_key_here_it_says_what_to_compare(studio, file, tmp_path):
    done = studio(file)

    assert done.returncode == 0
    assert "compare the fingerprint" in done.stdout
    assert OURS[0] in done.stdout
    assert not (tmp_path / "nowhere").exists()
    assert studio(file, "--fingerprint", OURS[0]).stdout.endswith("The certificate is the one that was named.\n")
    assert studio(file, "--fingerprint", "0" * 64).returncode == 1
    assert studio(file, "--fingerprint", "x").stderr == "A fingerprint has 64 hexadecimal digits; colons and spaces do not matter.\n"


@pytest.mark.parametrize("broken", ["no key", ""])
def test_a_broken_key_here_is_as_none(studio, file, broken):
    assert studio(file, STUDIO_SEAL_KEY=broken).returncode == 0


def test_scripts_get_json(studio, file, tmp_path):
    good = json.loads(studio(file, "--json", STUDIO_SEAL_KEY=a_key()).stdout)
    assert (good["ok"], good["ours"], good["number"]) == (True, True, "C-0042-1")
    assert good["signatures"][0]["name"] == "Orla Byrne"
    assert good["body_hash"] == hashlib.sha256(some_files()[evidence.SNAPSHOT]).hexdigest()

    done = studio(tmp_path / "none.pdf", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"] == [f"There is no file {tmp_path / 'none.pdf'}."]


def test_names_in_a_contract_cannot_steer_the_terminal(studio, tmp_path):
    body = a_body(title="A \x1b[2Jwebsite\nSealed by nobody")
    signatures = some_evidence(body, a_pdf()).signatures
    odd = [signatures[0].model_copy(update={"name": "Orla \x1b]0;x\x07 [bold]Byrne[/bold] :CD:"}), signatures[1]]
    place = tmp_path / "odd.pdf"
    place.write_bytes(a_pack(some_files(body, signatures=odd)))
    done = studio(place)

    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "[bold]Byrne[/bold] :CD:" in done.stdout
    assert "website Sealed by nobody" in done.stdout


def test_a_pdf_saved_again_by_another_program_fails(verdict):
    writer, stream = PdfWriter(clone_from=io.BytesIO(PACK)), io.BytesIO()
    writer.write(stream)
    assert not verdict(stream.getvalue()).ok
