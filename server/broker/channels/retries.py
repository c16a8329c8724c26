"""Decide what to do after a send that did not work: the whole table, and nothing else."""

from dataclasses import dataclass
from typing import Final

from server.broker.ports.channel_store import PartState
from server.broker.ports.channels import SendError, SendProblem

PAUSES_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 900.0, 900.0)
"""Between attempts: given up after about an hour."""
FIRST_RATE_PAUSE_SECONDS: Final = 1.0
MOST_RATE_SECONDS: Final = 600.0
MOST_RATE_ATTEMPTS: Final = 200


@dataclass(frozen=True, slots=True)
class After:
    """What follows.

    Attributes:
        state: WAITING is tried again after `seconds`; the others are ends.
        counts: The attempt counts against how often it is tried.
        pause: Nothing more goes out on the whole account until it is well.
    """

    state: PartState
    seconds: float = 0.0
    counts: bool = True
    pause: bool = False


def after(error: SendError, attempts: int, *, keyed: bool) -> After:
    """Return what follows a failure; an outcome that nobody knows never ends as a failure.

    Args:
        error: What went wrong.
        attempts: How often it failed before.
        keyed: Repeats do no harm.
    """
    match error.problem:
        case SendProblem.RETRY:
            return _again(attempts)
        case SendProblem.RATE_LIMIT:
            wait = error.retry_after_seconds
            if attempts >= MOST_RATE_ATTEMPTS:
                return After(PartState.FAILED)
            return After(PartState.WAITING, min(wait or FIRST_RATE_PAUSE_SECONDS, MOST_RATE_SECONDS))
        case SendProblem.UNKNOWN_OUTCOME:
            return _again(attempts, PartState.UNKNOWN) if keyed else After(PartState.UNKNOWN)
        case SendProblem.AUTH:
            return After(PartState.WAITING, counts=False, pause=True)
        case SendProblem.WINDOW | SendProblem.BLOCKED | SendProblem.GONE | SendProblem.INVALID:
            return After(PartState.FAILED)


def _again(attempts: int, end: PartState = PartState.FAILED) -> After:
    if attempts >= len(PAUSES_SECONDS):
        return After(end)
    return After(PartState.WAITING, PAUSES_SECONDS[attempts])
