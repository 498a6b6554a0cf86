"""Published reviews: for people at /reviews, for the studio's own site at /reviews.json. Whoever may read one may read all of them."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.access import open_problems
from api.door import Door, Here
from api.schemas import MOST_ID
from models import reviews
from models.review_pages import PublishedReview, ReviewsPage, StarCount
from models.reviews import Review, Summary

pages = APIRouter(include_in_schema=False)
routes = APIRouter(tags=["reviews"])
# Short, since a client who takes the permission back wants it gone.
KEPT = {"Cache-Control": "public, max-age=60"}
FOR_ALL = {**KEPT, "Access-Control-Allow-Origin": "*"}
A_PAGE = 20
NAMELESS = "A client"
Before = Annotated[int, Query(ge=0, le=MOST_ID, description="Where the page before ended; taken from `next`.")]
Size = Annotated[int, Query(ge=1, le=100, description="Reviews a page.")]


class ReviewOut(BaseModel):
    """A review as it was given. `on` is the studio's day; `reply` its word on it, or empty."""

    number: int
    stars: int = Field(ge=1, le=5)
    text: str
    name: str
    company: str
    service: str
    on: date
    reply: str


class ReviewsOut(BaseModel):
    """Published reviews, the newest first; `next` is the address of the next page, null on the last.

    `count`, `average` and `by_stars` are of all of them, whatever their stars; `private` is how many more were given for the studio alone.
    """

    items: list[ReviewOut]
    next: str | None
    count: int
    average: float | None
    by_stars: dict[str, int]
    private: int


@pages.get("/reviews")
def show(here: Here, before: Before = 0) -> Response:
    """Every review whose writer allows it, a page at a time."""
    with here.db.reading() as session:
        everything, summary = reviews.published(session)
    shown, older = reviews.page(everything, before=before, size=A_PAGE)
    views = [view(here, review) for review in shown]
    record = ReviewsPage(
        chrome=here.chrome, reviews=views, count=summary.count, average="" if summary.average is None else f"{summary.average}",
        by_stars=[StarCount(stars=stars, count=summary.by_stars[stars]) for stars in sorted(summary.by_stars, reverse=True)],
        private=summary.private, older=older, is_first=not before, structured=structured(here, views, summary),
    )  # fmt: skip
    return here.page("pages/reviews.html", record, headers=KEPT)


@routes.get("/reviews.json", summary="Read the reviews", response_description="A page of reviews", responses=open_problems())
def read(here: Here, response: Response, before: Before = 0, limit: Size = A_PAGE) -> ReviewsOut:
    """Reviews that clients allow to be published, for anybody; no key is needed."""
    with here.db.reading() as session:
        everything, summary = reviews.published(session)
    shown, older = reviews.page(everything, before=before, size=limit)
    response.headers.update(FOR_ALL)
    return ReviewsOut(
        items=[out(view(here, review)) for review in shown], next=f"/reviews.json?before={older}&limit={limit}" if older else None,
        count=summary.count, average=None if summary.average is None else float(summary.average),
        by_stars={str(stars): count for stars, count in summary.by_stars.items()}, private=summary.private,
    )  # fmt: skip


def view(here: Door, review: Review) -> PublishedReview:
    """A review as everybody reads it."""
    said = review.said
    return PublishedReview(
        number=review.number, stars=said.stars, text=said.text, name=said.name or NAMELESS, company=said.company,
        service_name=here.service(review.service), on=here.company.studio.today(review.given_at), reply=review.reply,
    )  # fmt: skip


def out(one: PublishedReview) -> ReviewOut:
    """The same for other systems."""
    return ReviewOut(service=one.service_name, **one.model_dump(exclude={"service_name"}))


def structured(here: Door, views: list[PublishedReview], summary: Summary) -> dict[str, Any]:
    """The page for machines (schema.org); {} without a review."""
    if not summary.count:
        return {}
    studio = here.company.studio
    scale = {"bestRating": 5, "worstRating": 1}
    told = [
        {
            "@type": "Review", "datePublished": one.on.isoformat(), "reviewBody": one.text, "author": {"@type": "Person", "name": one.name},
            "reviewRating": {"@type": "Rating", "ratingValue": one.stars, **scale},
        }
        for one in views
    ]  # fmt: skip
    average = {"@type": "AggregateRating", "ratingValue": float(summary.average or 0), "reviewCount": summary.count, **scale}
    return {
        "@context": "https://schema.org", "@type": "Organization", "name": studio.name, "url": studio.website, "aggregateRating": average,
        "review": told,
    }  # fmt: skip
