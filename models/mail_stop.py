"""Whether somebody asks for no more letters: a plain word on a line of its own, never a sentence that merely holds it."""

import re

LONGEST = 600
_MOST_LINES, _FIRST_LINES = 12, 4
_AROUND = re.compile(r"^\W+|\W+$")
_POLITE = re.compile(
    r"^(?:please|pls|bitte|svp|s'il vous plaît|por favor|per favore|per piacere|graag|proszę|пожалуйста|prosím|tack)\b[\s,:]*"
    r"|[\s,]*\b(?:please|pls|bitte|svp|s'il vous plaît|por favor|per favore|alstublieft|proszę|пожалуйста|prosím"
    r"|thanks|thank you|danke|merci|gracias|grazie|obrigado|obrigada|bedankt|dziękuję|спасибо|děkuji|tack)$",
    re.IGNORECASE,
)
_MAIL = "(?:e-?mails?|mails?|letters?|messages?|newsletters?|reminders?)"
_ASKS = re.compile(
    "|".join((
        rf"stopp?|stop all|(?:stop|quit) (?:all )?(?:sending (?:me )?)?(?:these |those |your |the |any )?(?:more )?{_MAIL}",
        r"(?:stop|quit) (?:e-?mailing|mailing|writing(?: to)?|messaging|contacting) me",
        r"unsubscribe(?: me| now)?(?: from (?:all|everything|this|the|your)(?: list| letters| e-?mails| newsletter)?)?",
        r"remove me(?: (?:from|off) (?:this|the|your|all)(?: mailing)?(?: lists?)?)?|take me off(?: (?:this|the|your)(?: mailing)? list)?",
        rf"opt[ -]?out|opt me out|no more(?: {_MAIL})?|(?:do not|don['’]t) (?:e-?mail|write to|contact) me(?: again| anymore| any more)?",
        r"abmelden|abmeldung|abbestellen|austragen|melden sie mich ab",
        r"keine (?:weiteren )?(?:e-?mails?|mails?|newsletter|nachrichten)(?: mehr)?",
        r"(?:nehmen|streichen) sie mich (?:aus|von)(?: dem| der| ihrem| ihrer)? (?:verteiler|liste|mailingliste)",
        r"d[ée]sabonner|d[ée]sabonnez[- ]moi|me d[ée]sabonner|d[ée]sinscription|(?:me )?d[ée]sinscrire",
        r"plus (?:d['’]|de )(?:e-?mails?|mails?|courriels?|messages)",
        r"baja|dar(?:me|se)? de baja|d[ée]me de baja|cancelar (?:la )?suscripci[óo]n|no m[áa]s (?:correos|mensajes|e-?mails?)",
        r"cancella(?:mi|temi)|disiscrivi(?:mi)?|annulla(?:re)? (?:l['’])?iscrizione|basta (?:e-?mail|mail)",
        r"cancelar (?:a )?(?:inscri[çc][ãa]o|subscri[çc][ãa]o)|descadastrar|n[ãa]o quero (?:receber )?mais (?:e-?mails?|mensagens)",
        r"afmelden|uitschrijven|meld mij af|geen (?:e-?mails?|mails?|berichten) meer",
        r"wypisz(?: mnie)?|rezygnuję|proszę mnie wypisać|anuluj subskrypcję",
        r"стоп|отписаться|отпишите(?: меня)?|отписка|не присылайте(?: мне)?(?: больше)?(?: писем)?|відписатися|відпишіть мене",
        r"avregistrera(?: mig)?|avmeld(?: meg)?|afmeld(?: mig)?|peruuta tilaus|odhl[áa]sit(?: se)?|odhlaste m[ěe]|leiratkozás|leiratkozom",
        r"配信停止|退会|退订|取消订阅|수신거부",
    )),
    re.IGNORECASE,
)  # fmt: skip


def asks_to_stop(text: str) -> bool:
    """Whether somebody's own words (`IncomingMail.text`, nothing quoted) ask for no more letters, at the beginning of a short letter.

    The request is alone on its line. Words that may as well be about the work (“remove”) are none.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    return len(text) <= LONGEST and len(lines) <= _MOST_LINES and any(_is_asked(line) for line in lines[:_FIRST_LINES])


def _is_asked(line: str) -> bool:
    if line.rstrip().endswith("?"):  # “Stop?” asks us something else
        return False
    said = _AROUND.sub("", " ".join(line.split()))
    return bool(_ASKS.fullmatch(_AROUND.sub("", _POLITE.sub("", said))))
