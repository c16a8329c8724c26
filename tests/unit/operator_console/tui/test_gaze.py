"""What the others are told of where I look and write."""

import pytest
from msgspec.structs import replace

from operator_console.model.inputs import Connected, Selected, Tick
from operator_console.model.state import DeskModel, LinkState
from operator_console.model.update import update
from operator_console.tui.gaze import Gaze
from operator_console.tui.lines import plain
from server.wire.commands import Accept
from server.wire.frames import Ghost, Ghosts, Look
from server.wire.terms import SessionId
from tests.fakes.console_data import MIA, NOW, busy, live_chat, session, snapshot
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit
ONE, TWO = SessionId("s1"), SessionId("s2")


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


def test_only_the_end_of_a_walk_is_told_and_writing_wears_off() -> None:
    told: list[Look] = []
    clock = Watch()
    gaze = Gaze(told.append, clock)  # type: ignore[arg-type]
    model = update(update(update(DeskModel(), Tick(NOW)), Connected()), snapshot(session(1), session(2)))
    for id_ in (ONE, TWO, ONE, TWO):
        model = update(model, Selected(id_))
        gaze.follow(model)
    assert told == [Look(session_id=ONE)]
    clock.at += 0.6
    gaze.follow(model)
    gaze.follow(model)
    assert told[1:] == [Look(session_id=TWO)]
    gaze.wrote("h")
    clock.at += 0.6
    gaze.follow(model)
    clock.at += 6
    gaze.follow(model)
    assert told[2:] == [Look(session_id=TWO, writing=True), Look(session_id=TWO)]
    lost = replace(model, link=replace(model.link, state=LinkState.LOST))
    clock.at += 1
    gaze.follow(lost)
    gaze.follow(model)
    assert told[4:] == [Look(session_id=TWO)], "a new connection is told anew"


async def test_rows_and_the_transcript_name_who_is_there() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        desk.play(Ghosts(people=(Ghost(operator_id=MIA, session_id=SessionId("s42"), writing=True),), whole=True))
        await settled(pilot)
        rows = [plain(app.desk_screen.queue.line_at(y)[0]) for y in range(6)]
        assert [row for row in rows if "Mia writes" in row and "Joan Ferrer" in row]
        assert "Mia writes" in str(app.desk_screen.transcript.border_title)


async def test_what_somebody_writes_on_is_accepted_only_after_asking() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        desk.play(Ghosts(people=(Ghost(operator_id=MIA, session_id=SessionId("s42"), writing=True),), whole=True))
        await settled(pilot)
        await pilot.press("a", "n")
        await settled(pilot)
        assert desk.orders == []
        await pilot.press("a", "y")
        await settled(pilot)
        assert [type(order) for order in desk.orders] == [Accept]


async def test_writing_in_the_composer_is_told_once() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, snapshot(live_chat()))
        await pilot.press("i", *"Hello")
        await settled(pilot)
        assert desk.looks[0].session_id == live_chat().id
        assert len(desk.looks) <= 2, "with the clock standing still the first look is the only one that is due"
