"""What the pages around a review show: the client's own page, and the one on which reviews are published."""

from datetime import date
from typing import Any, Literal

from models.proposal import Person
from models.views import Form, Page, View

STARS = {1: "Poor", 2: "Disappointing", 3: "All right", 4: "Good", 5: "Excellent"}
"""What each number of stars means, for those who hear the page rather than see it."""


class GivenReview(View):
    """A review as it was given. `published` whether everybody may read it now."""

    stars: int
    text: str
    name: str
    company: str
    reply: str
    published: bool


class ReviewGivePage(Page):
    """`pages/review_give.html`. POST /v/{token}: stars (1 to 5), text, publish (yes), name, company. POST /v/{token}/withdraw: the press.

    `words` name the stars. `referral` is the whole address that the client may pass on, "" before there is one.
    """

    token: str
    client_name: str
    service_name: str
    director: Person
    words: dict[int, str] = STARS
    state: Literal["early", "open", "given", "withdrawn"] = "open"
    given: GivenReview | None = None
    referral: str = ""
    form: Form = Form()


class PublishedReview(View):
    """A review as everybody reads it; a client without a name is nameless by their own wish."""

    number: int
    stars: int
    text: str
    name: str
    company: str
    service_name: str
    on: date
    reply: str


class StarCount(View):
    """How many reviews have so many stars."""

    stars: int
    count: int


class ReviewsPage(Page):
    """`pages/reviews.html`. `average` is text ("4.6"), "" without a review; `older` the number to go on from, 0 on the last page.

    `structured` is the same for machines (schema.org).
    """

    reviews: list[PublishedReview]
    count: int
    average: str
    by_stars: list[StarCount]
    private: int
    older: int = 0
    is_first: bool = True
    structured: dict[str, Any] = {}
