"""A session that waits always has a moment at which it moves by itself, and the moment is the right one."""

from dataclasses import replace

import pytest

from server.core import inputs as i
from server.core.deadlines import next_deadline
from server.wire.terms import Medium, SessionState
from tests.unit.server.core.building import RULES, after, in_state, walk

pytestmark = pytest.mark.unit

S = SessionState


@pytest.mark.parametrize("medium", Medium)
def test_a_slow_guard_loses_nobody(medium: Medium) -> None:
    assert next_deadline(in_state(S.SCREENING, medium), RULES) == (after(5), i.ScreeningPassed())


@pytest.mark.parametrize("medium", Medium)
def test_a_queued_session_waits_until_its_wait_expires(medium: Medium) -> None:
    assert next_deadline(in_state(S.QUEUED, medium), RULES) == (after(1800), i.WaitExpired())


@pytest.mark.parametrize(("medium", "seconds"), [(Medium.VOICE, 15), (Medium.CHAT, 30)])
def test_an_offer_lapses_first(medium: Medium, seconds: int) -> None:
    assert next_deadline(in_state(S.OFFERED, medium), RULES) == (after(seconds), i.OfferLapsed())


def test_a_wait_that_ends_during_a_ring_ends_it() -> None:
    offered = replace(in_state(S.OFFERED), wait_expires_at=after(10))
    assert next_deadline(offered, RULES) == (after(10), i.WaitExpired())
    both = replace(in_state(S.OFFERED), wait_expires_at=after(15))
    assert next_deadline(both, RULES) == (after(15), i.WaitExpired())


def test_a_claim_has_a_lease_of_its_own_epoch() -> None:
    connecting = in_state(S.CONNECTING)
    assert next_deadline(connecting, RULES) == (after(5), i.ConnectFailed(connecting.epoch))


@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("state", [S.ACTIVE, S.HELD])
def test_a_talk_has_a_deadline_only_while_the_operator_is_lost(state: S, medium: Medium) -> None:
    talk = in_state(state, medium)
    assert next_deadline(talk, RULES) is None
    lost = walk(talk, i.OperatorLost(talk.epoch), now=after(100))
    grace = 15 if medium is Medium.VOICE else 120
    assert next_deadline(lost, RULES) == (after(100 + grace), i.OperatorGone(talk.epoch))


def test_wrap_up_lapses() -> None:
    assert next_deadline(in_state(S.WRAP_UP), RULES) == (after(60), i.WrapUpLapsed())


def test_a_closed_session_never_moves() -> None:
    assert next_deadline(in_state(S.CLOSED), RULES) is None


@pytest.mark.parametrize("state", [S.CONNECTING, S.WRAP_UP])
def test_a_row_that_lost_its_instant_moves_at_once_instead_of_never(state: S) -> None:
    damaged = replace(in_state(state), lease_expires_at=None, wrap_up_until=None)
    deadline = next_deadline(damaged, RULES)
    assert deadline is not None
    assert deadline[0] == damaged.requested_at
