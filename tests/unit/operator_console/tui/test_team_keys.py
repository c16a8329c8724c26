"""The team screen and the commands about people, by key and by word."""

import msgspec
import pytest
from textual.pilot import Pilot

from operator_console.tui.app import DeskApp
from operator_console.tui.lines import plain
from operator_console.tui.screens.team import TeamScreen
from server.wire.commands import AskBreak, Command, DecideBreak, SetPresence
from server.wire.events import OperatorChanged
from server.wire.frames import Batch, Snapshot
from server.wire.terms import OperatorId, Presence, Role
from server.wire.views import DeskPolicy
from tests.fakes.console_data import MIA, NOW, ago, operator, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit
SIZE = (80, 24)
BO = OperatorId("op-bo")
POLICY = DeskPolicy(away_reasons=("break", "siesta"), max_on_break=2)


def desk_of(*, role: Role = Role.SUPERVISOR, **mine: object) -> Snapshot:
    people = (
        operator(role=role, **mine),
        operator(MIA, "Mia", break_asked_at=ago(61), break_reason="lunch"),
        operator(BO, "Bo", presence=Presence.AWAY, reason="training", since=ago(600), connected=False),
    )
    return msgspec.structs.replace(snapshot(operators=people), policy=POLICY)


def orders(desk: FakeDesk, kind: type[Command]) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


def shown(app: DeskApp) -> list[str]:
    assert isinstance(app.screen, TeamScreen)
    rows = app.screen.rows
    return [plain(rows.line_at(y)[0]) for y in range(rows.line_count())]


async def say(pilot: Pilot[int], line: str) -> None:
    await pilot.press("colon")
    await pilot.press(*["space" if letter == " " else letter for letter in line], "enter")
    await settled(pilot)


async def test_the_list_says_who_is_where_why_since_when_and_who_asks() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, desk_of())
        await pilot.press("T")
        await settled(pilot)
        mia, sam, bo = shown(app)
        assert "ASKS lunch 1:01" in mia
        assert "Sam (you)" in sam
        assert all(word in bo for word in ("Bo", "AWAY training", "10:00", "GONE"))
        desk.play(
            Batch(first=11, last=11, now=NOW, events=(OperatorChanged(seq=11, at=NOW, operator=operator(MIA, "Mia")),))
        )
        await settled(pilot)
        assert not any("ASKS" in row for row in shown(app)), "a change shows while the screen is open"


async def test_a_supervisor_grants_and_denies_from_the_list() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of())
        await pilot.press("T", "g")
        await pilot.press("x", *"busy", "enter")
        await pilot.press("j", "g")
        await settled(pilot)
        decided = [(one.operator_id, one.granted, one.note) for one in orders(desk, DecideBreak)]  # type: ignore[union-attr]
        assert decided == [(MIA, True, ""), (MIA, False, "busy")], "nobody else asked for anything"


async def test_breaks_are_decided_by_name_too_and_only_by_supervisors() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of())
        await say(pilot, "break.deny mia six wait")
        await say(pilot, "break.grant bo")
        assert app.model.notice is not None
        assert app.model.notice.text == "Bo asks for no break."
        await say(pilot, "break.grant")
        decided = [(one.operator_id, one.granted, one.note) for one in orders(desk, DecideBreak)]  # type: ignore[union-attr]
        assert decided == [(MIA, False, "six wait"), (MIA, True, "")]
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of(role=Role.OPERATOR))
        await say(pilot, "break.grant mia")
        assert app.model.notice is not None
        assert app.model.notice.text == "Only a supervisor decides on breaks."
        assert not orders(desk, DecideBreak)


async def test_the_reasons_are_those_of_the_broker() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of(role=Role.OPERATOR))
        await pilot.press("d", "s")
        await pilot.press("B", "s")
        await say(pilot, "break.ask tea")
        await settled(pilot)
        (away,) = orders(desk, SetPresence)
        assert isinstance(away, SetPresence)
        assert (away.presence, away.reason) == (Presence.AWAY, "siesta")
        assert [one.reason for one in orders(desk, AskBreak)] == ["siesta", "tea"]  # type: ignore[union-attr]


async def test_what_was_to_come_is_cancelled_by_a_key_and_by_a_word() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of(pending_presence=Presence.AWAY, pending_reason="lunch"))
        await pilot.press("d", "k")
        await say(pilot, "duty.keep")
        chosen = [(one.presence, one.reason) for one in orders(desk, SetPresence)]  # type: ignore[union-attr]
        assert chosen == [(Presence.AVAILABLE, "")] * 2


async def test_a_request_is_taken_back() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, desk_of(break_asked_at=ago(5), break_reason="tea"))
        await pilot.press("B")
        assert app.model.notice is not None
        assert "asked already" in app.model.notice.text
        await pilot.press("d", "q")
        await settled(pilot)
        assert [one.on for one in orders(desk, AskBreak)] == [False]  # type: ignore[union-attr]
