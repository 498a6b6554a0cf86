"""Sample words for pages, letters and documents: a studio, its proposal for a maker of oak furniture, and an attack on both."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.money import Money, split
from models.pages import LETTER_NEEDS, BrandStyle, Choice, Chrome, LetterView, ProposalDocument
from models.proposal import Node, Person, Quote, ScopeItem, Snapshot, StudioCard, Totals

HERE = Path(__file__).parent
AT = datetime(2026, 3, 12, 13, 5, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>{{7*7}}{% raw %}\u202eمرحبا עולם 🎉\r\nBcc: x@evil.example\u2028'\"></textarea><img src=file:///etc/passwd>"
)
STUDIO = StudioCard(
    name="Northlight",
    legal_name="Northlight Digital Ltd",
    address=["14 Harbour Street", "Dublin D02 X285", "Ireland"],
    tax_id="IE3628739UH",
    email="hello@northlight.example",
    phone="+353 1 555 0142",
    website="northlight.example",
    logo="",
    primary="#1f5c4d",
    accent="#e0a526",
)
CHROME = Chrome(studio=STUDIO, locale="en_GB", zone="Europe/Dublin")
ORLA = Person(name="Orla Brennan", role="Client director", email="orla@northlight.example", phone="+353 1 555 0143")
SERVICES = [
    Choice(value="landing-page", label="Landing page", hint="One page for one offer, measured from the first visitor."),
    Choice(value="corporate-site", label="Corporate site", hint="Who you are, what you do, and why people should call."),
    Choice(value="shop", label="Online shop", hint="Catalogue, basket, payment, and the tools to run it."),
    Choice(value="mobile-app", label="Mobile app", hint="iOS and Android from one code base."),
    Choice(value="marketing-site", label="Site as a marketing process", hint="Research, strategy, site, and a quarter of steering it."),
    Choice(value="support-plan", label="Support", hint="We look after a site that exists."),
]


def euros(amount: float) -> Money:
    """Euros from major units."""
    return Money.of_major(amount, "EUR")


def totals(net: float, days: int) -> Totals:
    """What `net` euros come to with 23 % VAT in three payments."""
    vat = euros(net).times("0.23")
    gross = euros(net) + vat
    return Totals(net=euros(net), vat=vat, gross=gross, days=days, payments=split(gross, [40, 40, 20]))


def snapshot(**over: Any) -> Snapshot:
    """A proposal for a maker of oak furniture who wants a site that brings enquiries (proposal.json)."""
    given = json.loads((HERE / "proposal.json").read_text("utf-8"))
    return Snapshot.model_validate({**given, **over})


def document(**over: Any) -> ProposalDocument:
    """The proposal with one option ticked."""
    given = {
        "snapshot": snapshot(),
        "totals": totals(23430, 46),
        "plain_totals": totals(21030, 44),
        "selected": ["photography"],
        "zone": "Europe/Dublin",
        "link": "https://northlight.example/p/Qm9sZE9ha0hhbGxhbQ",
    }
    return ProposalDocument.model_validate({**given, **over})


def hostile_snapshot() -> Snapshot:
    """A proposal in which every word from outside is an attack."""
    texts = ("title", "client_name", "client_company", "greeting", "discount_reason")
    lists = ("task", "result", "materials", "exclusions", "assumptions")
    odd = [Node(title="שלום"), Node(title="🎉 مرحبا")]
    return snapshot(
        **dict.fromkeys(texts, HOSTILE),
        **{name: [HOSTILE] for name in lists},
        quotes=[Quote(question="What is it?", answer=HOSTILE)],
        scope=[ScopeItem(title=HOSTILE, description=HOSTILE, quantity=1, unit="piece")],
        structure=[Node(title=HOSTILE, note=HOSTILE, children=odd)],
        studio=STUDIO.model_copy(update={"primary": "red;} body{display:none", "accent": HOSTILE}),
    )


FACTS: dict[str, str] = json.loads((HERE / "facts.json").read_text("utf-8"))


def fact(letter: str, name: str) -> str:
    """A sample fact of a letter; `contract/number` is what a letter with "contract" in its name says for `number`."""
    special = [f"{part}/{name}" for part in reversed(letter.split("-"))]
    return FACTS[next((key for key in special if key in FACTS), name)]


def letter_view(name: str, value: str = "", **over: Any) -> LetterView:
    """What letter `name` needs and not a word more; `value` replaces every word that comes from outside."""
    needs = LETTER_NEEDS[name]
    address = "https://northlight.example/p/Qm9sZE9ha0hhbGxhbVByb3Bvc2FsVG9rZW4"
    stops = "reminder" in name and not needs.staff and not name.startswith("payment-")
    given: dict[str, Any] = {
        "studio": STUDIO,
        "sender": ORLA,
        "recipient_name": value or ("Tomás" if needs.staff else "Margaret"),
        "deal_id": 42,
        "service_name": "Corporate site",
        "client_name": value or "Margaret Hallam",
        "client_company": value or "Hallam Oak Ltd",
        "link": address if needs.link else "",
        "links": {key: f"{address}/{key}" for key in needs.links},
        "facts": {key: value or fact(name, key) for key in needs.facts},
        "unsubscribe": "https://northlight.example/u/Qm9s" if stops else "",
    }
    return LetterView.model_validate({**given, **over})


def brand() -> BrandStyle:
    """The sample studio's colours."""
    return BrandStyle(primary=STUDIO.primary, accent=STUDIO.accent)
