"""Where things are found: our own public address, and the pages of the Prefect UI."""

from models.company import Company
from models.settings import Settings


def public(settings: Settings, company: Company) -> str:
    """The address that links begin with, without a slash at the end."""
    given = settings.public_url or company.studio.public_address
    return (given or f"http://{settings.host}:{settings.api_port}").rstrip("/")


def run_page(settings: Settings, flow_run_id: str) -> str:
    """A flow run in the Prefect UI."""
    return f"{settings.prefect_ui}/runs/flow-run/{flow_run_id}"


def deal_page(settings: Settings, deal_id: int) -> str:
    """All runs of a deal in the Prefect UI."""
    return f"{settings.prefect_ui}{runs_path(deal_id)}"


def run_path(flow_run_id: str) -> str:
    """A flow run, for pages that are read in the Prefect UI itself, under whatever name somebody reaches it."""
    return f"/runs/flow-run/{flow_run_id}"


def runs_path(deal_id: int) -> str:
    """All runs of a deal, from within the Prefect UI."""
    return f"/runs?tag=deal:{deal_id}"


def card_path(deal_id: int) -> str:
    """A deal's card, from within the Prefect UI."""
    return f"/artifacts/key/deal-{deal_id}"
