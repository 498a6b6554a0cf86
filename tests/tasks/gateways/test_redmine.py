"""What is Redmine's own: answers lost and workers killed half-way, twins, other people's projects, keys and names that are wrong.

The bad days are asked of the fake, and of Debian's Redmine wherever it can be made to have them.
"""

import logging
import re
import socket
import ssl
import threading
import traceback
from base64 import b64decode
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Missing, Refused, Unavailable
from models.tracking import IssueOrder, ProjectRef, issue_key, project_key
from tasks.gateways.redmine import RedmineTracker
from tasks.gateways.redmine_line import RedmineLine
from tasks.gateways.redmine_records import Mark, Project, RedmineNames, name_of
from tests.fakes import Killed
from tests.redmine import KEY, STRANGER
from tests.sealing import a_key
from tests.tasks.gateways.fake_redmine import URL, Wire
from tests.tasks.gateways.trackers import REAL, FakeRig, RealRig, RedmineRig, an_order

DAY = date(2026, 3, 4)
ALL = ["Specification", "Design", "Html"]


# Died half-way


def dies(rig: RedmineRig, order: Any, part: str, what: int | str, skip: int = 0) -> None:
    rig.wire.meet("POST", part, what, skip)
    with pytest.raises((Unavailable, Killed)):
        rig.tracker.open_project(order)
    assert rig.wire.troubles == []


def is_whole(rig: FakeRig | RealRig, order: Any) -> None:
    """Asked again, it is all there, once."""
    ref = rig.tracker.open_project(order)
    seen = rig.see(ref)
    assert (seen.many, sorted(seen.issues)) == (1, sorted(ALL))
    assert [one.stage for one in rig.tracker.statuses(ref)] and rig.tracker.open_project(order) == ref


