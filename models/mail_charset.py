"""Bytes of a letter as text, whatever charset it says it has."""

import codecs
import re

LONGEST_NAME = 40
_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]*")
_REFUSED = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""No charsets of letters; punycode takes a minute for what others read in a second."""
_MEANT = {
    "us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "shift-jis": "cp932",
    "x-sjis": "cp932", "windows-31j": "cp932", "iso-8859-8-i": "iso-8859-8", "unicode-1-1-utf-7": "utf-7", "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman", "cp-850": "cp850", "utf8mb4": "utf-8", "iso-2022-jp": "iso-2022-jp-2",
}  # fmt: skip
"""Names that programs write where they mean more, or that Python does not know."""


def decoded(content: bytes, charset: str) -> str:
    """`content` as text: by the charset it says where that is one, else as UTF-8, else as Windows-1252."""
    name = charset.strip().strip("\"'").lower()
    for one in (_known(name), "utf-8"):
        if one:
            try:
                return content.decode(one)
            except (UnicodeError, ValueError):
                continue
    # A letter cut off inside a character, or one wrong byte in it, is not another charset.
    text = content.decode(_known(name) or "utf-8", "replace")
    read = sum(sign > "\x7f" for sign in text) - text.count("\ufffd")
    return text if read >= text.count("\ufffd") else content.decode("cp1252", "replace")


def _known(name: str) -> str:
    meant = _MEANT.get(name, name)
    if len(meant) > LONGEST_NAME or not _NAME.fullmatch(meant) or meant in _REFUSED:
        return ""
    try:
        found = codecs.lookup(meant)
    except (LookupError, ValueError):
        return ""
    return found.name if found._is_text_encoding and found.name not in _REFUSED else ""  # noqa: SLF001 (bytes to bytes ones have no other mark)
