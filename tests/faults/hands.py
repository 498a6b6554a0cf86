"""A mail server that keeps the first letter of each name in its hands until whoever sent it is dead."""

import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from email import message_from_bytes

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.e2e.post import Held, Post
from tests.faults.house import House

NUMBERS = re.compile(r"\d+")
LOOK = 0.05


class Hands(Post):
    """While `grasps` a letter of a name that was not there before is held; names are keys without their numbers."""

    grasps = False

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.grasped: dict[str, str] = {}

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mark = str(message_from_bytes(envelope.content)["Message-ID"])
        name = NUMBERS.sub("n", mark.partition(".")[2])
        if self.grasps and name not in self.grasped:
            self.grasped[name] = mark
            self.holds[mark] = Held()
        return await super().handle_DATA(server, session, envelope)


@contextmanager
def in_hands(house: House, post: Hands) -> Generator[None]:
    """As long as the block lasts the worker is killed whenever a letter is held; then the server goes on with it."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(LOOK):
            for held in list(post.holds.values()):
                if held.there.is_set() and not held.go_on.is_set():
                    house.strike("worker")
                    held.go_on.set()

    post.grasps = True
    killing = threading.Thread(target=kill)
    killing.start()
    try:
        yield
    finally:
        post.grasps = False
        over.set()
        killing.join()
        for held in post.holds.values():
            held.go_on.set()
