"""`./studio reports`: where the reports are read in a browser."""

from deployments.set_up import migrate
from deployments.terminal import out, show_table
from models import addresses, company, report_links
from models.clock import Clock
from models.db import Database
from models.settings import Settings


def show(found: list[dict[str, str]]) -> None:
    """Print the addresses; without any, how to make one."""
    if found:
        show_table([(page["key"], page["url"]) for page in found])
    else:
        out.print(f"Nobody may read reports yet: ./studio keys add NAME --scope {report_links.SCOPE} gives the page an address.", markup=False)


def pages(settings: Settings) -> list[dict[str, str]]:
    """Name of the key and address of the page, the oldest key first."""
    migrate(settings)
    db = Database(settings.database)
    try:
        with db.reading() as session:
            known = report_links.everyones(session, settings.secret.get_secret_value(), Clock(settings.clock)())
    finally:
        db.close()
    address = addresses.public(settings, company.load(settings.company))
    return [{"key": name, "url": address + path} for name, path in known]
