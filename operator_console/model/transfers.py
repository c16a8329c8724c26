"""Put a transfer of my call into words, and say what may be ordered about it."""

from typing import Final

from operator_console.model.allowed import may_send, requeue
from operator_console.model.select import is_pending, my_call
from operator_console.model.state import DeskModel
from operator_console.model.wording import span
from server.wire.calling import Transfer as Attempt
from server.wire.commands import SteerTransfer, Transfer
from server.wire.terms import Dial, TransferKind, TransferOutcome, TransferStage, TransferStep
from server.wire.views import SessionView

OUTCOMES: Final = {
    TransferOutcome.ANSWERED: "answered",
    TransferOutcome.BUSY: "busy",
    TransferOutcome.NO_ANSWER: "no answer",
    TransferOutcome.DECLINED: "declined",
    TransferOutcome.UNREACHABLE: "not reachable",
    TransferOutcome.UNCONFIRMED: "answered, and did not take it",
    TransferOutcome.FAILED: "failed",
    TransferOutcome.CANCELLED: "taken back",
}
"""What became of an attempt, in words."""
_STAGES: Final = {
    TransferStage.CONSULTING: "with {to}, the caller waits",
    TransferStage.PARKED: "with the caller, {to} waits",
    TransferStage.MERGED: "with the caller and {to}",
}
STEP_NAMES: Final = {
    TransferStep.SWAP: "Swap",
    TransferStep.MERGE: "Merge",
    TransferStep.COMPLETE: "Complete",
    TransferStep.BACK: "Back to caller",
}
STEP_LETTERS: Final = {
    TransferStep.SWAP: "s",
    TransferStep.MERGE: "m",
    TransferStep.COMPLETE: "c",
    TransferStep.BACK: "b",
}
"""What follows the key of transfers while one is under way."""
_PENDING: Final = "Already asked: waiting for the broker."


def under_way(session: SessionView) -> Attempt | None:
    """Return the attempt of a session that has no outcome yet."""
    last = session.transfers[-1] if session.transfers else None
    return last if last is not None and last.outcome is None else None


def is_consulting(session: SessionView) -> bool:
    """Tell whether the operator talks with the target while the caller waits: the microphone is heard."""
    attempt = under_way(session)
    return attempt is not None and attempt.stage is TransferStage.CONSULTING


def transfer_words(model: DeskModel, session: SessionView) -> str:
    """Return where the transfer of a call stands: who talks with whom; empty when none is under way."""
    attempt = under_way(session)
    if attempt is None:
        return ""
    if attempt.stage in _STAGES:
        return _STAGES[attempt.stage].format(to=attempt.to)
    waits = "the caller is with you" if attempt.kind is TransferKind.CONFERENCE else "the caller waits"
    how = "rings at" if attempt.dial in {Dial.RINGING, Dial.ANSWERED} else "calling"
    return f"{how} {attempt.to} {span((model.now - attempt.began_at).total_seconds())}, {waits}"


def steps(model: DeskModel) -> tuple[TransferStep, ...]:
    """Return what may be ordered about the transfer of my call now."""
    if any_stage(model) is not None:
        return ()
    both = (TransferStep.SWAP, TransferStep.MERGE) if answered(model) is None else ()
    return (*both, TransferStep.COMPLETE, TransferStep.BACK)


def step_words(model: DeskModel, step: TransferStep) -> str:
    """Return what a step does now, in a sentence's words: "the caller and Billing talk, you leave"."""
    call = my_call(model)
    attempt = under_way(call) if call is not None else None
    to = attempt.to if attempt is not None else "them"
    rings = attempt is not None and attempt.stage is TransferStage.DIALLING
    match step:
        case TransferStep.SWAP:
            parked = attempt is not None and attempt.stage is TransferStage.PARKED
            return f"talk with {to if parked else 'the caller'}, the other waits"
        case TransferStep.MERGE:
            return "all three talk"
        case TransferStep.COMPLETE:
            return f"leave the caller with {to}{' when they answer' if rings else ''}"
        case TransferStep.BACK:
            return f"let {to} go"


def outcome_words(attempt: Attempt) -> str:
    """Return what became of an attempt: "Billing: busy"."""
    if attempt.outcome is None:
        return f"{attempt.to}: under way"
    why = f" ({attempt.reason})" if attempt.reason else ""
    return f"{attempt.to}: {OUTCOMES[attempt.outcome]}{why}"


def ended_words(before: SessionView, after: SessionView) -> str:
    """Return what to say of a transfer that came to an end while the session is still mine; empty where none did."""
    attempt = under_way(before)
    if attempt is None or under_way(after) is not None:
        return ""
    over = next((one for one in after.transfers if one.id == attempt.id), None)
    return "" if over is None else f"{after.number}: {outcome_words(over)}. The caller is with you."


def begin(model: DeskModel) -> str | None:
    """Bring the caller to somebody outside."""
    blocked = may_send(model)
    call = my_call(model)
    if blocked or call is None:
        return blocked or "You are in no call."
    attempt = under_way(call)
    if attempt is not None:
        return f"{call.number} is being transferred to {attempt.to} already."
    return _PENDING if is_pending(model, Transfer, call.id) else None


def pass_on(model: DeskModel) -> str | None:
    """Bring a session of mine to somebody else, or go on with the transfer that is under way."""
    call = my_call(model)
    return any_stage(model) if call is not None and under_way(call) is not None else requeue(model)


def answered(model: DeskModel) -> str | None:
    """Swap or merge: the target must be there."""
    blocked = any_stage(model)
    call = my_call(model)
    attempt = under_way(call) if call is not None else None
    if blocked or attempt is None:
        return blocked
    return f"It still rings at {attempt.to}." if attempt.stage is TransferStage.DIALLING else None


def any_stage(model: DeskModel) -> str | None:
    """Complete a transfer, or take it back: one must be under way."""
    blocked = may_send(model)
    call = my_call(model)
    if blocked or call is None:
        return blocked or "You are in no call."
    if under_way(call) is None:
        return f"No transfer of {call.number} is under way."
    return _PENDING if is_pending(model, SteerTransfer, call.id) else None
