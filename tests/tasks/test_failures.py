"""What fails is kept for the error inbox until it goes well; a form that is refused is told to its operator alone."""

import pytest
from prefect.exceptions import Abort
from sqlmodel import select

from models.errors import HandedBack, InInbox, Invalid, Missing, Refused, Unavailable
from models.tables import FailedOperation
from tasks import failures
from tasks.world import World

SHOWN = InInbox("Deal 4 has no next step.")
REFUSALS = (Refused("no"), Missing("no"), Invalid("no"), HandedBack("no"))
TROUBLES = (Unavailable("The desk is away."), ValueError("a mistake of ours"))


@pytest.fixture
def check():
    failures.CHECKS.add("a-check")
    yield "a-check"
    failures.CHECKS.discard("a-check")


def kept(here: World) -> list[tuple[str, str]]:
    with here.db.reading() as session:
        return [(row.key, row.why) for row in session.exec(select(FailedOperation).order_by(FailedOperation.key))]


def ends(name: str, error: Exception | None) -> None:
    with failures.told(name):
        if error:
            raise error


@pytest.mark.parametrize("error", [*REFUSALS, *TROUBLES], ids=repr)
def test_a_check_that_fails_whyever_is_kept_once_and_forgotten_when_it_goes_well(here: World, check: str, error: Exception) -> None:
    for _ in range(2):
        with pytest.raises(type(error)):
            ends(check, error)
        ((key, why),) = kept(here)
        assert (key, str(error) in why) == (check, True)
    ends(check, None)
    assert kept(here) == []


@pytest.mark.parametrize("error", TROUBLES, ids=repr)
@pytest.mark.parametrize("after", [None, *REFUSALS], ids=repr)
def test_an_operation_that_the_world_or_we_broke_is_kept_until_its_run_goes_well_or_is_refused(
    here: World, error: Exception, after: Exception | None
) -> None:
    with pytest.raises(type(error)):
        ends("resend", error)
    assert [key for key, _ in kept(here)] == [failures.key_of("resend", "None")]
    if after:
        with pytest.raises(type(after)):
            ends("resend", after)
    else:
        ends("resend", None)
    assert kept(here) == []


@pytest.mark.parametrize("error", [*REFUSALS, Abort("begun anew")], ids=repr)
def test_what_its_operator_reads_at_once_is_nothing_for_the_inbox(here_sqlite: World, error: Exception) -> None:
    with pytest.raises(type(error)):
        ends("resend", error)
    assert kept(here_sqlite) == []


@pytest.mark.parametrize("before", [None, Refused("the folder")], ids=repr)
def test_what_the_inbox_shows_by_itself_is_not_shown_once_more_as_a_checks_failure(here: World, check: str, before: Exception | None) -> None:
    if before:
        with pytest.raises(Refused):
            ends(check, before)
        assert kept(here)
    with pytest.raises(InInbox):
        ends(check, SHOWN)
    assert kept(here) == []


def test_what_a_dead_worker_left_is_kept_by_its_run(here_sqlite: World) -> None:
    failures.note("run-1", "resend · deal 7", "It lost its worker.")
    assert kept(here_sqlite) == [("operation/run-1", "It lost its worker.")]
