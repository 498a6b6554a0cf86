"""Who of the studio acts on a staff page: said in the form, kept with the fact."""

from api.door import Door
from api.links import Opened
from api.posted import Posted


def actor_of(here: Door, link: Opened, posted: Posted) -> tuple[str, dict[str, str]]:
    """Who acts, as facts name them, and what is wrong with `who`. Behind a client's link it is the client."""
    if not link.is_staff:
        return "client", {}
    said = posted.one("who").casefold()
    person = next((one for one in here.company.studio.people if said in {one.name.casefold(), one.email.casefold()}), None)
    return (f"staff:{person.email}", {}) if person else ("", {"who": "Please say who you are."})


def name_of(here: Door, actor: str) -> str:
    """Somebody of the studio by name; whoever else acted as they were written down."""
    said = actor.removeprefix("staff:")
    person = here.company.studio.person(said)
    return person.name if person else said
