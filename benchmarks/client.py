"""A client of the measured system, from the form to the paid deposit, over HTTP."""

import secrets
import time
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from sqlmodel import col, select

from benchmarks.house import House
from deployments.demo import ANSWERS
from deployments.demo_cash import PARTY, SIGNER
from deployments.forms import Form, Page
from models import links, signing
from models.cash_tables import Invoice
from models.errors import StudioError

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Somebody:
    """Somebody who wants a site. Every `…s` returns when the post began, in seconds since 1970."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.email = f"ada.{secrets.token_hex(5)}@acme.example"
        self._line = HTTPConnection(house.settings.host, house.settings.api_port, timeout=60)
        self._shop = HTTPConnection(house.settings.host, house.settings.sandbox, timeout=60)

    def prepares(self) -> bytes:
        """Open the intake form and fill it in; return the body to post, its line open."""
        typed: dict[str, str | list[str]] = {
            "service": "corporate-site", "name": "Ada Byron", "email": self.email, "company": "Acme", "budget": "24000",
            "message": "Our site is nine years old and nobody finds us.",
        }  # fmt: skip
        return _body(self._form("/apply", "/apply").answer(typed))

    def posts(self, path: str, body: bytes) -> float:
        """Post a form; return the seconds to the whole answer. Raises StudioError when it is not taken."""
        return posted(self._line, path, body, FORM)

    def applies(self) -> float:
        """Fill in the intake form and send it."""
        body = self.prepares()
        began = time.time()
        self.posts("/apply", body)
        return began

    def sends_brief(self, deal: int) -> float:
        """Fill in the brief and send it."""
        path = self._link("brief", deal)
        answers: dict[str, str | list[str]] = {f"q_{slug}": value for slug, value in ANSWERS.items()}
        body = _body(self._form(path, path).answer(answers) | {"action": ["send"]})
        began = time.time()
        self.posts(path, body)
        return began

    def accepts(self, deal: int) -> float:
        """Accept the proposal as it is shown."""
        path = self._link("proposal", deal)
        body = _body(self._form(path, "/accept").answer({"name": "Ada Byron"}))
        began = time.time()
        self.posts(f"{path}/accept", body)
        return began

    def gives_details(self, deal: int) -> float:
        """Say who the contracting party is."""
        path = self._link("contract", deal)
        body = _body(self._form(path, "/details").answer({**PARTY}))
        began = time.time()
        self.posts(f"{path}/details", body)
        return began

    def asks_code(self, deal: int) -> float:
        """Ask for the code to sign with."""
        path = self._link("contract", deal)
        body = _body(self._form(path, "/code").answer({**SIGNER, "email": self.email}))
        began = time.time()
        self.posts(f"{path}/code", body)
        return began

    def signs(self, deal: int) -> float:
        """Sign with the first code, as it stands in the letter."""
        path, code = self._link("contract", deal), signing.digits(self._secret, deal, 1, 1)
        body = _body(self._form(path, "/sign").answer({**SIGNER, "email": self.email, "code": code}))
        began = time.time()
        self.posts(f"{path}/sign", body)
        return began

    def pays_online(self, deal: int) -> float:
        """Pay the first invoice on the provider's page that its own page names."""
        with self.house.db.reading() as session:
            invoice = session.exec(select(Invoice.id).where(Invoice.deal_id == deal).order_by(col(Invoice.id))).first()
        shown = self._page(self._link(f"invoice:{invoice}", deal)).links
        page = next((urlsplit(link).path for link in shown if "/pay/" in link), "")
        began = time.time()
        posted(self._shop, page, _body({"choice": ["pay"]}), FORM)
        return began

    def leaves(self) -> None:
        """Hang up."""
        self._line.close()
        self._shop.close()

    @property
    def _secret(self) -> str:
        return self.house.settings.secret.get_secret_value()

    def _form(self, path: str, action: str) -> Form:
        return self._page(path).form(action)

    def _page(self, path: str) -> Page:
        self._line.close()  # a line at rest for five seconds may be gone
        self._line.request("GET", path)
        return Page(self._line.getresponse().read().decode())

    def _link(self, kind: str, deal: int) -> str:
        return f"/{links.PATHS[links.base(kind)]}/{links.token(self._secret, kind, deal, 1)}"


def posted(line: HTTPConnection, path: str, body: bytes, headers: dict[str, str], *, answered: int = 303) -> float:
    """Post on an open line; return the seconds to the whole answer. Raises StudioError for another answer than this."""
    began = time.perf_counter()
    line.request("POST", path, body, headers)
    answer = line.getresponse()
    said = answer.read()
    took = time.perf_counter() - began
    if answer.status != answered:
        raise StudioError(f"POST /{path.split('/')[1]} was answered {answer.status}: {said[:300]!r}")
    return took


def _body(fields: dict[str, list[str]]) -> bytes:
    return urlencode(fields, doseq=True).encode()
