"""Find what the customer would like done: a refund, a replacement, a repair; not what they turn down or tell about."""

import re
from collections.abc import Iterator
from typing import Final

from server.understanding.facts_found import Found

_WISHES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "refund",
        re.compile(
            r"\b(?:refund(?:ed|ing)?|money back|reimburs\w*|get back (?:my|the) money|return (?:my|the) money|give"
            r" me back (?:my|the) money|charge ?back|reverse the charge|payment back|cash back)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "replacement",
        re.compile(
            r"\b(?:replac(?:e|ed|ement|ing)\b|(?:send|ship|get|want|need|have|give)(?: me| us)? (?:out )?(?:a"
            r" )?(?:new|another|different) (?:one|unit|copy|pair|item|device|set)\b|a new one|another one|re-?send"
            r"|re-?ship|resent)",
            re.IGNORECASE,
        ),
    ),
    (
        "exchange",
        re.compile(
            r"\b(?:exchang(?:e|ed|ing)|swap(?:ped|ping)?|trade (?:it|them|this) (?:in )?for|different (?:size"
            r"|colou?r))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "repair",
        re.compile(
            r"\b(?:repair(?:ed|ing)?|(?:get|have|want|need) (?:it|this|them|that) fixed|fix (?:it|this|my|the)"
            r"|technician|engineer (?:to )?(?:visit|come))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "store_credit",
        re.compile(
            r"\b(?:store credit|account credit|voucher|gift card|credit (?:to|on|my|the|note)|credited)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "cancellation",
        re.compile(
            r"\b(?:cancel(?:l?ed|l?ing|lation)?|close (?:my|the|this) account|end (?:my|the) (?:contract"
            r"|subscription|membership)|unsubscribe|terminate)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "discount",
        re.compile(
            r"\b(?:discount|partial refund|price (?:match|adjustment|reduction)|money off|some money off)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "callback",
        re.compile(
            r"\b(?:call(?:ed)? me back|call ?back|ring me back|phone me back|give me a call)\b(?!\s+(?:on|at)\b)",
            re.IGNORECASE,
        ),
    ),
)
_WANTS: Final = re.compile(
    r"\b(?:want|wanna|would like|'d like|would love|need|prefer|rather|please|can i|could i|may i|can you"
    r"|could you|would you|will you"
    r"|give me|send me|ship me|get me|get my|i'll take|i will take|looking for|expect|demand|just|insist"
    r"|request|requesting|hoping for|like to|let me"
    r"|make it|how do i|how can i|i'd|going for|settle for|happy with|entitled|deserve|ask(?:ing)? for|go"
    r" for|opt for|instead|only fair)\b",
    re.IGNORECASE,
)
_ORDERED: Final = re.compile(
    r"^\W*(?:yes|ok|okay|so|well|then|just|please|and|no|um|uh|hi|hello|look)?[\s,]*(?:the |a |full |i'd )*"
    r"(?:refund|replac|exchang|swap|cancel|repair|fix|reimburs|close my|end my|credit|call me back|ring me"
    r"|send|money back|re-?send|a new one)",
    re.IGNORECASE,
)
_AGAINST: Final = re.compile(
    r"\b(?:don'?t want|do not want|don'?t need|not (?:a|an|the|my|interested)|no need|rather than|instead"
    r" of|than|without|refus\w+|denied"
    r"|never (?:got|received|came|arrived)|did ?n[o']t (?:get|receive|come|arrive)|has ?n[o']t|have ?n[o']t"
    r"|already (?:got|had|did|have|been)"
    r"|was told|you (?:said|promised|told)|promised|not asking for|status of|where is|where's|waiting"
    r" (?:for|on)|still no|pending"
    r"|didn'?t ask|wouldn'?t|won'?t|can'?t|cannot|was (?:supposed|meant)|haven't)\b",
    re.IGNORECASE,
)
_CLAUSES: Final = re.compile(
    r"[.;!?]+|,\s*(?=(?:just|but|i|please|can|could|so|and|rather|not|no)\b)|\b(?:but|because|since)\b"
    r"|\band (?=i want|i need|i'd|i would|please|can|could|just)",
    re.IGNORECASE,
)
_TURNED_AWAY: Final = re.compile(r"\b(?:rather than|instead of|than|not|without)\b", re.IGNORECASE)


def wishes(text: str) -> Iterator[Found]:
    """Return what the customer would like done; what they turn down or only tell about does not count."""
    at = 0
    for clause in [*_CLAUSES.finditer(text), None]:
        end = clause.start() if clause else len(text)
        yield from _wish(text, at, end)
        at = clause.end() if clause else end


def _wish(text: str, start: int, end: int) -> Iterator[Found]:
    clause = text[start:end]
    if not (_WANTS.search(clause) or _ORDERED.match(clause)):
        return
    away = _TURNED_AWAY.search(clause)
    for name, pattern in _WISHES:
        found = pattern.search(clause)
        if found is None or (away is not None and found.start() > away.start()) or _refused(clause, found.start()):
            continue
        yield Found("preferred_resolution", name, start + found.start(), start + found.end(), 0.8)
        return


def _refused(clause: str, at: int) -> bool:
    """Tell whether a wish is turned down, or only told about: "the refund still hasn't arrived"."""
    return bool(_AGAINST.search(clause[:at])) or (not _WANTS.search(clause) and bool(_AGAINST.search(clause)))
