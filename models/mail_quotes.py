"""Somebody's own words in a letter: without the history it quotes, without its signature.

What cannot be told apart stays: the whole letter is kept beside it.
"""

import re
from itertools import takewhile

LONGEST_WORDS = 20_000
_LONGEST_LINE = 1_000
_WROTE = re.compile(
    r"(?:\b(?:wrote|schrieb|a écrit|escribió|escrigué|ha scritto|escreveu|schreef|geschreven|skrev|kirjoitti|írta|yazdı|пишет|a scris)\b"
    r"|napisał(?:\(a\)|a)?|(?:на)?писал(?:\(а\)|а)?|написав|napsal(?:\(a\)|a)?|写道|寫道|書きました|のメール|작성)[^:：]{0,120}[:：]$",
    re.IGNORECASE,
)
"""The end of the line above a quotation, in the languages of mail programs: “On Monday, Ann wrote:”."""
_OPENS = re.compile(r"(?:on|am|le|el|il|em|no dia|op|w dniu|dnia|den|dne|på|kl\.?|в|пн|вт|ср|чт|пт|сб|вс|a|\d{1,4}[./年-]|20\d\d)\b", re.IGNORECASE)
_DATED = re.compile(r"\d{1,2}[:.h]\d{2}|@|\d{4}")
_FROM = re.compile(r"(?:from|von|de|da|van|od|от|від|från|fra|lähettäjä|feladó|kimden|差出人|发件人|寄件者|보낸 사람)\s?[:：]\s*\S", re.IGNORECASE)
_SENT = re.compile(
    r"(?:sent|date|gesendet|datum|envoyé|enviado(?: el)?|enviada(?: em)?|fecha|inviato|data|verzonden|wysłano|отправлено|дата|надіслано"
    r"|skickat|sendt|dato|lähetetty|päivämäärä|odesláno|küldve|送信日時|日付|发送时间|日期|보낸 날짜)\s?[:：]",
    re.IGNORECASE,
)
_TO = re.compile(
    r"(?:to|cc|an|à|para|a|aan|do|кому|till|til|vastaanottaja|komu|címzett|宛先|收件人|subject|betreff|objet|asunto|oggetto|assunto"
    r"|onderwerp|temat|тема|ämne|emne|aihe|předmět|tárgy|件名|主题)\s?[:：]",
    re.IGNORECASE,
)
_HISTORY = re.compile(
    r"[-_]{2,}\s*(?:original (?:message|appointment)|ursprüngliche nachricht|originalnachricht|message d['’]origine|message original"
    r"|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|oryginalna wiadomość|wiadomość oryginalna"
    r"|исходное сообщение|original meddelande|original melding|původní zpráva|(?:forwarded|weitergeleitete|forwarded by)[^-_]{0,60}"
    r"|message transféré|пересылаемое сообщение)\s*[-_]{2,}|(?:begin forwarded message|anfang der weitergeleiteten nachricht"
    r"|début du message (?:réexpédié|transféré))\s?:",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_-]{10,}")
_DEVICE = re.compile(
    r"(?:sent (?:from|via|with) (?:my |the )?\S.{0,60}|get outlook for \S+.{0,30}"
    r"|von meinem \S.{0,40} gesendet|(?:gesendet|diese nachricht wurde) (?:von|mit) (?:meinem |der |outlook )?.{0,60}"
    r"|outlook für (?:ios|android).{0,30}"
    r"|envoyé (?:de|depuis|à partir de) (?:mon |ma |l['’])?.{0,60}|(?:téléchargez )?outlook pour (?:ios|android).{0,30}"
    r"|enviado (?:desde|do|de) (?:mi |meu )?.{0,40}|inviato da(?:l mio)? .{0,40}|verzonden (?:vanaf|met|via) .{0,40}"
    r"|wysłane z .{0,40}|отправлено (?:с|из|через) .{0,40}|skickat från (?:min )?.{0,40}|sendt fra (?:min )?.{0,40}|iphoneから送信)\.?",
    re.IGNORECASE,
)
"""What a phone adds below the words of its owner, alone on a line."""
_HISTORY_LINES, _ATTRIBUTION_LINES, _SIGNATURE_LINES = 7, 3, 20


def own_words(whole: str) -> str:
    """`whole` without quoted history and signature, at most 20,000 characters; "" when nothing else is there.

    Answers written between quoted lines stay.
    """
    lines = whole.split("\n")
    shown = [line[:_LONGEST_LINE].strip().strip("*").strip() for line in lines]
    kept: list[str] = []
    at, is_signature = 0, False
    while at < len(lines) and not _begins_history(shown, at):
        quoted = _attribution(shown, at)
        if quoted and not _is_quoted_next(shown, at + quoted):
            break
        if shown[at].startswith(">"):
            is_signature, quoted = False, 1
        is_signature = is_signature or _is_signature(lines, at)
        kept += [] if quoted or is_signature or _DEVICE.fullmatch(shown[at]) else [lines[at]]
        at += quoted or 1
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return text[:LONGEST_WORDS].strip()


def _is_signature(lines: list[str], at: int) -> bool:
    """Whether "-- " stands here, and what follows is as short as a signature."""
    below = lines[at + 1 : at + 1 + 3 * _SIGNATURE_LINES]
    return lines[at] in {"-- ", "--"} and sum(map(bool, takewhile(_is_own, below))) <= _SIGNATURE_LINES


def _is_own(line: str) -> bool:
    return not line.startswith(">")


def _begins_history(shown: list[str], at: int) -> bool:
    """Whether everything from here on is an older letter: its head is written out, or a line says so."""
    line = shown[at]
    if _HISTORY.fullmatch(line):
        return True
    if _RULE.fullmatch(line):
        following = next((number for number in range(at + 1, min(at + 4, len(shown))) if shown[number]), at)
        return following != at and _is_head(shown, following)
    return _is_head(shown, at)


def _is_head(shown: list[str], at: int) -> bool:
    """`From: … Sent: … To: …`, as Outlook writes it above the letter that is answered."""
    if not _FROM.match(shown[at]):
        return False
    below = [line.strip("*") for line in shown[at + 1 : at + _HISTORY_LINES]]
    return any(_SENT.match(line) for line in below) and any(_TO.match(line) for line in below)


def _attribution(shown: list[str], at: int) -> int:
    """How many lines “On Monday, Ann wrote:” fills from here on; 0 where it does not begin here."""
    for count in range(1, _ATTRIBUTION_LINES + 1):
        lines = shown[at : at + count]
        if len(lines) < count or not all(lines) or any(line.startswith(">") for line in lines):
            return 0
        said = " ".join(lines)
        if _WROTE.search(said):
            is_whole = _OPENS.match(said) or (count == 1 and (at == 0 or not shown[at - 1]))
            return count if is_whole and (_DATED.search(said) or _is_quoted_next(shown, at + count)) else 0
    return 0


def _is_quoted_next(shown: list[str], at: int) -> bool:
    """Whether the next line that is not empty is a quoted one."""
    return next((line.startswith(">") for line in shown[at:] if line), False)
