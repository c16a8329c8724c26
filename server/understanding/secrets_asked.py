"""Tell which secret a sentence is about: what the assistant asked for, or what the customer says the digits are."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Secret(StrEnum):
    """What is taken out of a text, in the words of the mark that stands in its place."""

    CARD = "card"
    SECURITY_CODE = "security code"
    ONE_TIME_CODE = "one-time code"
    PIN = "PIN"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    IBAN = "IBAN"
    NATIONAL_ID = "national id"


_WORDS: Final[dict[Secret, str]] = {
    Secret.SECURITY_CODE: r"cvv2?|cvc2?|cvn|cid number|c\W?v\W?v|card verification|security (?:code|number)"
    r"|(?:code|digits?|number)s? (?:is |are )?(?:on|at) the back|(?:last )?three digits on|code de sécurité|prüfnummer"
    r"|código de seguridad",
    Secret.ONE_TIME_CODE: r"one[- ]time|otp|verification (?:code|number)|passcode|pass code|2fa|two[- ]factor"
    r"|authenticat(?:ion|or) code|login code|sign[- ]?in code|access code|sms code|security token"
    r"|code (?:that |which )?(?:i|we|you|they|i've|we've|was|has been) (?:just |been |have )*"
    r"(?:sent|texted|got|received|e-?mailed)"
    r"|code (?:from|in) (?:the|my|your) (?:text|sms|message|e-?mail|app)|texted (?:me|you) (?:a|the|is)"
    r"|(?:sent|texted) (?:me|you|to you|to me)? ?(?:a|the) code"
    r"|bestätigungscode|código de verificación|code de vérification",
    Secret.PIN: r"pin(?: number)?(?! ?code| on| the| it| in | up)|pin-number|personal identification number",
    Secret.PASSWORD: r"password|passphrase|pass phrase|passwort|contraseña|mot de passe",
    Secret.IBAN: r"iban",
    Secret.NATIONAL_ID: r"social security|ssn|s\.s\.n|national insurance|ni number|nino|tax (?:id|number|file)|itin"
    r"|national id|identity (?:card|number)|id card|passport|driv(?:er|ing)(?:'?s)? licen[cs]e|aadhaa?r"
    r"|cpf|dni|bsn|burgerservice|personnummer|pesel|codice fiscale|steuer-?id|social insurance|medicare number",
    Secret.CARD: r"(?<!sim )(?<!gift )(?<!loyalty )(?<!library )(?<!sd )"
    r"(?:(?:credit|debit|bank|visa|master|amex|payment|charge) ?)?cards?\b"
    r"|(?:long|sixteen|16)[- ](?:number|digit)|pan number|american express|mastercard|\bvisa\b"
    r"|kreditkarte|tarjeta|carte bancaire",
}
_PATTERN: Final = re.compile(
    "|".join(f"(?P<k{n}>\\b(?:{words}))" for n, words in enumerate(_WORDS.values())), re.IGNORECASE
)
_KINDS: Final = tuple(_WORDS)
_LAST_FOUR: Final = re.compile(r"\b(?:last|final) (?:four|4|few)\b|\bending\b|\bends? (?:in|with)\b", re.IGNORECASE)
_ASKING: Final = re.compile(
    r"\?|\b(?:please|what|which|tell|give|provide|confirm|read|enter|type|say|need|may i|can i|could"
    r"|share|send|spell)\b",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(
    r"\b(?:order|booking|reservation|tracking|account|customer|invoice|phone|telephone|mobile|e-?mail|post ?code|zip"
    r"|reference|confirmation|case|ticket|serial|model|date of birth|name|address|amount|policy|member)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Name:
    """Where a text names a secret."""

    secret: Secret
    start: int
    end: int


class Names:
    """All names in one text, in order, found in one pass."""

    def __init__(self, text: str) -> None:
        """Look for them."""
        found = [
            Name(_KINDS[int((match.lastgroup or "k0")[1:])], match.start(), match.end())
            for match in _PATTERN.finditer(text)
        ]
        self.secrets: Final = found
        self._ends: Final = [name.end for name in found]
        self.others: Final = [match.start() for match in _OTHER.finditer(text)]

    def last_before(self, at: int, reach: int) -> Name | None:
        """Return the secret named last within `reach` characters before a place."""
        index = bisect_right(self._ends, at) - 1
        name = self.secrets[index] if index >= 0 else None
        return name if name is not None and name.start >= at - reach else None

    def first_after(self, at: int, reach: int) -> Name | None:
        """Return the secret named first within `reach` characters behind a place."""
        index = bisect_right(self._ends, at)
        name = self.secrets[index] if index < len(self.secrets) else None
        return name if name is not None and at <= name.start and name.end <= at + reach else None

    def other_between(self, start: int, end: int) -> bool:
        """Tell whether a number that is no secret is named in this stretch."""
        index = bisect_left(self.others, start)
        return index < len(self.others) and self.others[index] < end


def wants_last_four(text: str) -> bool:
    """Tell whether only the end of a number is meant, which may be kept."""
    return bool(_LAST_FOUR.search(text))


def asks(text: str) -> bool:
    """Tell whether a turn asks for something; "mhm, go on" does not."""
    return bool(_ASKING.search(text))


def asked_for(text: str) -> Secret | None:
    """Return the secret that a turn of the other side asks for; None when it asks for none."""
    names = Names(text).secrets
    if not names or (names[-1].secret is Secret.CARD and wants_last_four(text)):
        return None
    return names[-1].secret
