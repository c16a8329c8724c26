"""Hold the rows of the key table for what an assistant asks: answer, approve, decline."""

from typing import Final

from operator_console.model import consults

CONSULTING: Final = (
    (
        "consult.answer",
        ("q",),
        "Answer AI",
        "Answer the AI's question, or decide on its proposal: there y approves, n declines, Y and N with a reason.",
        consults.answer,
        2,
    ),
    ("consult.approve", (), "Approve", "Approve the AI's proposal at once.", consults.decide, 0),
    ("consult.decline", (), "Decline it", "Decline the AI's proposal at once.", consults.decide, 0),
)
"""Id, keys, label, sentence, why it can't act now, and how early it is hinted at."""
