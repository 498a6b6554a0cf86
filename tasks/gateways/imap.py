r"""Mail that comes in by IMAP.

    imaps://user:password@host/INBOX?done=Processed&refused=Refused      a letter that was taken in is moved
    imaps://user:password@host/INBOX?done=                               it stays, under a mark of our own

Whether a letter was read by a person says nothing here: `\Seen` is neither asked for nor set. The password is in no sentence.
"""

import base64
import logging
import re
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from imaplib import IMAP4

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, UnexpectedCommandStatusError

from models.errors import BadSetup, StudioError, Unavailable
from models.incoming_mail import MOST_AT_ONCE, Arrived
from models.message import one_line
from tasks.gateways.imap_line import Line, SaidNo, ask, drop, letter, move
from tasks.gateways.imap_server import Server

log = logging.getLogger("studioflow.mailbox")
MARK_DONE, MARK_REFUSED = "$StudioflowDone", "$StudioflowRefused"
_PREFIX = re.compile(rb'\(\("([^"]*)"')
_LATER = re.compile(r"UNAVAILABLE|INUSE|LIMIT|SERVERBUG|temporar|try again|later|too many|timed? ?out|internal|backend|\brate\b", re.IGNORECASE)


class ImapMailbox:
    """Reads one folder of a mail server. For one thread at a time.

    The line that fetched letters stays open until they have been put away; a new one is opened where it is dead.
    """

    def __init__(self, url: str, *, timeout: float = 30.0, tls: ssl.SSLContext | None = None) -> None:
        self._server = Server.of_url(url)
        self._timeout = timeout
        self._tls = tls
        self._line: Line | None = None
        self._open: set[str] = set()

    def __repr__(self) -> str:
        return f"ImapMailbox({self._server})"

    def fetch(self, limit: int) -> list[Arrived]:
        """At most `limit` letters that are not put away, oldest first; fewer where they are large. Nothing is marked.

        Of a letter larger than MOST_BYTES only the beginning comes. Raises Unavailable (retried), BadSetup (the owner's to mend).
        """
        self.close()
        with self._told():
            line = self._connected()
            wanted = "UNDELETED" if self._server.moves else f"UNDELETED UNKEYWORD {MARK_DONE} UNKEYWORD {MARK_REFUSED}"
            uids = sorted(line.box.uids(wanted, charset=None), key=int)[:limit]
            found = list(self._letters(line, uids))
        self._open = {one.handle for one in found}
        if not found:
            self.close()
        return found

    def done(self, arrived: Arrived) -> None:
        """Move a letter into the folder of those done, or mark it; one that is gone is left alone. Raises as `fetch` does."""
        self._put(arrived.handle, self._server.done, MARK_DONE)

    def refused(self, arrived: Arrived, why: str) -> None:
        """Move a letter into the folder of those refused, or mark it; the reason is logged. Raises as `fetch` does."""
        log.warning("Letter %s of %s cannot be taken in: %s", arrived.handle, self._server, why)
        self._put(arrived.handle, self._server.refused, MARK_REFUSED)

    def close(self) -> None:
        """Say goodbye to the server, if there is a line."""
        line, self._line, self._open = self._line, None, set()
        if line:
            with suppress(ImapToolsError, IMAP4.error, OSError):
                line.box.logout()
            drop(line.box)

    def _letters(self, line: Line, uids: list[str]) -> Iterator[Arrived]:
        total = 0
        for uid in uids:
            if total >= MOST_AT_ONCE:
                return
            try:
                arrived = letter(line.box, line.validity, uid)
            except SaidNo as error:  # one that the server cannot read keeps no other waiting
                log.warning("The mail server %s does not give letter %s: %s", self._server, uid, self._words(error))
                continue
            if arrived:
                total += len(arrived.raw)
                yield arrived

    def _put(self, handle: str, folder: str, mark: str) -> None:
        self._drop_dead_line()
        self._put_once(handle, folder, mark)
        self._open.discard(handle)
        if not self._open:
            self.close()

    def _drop_dead_line(self) -> None:
        """Let go of a line that died while its letters were read; a new one is opened then."""
        try:
            if self._line:
                self._line.box.client.noop()
        except (IMAP4.error, OSError):
            self._hang_up()

    def _put_once(self, handle: str, folder: str, mark: str) -> None:
        validity, _, uid = handle.partition("/")
        with self._told():
            line = self._line or self._connected()
            if line.validity != validity:  # the server has numbered its letters anew: this one comes again
                return
            if folder:
                move(line, uid, folder)
            else:
                ask(line.box, "STORE", uid, "+FLAGS.SILENT", f"({mark})")

    def _connected(self) -> Line:
        """A line that is signed in, with the folder open."""
        box = self._greeted()
        self._line = Line(box)
        self._sign_in(box)
        box.client._get_capabilities()  # noqa: SLF001  many servers tell all that they can do only after the sign-in
        try:
            box.folder.set(self._server.folder)
        except MailboxFolderSelectError as error:
            raise BadSetup(f"The mail server {self._server} does not open the folder {self._server.folder}: {self._words(error)}.") from None
        validity, marks = (box.client.response(name)[1][-1] or b"" for name in ("UIDVALIDITY", "PERMANENTFLAGS"))
        if not self._server.moves and b"\\*" not in marks and MARK_DONE.encode() not in marks:
            raise BadSetup(f"The mail server {self._server} keeps no marks; name a folder in STUDIO_MAILBOX_URL with ?done=….")
        found = _PREFIX.match(box.client.namespace()[1][-1] or b"") if "NAMESPACE" in box.client.capabilities else None
        self._line = Line(box, validity.decode("ascii", "replace"), found[1].decode("ascii", "replace") if found else "")
        return self._line

    def _greeted(self) -> BaseMailBox:
        server, tls = self._server, self._tls or ssl.create_default_context()
        if server.scheme == "imaps":
            return MailBox(server.host, server.port, timeout=self._timeout, ssl_context=tls)
        box = MailBoxUnencrypted(server.host, server.port, timeout=self._timeout)
        if server.scheme == "imap+starttls":
            try:
                box.client.starttls(tls)
            except BaseException:
                drop(box)
                raise
        return box

    def _sign_in(self, box: BaseMailBox) -> None:
        way = box.login_utf8 if "AUTH=PLAIN" in box.client.capabilities else box.login
        try:
            way(self._server.user, self._server.password, initial_folder=None)
        except IMAP4.abort:
            raise
        except UnicodeEncodeError:  # its words would hold a part of the password
            raise BadSetup(f"The mail server {self._server} takes only ASCII as user and password. Check STUDIO_MAILBOX_URL.") from None
        except (IMAP4.error, ImapToolsError) as error:
            said = self._words(error)
            if _LATER.search(said):
                raise Unavailable(f"The mail server {self._server} takes no sign-in now: {said}.") from None
            raise BadSetup(f"The mail server {self._server} does not accept our sign-in: {said}. Check STUDIO_MAILBOX_URL.") from None

    @contextmanager
    def _told(self) -> Generator[None]:
        """Whatever a server does ends as a sentence, and its line with it."""
        try:
            yield
        except StudioError:
            self._hang_up()
            raise
        except (IMAP4.abort, OSError, EOFError) as error:
            self._hang_up()
            raise Unavailable(f"The mail server {self._server} cannot be reached: {self._words(error)}.") from None
        except (IMAP4.error, ImapToolsError, SaidNo, ValueError, LookupError) as error:
            self._hang_up()
            raise Unavailable(f"The mail server {self._server} does not do what we ask: {self._words(error)}.") from None

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line:
            drop(line.box)

    def _words(self, error: Exception) -> str:
        """What the server said, on one line, without the password in any form in which it was sent."""
        data = error.command_result[1] if isinstance(error, UnexpectedCommandStatusError) else None
        said = b" ".join(one for one in data or () if isinstance(one, bytes)).decode("utf-8", "replace") if data else str(error)
        user, password = self._server.user, self._server.password
        for secret in (base64.b64encode(f"\0{user}\0{password}".encode()).decode(), password):
            said = said.replace(secret, "…")
        return one_line(said)[:300].rstrip(".")
