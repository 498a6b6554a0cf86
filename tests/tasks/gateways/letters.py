"""Letters and mail servers for the tests of the mailers: one that behaves, one that dies when it is told to."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

from aiosmtpd.controller import Controller

from models.message import Mailbox, Message


def a_letter(**over):
    """A letter about deal 42, with whatever `over` changes."""
    return Message(
        **{
            "key": "deal/42/proposal/v2/mail",
            "deal": 42,
            "to": Mailbox(address="client@acme.example", name="Ann Client"),
            "sender": Mailbox(address="hello@studio.example", name="North Studio"),
            "subject": "Your proposal",
            "text": "Here it is: http://127.0.0.1:8700/p/abc.\n",
            "html": '<style>p{color:#123456}</style><p>Here it is: <a href="http://127.0.0.1:8700/p/abc">look</a></p>',
            "sent_at": datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        }
        | over
    )


class Postbox:
    """An aiosmtpd handler that keeps what it takes; `rcpt` and `data` are answers given instead of 250."""

    def __init__(self, rcpt="250 OK", data="250 taken as 7"):
        self.rcpt, self.data, self.letters = rcpt, data, []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        if self.data.startswith("250"):
            self.letters.append(envelope)
        return self.data


class Server(Controller):
    """A controller that remembers its connections, so that none is left open behind a test."""

    def factory(self):
        self.talks = [*getattr(self, "talks", []), super().factory()]
        return self.talks[-1]


@contextmanager
def a_server(postbox, **options):
    """A real SMTP server on a free port of 127.0.0.1; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Server(postbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        while any(talk.transport is not None for talk in controller.talks):
            time.sleep(0.005)
        controller.stop()


@contextmanager
def a_script(*answers, then="close"):
    """A raw server for one connection: the greeting, then an answer a line of the client, then it closes or stays silent.

    The answer after 354 is given to the dot; the word `body` there means: read a little of the letter, then go.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()
    heard = []

    def serve():
        line, _ = listener.accept()
        with line, line.makefile("rwb") as talk:
            for answer in answers:
                if answer == "body":
                    talk.read(1000)
                    break
                talk.write(answer.encode() + b"\r\n")
                talk.flush()
                in_letter = answer.startswith("354")
                if in_letter and answers[-1] == "body":
                    continue
                while (word := talk.readline()) and in_letter and word != b".\r\n":
                    pass
                heard.append(word.strip())
            if then == "silence":
                done.wait(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        done.set()
        listener.close()
        thread.join(10)
