"""Words of others in Markdown: artifacts are read by operators, and nobody else writes their pages."""


def plain(text: str, most: int = 300) -> str:
    """Words of strangers on one line of Markdown: no table, no link, no picture, no heading of theirs."""
    shown = " ".join(text.split())[:most]
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#!~" else sign for sign in shown)
