"""Whom a session rings at now: everybody in one round, or one more after each pause."""

from datetime import timedelta

import pytest

from server.core.rings import to_ring
from server.core.strategy import Routing, Strategy
from server.wire.calling import Ring
from server.wire.terms import OperatorId, SessionState
from tests.unit.server.core.building import NOW, new_session

pytestmark = pytest.mark.unit

ANN, BEN, CAT = OperatorId("op_ann"), OperatorId("op_ben"), OperatorId("op_cat")
ALL = Routing(Strategy.RING_ALL)
MORE = Routing(Strategy.RING_PROGRESSIVELY, ring_more_seconds=5.0)


def test_ring_all_names_everybody_who_is_free_in_one_round() -> None:
    waiting = new_session(state=SessionState.QUEUED)
    assert tuple(to_ring(waiting, ALL, (ANN, BEN, CAT), NOW)) == (ANN, BEN, CAT)


def test_who_is_rung_already_is_not_named_again() -> None:
    until = NOW + timedelta(seconds=15)
    rings = {"offered_to": ANN, "offer_expires_at": until, "rung_at": NOW}
    ringing = new_session(state=SessionState.OFFERED, also_rings=(Ring(operator_id=BEN, expires_at=until),), **rings)
    assert tuple(to_ring(ringing, ALL, (ANN, BEN, CAT), NOW)) == (CAT,)


def test_ring_progressively_names_one_and_one_more_after_each_pause() -> None:
    assert tuple(to_ring(new_session(state=SessionState.QUEUED), MORE, (ANN, BEN, CAT), NOW)) == (ANN,)
    until = NOW + timedelta(seconds=15)
    ringing = new_session(state=SessionState.OFFERED, offered_to=ANN, offer_expires_at=until, rung_at=NOW)
    assert tuple(to_ring(ringing, MORE, (ANN, BEN, CAT), NOW + timedelta(seconds=4.9))) == ()
    assert tuple(to_ring(ringing, MORE, (ANN, BEN, CAT), NOW + timedelta(seconds=5))) == (BEN,)
