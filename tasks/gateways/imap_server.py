"""Which mail server incoming mail is read from, and how: `STUDIO_MAILBOX_URL` taken apart."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from models.errors import BadSetup

_PORTS = {"imap": 143, "imaps": 993, "imap+starttls": 143}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORMS = "It must be files, or imaps:// or imap+starttls:// followed by user:password@host:port/folder; special characters in them are %-encoded."
_DONE, _REFUSED = "Processed", "Refused"


@dataclass(frozen=True)
class Server:
    """Where letters are read, and where they are put afterwards. Without a folder for those done they stay, marked."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done: str = _DONE
    refused: str = _REFUSED

    @classmethod
    def of_url(cls, url: str) -> Self:
        """The server that `url` names. Raises BadSetup with a sentence that does not repeat it."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
            options = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise BadSetup(f"STUDIO_MAILBOX_URL cannot be read. {_FORMS}") from None
        if scheme not in _PORTS or not host or parts.fragment or set(options) - {"done", "refused"}:
            raise BadSetup(f"STUDIO_MAILBOX_URL is not the address of a mailbox. {_FORMS}")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        done, refused = (options.get(name, [default])[-1].strip() for name, default in (("done", _DONE), ("refused", _REFUSED)))
        if not user or not password:
            raise BadSetup("STUDIO_MAILBOX_URL names no user, or no password.")
        if not all(text.isprintable() for text in (user, password, folder, done, refused)):
            raise BadSetup("STUDIO_MAILBOX_URL holds control characters.")
        if folder.casefold() in {done.casefold(), refused.casefold()} or (done and not refused):
            raise BadSetup("STUDIO_MAILBOX_URL puts letters back where they are read from; name other folders with ?done=… and &refused=….")
        if scheme == "imap" and host not in _LOOPBACK:
            raise BadSetup("STUDIO_MAILBOX_URL would send the password in clear; use imaps:// or imap+starttls://.")
        return cls(scheme, host, port or _PORTS[scheme], user, password, folder, done, refused if done else "")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def moves(self) -> bool:
        """Whether letters are moved when they are done; otherwise they are marked."""
        return bool(self.done)
