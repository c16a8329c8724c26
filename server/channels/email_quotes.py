"""Cut what a mail repeats: the message it answers, and the signature."""

import re
from typing import Final

_INTRODUCTIONS: Final = re.compile(
    r"""^\s*(
        On\b.{5,200}\bwrote
      | Am\b.{5,200}\bschrieb\b.{0,200}
      | Le\b.{5,200}\ba\s+écrit
      | El\b.{5,200}\bescribió
      | Il\b.{5,200}\bha\s+scritto
      | Em\b.{5,200}\bescreveu
      | Op\b.{5,200}\bschreef\b.{0,200}
      | Den\b.{5,200}\bskrev\b.{0,200}
    )\s*[:\uff1a]\s*$""",
    re.VERBOSE | re.IGNORECASE,
)
"""The line that introduces what is quoted, in the languages mail programs have it."""
_RULES: Final = re.compile(
    r"^\s*(-{2,}\s*(Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Messaggio originale"
    r"|Mensagem original|Oorspronkelijk bericht|Forwarded message)\s*-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)
"""A line drawn above what is quoted."""
_HEADER: Final = re.compile(
    r"^\s*\**(From|Von|De|Da|Van|Från|Sent|Gesendet|Envoyé|Enviado|Inviato|Date|Datum|Fecha)\**\s*:", re.IGNORECASE
)
_SUBJECT: Final = re.compile(
    r"^\s*\**(Subject|Betreff|Objet|Asunto|Oggetto|Assunto|Onderwerp|Ämne)\**\s*:", re.IGNORECASE
)
_WITHIN: Final = 6
"""A quoted message begins with a block of headers; its subject stands within so many lines of its sender."""
_SIGNATURE: Final = re.compile(r"^-- ?$")


def own_words(text: str) -> str:
    """Return what a mail says itself; all of it where nothing would be left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = lines[: _end(lines)]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    if kept and _ends_introduction(kept):
        kept.pop()
    said = "\n".join(kept).strip()
    return said or text.strip()


def _end(lines: list[str]) -> int:
    """Return the number of the first line that no longer is the sender's own."""
    for number, line in enumerate(lines):
        if _SIGNATURE.match(line) or _RULES.match(line) or _block(lines, number):
            return number
        if _introduces(lines, number):
            return number
    return len(lines)


def _introduces(lines: list[str], number: int) -> bool:
    """Tell whether a line, or it with the next, says who wrote what follows, and it is quoted."""
    for length in (1, 2):
        whole = " ".join(line.strip() for line in lines[number : number + length])
        if len(whole) < 400 and _INTRODUCTIONS.match(whole):
            after = next((line for line in lines[number + length :] if line.strip()), "")
            return not after or after.lstrip().startswith(">") or not _answered_below(lines[number + length :])
    return False


def _answered_below(lines: list[str]) -> bool:
    """Tell whether somebody answered between or under quoted lines: then nothing is cut here."""
    quoted = [number for number, line in enumerate(lines) if line.lstrip().startswith(">")]
    return bool(quoted) and any(line.strip() for line in lines[quoted[-1] + 1 :])


def _ends_introduction(lines: list[str]) -> bool:
    return len(lines[-1]) < 400 and _INTRODUCTIONS.match(lines[-1]) is not None


def _block(lines: list[str], number: int) -> bool:
    """Tell whether a line begins the headers of a quoted message, as Outlook writes them."""
    if not _HEADER.match(lines[number]):
        return False
    return any(_SUBJECT.match(line) for line in lines[number + 1 : number + _WITHIN])
