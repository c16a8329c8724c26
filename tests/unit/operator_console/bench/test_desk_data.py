"""The made-up desk: the console takes it as it takes a broker's, and the rows in view keep their order."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from operator_console.bench.desk_data import IN_VIEW, ME, BenchDesk, caller, said
from operator_console.model.select import visible_order
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.events import SessionActive, SessionEvent, SessionQueued, SessionUpdated
from server.wire.terms import ConversationId

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONG = ConversationId("con-00000")


def test_the_console_applies_every_change_without_a_gap() -> None:
    desk = BenchDesk(200, 10, NOW)
    model = update(DeskModel(), desk.snapshot(NOW))
    for _ in range(500):
        model = update(model, desk.change(NOW))
    assert not model.resync_wanted
    assert model.seq == desk.seq == 501
    assert {session.id: session.version for session in desk.sessions} == {
        id_: session.version for id_, session in model.sessions.items()
    }


def test_the_rows_in_view_keep_their_order_whatever_happens() -> None:
    desk = BenchDesk(200, 10, NOW)
    model = update(DeskModel(), desk.snapshot(NOW))
    first = [session.id for session in desk.sessions[:IN_VIEW]]
    assert list(visible_order(model)[:IN_VIEW]) == first
    for _ in range(500):
        model = update(model, desk.change(NOW))
    assert list(visible_order(model)[:IN_VIEW]) == first
    assert model.selected == first[0]


def test_half_of_the_changes_fall_on_the_rows_in_view_and_a_quarter_move_a_row() -> None:
    desk = BenchDesk(1_000, 10, NOW)
    in_view = {session.id for session in desk.sessions[:IN_VIEW]}
    events = [event for _ in range(2_000) for event in desk.change(NOW).events]
    assert all(isinstance(event, SessionEvent) for event in events)
    seen = sum(isinstance(event, SessionEvent) and event.session.id in in_view for event in events)
    kinds = Counter(type(event) for event in events)
    assert 0.45 < seen / 2_000 < 0.55
    assert 0.2 < (kinds[SessionActive] + kinds[SessionQueued]) / 2_000 < 0.3
    assert kinds[SessionUpdated] > 1_000


def test_the_same_size_changes_in_the_same_way() -> None:
    one, other = BenchDesk(100, 10, NOW), BenchDesk(100, 10, NOW)
    assert [one.change(NOW) for _ in range(50)] == [other.change(NOW) for _ in range(50)]


def test_the_long_conversation_is_read_page_by_page_and_grows_at_its_end() -> None:
    desk = BenchDesk(3, 450, NOW)
    pages = [desk.turns(LONG, after, 200) for after in (0, 200, 400)]
    assert [len(page) for page in pages] == [200, 200, 50]
    assert [turn.position for page in pages for turn in page] == list(range(1, 451))
    added = desk.say("more", NOW)
    assert (added.first, added.last) == (2, 2)
    assert [turn.text for turn in desk.turns(LONG, 449, 200)] == [said(450), "more"]


def test_every_row_has_a_name_of_its_own_and_none_is_mine() -> None:
    desk = BenchDesk(10_000, 10, NOW)
    assert len({session.customer.name for session in desk.sessions}) == 10_000
    assert desk.sessions[9_999].customer.name == caller(9_999) == "Caller 09999"
    assert all(session.operator_id != ME for session in desk.sessions)
