"""After a failed send: the whole table, and the pace of an account."""

import pytest

from server.broker.channels.pace import Pace
from server.broker.channels.retries import MOST_RATE_ATTEMPTS, PAUSES_SECONDS, after
from server.broker.ports.channel_store import PartState
from server.broker.ports.channels import SendError, SendProblem
from server.clock import ManualClock

pytestmark = pytest.mark.unit


def then(problem: SendProblem, attempts: int = 0, *, keyed: bool = False, seconds: float | None = None) -> object:
    found = after(SendError(problem, "no", retry_after_seconds=seconds), attempts, keyed=keyed)
    return found.state, found.seconds, found.pause


W, F, U = PartState.WAITING, PartState.FAILED, PartState.UNKNOWN


@pytest.mark.parametrize(
    ("problem", "state", "seconds", "pause"),
    [
        (SendProblem.RETRY, W, PAUSES_SECONDS[0], False),
        (SendProblem.RATE_LIMIT, W, 1.0, False),
        (SendProblem.AUTH, W, 0.0, True),
        (SendProblem.UNKNOWN_OUTCOME, U, 0.0, False),
        (SendProblem.WINDOW, F, 0.0, False),
        (SendProblem.BLOCKED, F, 0.0, False),
        (SendProblem.GONE, F, 0.0, False),
        (SendProblem.INVALID, F, 0.0, False),
    ],
)
def test_every_problem_has_its_consequence(problem: SendProblem, state: PartState, seconds: float, pause: bool) -> None:
    assert then(problem) == (state, seconds, pause)


def test_the_platforms_own_word_on_when_is_kept_within_reason() -> None:
    assert then(SendProblem.RATE_LIMIT, seconds=7.0) == (W, 7.0, False)
    assert then(SendProblem.RATE_LIMIT, seconds=80_000.0) == (W, 600.0, False)
    assert then(SendProblem.RATE_LIMIT, MOST_RATE_ATTEMPTS) == (F, 0.0, False)


def test_a_key_makes_an_unknown_outcome_harmless_and_an_end_comes_all_the_same() -> None:
    assert then(SendProblem.UNKNOWN_OUTCOME, keyed=True) == (W, PAUSES_SECONDS[0], False)
    assert then(SendProblem.UNKNOWN_OUTCOME, len(PAUSES_SECONDS), keyed=True) == (U, 0.0, False)
    assert then(SendProblem.RETRY, len(PAUSES_SECONDS)) == (F, 0.0, False)


async def test_an_account_sends_a_seconds_worth_at_once_and_then_at_its_rate() -> None:
    clock = ManualClock()
    pace = Pace(clock, per_chat_seconds=0.0, per_account_a_second=4.0)
    assert [pace.wait_seconds(f"c{number}") for number in range(4)] == [0.0] * 4
    assert pace.wait_seconds("c5") == pytest.approx(0.25)
    await clock.advance(0.25)
    assert pace.wait_seconds("c5") == 0.0
    await clock.advance(3600)
    assert [pace.wait_seconds(f"d{number}") for number in range(5)].count(0.0) == 4


async def test_one_chat_waits_and_others_do_not() -> None:
    clock = ManualClock()
    pace = Pace(clock, per_chat_seconds=2.0, per_account_a_second=100.0)
    assert pace.wait_seconds("a") == 0.0
    assert pace.wait_seconds("a") == pytest.approx(2.0)
    assert pace.wait_seconds("b") == 0.0
    await clock.advance(2.0)
    assert pace.wait_seconds("a") == 0.0
