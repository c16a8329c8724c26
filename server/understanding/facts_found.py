"""Shape what is found in one turn, before it becomes a fact of the conversation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """One field found in a text.

    Attributes:
        name: Of the field: order_id, amount, ...
        value: In its plain form.
        start: Where it stands in the text, in characters.
        end: Where it ends.
        confidence: From 0 to 1.
    """

    name: str
    value: str
    start: int
    end: int
    confidence: float
