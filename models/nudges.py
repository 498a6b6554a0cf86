"""A nudge: "there is work", told to the worker on this machine. Lost ones cost a minute at most: the waker looks by itself."""

import socket


def nudge(port: int) -> None:
    """Wake the worker that listens on this loopback UDP port, if there is one. Never waits, never fails."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(b"work", ("127.0.0.1", port))
        except OSError:
            return