def test_a_worker_killed_between_the_project_and_its_issues_leaves_nothing_undone(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    dies(a_redmine, order, "issues", "kill")
    ref = a_redmine.tracker.find(order.key)
    assert ref and a_redmine.see(ref).issues == []
    is_whole(a_redmine, order)


@pytest.mark.parametrize(("part", "skip"), [("projects", 0), ("issues", 0), ("issues", 2)])
@pytest.mark.parametrize("what", ["drop after", "kill after"])
def test_what_was_made_before_the_answer_was_lost_is_found_again(a_redmine: FakeRig | RealRig, part: str, skip: int, what: str) -> None:
    order = an_order()
    dies(a_redmine, order, part, what, skip)
    is_whole(a_redmine, order)


@pytest.mark.parametrize(("part", "skip"), [("projects", 0), *(("issues", skip) for skip in range(3))])
@pytest.mark.parametrize("what", ["drop", "kill", "drop after", "kill after", 408, 429, 500, 502, 503])
def test_whatever_happens_to_any_request_the_next_try_completes_it(fake: FakeRig, part: str, skip: int, what: int | str) -> None:
    order = an_order()
    dies(fake, order, part, what, skip)
    is_whole(fake, order)
    assert fake.wire.posts().count("projects.json") <= 2


@pytest.mark.parametrize("path", ["projects", "users", "issues", "trackers"])
@pytest.mark.parametrize("what", ["drop", "drop after", 500])
def test_a_look_that_fails_makes_nothing_twice(fake: FakeRig, path: str, what: int | str) -> None:
    order = an_order()
    fake.wire.meet("GET", path, what)
    with pytest.raises(Unavailable, match=r"\.$"):
        fake.tracker.open_project(order)
    is_whole(fake, order)


# Two at once


def test_another_caller_between_our_look_and_our_word_makes_no_second_project(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    a_redmine.wire.meet("POST", "projects", lambda: a_redmine.beside().open_project(order))
    is_whole(a_redmine, order)


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_another_caller_between_our_look_and_our_issues_leaves_no_twins(a_redmine: FakeRig | RealRig, skip: int) -> None:
    order = an_order()
    a_redmine.wire.meet("POST", "issues", lambda: a_redmine.beside().open_project(order), skip)
    is_whole(a_redmine, order)


def test_of_two_projects_with_one_identifier_the_older_stays(fake: FakeRig) -> None:
    order = an_order()
    fake.fake.compares = False
    older: list[ProjectRef] = []
    fake.wire.meet("POST", "projects", lambda: older.append(fake.beside().open_project(order)))
    assert fake.tracker.open_project(order) == older[0]
    is_whole(fake, order)


def test_a_twin_that_may_not_be_taken_back_is_named(fake: FakeRig) -> None:
    order = an_order(stages=("design",))
    fake.wire.meet("POST", "issues", lambda: fake.beside().open_project(order))
    fake.wire.meet("DELETE", "issues", 403)
    with pytest.raises(Refused, match=r"take back issue \d+, which was made twice"):
        fake.tracker.open_project(order)


# Whose is it


def test_somebody_elses_project_under_our_identifier_is_left_alone(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    identifier = Mark("studio").identifier(order.key)
    a_redmine.own_project(identifier)
    for act in (lambda: a_redmine.tracker.open_project(order), lambda: a_redmine.tracker.find(order.key)):
        with pytest.raises(Refused, match=rf"{identifier} \(“Somebody's”\) does not say that it is ours.*\[studio: {order.key}\]") as told:
            act()
        assert str(told.value).endswith(".")
    assert a_redmine.wire.posts() == []


def test_people_may_write_round_our_line(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    ref = a_redmine.tracker.open_project(order)
    key = order.issues[1].key
    a_redmine.describe(ref, key, f"As agreed:\r\n\r\n  [studio: {key}] \r\n\r\nSee also the sketch.")
    assert len(a_redmine.tracker.statuses(ref)) == 3
    is_whole(a_redmine, order)


def test_an_archived_project_is_refused_and_not_made_anew(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    ref = a_redmine.tracker.open_project(order)
    a_redmine.archive(ref)
    for act in (lambda: a_redmine.tracker.open_project(order), lambda: a_redmine.tracker.find(order.key), lambda: a_redmine.tracker.statuses(ref)):
        with pytest.raises(Refused, match="archived"):
            act()


def test_a_closed_project_is_still_ours_with_its_hours(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    ref = a_redmine.tracker.open_project(order)
    number = a_redmine.log(ref, order.issues[0].key, DAY, 60)
    a_redmine.close(ref)
    assert a_redmine.tracker.open_project(order) == a_redmine.tracker.find(order.key) == ref
    assert [one.stage for one in a_redmine.tracker.entries(DAY, DAY) if one.external_id == number] == ["specification"]
    assert len(a_redmine.tracker.statuses(ref)) == 3


def test_two_installations_share_one_redmine(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    rehearsal = a_redmine.with_key(KEY, RedmineNames(word="rehearsal"))
    ours, theirs = a_redmine.tracker.open_project(order), rehearsal.open_project(order)
    assert ours != theirs
    number = a_redmine.log(ours, order.issues[0].key, DAY, 60)
    assert number in {one.external_id for one in a_redmine.tracker.entries(DAY, DAY)}
    assert number not in {one.external_id for one in rehearsal.entries(DAY, DAY)}


def test_other_peoples_hours_are_not_ours(fake: FakeRig) -> None:
    other = fake.fake.project(name="Internal", identifier="studio-internal")
    fake.fake.log(other["id"], None, spent_on="2026-03-04", hours=1)
    assert fake.tracker.entries(DAY, DAY) == []


# Hours


def test_time_on_a_subtask_counts_for_the_stage_above_it(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    ref = a_redmine.tracker.open_project(order)
    task = a_redmine.subtask(ref, order.issues[1].key)
    number = a_redmine.log_on(task, DAY, 30)
    [told] = [one for one in a_redmine.tracker.entries(DAY, DAY) if one.external_id == number]
    assert (told.stage, told.issue_key, told.minutes) == ("design", order.issues[1].key, 30)


def test_time_on_an_issue_of_somebodys_own_belongs_to_no_stage(fake: FakeRig) -> None:
    ref = fake.tracker.open_project(an_order())
    child = fake.fake.issue(int(ref.id), parent={"id": 999_999})  # under one that our key may not see
    fake.log_on(str(child["id"]), DAY, 30)
    assert [(one.stage, one.minutes) for one in fake.tracker.entries(DAY, DAY)] == [("", 30)]


def test_issues_are_asked_for_in_portions(fake: FakeRig) -> None:
    ref = fake.tracker.open_project(an_order())
    for _ in range(230):
        fake.log_on(str(fake.fake.issue(int(ref.id))["id"]), DAY, 30)
    assert len(fake.tracker.entries(DAY, DAY)) == 230


def test_a_list_that_changes_while_it_is_read_is_read_anew(fake: FakeRig) -> None:
    order = an_order()
    ref = fake.tracker.open_project(order)
    logged = [fake.log(ref, order.issues[0].key, DAY, 60) for _ in range(150)]
    fake.wire.meet("GET", "time_entries", lambda: fake.delete(logged[3]), skip=1)
    assert [one.external_id for one in fake.tracker.entries(DAY, DAY)] == logged[:3] + logged[4:]


def test_a_list_that_never_stands_still_is_not_taken_for_whole(fake: FakeRig) -> None:
    order = an_order()
    ref = fake.tracker.open_project(order)
    logged = [fake.log(ref, order.issues[0].key, DAY, 60) for _ in range(150)]
    for turn in range(3):
        fake.wire.meet("GET", "time_entries", lambda turn=turn: fake.delete(logged[turn]), skip=1)
    with pytest.raises(Unavailable, match="changes while it is read"):
        fake.tracker.entries(DAY, DAY)


# Keys and permissions


def every_act(tracker: RedmineTracker, ref: ProjectRef) -> list:
    return [
        lambda: tracker.open_project(an_order()), lambda: tracker.statuses(ref), lambda: tracker.entries(DAY, DAY), lambda: tracker.find(project_key(1, 1)),
    ]  # fmt: skip


def test_a_key_that_redmine_does_not_know_is_refused_and_never_an_emptier_world(a_redmine: FakeRig | RealRig) -> None:
    ref = a_redmine.tracker.open_project(an_order())
    for act in every_act(a_redmine.with_key("7" * 40), ref):
        with pytest.raises(Refused, match="does not know our API key") as told:
            act()
        assert "7777" not in str(told.value)


def test_what_our_key_may_not_do_is_named(a_redmine: FakeRig | RealRig) -> None:
    ref = a_redmine.tracker.open_project(an_order())
    stranger = a_redmine.with_key(STRANGER)
    with pytest.raises(Refused, match="permission"):
        stranger.open_project(an_order())
    with pytest.raises(Refused, match="does not let our key show the issues of a project"):
        stranger.statuses(ref)


# Names


def test_a_tracker_that_redmine_has_not_is_told_with_those_it_has(a_redmine: FakeRig | RealRig) -> None:
    with pytest.raises(Refused, match=r"no tracker “Task”; it has Bug, Feature, Support\. .*STUDIO_REDMINE_OPTIONS"):
        a_redmine.with_key(KEY, RedmineNames(stage="Task")).open_project(an_order())


def test_a_status_that_redmine_has_not_is_told_with_those_it_has(a_redmine: FakeRig | RealRig) -> None:
    ref = a_redmine.tracker.open_project(an_order())
    with pytest.raises(Refused, match="no status “Gelöst”; it has New, In Progress, Resolved, Feedback, Closed, Rejected"):
        a_redmine.with_key(KEY, RedmineNames(statuses={"Gelöst": "ready"})).statuses(ref)


def test_statuses_mean_what_the_owner_says_whatever_their_case(a_redmine: FakeRig | RealRig) -> None:
    order = an_order()
    ref = a_redmine.tracker.open_project(order)
    told = a_redmine.with_key(KEY, RedmineNames(stage="feature", statuses={"NEW": "ready"})).statuses(ref)
    assert {one.status for one in told} == {"ready"}
    assert {one.status for one in a_redmine.with_key(KEY, RedmineNames(statuses={})).statuses(ref)} == {"new"}
    assert told[0].url.startswith(f"{a_redmine.url}/issues/")


# Words


def test_redmine_refuses_in_its_own_words(a_redmine: FakeRig | RealRig) -> None:
    issue = IssueOrder(key=issue_key(9, 1, "design"), stage="design", subject="Design", starts_on=date(2026, 3, 9), due_on=date(2026, 3, 2))
    order = an_order()
    with pytest.raises(Refused, match="Redmine will not make the issue “Design”: Due date must be greater than start date"):
        a_redmine.tracker.open_project(order.model_copy(update={"issues": [issue]}))


def test_an_issue_that_lost_its_description_on_the_way_is_refused(fake: FakeRig) -> None:
    fake.fake.issue, make = lambda project, **values: make(project, **values | {"description": None}), fake.fake.issue
    with pytest.raises(Refused, match="by which we know it"):
        fake.tracker.open_project(an_order())


def test_no_key_is_ever_shown(a_redmine: FakeRig | RealRig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    order = an_order(name=f"A project named {KEY}"[:200])
    ref = a_redmine.tracker.open_project(order)
    shown = [repr(a_redmine.tracker), repr(a_redmine.desk), repr(RedmineLine(URL, KEY))]
    away = RedmineTracker("http://127.0.0.1:9", KEY)
    late = IssueOrder(key=issue_key(9, 1, "design"), stage="design", subject="Design", starts_on=date(2026, 3, 9), due_on=date(2026, 3, 2))
    for act in [*every_act(away, ref), lambda: a_redmine.tracker.open_project(order.model_copy(update={"issues": [late]}))]:
        with pytest.raises((Refused, Unavailable)) as told:
            act()
        shown += [repr(told.value), *traceback.format_exception(told.value)]
    shown += [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    shown += capfd.readouterr()
    assert not any(KEY in text for text in shown)


def test_a_name_and_password_in_the_address_are_shown_to_nobody(fake: FakeRig) -> None:
    tracker = RedmineTracker("https://gate:hush@redmine.example/tracker", KEY, transport=fake.wire)
    ref = tracker.open_project(an_order())
    assert ref.url.startswith("https://redmine.example/tracker/projects/")
    fake.wire.meet("GET", "users", "drop")
    with pytest.raises(Unavailable, match="https://redmine.example/tracker does not answer"):
        tracker.entries(DAY, DAY)
    assert repr(tracker) == "RedmineTracker(https://redmine.example/tracker)"


@pytest.mark.parametrize("key", ["ключ", "two\nlines", "", " ", "x" * 9000])
def test_a_key_that_is_none_is_told_without_it(key: str) -> None:
    answer = httpx.MockTransport(lambda _request: httpx.Response(401))
    for tracker in (RedmineTracker(URL, key, transport=answer), RedmineTracker("http://127.0.0.1:9", key, timeout=1)):
        with pytest.raises((Refused, Unavailable)) as told:
            tracker.find(project_key(1, 1))
        assert not key.strip() or key not in "".join(traceback.format_exception(told.value))


def test_an_error_that_repeats_our_key_is_shown_without_it(fake: FakeRig) -> None:
    fake.fake._wrong = lambda *_: httpx.Response(422, json={"errors": [f"Key {KEY} is odd.", "\x00 And\nthis"]})
    with pytest.raises(Refused, match="Key … is odd.; And this") as told:
        fake.tracker.open_project(an_order(issues=[IssueOrder(key=issue_key(9, 1, "a"), stage="a", subject="A", starts_on=DAY, due_on=date(2026, 3, 1))]))
    assert KEY not in str(told.value)


# Away



def test_a_redmine_that_is_away_is_unavailable() -> None:
    for act in every_act(RedmineTracker("http://127.0.0.1:9", KEY, timeout=1), ProjectRef(id="1")):
        with pytest.raises(Unavailable, match=r"does not answer \(ConnectError\)\.$"):
            act()


def test_a_redmine_that_never_answers_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="Timeout"):
        RedmineTracker(f"http://127.0.0.1:{silent.getsockname()[1]}", KEY, timeout=0.1).find(project_key(1, 1))


def test_a_redmine_whose_certificate_nobody_vouches_for_hears_nothing(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(b64decode(a_key()))
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(tmp_path / "cert.pem")
    heard: list[bytes] = []

    def listen() -> None:
        line, _ = server.accept()
        with suppress(ssl.SSLError, OSError), ours.wrap_socket(line, server_side=True) as locked:
            heard.append(locked.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(Unavailable, match="does not answer"):
            RedmineTracker(f"https://localhost:{server.getsockname()[1]}", KEY, timeout=5).find(project_key(1, 1))
        thread.join()
    assert b"".join(heard) == b""


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 200, "text": "<html>Welcome to nginx</html>"}, {"status_code": 200, "json": ["a list"]}, {"status_code": 200, "json": {"hello": 1}},
        {"status_code": 301, "headers": {"Location": "https://tasks.example/"}}, {"status_code": 302}, {"status_code": 200, "content": b"\xff\xfe"},
        {"status_code": 500}, {"status_code": 503, "text": "back soon"}, {"status_code": 200, "json": {"projects": [{"id": "x"}], "total_count": 1}},
        {"status_code": 200, "content": b"not gzip", "headers": {"Content-Encoding": "gzip"}},
    ],
    ids=lambda answer: f"{answer['status_code']} {next((str(value)[:12] for name, value in answer.items() if name != 'status_code'), '')}",
)  # fmt: skip
def test_something_else_under_the_address_is_unavailable(answer: dict) -> None:
    def make() -> RedmineTracker:
        return RedmineTracker(URL, KEY, transport=Wire(lambda: httpx.MockTransport(lambda _request: httpx.Response(**answer))))

    for act in every_act(make(), ProjectRef(id="1")):
        with pytest.raises(Unavailable, match=r"\.$"):
            act()


def test_our_key_is_not_carried_to_where_an_answer_leads() -> None:
    asked: list[str] = []

    def lead_away(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://thief.example/"})

    with pytest.raises(Unavailable, match="leads to https://thief.example/"):
        RedmineTracker(URL, KEY, transport=httpx.MockTransport(lead_away)).find(project_key(1, 1))
    assert asked == ["redmine.example"]


def test_an_odd_answer_is_refused_with_its_number(fake: FakeRig) -> None:
    fake.wire.meet("GET", "projects", 412)
    with pytest.raises(Refused, match="it answers 412"):
        fake.tracker.find(project_key(1, 1))


def test_nothing_is_opened_before_it_is_needed() -> None:
    assert repr(RedmineTracker("https://tasks.example/", KEY)) == "RedmineTracker(https://tasks.example)"


# As somebody else reads it


@pytest.mark.parametrize("rig", [REAL], indirect=True)
def test_python_redmine_reads_what_we_wrote(rig: RealRig) -> None:
    order = an_order(name="Acme “relaunch” 🎉", description="A new page.\n\nFor everybody.")
    ref = rig.tracker.open_project(order)
    project = rig.oracle.project.get(int(ref.id))
    assert (project.name, project.is_public) == ("Acme “relaunch” 🎉", False)
    assert ref.url == f"{rig.url}/projects/{project.identifier}"
    assert project.description.splitlines() == ["A new page.", "", "For everybody.", "", f"[studio: {order.key}]"]
    issues = sorted(rig.oracle.issue.filter(project_id=project.id), key=lambda one: one.id)
    assert [one.subject for one in issues] == ALL
    first = issues[0]
    assert (first.tracker.name, first.status.name, first.estimated_hours) == ("Feature", "New", 12.0)
    assert (first.start_date, first.due_date) == (date(2026, 3, 2), date(2026, 3, 9))
    assert first.description.splitlines() == ["What specification is.", "", f"[studio: {order.issues[0].key}]"]


# Pure

ANY = st.text(st.characters(codec=None, exclude_categories=[]))
"""Lone surrogates and all."""


@given(ANY, st.sampled_from(["deal/42/r1/tracker", "deal/4/r2/stage/design", "a.b_c/d-e"]))
def test_our_line_is_read_back_from_any_text(text: str, key: str) -> None:
    mark = Mark("studio")
    assert mark.of(mark.on(text, key)) == key
    assert mark.of(mark.on(mark.on(text, "deal/1/r1/tracker"), key)) == key
    assert mark.on(mark.on(text, key), key) == mark.on(text, key)
    assert mark.on(text, key).encode()


@given(ANY)
def test_a_text_without_our_line_is_nobodys(text: str) -> None:
    assert Mark("studio").of(text) == ""
    assert Mark("studio").of(f"[rehearsal: deal/1/r1/tracker]\n{text}") == ""


KEYS = st.from_regex(r"\Adeal/[1-9][0-9]{0,9}/r[1-9](/[a-z0-9][a-z0-9._-]{0,40}){0,3}\Z")


@given(KEYS, KEYS)
def test_an_identifier_is_one_that_redmine_takes_and_no_other_keys(one: str, other: str) -> None:
    mark = Mark("studio")
    for key in (one, other):
        assert re.fullmatch(r"(?!\d+$)[a-z0-9_-]{1,100}", mark.identifier(key))
        assert mark.is_ours(mark.identifier(key))
    assert (mark.identifier(one) == mark.identifier(other)) == (one.removesuffix("/tracker") == other.removesuffix("/tracker"))


@given(st.text(max_size=600))
def test_a_name_is_one_line_that_redmine_takes(text: str) -> None:
    name = name_of(text, "otherwise")
    assert 0 < len(name) <= 255
    assert "\n" not in name and name == name.strip()


def test_a_list_that_is_not_there_is_missing(fake: FakeRig) -> None:
    with pytest.raises(Missing):
        RedmineLine(URL, KEY, transport=fake.wire).pages("/issues.json", "issues", Project, "show issues", {"project_id": "nowhere"})
