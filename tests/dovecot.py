"""A real Dovecot on free ports of this machine, below a folder of its own; nothing of the system's is read or changed."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from imaplib import IMAP4
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PROGRAM = os.environ.get("STUDIO_TEST_DOVECOT") or shutil.which("dovecot") or "/usr/sbin/dovecot"
USER, PASSWORD = "hello@studio.example", "s3 cret/ü"
MAIL_UID = 65534  # nobody: Dovecot refuses to keep mail as root
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = {safe}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
auth_mechanisms = plain login
imap_capability = {capability}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
}}
"""


@dataclass
class Dovecot:
    """A running server; `config` may be changed before `restart`."""

    folder: Path
    port: int
    tls_port: int
    config: dict[str, str]
    process: subprocess.Popen | None = None

    def url(self, *, scheme: str = "imap", host: str = "127.0.0.1", password: str = PASSWORD, rest: str = "") -> str:
        port = self.tls_port if scheme == "imaps" else self.port
        return f"{scheme}://{quote(USER, safe='')}:{quote(password, safe='')}@{host}:{port}{rest}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "cert.pem")

    def start(self) -> None:
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        places = {"folder": self.folder, "port": self.port, "tls_port": self.tls_port, "uid": MAIL_UID}
        (self.folder / "conf").write_text(CONFIG.format(**places, **self.config), "utf-8")
        self.process = subprocess.Popen(
            [PROGRAM, "-F", "-c", self.folder / "conf"],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(200):
            if self.process.poll() is not None:
                raise AssertionError(self.process.stderr.read().decode() if self.process.stderr else "Dovecot did not start.")
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                    if line.recv(4) == b"* OK":
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # its children too: an open line would outlive a polite end
            self.process.wait(10)
            if self.process.stderr:
                self.process.stderr.close()
            self.process = None

    def restart(self, **config: str) -> None:
        self.stop()
        self.config |= config
        self.start()

    @contextmanager
    def line(self) -> Iterator[IMAP4]:
        """A person's mail program, signed in, INBOX open."""
        with IMAP4("127.0.0.1", self.port, timeout=10) as line:
            line.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            line.select("INBOX")
            yield line

    def deliver(self, *letters: bytes) -> None:
        with self.line() as line:
            for letter in letters:
                status, said = line.append(
                    "INBOX", "", datetime(2026, 3, 2, 9, 30, tzinfo=UTC), letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                )
                assert status == "OK", said

    def letters(self, folder: str = "INBOX") -> list[tuple[str, set[str]]]:
        """Subject and flags of every letter in a folder."""
        with self.line() as line:
            status, held = line.select(f'"{folder}"')
            if status != "OK" or held == [b"0"]:
                return []
            _, found = line.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        told = [one for one in found if isinstance(one, tuple)]
        return [(subject.decode().strip().removeprefix("Subject: "), _flags(head.decode())) for head, subject in told]

    def subjects(self, folder: str = "INBOX") -> list[str]:
        return [subject for subject, _ in self.letters(folder)]


def _flags(head: str) -> set[str]:
    return set(head.partition("FLAGS (")[2].partition(")")[0].split()) - {"\\Recent"}


@contextmanager
def a_dovecot(**config: str) -> Iterator[Dovecot]:
    """A server of its own; `config` as `restart` takes it: ssl, safe, prefix, separator, capability."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", "utf-8")
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", MAIL_UID, MAIL_UID)
    _certificate(folder)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = one.getsockname()[1], other.getsockname()[1]
    server = Dovecot(folder, *ports, {"ssl": "yes", "safe": "no", "prefix": "", "separator": "/", "capability": ""} | config)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key(), serial_number=x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
