"""Name the slots that numbers and codes go into, by the words that stand around them or that asked for them."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

_LABELS: Final[dict[str, str]] = {
    "invoice_id": r"invoice|bill(?:ing)? (?:number|no|id|reference)",
    "tracking_number": r"tracking|track(?:ing)? (?:id|code)|parcel (?:number|id)|shipment|consignment|waybill|awb",
    "case_number": r"(?:case|ticket|complaint|incident|claim|support|service) "
    r"(?:number|no|id|ref(?:erence)?|#)|ticket|case(?= #| \d)",
    "booking_reference": r"booking|reservation|pnr|record locator|confirmation|itinerary"
    r"|conf(?:irmation)? (?:number|code)",
    "order_id": r"order(?:s|ing)?(?! (?:was|has|had|is not|isn't|arrived|to|from|came|status))|purchase (?:number|id"
    r"|order)|po number",
    "sku": r"sku|item|model|product (?:number|code|id)|article|part (?:number|no)|style number|product(?= [A-Z]+-?\d)",
    "serial_number": r"serial|s/n|imei",
    "policy_number": r"policy|certificate number",
    "postcode": r"zip(?: ?code)?|post ?code|postal(?: code)?|pin ?code",
    "phone": r"phone|telephone|mobile|cell(?:phone)?|call(?:ed)? me|reach(?:ed)? me|reach(?:ed)? at|text me|ring me"
    r"|contact (?:me|number)"
    r"|landline|whats ?app|call ?back|tel|my number",
    "account_number": r"acc(?:oun)?t|a/c|customer (?:id|number|no|reference|ref|code)|member(?:ship)? (?:id|number|no)"
    r"|member(?:ship)?"
    r"|client (?:id|number)|user ?(?:id|name)|loyalty|rewards|frequent flyer|subscriber|meter|contract",
}
_LABEL: Final = re.compile(
    "|".join(f"(?P<k{n}>\\b(?:{words})\\b)" for n, words in enumerate(_LABELS.values())), re.IGNORECASE
)
_NAMES: Final = tuple(_LABELS)
_OTHER_QUESTIONS: Final = {
    "name": re.compile(
        r"\b(?:your|full|first|last|the|account holder'?s?) (?:\w+ )?name\b|name,? please"
        r"|who am i (?:speaking|talking|chatting)",
        re.IGNORECASE,
    ),
    "email": re.compile(r"\be-?mail\b", re.IGNORECASE),
    "amount": re.compile(
        r"\bhow much\b|\bwhat amount\b|\bthe amount\b"
        r"|\bwhat(?: was|'s| is) the (?:charge|total|price|sum)",
        re.IGNORECASE,
    ),
    "date": re.compile(
        r"\bwhat (?:date|day)\b|\bwhen (?:did|was|is|do|would|were)\b|\bdate of\b|\bwhich day\b", re.IGNORECASE
    ),
    "preferred_resolution": re.compile(
        r"\b(?:refund|replacement|exchange|repair)\b.{0,80}\bor\b|what would you (?:like|prefer)|how would you like",
        re.IGNORECASE,
    ),
}
BETWEEN: Final = re.compile(
    r"(?:[\s:#=,.\"'(]|\b(?:number|no|nr|num|id|ref|reference|code|is|are|was|it|its|it's|that's|here|the"
    r"|my|our|your|for|of|on|at|to|number's"
    r"|name|me|us|back|called|with|as|and|has|reads|says|under|booking|order|uh|um|yes|so|ok|okay|please|be"
    r"|should|would|via|contact|locator)\b"
    r"|id's|'s)*\Z",
    re.IGNORECASE,
)
"""What may stand between a label and its number."""
BEHIND: Final = re.compile(r"[\s,]*(?:is|was|'s|=|for|on)\s+(?:the|my|our|your)\s+\Z", re.IGNORECASE)
"""What may stand between a number and the label behind it: "88231-B is my order"."""
BETWEEN_REACH: Final = 48
"""How many characters may lie between a label and its number."""


@dataclass(frozen=True, slots=True)
class Label:
    """Where a text names a slot."""

    slot: str
    start: int
    end: int


class Labels:
    """All labels of one text, found in one pass."""

    def __init__(self, text: str) -> None:
        """Look for them."""
        self._text: Final = text
        self._found: Final = [
            Label(_NAMES[int((match.lastgroup or "k0")[1:])], match.start(), match.end())
            for match in _LABEL.finditer(text)
        ]
        self._ends: Final = [label.end for label in self._found]

    def of(self, start: int, end: int) -> str | None:
        """Return the slot that the text gives to what stands at `start` to `end`; None when it gives none."""
        index = bisect_right(self._ends, start) - 1
        before = self._found[index] if index >= 0 else None
        if before is not None and start - before.end <= BETWEEN_REACH and BETWEEN.match(self._text, before.end, start):
            return before.slot
        behind = self._found[index + 1] if index + 1 < len(self._found) else None
        if behind is not None and behind.start - end <= 16 and BEHIND.match(self._text, end, behind.start):
            return behind.slot
        return None

    @property
    def last(self) -> str | None:
        """Return the slot named last."""
        return self._found[-1].slot if self._found else None

    @property
    def any(self) -> frozenset[str]:
        """Return every slot that is named."""
        return frozenset(label.slot for label in self._found)


def slot_asked_for(question: str) -> str | None:
    """Return the slot that a turn of the other side asks for, the last one when there are several."""
    asked = question[question.rfind(".", 0, max(len(question) - 2, 0)) + 1 :]
    for part in (asked, question):
        found = Labels(part).last
        if found is not None and not _OTHER_QUESTIONS["name"].search(part):
            return (
                "email"
                if found == "phone" and _OTHER_QUESTIONS["email"].search(part) and "phone" not in part
                else found
            )
        for slot, pattern in _OTHER_QUESTIONS.items():
            if pattern.search(part):
                return slot
    return None
