"""Redmine as far as we talk to it, in memory, and a wire on which every bad thing can happen to what is said over it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.fakes import Killed
from tests.redmine import KEY, STRANGER

URL = "https://redmine.example/tracker"
NOW = "2026-03-02T10:00:00Z"
TRACKERS = ["Bug", "Feature", "Support"]
STATUSES = {"New": False, "In Progress": False, "Resolved": False, "Feedback": False, "Closed": True, "Rejected": True}
PRIORITIES = ["Low", "Normal", "High", "Urgent", "Immediate"]


def numbered(names: list[str]) -> list[dict[str, Any]]:
    return [{"id": number, "name": name} for number, name in enumerate(names, 1)]


@dataclass
class Trouble:
    """What meets the next request of this method whose path holds `part`, after `skip` of them went well.

    An int is answered instead; "drop" and "kill" come before Redmine hears of it, "drop after" and "kill after" when it has done it;
    anything callable is done first, and all goes well.
    """

    method: str
    part: str
    what: int | str | Callable[[], Any]
    skip: int = 0


class Wire(httpx.BaseTransport):
    """Passes requests on, to the fake or over the network, each on a connection of its own, and keeps what was asked."""

    def __init__(self, inner: Callable[[], httpx.BaseTransport]) -> None:
        self.inner = inner
        self.troubles: list[Trouble] = []
        self.said: list[tuple[str, str]] = []

    def meet(self, method: str, part: str, what: int | str | Callable[[], Any], skip: int = 0) -> None:
        self.troubles.append(Trouble(method, part, what, skip))

    def posts(self) -> list[str]:
        return [path.rpartition("/")[2] for method, path in self.said if method == "POST"]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.said.append((request.method, request.url.path))
        what = self._trouble(request)
        if isinstance(what, int):
            return httpx.Response(what, request=request)
        if callable(what):
            what()
        if what == "drop":
            raise httpx.ConnectError("refused", request=request)
        if what == "kill":
            raise Killed
        with self.inner() as line:
            answer = line.handle_request(request)
            answer.read()
        if what == "drop after":
            raise httpx.ReadTimeout("no answer", request=request)
        if what == "kill after":
            raise Killed
        return answer

    def _trouble(self, request: httpx.Request) -> int | str | Callable[[], Any]:
        for trouble in self.troubles:
            if trouble.method == request.method and trouble.part in request.url.path:
                if trouble.skip:
                    trouble.skip -= 1
                    return ""
                self.troubles.remove(trouble)
                return trouble.what
        return ""


@dataclass
class FakeRedmine:
    """A Redmine with the project `support`. `compares` is whether it finds out that an identifier is taken: two at once are both let in."""

    projects: dict[int, dict] = field(default_factory=dict)
    issues: dict[int, dict] = field(default_factory=dict)
    entries: dict[int, dict] = field(default_factory=dict)
    trackers: list[dict] = field(default_factory=lambda: numbered(TRACKERS))
    statuses: list[dict] = field(default_factory=lambda: [one | {"is_closed": STATUSES[one["name"]]} for one in numbered(list(STATUSES))])
    compares: bool = True
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.project(name="Support", identifier="support")

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def project(self, **values: Any) -> dict:
        number = next(self.numbers)
        self.projects[number] = {"id": number, "description": "", "status": 1, "created_on": NOW} | values
        return self.projects[number]

    def issue(self, project: int, **values: Any) -> dict:
        number = next(self.numbers)
        self.issues[number] = {"id": number, "project": {"id": project}, "status": self.statuses[0], "subject": "", "description": "", "updated_on": NOW} | values
        return self.issues[number]

    def log(self, project: int, issue: int | None, **values: Any) -> int:
        number = next(self.numbers)
        where = {"project": {"id": project}} | ({"issue": {"id": issue}} if issue else {})
        self.entries[number] = {"id": number, "user": {"id": 1, "name": "Redmine Admin"}, "comments": "", "updated_on": NOW} | where | values
        return number

    # What is asked

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/tracker")
        key = request.headers["X-Redmine-API-Key"]
        if path in {"/projects.json", "/time_entries.json"} and request.method == "GET" and key != KEY:
            return self._page(request, path[1:-5], [])  # what strangers see of a Redmine: nothing, politely
        if key not in {KEY, STRANGER}:
            return httpx.Response(401)
        if path == "/users/current.json":
            return httpx.Response(200, json={"user": {"id": 1}})
        if key == STRANGER and path.startswith(("/projects", "/issues")):
            return httpx.Response(403)
        verb = {"GET": self._get, "POST": self._post, "DELETE": self._delete}[request.method]
        return verb(request, path)

    def _get(self, request: httpx.Request, path: str) -> httpx.Response:
        lists = {
            "/trackers.json": {"trackers": self.trackers}, "/issue_statuses.json": {"issue_statuses": self.statuses},
            "/enumerations/issue_priorities.json": {"issue_priorities": numbered(PRIORITIES)},
        }  # fmt: skip
        if path in lists:
            return httpx.Response(200, json=lists[path])
        if found := re.fullmatch(r"/projects/([^/]+)\.json", path):
            project = self._project(found[1])
            return self._seen(project)
        asked = request.url.params
        if path == "/projects.json":
            states = {int(one) for one in asked["status"].split("|")}
            rows = [one for one in self.projects.values() if one["status"] in states and asked.get("description", "~")[1:] in one["description"]]
            return self._page(request, "projects", rows)
        if path == "/time_entries.json":
            rows = [one for one in self.entries.values() if asked["from"] <= one["spent_on"] <= asked["to"]]
            return self._page(request, "time_entries", rows)
        return self._issues(request)

    def _issues(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        rows = list(self.issues.values()) if asked.get("status_id") == "*" else [one for one in self.issues.values() if not one["status"]["is_closed"]]
        if "project_id" in asked:
            project = self._project(asked["project_id"])
            if project is None or project["status"] == 9:
                return httpx.Response(404 if project is None else 403)
            rows = [one for one in rows if one["project"]["id"] == project["id"]]
        if "issue_id" in asked:
            rows = [one for one in rows if one["id"] in set(map(int, asked["issue_id"].split(",")))]
        return self._page(request, "issues", [one for one in rows if asked.get("description", "~")[1:] in (one["description"] or "")])

    def _post(self, request: httpx.Request, path: str) -> httpx.Response:
        what = json.loads(request.content)[path[1:-6]]
        return self._make_project(what) if path == "/projects.json" else self._make_issue(what)

    def _make_project(self, what: dict) -> httpx.Response:
        if self.compares and self._project(what["identifier"]):
            return self._wrong("Identifier has already been taken")
        if len(what["name"]) > 255:
            return self._wrong("Name is too long (maximum is 255 characters)")
        return httpx.Response(201, json={"project": self.project(**what)})

    def _make_issue(self, what: dict) -> httpx.Response:
        project = self._project(str(what["project_id"]))
        if project is None:
            return httpx.Response(404)
        if not what["subject"].strip() or len(what["subject"]) > 255:
            return self._wrong("Subject is too long (maximum is 255 characters)")
        if (what.get("due_date") or "9") < (what.get("start_date") or ""):
            return self._wrong("Due date must be greater than start date")
        names = {"project_id", "tracker_id"}
        made = self.issue(project["id"], tracker={"id": what["tracker_id"]}, **{name: value for name, value in what.items() if name not in names})
        return httpx.Response(201, json={"issue": made})

    def _delete(self, request: httpx.Request, path: str) -> httpx.Response:
        _, kind, number = path.removesuffix(".json").split("/")
        return httpx.Response(204 if getattr(self, kind).pop(int(number), None) else 404)

    def _project(self, name: str) -> dict | None:
        return next((one for one in self.projects.values() if name in (one["identifier"], str(one["id"]))), None)

    def _seen(self, project: dict | None) -> httpx.Response:
        if project is None:
            return httpx.Response(404)
        return httpx.Response(403) if project["status"] == 9 else httpx.Response(200, json={"project": project})

    def _page(self, request: httpx.Request, name: str, rows: list[dict]) -> httpx.Response:
        offset, limit = (int(request.url.params.get(one, 0)) for one in ("offset", "limit"))
        limit = min(limit or 25, 100)
        return httpx.Response(200, json={name: rows[offset : offset + limit], "total_count": len(rows), "offset": offset, "limit": limit})

    def _wrong(self, *errors: str) -> httpx.Response:
        return httpx.Response(422, json={"errors": list(errors)})
