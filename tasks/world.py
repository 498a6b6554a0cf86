"""The world outside the rules: database, clock, mail, printer, the studio's set-up. Chosen here, from settings, and nowhere else."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from sqlmodel import Session

from models import company, leases, settings
from models.clock import Clock, real_now
from models.company import Company
from models.db import Database
from models.letter_views import LETTER_NEEDS
from models.nudges import nudge
from models.settings import Settings
from tasks.gateways import mail, mail_in, providers, vendors
from tasks.gateways.desk import Desk
from tasks.gateways.mail import Mailer
from tasks.gateways.mail_in import Mailbox
from tasks.gateways.payments import Provider
from tasks.gateways.pdf import Printer, WeasyPrinter
from tasks.gateways.tracker import Tracker

__all__ = ["WORKER_LEASE", "Clock", "World", "build", "lives", "real_now", "use", "worker_name", "world"]

WORKER_LEASE = leases.WORKER
OWN_PROCESS = "PREFECT__FLOW_RUN_ID"
"""Prefect sets it in a process that it starts for one run."""


@dataclass(frozen=True)
class World:
    """Everything a step may touch."""

    settings: Settings
    db: Database
    company: Company
    mail: Mailer
    pdf: Printer
    pay: Provider | None
    tracker: Tracker
    desk: Desk
    mailbox: Mailbox | None
    now: Callable[[], datetime]
    worker: str

    @cached_property
    def address(self) -> str:
        """The public address that links in letters begin with, without a slash at the end."""
        given = self.settings.public_url or self.company.studio.public_address
        return (given or f"http://{self.settings.host}:{self.settings.api_port}").rstrip("/")

    @property
    def secret(self) -> str:
        """What links are derived from."""
        return self.settings.secret.get_secret_value()

    def nudge(self) -> None:
        """Tell the workers that there is work."""
        nudge(self.settings.nudges, self.db)


def build(read: Settings) -> World:
    """The world of these settings.

    Raises BadSetup when a setting or a file of the company's set-up is wrong.
    """
    db, clock = Database(read.database), Clock(read.clock)
    own, post = company.load(read.company, letters=LETTER_NEEDS), mail.from_url(read.mail_url, read.home / "outbox")
    return World(
        settings=read, db=db, company=own, mail=post,
        pdf=WeasyPrinter(processes=read.pdf_workers, seconds=read.pdf_seconds, memory_mb=read.pdf_memory_mb),
        pay=providers.from_settings(read), tracker=vendors.tracker(read, db, clock), desk=vendors.desk(read, own.studio, post, clock),
        mailbox=mail_in.from_url(read.mailbox_url, read.home / "inbox"), now=clock, worker=worker_name(),
    )  # fmt: skip


@lru_cache(maxsize=1)
def worker_name() -> str:
    """This process among all workers: machine, process and a random part, since process numbers come again."""
    return f"{machine()}/{os.getpid()}/{secrets.token_hex(4)}"


@lru_cache(maxsize=1)
def machine() -> str:
    """Where our process numbers mean something: this host since it was started, and in it this container.

    Two containers may have one host name, and each its own process 7.
    """
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    signs = [boot.read_text() if boot.exists() else "", str(space.readlink()) if space.is_symlink() else ""]
    return f"{socket.gethostname()}-{sha256(''.join(signs).encode()).hexdigest()[:8]}"


def lives(session: Session, worker: str) -> bool:
    """Whether a worker still is at work: it renews its lease; one of this machine that has no process is known to be dead at once."""
    host, _, rest = worker.partition("/")
    pid = rest.partition("/")[0]
    if host == machine() and worker != worker_name() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
        return False
    return leases.is_held(session, f"worker/{worker}", now=real_now())


_current: list[World] = []


def world() -> World:
    """This process's world, built from the settings when it is asked for first."""
    if not _current:
        _current.append(build(settings.read()))
    return _current[-1]


def use(one: World) -> World:
    """Make `one` this process's world from now on."""
    _current[:] = [one]
    return one
