"""Deals found by client and by where they stand."""

from sqlmodel import Session, col, select

from models.errors import Invalid
from models.intake import normal_email
from models.tables import Client, Deal
from models.tracks import TRACKS


def ids(session: Session, *, email: str = "", place: str = "", before: int | None = None, limit: int) -> list[int]:
    """Numbers of deals, the newest first, at most `limit`, older than `before`; of one client, in one place ("sales:proposed").

    Raises Invalid for a place that is on no track.
    """
    wanted = select(Deal.id).order_by(col(Deal.id).desc()).limit(limit)
    if email:
        wanted = wanted.join(Client, col(Client.id) == Deal.client_id).where(Client.email == (normal_email(email) or email))
    if place:
        track, _, state = place.partition(":")
        if track not in TRACKS or state not in {str(one) for one in TRACKS[track]}:
            raise Invalid("A place is a track and a state on it: sales:proposed, work:production, money:paid.")
        wanted = wanted.where(getattr(Deal, track) == state)
    if before is not None:
        wanted = wanted.where(col(Deal.id) < before)
    return [deal_id for deal_id in session.exec(wanted) if deal_id is not None]
