"""Mail through an SMTP server, with the one moment that matters kept in sight: the final dot.

    before the dot is sent    nothing went out          Unavailable, or Refused when the server says 5xx
    after it, no answer       nobody knows              Uncertain
    after it, answered        2xx sent · 4xx Unavailable · 5xx Refused

The server's words stand in every sentence; the password never does.
"""

import asyncio
import contextlib
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol, normalize_message_line_endings

from models.errors import BadSetup, Refused, StudioError, Unavailable, Uncertain
from models.message import Message, Receipt, one_line
from tasks.gateways.mime import compose, needs_utf8

_CHUNK = 64 * 1024
_TAKEN, _LATER, _NEVER = 2, 4, 5  # the first digit of an answer
_SIGN_IN = frozenset({530, 534, 535, 538})
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORMS = "It must be smtp://, smtps:// or smtp+starttls:// followed by user:password@host:port"


class Server(NamedTuple):
    """Where letters are handed over, and how."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def of_url(cls, url: str) -> Self:
        """The server that `url` names; percent-encoded user and password are decoded.

        Raises BadSetup with a sentence that does not repeat the address.
        """
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
        except ValueError:
            raise BadSetup(f"STUDIO_MAIL_URL cannot be read. {_FORMS}; special characters in them are %-encoded.") from None
        if scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise BadSetup(f"STUDIO_MAIL_URL is not the address of a mail server. {_FORMS}; special characters in them are %-encoded.")
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        if bool(user) != bool(password):
            raise BadSetup("STUDIO_MAIL_URL names a user without a password, or a password without a user.")
        if user and scheme == "smtp" and host not in _LOOPBACK:
            raise BadSetup("STUDIO_MAIL_URL would send the password in clear; use smtps:// or smtp+starttls://.")
        return cls(scheme, host, port or _PORTS[scheme], user, password)


class SmtpMailer:
    """Hands each letter over in a connection of its own. A server cannot be asked later what became of it."""

    can_ask = False

    def __init__(self, url: str, *, timeout: float = 30.0, tls: ssl.SSLContext | None = None) -> None:
        self._server = Server.of_url(url)
        self._timeout = timeout
        self._tls = tls

    def __repr__(self) -> str:
        return f"SmtpMailer({self._where})"

    def send(self, message: Message) -> Receipt:
        """Hand the letter over; `said` is the server's last line.

        Raises Unavailable (server away, 4xx; retried), Refused (5xx, or no address), Uncertain (silence after the final dot).
        """
        content = compose(message)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._send(message, content))
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(lambda: asyncio.run(self._send(message, content))).result()

    def ask(self, key: str) -> None:  # noqa: ARG002
        """Nothing: SMTP keeps no record that one could ask."""
        return

    @property
    def _where(self) -> str:
        return f"{self._server.host}:{self._server.port}"

    async def _send(self, message: Message, content: bytes) -> Receipt:
        client = _Line(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.user,
            password=self._server.password,
            local_hostname=message.sender.parts[1],
            timeout=self._timeout,
            use_tls=self._server.scheme == "smtps",
            start_tls=self._server.scheme == "smtp+starttls",
            tls_context=self._tls,
        )
        try:
            await self._open(client)
            await self._address(client, message, len(content))
            reply = await self._hand_over(client, content)
        except BaseException:
            client.close()
            raise
        # The letter is taken; a server that dies while we say goodbye changes nothing.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=2)
        client.close()
        return Receipt(said=f"{reply.code} {self._words(reply.message)}", message_id=message.message_id)

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        """Connect, greet, sign in. Nothing is said about a letter yet, so every trouble may pass or be mended."""
        try:
            await client.connect()
            await client._ehlo_or_helo_if_needed()  # noqa: SLF001  its public callers are mail() and login()
        except aiosmtplib.SMTPAuthenticationError as error:
            said = f"{error.code} {self._words(error.message)}"
            raise Unavailable(f"The mail server {self._where} does not accept our sign-in: {said}. Check STUDIO_MAIL_URL.") from None
        except aiosmtplib.SMTPResponseException as error:
            raise Unavailable(f"The mail server {self._where} is not ready: {error.code} {self._words(error.message)}.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unavailable(f"The mail server {self._where} cannot be reached: {self._words(str(error))}.") from None

    async def _address(self, client: aiosmtplib.SMTP, message: Message, size: int) -> None:
        options, encoding = [], "ascii"
        if client.supports_extension("size"):
            options.append(f"SIZE={size}")
        if needs_utf8(message):
            if not client.supports_extension("smtputf8"):
                raise Refused(f"The mail server {self._where} cannot write to international addresses like “{message.to.address}”.")
            options, encoding = [*options, "SMTPUTF8", "BODY=8BITMIME"], "utf-8"
        try:
            await client.mail(message.sender.spec, options=options, encoding=encoding)
            await client.rcpt(message.to.spec, encoding=encoding)
            start = await client.execute_command(b"DATA")
        except aiosmtplib.SMTPResponseException as error:
            raise self._verdict(error.code, error.message) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"The mail server {self._where} went away before it took the letter: {self._words(str(error))}.") from None
        if start.code != aiosmtplib.SMTPStatus.start_input:
            raise self._verdict(start.code, start.message)

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> aiosmtplib.SMTPResponse:
        """Send the body, let it drain, and only then send the dot: so that we know on which side of it we stand."""
        protocol, transport = client.protocol, client.transport
        if protocol is None or not isinstance(transport, asyncio.WriteTransport):
            raise Unavailable(f"The mail server {self._where} went away before it took the letter.")
        reply = asyncio.create_task(protocol.read_response(timeout=None))
        try:
            await asyncio.wait_for(_send_body(protocol, transport, content, reply), self._timeout)
            if reply.done():
                # An answer before the dot: the server has had enough, or is gone (then this raises).
                early = reply.result()
                raise self._verdict(early.code, early.message)
            protocol.write(b".\r\n")
        except StudioError:
            raise
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            reply.cancel()
            raise Unavailable(f"The mail server {self._where} went away in the middle of the letter: {self._words(str(error))}.") from None
        try:
            answer = await asyncio.wait_for(reply, self._timeout)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            lost = "gave no answer in time" if isinstance(error, TimeoutError) else "went away"
            raise Uncertain(f"The mail server {self._where} {lost} after the whole letter was sent; it may have gone out.") from None
        if answer.code // 100 == _TAKEN:
            return answer
        raise self._verdict(answer.code, answer.message, after_the_dot=True)

    def _verdict(self, code: int, words: str, *, after_the_dot: bool = False) -> StudioError:
        said = f"{code} {self._words(words)}"
        if code in _SIGN_IN:
            return Unavailable(f"The mail server {self._where} wants another sign-in: {said}. Check STUDIO_MAIL_URL.")
        if code // 100 == _NEVER:
            return Refused(f"The mail server {self._where} refused the letter: {said}.")
        if code // 100 != _LATER and after_the_dot:
            return Uncertain(f"The mail server {self._where} answered the letter with “{said}”; it may have gone out.")
        return Unavailable(f"The mail server {self._where} will not take the letter now: {said}.")

    def _words(self, words: str) -> str:
        if self._server.password:
            words = words.replace(self._server.password, "…")
        return one_line(words)[:300].rstrip(".")


class _Line(aiosmtplib.SMTP):
    """A connection that is dropped at once: what is still buffered must not reach a server after we gave our verdict."""

    def close(self) -> None:
        """Drop the line; a polite end of TLS would outlive the loop."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        super().close()


async def _send_body(protocol: SMTPProtocol, transport: asyncio.WriteTransport, content: bytes, reply: asyncio.Task) -> None:
    """Everything but the final dot, out of our hands when this returns; stops as soon as the server answers or goes."""
    body = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in normalize_message_line_endings(content).split(b"\r\n"))
    for start in range(0, len(body), _CHUNK):
        await asyncio.sleep(0)
        if reply.done():
            return
        protocol.write(body[start : start + _CHUNK])
        while transport.get_write_buffer_size() and not reply.done():  # noqa: ASYNC110  a transport announces nothing
            await asyncio.sleep(0.005)
    await asyncio.sleep(0)
