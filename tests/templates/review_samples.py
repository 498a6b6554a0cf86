"""The pages around a review in every state."""

from datetime import date
from typing import Any

from models.proposal import Person
from models.review_pages import GivenReview, PublishedReview, ReviewGivePage, ReviewsPage, StarCount
from models.views import Form, View
from tests.templates.samples import CHROME

WORDS = "They answered within the hour, every time.\n\nThe first design was not ours, the second was."
REPLY = "Thank you, Margaret. We begin with your pictures the next time."
DIRECTOR = Person(name="Aoife Brennan", role="Director", email="aoife@harbourlight.example", phone="+353 1 555 0102")
LONG = "Jürgen Groß-Müller von und zu Hohenstaufen"


def give_page(**values: Any) -> ReviewGivePage:
    """The client's own page, open unless told otherwise."""
    known = Form(given={"name": "Margaret Hallam", "company": "Hallam & Daughters"})
    defaults = {"chrome": CHROME, "token": "tok", "client_name": "Margaret Hallam", "service_name": "Corporate site", "director": DIRECTOR, "form": known}
    return ReviewGivePage(**defaults | values)


def given(**values: Any) -> GivenReview:
    """A review of four stars that is published."""
    defaults = {"stars": 4, "text": WORDS, "name": "Margaret Hallam", "company": "Hallam & Daughters", "reply": "", "published": True}
    return GivenReview(**defaults | values)


def reviews_page(**values: Any) -> ReviewsPage:
    """The newest published reviews, with more behind them."""
    one = {"service_name": "Corporate site", "on": date(2026, 11, 22), "reply": ""}
    shown = [
        PublishedReview(number=31, stars=1, text="Two months late.", name=LONG, company="", **one | {"reply": REPLY}),
        PublishedReview(number=30, stars=4, text=WORDS, name="Margaret Hallam", company="Hallam & Daughters", **one),
        PublishedReview(number=29, stars=5, text="", name="A client", company="", **one),
    ]
    counts = [StarCount(stars=stars, count=count) for stars, count in ((5, 7), (4, 3), (3, 0), (2, 0), (1, 1))]
    structured = {"@context": "https://schema.org", "@type": "Organization", "name": "Harbour <Light>", "aggregateRating": {"ratingValue": 4.4}}
    defaults = {
        "chrome": CHROME, "reviews": shown, "count": 11, "average": "4.4", "by_stars": counts, "private": 2, "older": 29, "structured": structured
    }  # fmt: skip
    return ReviewsPage(**defaults | values)


def review_pages() -> dict[str, tuple[str, View]]:
    """Every state of both pages."""
    wrong = Form(
        given={"text": WORDS, "publish": "yes", "name": LONG, "company": "x" * 201},
        problems={"stars": "Please choose how many stars you give.", "company": "Please keep this under 200 characters."},
    )
    own = {
        "review": give_page(), "review-problems": give_page(form=wrong), "review-early": give_page(state="early"),
        "review-given": give_page(state="given", given=given(reply=REPLY), referral="https://office.example/f/tok"),
        "review-private": give_page(state="given", given=given(published=False, text="", company=""), referral="https://office.example/f/tok"),
        "review-withdrawn": give_page(state="withdrawn", given=given(published=False)),
    }  # fmt: skip
    one = reviews_page().reviews[1:2]
    everybodys = {
        "reviews": reviews_page(), "reviews-older": reviews_page(is_first=False, older=0),
        "reviews-one": reviews_page(reviews=one, count=1, average="4.0", private=0, older=0),
        "reviews-none": reviews_page(reviews=[], count=0, average="", private=1, older=0, structured={}),
    }  # fmt: skip
    return {name: ("pages/review_give.html", page) for name, page in own.items()} | {
        name: ("pages/reviews.html", page) for name, page in everybodys.items()
    }
