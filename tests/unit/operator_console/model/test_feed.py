"""An old snapshot and the events since equal a new snapshot, and an event applied twice is applied once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.model.inputs import (
    Connected,
    Tick,
)
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.events import (
    Event,
    OperatorChanged,
    SessionClosed,
    SessionUpdated,
)
from server.wire.frames import Batch, Snapshot
from server.wire.terms import (
    Outcome,
    Presence,
    SessionId,
    SessionState,
)
from server.wire.views import OperatorView, SessionView
from tests.fakes.console_data import (
    ME,
    MIA,
    NOW,
    ago,
    operator,
    session,
    snapshot,
)

pytestmark = pytest.mark.unit


def desk(first: Snapshot) -> DeskModel:
    model = update(DeskModel(), Tick(NOW))
    return update(update(model, Connected(20.0)), first)


def batch(*events: Event, first: int | None = None) -> Batch:
    last = max(event.seq for event in events)
    return Batch(first=first or min(event.seq for event in events), last=last, now=NOW, events=events)


_STATES = (SessionState.SCREENING, SessionState.QUEUED, SessionState.OFFERED, SessionState.ACTIVE, SessionState.HELD)
_PEOPLE = (ME, MIA, None)


class Broker:
    """The smallest broker there is: open sessions, a roster, a numbered feed."""

    def __init__(self) -> None:
        self.seq = 10
        self.sessions: dict[SessionId, SessionView] = {}
        self.people: dict[str, OperatorView] = {ME: operator(), MIA: operator(MIA, "Mia")}
        self.versions: dict[SessionId, int] = {}

    def snapshot(self) -> Snapshot:
        return snapshot(*self.sessions.values(), seq=self.seq, operators=tuple(self.people.values()))

    def change(self, number: int, state: SessionState, person: int, late: int) -> Event:
        self.seq += 1
        id_ = SessionId(f"s{number}")
        self.versions[id_] = self.versions.get(id_, 0) + 1
        holder = _PEOPLE[person]
        view = session(
            number,
            version=self.versions[id_],
            state=state,
            operator_id=holder if state in {SessionState.ACTIVE, SessionState.HELD} else None,
            offered_to=holder if state is SessionState.OFFERED else None,
            promise_at=None if late == 0 else ago(late),
        )
        self.sessions[id_] = view
        return SessionUpdated(seq=self.seq, at=NOW, session=view)

    def close(self, number: int) -> Event:
        self.seq += 1
        id_ = SessionId(f"s{number}")
        self.versions[id_] = self.versions.get(id_, 0) + 1
        self.sessions.pop(id_, None)
        view = session(number, version=self.versions[id_], state=SessionState.CLOSED, outcome=Outcome.RESOLVED)
        return SessionClosed(seq=self.seq, at=NOW, session=view)

    def presence(self, presence: Presence) -> Event:
        self.seq += 1
        self.people[MIA] = operator(MIA, "Mia", presence=presence)
        return OperatorChanged(seq=self.seq, at=NOW, operator=self.people[MIA])


_CHANGES = st.one_of(
    st.tuples(st.just("change"), st.integers(1, 6), st.sampled_from(_STATES), st.integers(0, 2), st.integers(0, 900)),
    st.tuples(st.just("close"), st.integers(1, 6)),
    st.tuples(st.just("presence"), st.sampled_from(list(Presence))),
)


def _owned(model: DeskModel) -> tuple[object, ...]:
    return model.seq, model.sessions, model.order, model.operators, set(model.turns)


@given(before=st.lists(_CHANGES, max_size=8), after=st.lists(_CHANGES, min_size=1, max_size=20), cuts=st.integers(1, 5))
def test_an_old_snapshot_and_the_events_since_equal_a_new_snapshot(
    before: list[tuple[str, object]], after: list[tuple[str, object]], cuts: int
) -> None:
    broker = Broker()
    for name, *args in before:
        getattr(broker, name)(*args)
    model = desk(broker.snapshot())
    events = [getattr(broker, name)(*args) for name, *args in after]
    for at in range(0, len(events), cuts):
        part = batch(*events[at : at + cuts])
        model = update(model, part)
        assert update(model, part) == model
    assert _owned(model) == _owned(desk(broker.snapshot()))
    assert model.selected is None or model.selected in model.sessions
