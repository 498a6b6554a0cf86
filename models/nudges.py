"""A nudge: "there is work", told to the worker on this machine. Lost ones cost a minute at most: the worker looks by itself."""

import re
import socket

WORK, TOUCHED = "work", "touched"
"""What a nudge says: there is work for the waker; somebody made or changed a run in Prefect ("touched <id>", where one is named)."""
_RUN = re.compile(rb"touched ([0-9a-f-]{36})")


def nudge(port: int, says: str = WORK) -> None:
    """Wake the worker that listens on this loopback UDP port, if there is one. Never waits, never fails."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(says.encode(), ("127.0.0.1", port))
        except OSError:
            return


def touched_in(data: bytes) -> str:
    """The flow run that a nudge tells of; "" when it tells of none."""
    found = _RUN.fullmatch(data)
    return found[1].decode() if found else ""
