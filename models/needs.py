"""What one letter asks for."""

from typing import NamedTuple


class Needs(NamedTuple):
    """What a letter asks for. `link`: it has a button; `staff`: it goes to the studio's own people.

    `sender` is the role in whose name a client's letter goes out: the salesperson's where it is "".
    """

    facts: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    link: bool = True
    staff: bool = False
    sender: str = ""
