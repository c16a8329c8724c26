"""Cut turns into sentences that say something, without greetings, apologies and signatures."""

import re
from dataclasses import dataclass
from typing import Final

_SENTENCE: Final = re.compile(r"(?<=[.!?…])[\s.!?]+(?=[\w\"'“(\[$£€#@])|\n+|(?<=[a-z])\.(?=[A-Z][a-z])")
_NOISE: Final = re.compile(
    r"<LINK>|https?://\S+|#(?=\w)|[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u200d]|(?<!\w)@\w+\s?"
)
_GREETING: Final = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|greetings|howdy)\b"
    r"(?:\s+(?:there|all|guys|team|folks|again))?(?:,? (?!I\b)(?-i:[A-Z])[\w'’-]*(?=[,.!:]))?(?=\W|$)[\s,.!:-]*)+",
    re.IGNORECASE,
)
_GREETED: Final = re.compile(r"^(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day))\b", re.IGNORECASE)
_FILLER: Final = re.compile(
    r"^(?:(?:oh|ok|okay|so|well|yes|yeah|yep|no|nope|sure|right|alright|thanks|thank you|thx|ty|please|also"
    r"|and|but|um|uh|hmm|lol|wow|great|perfect"
    r"|got it|i see|of course|certainly|absolutely|unfortunately|actually|basically|anyway|then|now|cheers"
    r"|awesome|excellent|good|fine|ugh|seriously)\b[\s,.!-]*)+",
    re.IGNORECASE,
)
_EMPTY: Final = re.compile(
    r"^(?:(?:we(?:'| a)?re|i(?:'| a)?m|im|were|so|very|really|truly|terribly|our|my|we|i|sincere"
    r"|deepest)\s+)*(?:sorry|apolog\w*|regret)\b"
    r"|^(?:thank|thanks|cheers|you'?re welcome|no problem|no worries|bye|goodbye|have a (?:great|good|nice"
    r"|lovely)|take care|welcome|glad|happy to)\b"
    r"|\bhow (?:can|may) (?:i|we) (?:help|assist)|anything else|^(?:i(?:'| woul)?d|we(?:'| woul)?d|we(?:'|"
    r" wi)ll|i(?:'| wi)ll) be (?:happy|glad|more than happy) to (?:help|assist)"
    r"|^(?:let me|one moment|just a (?:moment|minute|sec)|please (?:hold|wait)|bear with)|appreciate your"
    r" patience|^(?:can|could) (?:you|anyone|someone) (?:please )?help\b.{0,12}$"
    r"|^(?:please )?help(?: me)?(?: please)?$|^any (?:ideas?|help|update|suggestions)\b.{0,30}$|^(?:what"
    r"|how) (?:do|should|can) i do\??$|^i (?:need|want) help.{0,20}$"
    r"|^(?:what'?s|what is|whats) (?:going on|up|happening)|^this is (?:ridiculous|unacceptable|disgusting"
    r"|a joke|terrible|awful)\W*$",
    re.IGNORECASE,
)
_HANDOFF: Final = re.compile(
    r"\b(?:transfer|connect|put|pass|hand|escalat)\w*\b.{0,40}\b(?:person|human|colleague|someone|somebody"
    r"|representative|operator|specialist|team|through|over)\b"
    r"|\b(?:speak|talk|chat)\w*\s+(?:to|with)\s+(?:a |an |some|your |the )?(?:real |actual |live"
    r" )?(?:person|human|someone|somebody|representative|operator|manager|supervisor|colleague|body|one)\b"
    r"|^(?:a |an )?(?:real |live )?(?:person|human|representative|operator)(?: please)?\W*$|\b(?:real|live"
    r"|actual) (?:person|human)\b",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(
    r"(?:\s*[\^*/~-]\s*[A-Za-z]{2,12}|(?<=[.!?])\s+[A-Z]{2}\w{0,2}|\s+\d[12]\d?|(?<=[.!?])\s+[A-Z][a-z]{2,9})\s*\Z"
)
_WORD: Final = re.compile(r"[\w'’]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a transcript.

    Attributes:
        customer: The customer said it.
        turn: The turn's place among all turns, from 0.
        place: Its place within the turn, from 0.
        text: Without greeting and signature.
        question: It asks something.
    """

    customer: bool
    turn: int
    place: int
    text: str
    question: bool

    @property
    def words(self) -> int:
        """Return how many words it has."""
        return len(_WORD.findall(self.text))

    @property
    def empty(self) -> bool:
        """Tell whether it says nothing of the matter: thanks, apologies, small talk."""
        return bool(_EMPTY.search(self.text)) or self.words < 3

    @property
    def about_handoff(self) -> bool:
        """Tell whether it is about reaching a person, which the card says already."""
        return bool(_HANDOFF.search(self.text))


def sentences(turns: list[tuple[bool, str]]) -> list[Sentence]:
    """Return the sentences of all turns, each turn given with whether the customer said it."""
    found: list[Sentence] = []
    for number, (customer, text) in enumerate(turns):
        plain = " ".join(_NOISE.sub(" ", text[:2_000]).split())
        pieces = [piece for piece in _SENTENCE.split(plain) if piece.strip(" .!?")]
        for place, piece in enumerate(pieces):
            question = piece.rstrip(" \"')").endswith("?")
            short = _trimmed(piece, last=place == len(pieces) - 1 and not customer)
            if short:
                found.append(Sentence(customer, number, place, short, question))
    return found


def asks_for_a_person(turns: list[tuple[bool, str]]) -> bool:
    """Tell whether one of the customer's last turns asks for a person."""
    mine = [text for customer, text in turns if customer]
    return any(_HANDOFF.search(text) for text in mine[-3:])


def _trimmed(piece: str, *, last: bool) -> str:
    text = piece.strip(" -–—\"'“”")
    if last:
        text = _SIGNATURE.sub("", text)
    if _GREETED.match(text):
        text = _GREETING.sub("", text, count=1)
    text = _FILLER.sub("", text, count=1)
    return text.strip(" .!?,;:-–—…\"'“”")


_DEED: Final = re.compile(
    r"\b(?:I|we)(?:'ve|'m| have| had| am| are| did)?(?: already| just| now| also)? (?P<deed>(?:checked"
    r"|restarted|reset|rebooted|updated|resent"
    r"|re-sent|sent|refunded|contacted|raised|opened|verified|confirmed|cancelled|looked up|looked at|found"
    r"|applied|changed|issued|tried|ran"
    r"|run|requested|reported|escalated|located|added|removed|unlocked)\b[^.!?;\n]{3,90})",
    re.IGNORECASE,
)


def deeds_in(texts: list[str]) -> tuple[str, ...]:
    """Return what the other side says it did: "Checked both payments"."""
    found = dict.fromkeys(_cut(match["deed"]) for text in texts for match in _DEED.finditer(text[:2_000]))
    return tuple(deed for deed in found if deed)


def _cut(deed: str) -> str:
    """Return a deed up to its first comma or further clause, with a capital letter."""
    short = re.split(r",| and (?:I|we|the|it|so|your|that|will)\b| but | so ", deed, maxsplit=1)[0].strip()
    return short[:1].upper() + short[1:]
