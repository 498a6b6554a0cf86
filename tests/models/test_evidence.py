"""The evidence of a contract: it agrees with what lies beside it or says where it does not, in plain words."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import documents, evidence
from models.contract import Signature
from models.errors import Invalid
from tests.sealing import a_body, a_pdf, some_evidence, some_files

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(st.dictionaries(st.text(), JSON))
def test_the_snapshots_bytes_are_those_that_the_document_is_hashed_by(body):
    assert hashlib.sha256(evidence.canonical(body)).hexdigest() == documents.fingerprint(body)
    assert json.loads(evidence.canonical(body)) == body


def test_what_was_written_is_read_back():
    files = some_files()
    assert evidence.read(files) == some_evidence(a_body(), a_pdf())
    assert evidence.problems(evidence.read(files), files) == []


@pytest.mark.parametrize("name", evidence.FILES)
def test_a_pack_without_one_of_its_files_is_none(name):
    files = some_files()
    del files[name]
    with pytest.raises(Invalid, match=rf"no signed contract: {name} is not in it"):
        evidence.read(files)


@pytest.mark.parametrize("noise", [b"", b"{}", b"[]", b"null", b"\xff", b'{"number": 1}', b"[" * 100_000])
def test_what_is_no_evidence_is_told(noise):
    with pytest.raises(Invalid, match="cannot be read as evidence"):
        evidence.read(some_files() | {evidence.EVIDENCE: noise})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({evidence.SNAPSHOT: evidence.canonical(a_body(net={"amount": 1, "currency": "EUR"}))}, "not about the contract's data"),
        ({evidence.SNAPSHOT: evidence.canonical(a_body()) + b" "}, "not about the contract's data"),
        ({evidence.CONTRACT: a_pdf() + b" "}, "not about these pages"),
        ({evidence.CONTRACT: b""}, "not about these pages"),
    ],
)
def test_files_that_are_not_those_of_the_evidence_are_told(change, said):
    files = some_files() | change
    (problem,) = evidence.problems(evidence.read(files), files)
    assert said in problem


@pytest.mark.parametrize("values", [{"number": "C-0043-1"}, {"version": 2}])
def test_evidence_of_another_contract_over_these_data_is_told(values):
    files = some_files(**values)
    (problem,) = evidence.problems(evidence.read(files), files)
    assert "the data are of C-0042-1, 1" in problem


@pytest.mark.parametrize("snapshot", [b"", b"[]", b"1", b"{}", b"[" * 100_000])
def test_data_that_are_none_are_told(snapshot):
    files = some_files() | {evidence.SNAPSHOT: snapshot}
    stated = evidence.read(files).model_copy(update={"body_hash": hashlib.sha256(snapshot).hexdigest()})
    assert len(evidence.problems(stated, files)) == 1


def test_paper_was_signed_so_no_pdf_is_stated():
    files = some_files(pdf_hash="")
    assert evidence.problems(evidence.read(files), files) == []


def test_a_contract_that_nobody_signed_is_told():
    files = some_files(signatures=[])
    assert evidence.problems(evidence.read(files), files) == ["Nobody has signed it for the client."]


def test_who_signed_what_and_when_is_said_in_plain_words():
    assert evidence.told(some_evidence(a_body(), a_pdf())) == [
        "Contract C-0042-1: A website",
        "For the client: Orla Byrne, Owner, orla@acme.example; signed on 2 March 2026 at 10:04 UTC with a code sent by mail, from 203.0.113.7",
        "For the studio: Aoife Brennan, Director, aoife@northlight.example; signed on 2 March 2026 at 10:05 UTC by the studio's standing rule",
    ]


def test_of_paper_only_the_day_is_known():
    paper = Signature(side="client", name="Orla Byrne", role="", email="", at="2026-03-02T00:00:00+00:00", how="paper")
    assert evidence.told(some_evidence(a_body(), a_pdf(), signatures=[paper]))[1] == "For the client: Orla Byrne; signed on 2 March 2026 on paper"


@given(st.text(), st.text(max_size=40))
def test_no_name_steers_a_terminal_and_no_moment_breaks_the_words(name, moment):
    odd = Signature(side=name, name=name, role=name, email=name, at=moment, how=name, address=name)
    for line in evidence.told(some_evidence(a_body(), a_pdf(), title=name, signatures=[odd])):
        assert line.isprintable() or all(sign.isprintable() or sign == " " for sign in line)
    assert evidence.plain("a\x1b[31mb\u202ec\nd\u2028e") == "a[31mbc d e"
