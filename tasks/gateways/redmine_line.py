"""The line to a Redmine (5, REST with JSON): one request, one list in pages, one verdict on each failure.

    no connection, silence, 5xx, 408, 429    Unavailable: whatever acts is looked for by our key first, so it may be said again
    something else answers, or leads away    Unavailable: the owner mends the address, and it goes on by itself
    401, 403                                 Refused, naming what our key may not do
    any other 4xx                            Refused, in Redmine's own words
"""

import re
import ssl
from functools import cache, cached_property
from typing import Any, NoReturn, Protocol, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from models.errors import Missing, Refused, Unavailable
from models.message import one_line
from tasks.gateways.redmine_records import Named


class Numbered(Protocol):
    """Anything that Redmine numbers."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Kind = TypeVar("Kind", bound=Numbered)
Json = dict[str, Any]
_WHO = re.compile(r"(?<=://)[^/@]*@")
_PAGE, _TRIES = 100, 3
_LATER = frozenset({408, 425, 429})
_LEADS_AWAY, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500
_UNKNOWN, _FORBIDDEN, _MISSING, _UNPROCESSABLE = 401, 403, 404, 422


class RedmineLine:
    """Requests to the Redmine at `url` with the API key of a user there. Nothing is opened before it is needed.

    `transport` stands for the network in tests. In `self.url`, which people see, there is no name and password before the host.
    """

    def __init__(self, url: str, api_key: str, *, timeout: float = 20.0, transport: httpx.BaseTransport | None = None) -> None:
        self._base = url.rstrip("/")
        self.url = _WHO.sub("", self._base)
        self._key = api_key.strip()
        self._timeout = timeout
        self._transport = transport

    def __repr__(self) -> str:
        return f"RedmineLine({self.url})"

    def act(self, method: str, path: str, to: str, what: Json | None = None, params: Json | None = None) -> Any:
        """Redmine's answer to something done, as plain data. `to` says what, for a reader: “make a project”."""
        return self._told(self._send(method, path, what, params), to)

    def look(self, path: str, to: str) -> Any:
        """What Redmine has there, as plain data; None when there is nothing."""
        answer = self._send("GET", path, None, None)
        return None if answer.status_code == _MISSING else self._told(answer, to)

    def check_key(self) -> None:
        """Raise Refused when Redmine does not know our key: it would show us an emptier world without a word, as it does to strangers."""
        self.act("GET", "/users/current.json", "sign us in")

    def pages(self, path: str, name: str, kind: type[Kind], to: str, params: Json) -> list[Kind]:
        """The whole of a list, each thing once.

        What is deleted while we turn the pages moves the rest forward, past the place where we go on; so a list whose length changed
        meanwhile is read anew. Raises Unavailable when it never stands still, Missing when there is no such list.
        """
        for _ in range(_TRIES):
            rows, totals = self._read_once(path, name, kind, to, params)
            if totals == {len(rows)}:
                return list(rows.values())
        raise Unavailable(f"Redmine's list of {name} changes while it is read.")

    def named(self, path: str, name: str, wanted: str, what: str) -> int:
        """The id of what is called `wanted` in a list of Redmine's, whatever its case. Raises Refused with what there is."""
        have = self.read(list[Named], self.act("GET", path, f"read its {what} names").get(name))
        found = next((one.id for one in have if one.name.casefold() == wanted.casefold()), None)
        if found is None:
            raise Refused(no_such(what, wanted, [one.name for one in have]))
        return found

    def read(self, kind: Any, found: object) -> Any:
        """What Redmine told, as a record. Raises Unavailable when it cannot be read as one."""
        try:
            return _adapter(kind).validate_python(found)
        except ValidationError:
            raise Unavailable(f"The answer of {self.url} cannot be read: it may be no Redmine, or one of another version.") from None

    def _read_once(self, path: str, name: str, kind: type[Kind], to: str, params: Json) -> tuple[dict[int, Kind], set[int]]:
        rows: dict[int, Kind] = {}
        totals: set[int] = set()
        offset = 0
        while True:
            page = self.act("GET", path, to, params=params | {"offset": offset, "limit": _PAGE})
            total: int = self.read(int, page.get("total_count"))
            found: list[Kind] = [self.read(kind, row) for row in self.read(list, page.get(name))]
            rows |= {row.id: row for row in found}
            totals.add(total)
            offset += len(found)
            if not found or offset >= total:
                return rows, totals

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _send(self, method: str, path: str, what: Json | None, params: Json | None) -> httpx.Response:
        headers = {b"X-Redmine-API-Key": self._key.encode(), b"Accept": b"application/json"}
        tls = True if self._transport else self._tls
        try:
            # A redirect would carry our key to wherever it leads.
            with httpx.Client(timeout=self._timeout, verify=tls, transport=self._transport, follow_redirects=False) as http:
                return http.request(method, f"{self._base}{path}", headers=headers, json=what, params=params)
        except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unavailable(f"Redmine at {self.url} does not answer ({type(error).__name__}).") from None

    def _told(self, answer: httpx.Response, to: str) -> Any:
        if answer.status_code >= _CLIENT_ERROR:
            self._refuse(answer, to)
        if answer.status_code >= _LEADS_AWAY:
            away = one_line(answer.headers.get("Location", "another address"))[:200]
            raise Unavailable(f"{self.url} leads to {away}: STUDIO_REDMINE_URL must be the address that answers.")
        if not answer.content.strip():
            return {}
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Unavailable(f"Something else than Redmine answers at {self.url}.")
        return told

    def _refuse(self, answer: httpx.Response, to: str) -> NoReturn:
        code, said = answer.status_code, self._words(answer)
        if code >= _SERVER_ERROR or code in _LATER:
            raise Unavailable(f"Redmine cannot {to} now: it answers {code}.")
        if code == _UNKNOWN:
            raise Refused(f"Redmine does not know our API key, so it will not {to}. Check STUDIO_REDMINE_KEY: it is the key of an active user.")
        if code == _FORBIDDEN:
            why = "its user lacks the permission, the project is archived or closed, or Redmine's REST web service is off"
            raise Refused(f"Redmine does not let our key {to}: {why}.")
        if code == _MISSING:
            raise Missing(f"Redmine cannot {to}: there is no such thing, or our key may not see it.")
        if code == _UNPROCESSABLE:
            raise Refused(f"Redmine will not {to}: {said or 'it gives no reason'}.")
        raise Refused(f"Redmine will not {to}: it answers {code}{said and f', {said}'}.")

    def _words(self, answer: httpx.Response) -> str:
        try:
            errors = answer.json()["errors"]
            words = "; ".join(str(error) for error in errors)
        except (ValueError, KeyError, TypeError):
            return ""
        return one_line(words.replace(self._key, "…") if self._key else words)[:300].rstrip(".")


@cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def no_such(what: str, wanted: str, have: list[str]) -> str:
    """The sentence for a name that Redmine does not have."""
    return f"Redmine has no {what} “{wanted}”; it has {', '.join(have) or 'none at all'}. Put the right name into STUDIO_REDMINE_OPTIONS."
