"""What a customer says of a talk: only of one with a person, and the last word counts."""

from dataclasses import replace

import pytest

from server.core import inputs as i
from server.core.errors import CallerError, ConflictError
from server.core.machine import step
from server.wire.terms import SessionState
from tests.unit.server.core.building import NOW, RULES, in_state

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("state", [SessionState.WRAP_UP, SessionState.CLOSED])
def test_the_last_score_counts_and_changes_nothing_else(state: SessionState) -> None:
    before = in_state(state)
    first = step(before, i.CustomerScored(2, "slow"), RULES, NOW).session
    last = step(first, i.CustomerScored(5, ""), RULES, NOW)
    assert last.session == replace(before, score=5, score_comment="", version=before.version + 2)
    assert last.effects == ()


@pytest.mark.parametrize("score", [0, 6, -1])
def test_what_is_no_score_is_refused(score: int) -> None:
    with pytest.raises(CallerError, match="no score") as refusal:
        step(in_state(SessionState.CLOSED), i.CustomerScored(score), RULES, NOW)
    assert refusal.value.code == "bad_score"


def test_who_reached_nobody_has_nothing_to_score() -> None:
    abandoned = replace(in_state(SessionState.CLOSED), active_at=None)
    with pytest.raises(ConflictError) as refusal:
        step(abandoned, i.CustomerScored(1), RULES, NOW)
    assert refusal.value.code == "nothing_to_score"
