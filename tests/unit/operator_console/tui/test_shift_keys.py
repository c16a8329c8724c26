"""Signing on, the digest, and handing all chats over, by key and by word."""

import msgspec
import pytest
from textual.pilot import Pilot

from operator_console.tui.lines import plain
from operator_console.tui.screens.digest import DigestScreen
from server.wire.commands import HandOver
from server.wire.events import OperatorChanged
from server.wire.frames import Batch
from server.wire.terms import Presence
from tests.fakes.console_data import MIA, NOW, busy, live_chat, operator, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit
SIZE = (80, 24)


async def say(pilot: Pilot[int], line: str) -> None:
    await pilot.press("colon")
    await pilot.press(*["space" if letter == " " else letter for letter in line], "enter")
    await settled(pilot)


def handed(desk: FakeDesk) -> list[tuple[str | None, str]]:
    return [(order.to, order.note) for order in desk.orders if isinstance(order, HandOver)]


async def test_signing_on_tells_in_a_line_what_happened_and_a_key_shows_all_of_it() -> None:
    app, desk, _ = build()
    desk.shift = msgspec.structs.replace(desk.shift, waiting=busy()[:2], waiting_count=2, late_count=2)
    async with app.run_test(size=SIZE) as pilot:
        people = (operator(presence=Presence.OFFLINE), operator(MIA, "Mia"))
        await opened(pilot, desk, snapshot(*busy(), operators=people))
        assert app.model.notice is None
        desk.play(Batch(first=11, last=11, now=NOW, events=(OperatorChanged(seq=11, at=NOW, operator=operator()),)))
        await settled(pilot)
        assert app.model.notice is not None
        assert "2 waiting (2 late)" in app.model.notice.text
        assert app.screen is app.desk_screen, "no key typed ahead goes to another screen"
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(app.screen, DigestScreen)
        pane = app.screen.pane
        lines = [plain(pane.line_at(y)[0]) for y in range(pane.line_count())]
        assert any("Joan Ferrer" in line for line in lines)
        await pilot.press("escape")
        assert app.screen is app.desk_screen


async def test_a_digest_that_can_t_be_read_says_why() -> None:
    app, desk, _ = build()
    desk.refuse_reads = True
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(app.screen, DigestScreen)
        assert "not reachable" in plain(app.screen.pane.line_at(0)[0])


async def test_all_chats_are_handed_over_in_one_command() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(live_chat()))
        await say(pilot, "handover Mia she knows the case")
        await say(pilot, "handover - end of shift")
        await say(pilot, "handover")
        await pilot.press(*"Mi", "enter", *"bye", "enter")
        await settled(pilot)
        assert handed(desk) == [(MIA, "she knows the case"), (None, "end of shift"), (MIA, "bye")]
        await say(pilot, "handover Bob")
        assert app.model.notice is not None
        assert "Nobody is called Bob" in app.model.notice.text


async def test_without_a_chat_there_is_nothing_to_hand_over() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await say(pilot, "handover -")
        assert app.model.notice is not None
        assert app.model.notice.text == "You have no chat in hand."
        assert handed(desk) == []
