"""Mail into a folder: the embedded default, and the other mailer of the tests."""

import contextlib
import os
import tempfile
from pathlib import Path

from models.errors import Unavailable
from models.message import Message, Receipt
from models.sent_mail import SentLetter, file_name, letters, read
from tasks.gateways.mime import compose

__all__ = ["FileMailer", "SentLetter", "letters", "read"]


class FileMailer:
    """Writes each letter as one `.eml` file, whole or not at all."""

    can_ask = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message) -> Receipt:
        """Write the letter; one that lies there already is left as it is.

        Raises Refused for an address that is none, Unavailable when the folder cannot be written (retried).
        """
        content = compose(message)
        place = self.folder / file_name(message.key)
        if not place.exists():
            try:
                _write(place, content)
            except OSError as error:
                raise Unavailable(f"The folder of sent mail cannot be written: {error.strerror}.") from error
        return Receipt(said=f"written to {place.name}", message_id=message.message_id)

    def ask(self, key: str) -> Receipt | None:
        """The receipt of the letter with this key, or None when it was never written."""
        place = self.folder / file_name(key)
        if not place.exists():
            return None
        return Receipt(said=f"written to {place.name}", message_id=str(read(self.folder, place.name)["Message-ID"]))


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
