"""The words of a transfer: who talks with whom, what became of it, and what may be ordered."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from operator_console.model import transfers
from operator_console.model.inputs import Connected, HeadsetPhase, Tick
from operator_console.model.news import change_news
from operator_console.model.past import about
from operator_console.model.select import CallWord, call_word
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.widgets.call_bar import bar_line
from operator_console.tui.widgets.status import hints_line
from server.wire.calling import Transfer
from server.wire.terms import Dial, LegId, SessionState, TransferKind, TransferOutcome, TransferStage, TransferStep
from tests.fakes.console_data import ME, NOW, ago, live_call, snapshot

pytestmark = pytest.mark.unit

BILLING = Transfer(
    id=LegId("x_1"),
    kind=TransferKind.WARM,
    to="Billing",
    address="+4930123456",
    began_at=ago(9),
    expires_at=NOW + timedelta(seconds=21),
)
HELD = {TransferStage.DIALLING, TransferStage.CONSULTING}


def desk(**changes: object) -> DeskModel:
    """Return the desk in a call of mine, with a transfer at a stage."""
    one = replace(BILLING, **changes)
    state = SessionState.HELD if one.stage in HELD and one.kind is not TransferKind.CONFERENCE else SessionState.ACTIVE
    call = live_call(state=state, transfers=(one,))
    model = update(update(update(DeskModel(), Tick(NOW)), Connected(1.0)), snapshot(call))
    return replace_headset(model)


def replace_headset(model: DeskModel) -> DeskModel:
    return replace(model, headset=replace(model.headset, phase=HeadsetPhase.LIVE))


def bar(model: DeskModel, width: int) -> str:
    return "".join(text for text, _ in bar_line(model, width))


@pytest.mark.parametrize(
    ("stage", "word", "words"),
    [
        (TransferStage.DIALLING, CallWord.HELD, "rings at Billing 0:09, the caller waits"),
        (TransferStage.CONSULTING, CallWord.CONSULT, "with Billing, the caller waits"),
        (TransferStage.PARKED, CallWord.LIVE, "with the caller, Billing waits"),
        (TransferStage.MERGED, CallWord.LIVE, "with the caller and Billing"),
    ],
)
def test_the_call_bar_says_who_talks_and_who_waits(stage: TransferStage, word: CallWord, words: str) -> None:
    model = desk(stage=stage, dial=Dial.RINGING)
    assert call_word(model) is word
    assert f"● {word}" in bar(model, 120)
    assert words in bar(model, 120)
    assert words in bar(model, 80), "also on a small terminal"


def test_the_line_of_keys_begins_with_what_goes_on_with_it_at_any_width() -> None:
    for width in (80, 120):
        shown = "".join(text for text, _ in hints_line(desk(stage=TransferStage.CONSULTING), width))
        assert shown.startswith(" t s Swap  t m Merge  t c Complete  t b Back to caller")
    rings = "".join(text for text, _ in hints_line(desk(), 80))
    assert rings.startswith(" t c Complete  t b Back to caller"), "nobody is there to swap with while it rings"


def test_what_a_step_does_is_said_of_the_two_it_concerns() -> None:
    parked, consulting = desk(stage=TransferStage.PARKED), desk(stage=TransferStage.CONSULTING)
    assert transfers.step_words(parked, TransferStep.SWAP) == "talk with Billing, the other waits"
    assert transfers.step_words(consulting, TransferStep.SWAP) == "talk with the caller, the other waits"
    assert transfers.step_words(desk(), TransferStep.COMPLETE) == "leave the caller with Billing when they answer"


def test_a_conference_that_rings_leaves_the_caller_with_me() -> None:
    assert "calling Billing 0:09, the caller is with you" in bar(desk(kind=TransferKind.CONFERENCE), 120)


@pytest.mark.parametrize(
    ("outcome", "reason", "told"),
    [
        (TransferOutcome.BUSY, "", "Billing: busy."),
        (TransferOutcome.DECLINED, "they hung up", "Billing: declined (they hung up)."),
        (TransferOutcome.NO_ANSWER, "", "Billing: no answer."),
    ],
)
def test_a_transfer_that_came_to_nothing_is_told_with_where_the_caller_is(
    outcome: TransferOutcome, reason: str, told: str
) -> None:
    before = live_call(state=SessionState.HELD, transfers=(BILLING,))
    over = replace(BILLING, stage=TransferStage.OVER, outcome=outcome, reason=reason)
    after = replace(before, state=SessionState.ACTIVE, transfers=(over,))
    news = change_news(before, after, ME, None)
    assert news is not None
    assert news[0] == f"{after.number}: {told} The caller is with you."
    assert change_news(after, after, ME, None) is None, "it is told once"
    assert ("Transfers", transfers.outcome_words(over)) in about(after)


def test_every_outcome_has_words() -> None:
    assert set(transfers.OUTCOMES) == set(TransferOutcome)


@pytest.mark.parametrize(
    ("stage", "swap", "back"),
    [
        (TransferStage.DIALLING, "It still rings at Billing.", None),
        (TransferStage.CONSULTING, None, None),
        (TransferStage.OVER, "No transfer of H-0046 is under way.", "No transfer of H-0046 is under way."),
    ],
)
def test_what_can_not_be_ordered_says_why(stage: TransferStage, swap: str | None, back: str | None) -> None:
    outcome = TransferOutcome.BUSY if stage is TransferStage.OVER else None
    model = desk(stage=stage, outcome=outcome)
    number = next(iter(model.sessions.values())).number
    expected = [why and why.replace("H-0046", number) for why in (swap, back)]
    assert [transfers.answered(model), transfers.any_stage(model)] == expected
    begun = None if outcome else f"{number} is being transferred to Billing already."
    assert transfers.begin(model) == begun
