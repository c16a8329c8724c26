"""Fit a notice into an SMS: what characters cost, and what is left out first.

Source: 3GPP TS 23.038 (the GSM 7 bit default alphabet and its extension table); 160 characters in one message or 153 in
each part of a longer one, 70 and 67 UTF-16 units when any character is outside that alphabet.
"""

from typing import Final

from server.broker.ports.notices import Notice
from server.notices.content import headline, rows
from server.wire.sanitize import clean_line

MOST_PARTS: Final = 3
"""How many messages one notice may cost."""
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")


def is_gsm(text: str) -> bool:
    """Tell whether every character is in the GSM alphabet."""
    return all(character in _BASIC or character in _EXTENDED for character in text)


def parts(text: str) -> int:
    """Return how many messages a text costs."""
    if is_gsm(text):
        units, single, each = sum(2 if character in _EXTENDED else 1 for character in text), 160, 153
    else:
        units, single, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // each)


def text_of(notice: Notice, *, answers: bool) -> str:
    """Return the notice in at most three messages; the way to answer is never cut.

    Args:
        notice: What is told.
        answers: An SMS in answer reaches us.
    """
    tail = f" I take it: {notice.accept_url}" if notice.accept_url else ""
    if answers and notice.accept_code:
        tail += f" or answer {notice.accept_code}"
    told = dict(rows(notice))
    wanted = ("Reason", "Summary") if not notice.session.outcome else ("Result", "Note", "Next step")
    said = ". ".join([headline(notice), *(clean_line(told[name], 400) for name in wanted if name in told)])
    return _cut(said, tail) + tail


def _cut(said: str, tail: str) -> str:
    """Return as much of the beginning as fits beside the tail."""
    if parts(said + tail) <= MOST_PARTS:
        return said
    low, high = 0, len(said)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if parts(said[:middle] + "..." + tail) <= MOST_PARTS else (low, middle - 1)
    return said[:low] + "..."
