"""Rules of cells: every instant comes back to the microsecond, every field as it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.session import Session
from server.storage.cells import Shape
from server.storage.columns import from_microseconds, to_microseconds
from server.storage.conversations import CONVERSATION, MESSAGE
from server.storage.roster import OPERATOR
from server.storage.schema import sessions
from server.storage.sessions import SESSION
from server.wire.terms import Outcome, SessionState
from tests.contract.stored import ANN, BEN, conversation, message, operator, session

pytestmark = pytest.mark.unit


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_an_instant_comes_back_exactly_and_in_utc(at: datetime) -> None:
    back = from_microseconds(to_microseconds(at))
    assert back == at
    assert back.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        to_microseconds(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


@given(st.text(), st.booleans(), st.sampled_from(SessionState), st.none() | st.sampled_from(Outcome))
def test_a_session_comes_back_from_its_cells(note: str, muted: bool, state: SessionState, outcome: Outcome) -> None:
    made = session(note=note, muted=muted, state=state, outcome=outcome, declined_by=(ANN, BEN))
    cells = SESSION.cells(made)
    assert all(type(cell) in {str, int, type(None)} for cell in cells.values())
    assert SESSION.read(tuple(cells.values())) == made
    assert SESSION.read(("before", *cells.values(), "behind"), 1) == made


def test_every_kind_of_record_comes_back_from_its_cells() -> None:
    for shape, made in ((CONVERSATION, conversation()), (MESSAGE, message(1)), (OPERATOR, operator())):
        assert shape.read(tuple(shape.cells(made).values())) == made  # type: ignore[arg-type]


def test_a_row_that_does_not_fit_its_type_is_refused() -> None:
    cells = {**SESSION.cells(session()), "state": "dancing"}
    with pytest.raises(ValueError, match="dancing"):
        SESSION.read(tuple(cells.values()))


def test_a_field_without_a_column_is_refused_at_once() -> None:
    class Longer(Session):
        mood: str

    with pytest.raises(KeyError):
        Shape(Longer, sessions)
    assert replace(session(), note="x").note == "x"
