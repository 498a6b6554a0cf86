"""Passwords that somebody is about to write where they do not belong. An inventory says where a key lies, never the key."""

import re

_NAMED = re.compile(r"(?i)\b(pass\s?word|pass\s?phrase|passwd|pass|pwd|pw|pin|secret|token|api[ _-]?key|kennwort|passwort)\b\s*(?:[:=]|is\b)\s*\S")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(sk|pk|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_-]{12,}|\bAKIA[A-Z0-9]{16}\b")
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@")
_WORD = re.compile(r"\S{10,}")
_KINDS = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^A-Za-z0-9]"))
_ADDRESS = re.compile(r"(?i)^[<(]?(https?://|www\.|[^\s@]+@[^\s@]+\.|[\w-]+(\.[\w-]+)+([/:]|[.,;)>]*$))")


def looks_like_one(text: str) -> bool:
    """Whether a text seems to hold a password, a key or a token: named as one, of a provider's form, or a word that no language has."""
    if _NAMED.search(text) or _KEY.search(text) or _IN_ADDRESS.search(text):
        return True
    return any(all(kind.search(word) for kind in _KINDS) for word in _WORD.findall(text) if not _ADDRESS.match(word))
