"""Hold the rows of the key table for transfers to somebody outside; they have names and no keys."""

from typing import Final

from operator_console.model import transfers

PASSING_ON: Final = (
    "To a queue, a colleague, or in a call the phonebook or a number; while one is called: s m c b go on."
)
TRANSFERRING: Final = (
    (
        "transfer.to",
        "Call somebody in",
        "Bring the caller to a number, a SIP address or a name of the phonebook.",
        transfers.begin,
    ),
    ("transfer.swap", "Swap", "Talk with the other one of caller and target.", transfers.answered),
    ("transfer.merge", "Merge", "Talk with caller and target together.", transfers.answered),
    (
        "transfer.complete",
        "Complete",
        "Leave caller and target alone; while it rings: at the answer.",
        transfers.any_stage,
    ),
    ("transfer.back", "Back to caller", "Let the target go, and talk with the caller.", transfers.any_stage),
)
"""Id, label, sentence, and why it can't act now."""
