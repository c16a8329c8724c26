"""How much work the screen does, counted: speed that a busy machine can't hide."""

import asyncio
from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._compositor import ChopsUpdate, LayoutUpdate

from operator_console.model.inputs import Selected, Tick, TranscriptLoaded
from operator_console.model.select import anyone_needs_me, next_that_needs_me
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.paced import MOST_WRITES
from operator_console.tui.painting import PiecesUpdate
from operator_console.tui.widgets import queue as queue_pane
from operator_console.tui.widgets import transcript
from server.wire.events import SessionUpdated
from server.wire.frames import Batch
from server.wire.terms import Author, ConversationId, Medium, OperatorId, SessionId, SessionState
from server.wire.views import SessionView
from tests.fakes.console_data import ME, NOW, busy, live_chat, session, snapshot, turn
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (120, 40)
ROWS = 5_000
TURNS = 10_000


def waiting(count: int) -> tuple[SessionView, ...]:
    return tuple(session(n, queued_at=NOW - timedelta(seconds=n)) for n in range(count))


def told(number: int, view: SessionView) -> Batch:
    return Batch(first=number, last=number, now=NOW, events=(SessionUpdated(seq=number, at=NOW, session=view),))


def retold(view: SessionView, topic: str) -> SessionView:
    context = msgspec.structs.replace(view.context, topic=topic)
    return msgspec.structs.replace(view, context=context, version=view.version + 1)


def test_a_change_that_moves_nothing_leaves_the_lists_as_they_are() -> None:
    model = update(DeskModel(), snapshot(*waiting(100)))
    seq = model.seq
    after = update(model, told(seq + 1, retold(model.sessions[SessionId("s7")], "parcel")))
    assert after.sessions[SessionId("s7")].context.topic == "parcel"
    assert after.order is model.order
    assert after.turns is model.turns


def test_a_change_that_moves_a_row_moves_it_alone() -> None:
    model = update(DeskModel(), snapshot(*waiting(100)))
    taken = msgspec.structs.replace(
        model.sessions[SessionId("s7")], state=SessionState.ACTIVE, operator_id=ME, active_at=NOW, version=9
    )
    after = update(model, told(model.seq + 1, taken))
    assert [key[-1] for key in after.order] == ["s7", *(key[-1] for key in model.order if key[-1] != "s7")]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("mine", [(), (live_chat(),)])
def test_that_somebody_needs_me_is_told_as_by_looking_for_the_next_one(
    count: int, mine: tuple[SessionView, ...]
) -> None:
    model = update(DeskModel(), snapshot(*waiting(count), *mine))
    assert anyone_needs_me(model) is (next_that_needs_me(model) is not None)


@pytest.mark.parametrize(("first", "built_rows"), [(0, 0), (ROWS - 20, 20)])  # the last ones wait longest: on top
async def test_a_change_builds_its_own_row_once_and_only_in_view(
    first: int, built_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: Counter[str] = Counter()
    real = queue_pane.row

    def counted(model: DeskModel, view: SessionView, width: int) -> tuple[tuple[str, queue_pane.Role], ...]:
        built["rows"] += 1
        return real(model, view, width)

    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        rows = waiting(ROWS)
        await opened(pilot, desk, snapshot(*rows))
        monkeypatch.setattr(queue_pane, "row", counted)
        seq = app.model.seq
        for n in range(20):
            app.dispatch(told(seq + n + 1, retold(rows[first + n], "parcel")))
        await settled(pilot)
        assert built["rows"] == built_rows


async def test_opening_a_long_conversation_builds_what_is_in_view(monkeypatch: pytest.MonkeyPatch) -> None:
    built: Counter[str] = Counter()
    real = transcript.block

    def counted(*given: object, **named: object) -> object:
        built["blocks"] += 1
        return real(*given, **named)  # type: ignore[arg-type]

    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(live_chat(),))))
        app.dispatch(Selected(SessionId("s44")))
        long = tuple(turn(44, n, Author.CUSTOMER, f"turn {n} " + "and so on " * (n % 30)) for n in range(1, TURNS + 1))
        monkeypatch.setattr(transcript, "block", counted)
        app.dispatch(TranscriptLoaded(ConversationId("c44"), long))
        await settled(pilot)
        pane = app.desk_screen.transcript
        assert pane.line_count() > TURNS
        assert 0 < built["blocks"] < 200
        wrapped = Counter[str]()
        real_height = transcript.height

        def counted_height(*given: object) -> object:
            wrapped["turns"] += 1
            return real_height(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(transcript, "height", counted_height)
        await pilot.press("j")
        await settled(pilot)
        elsewhere = wrapped["turns"]
        await pilot.press("k")
        await settled(pilot)
        assert elsewhere < 100
        assert wrapped["turns"] == elsewhere
        assert pane.line_count() > TURNS


@given(
    text=st.text(max_size=300),
    author=st.sampled_from([Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR, Author.NOTE, Author.SYSTEM]),
    width=st.integers(8, 130),
)
def test_the_counted_height_of_a_turn_is_that_of_its_block(text: str, author: Author, width: int) -> None:
    message = turn(44, 1, author, text)
    counted = transcript.height(message, width)
    if counted is not None:
        block = transcript.block(message, width, medium=Medium.CHAT, me=OperatorId("o1"), zone=None)
        assert counted == len(block)


async def test_under_another_screen_a_second_that_passes_paints_next_to_nothing() -> None:
    """Textual by itself paints the screen on top as a whole whenever anything below it changed."""
    app, desk, _ = build()
    painted: list[int] = []

    def count(update: object) -> None:
        if isinstance(update, LayoutUpdate):
            painted.append(SIZE[1])
        elif isinstance(update, PiecesUpdate):
            painted.append(len({piece.y for piece in update.pieces}))
        elif isinstance(update, ChopsUpdate):
            painted.append(len({y for y, _, _ in update.spans}))

    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*waiting(30)))
        display = app._display
        app._display = lambda screen, update: (count(update), display(screen, update))[1]  # type: ignore[method-assign]
        for key, lines in (("", SIZE[1]), ("T", 3), ("H", 3), ("colon", SIZE[1])):
            await pilot.press(*([key] if key else []))
            await settled(pilot)
            painted.clear()
            for _ in range(3):
                app.clock.forward(1)  # type: ignore[attr-defined]  # a `StillClock`
                app.dispatch(Tick(app.clock.now()))
                await settled(pilot)
            assert bool(painted) == (lines == SIZE[1] or key == "T"), f"{key}: {painted}"
            assert sum(painted) <= 3 * lines, f"{key}: {painted}"
            await pilot.press(*(["escape"] if key else []))
            await settled(pilot)


async def test_what_a_slow_terminal_has_no_time_for_is_left_out_and_painted_once_at_the_end() -> None:
    app, desk, _ = build()
    backlog = MOST_WRITES
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*waiting(30)))
        app.writes_waiting = lambda: backlog  # type: ignore[method-assign]
        shown: list[object] = []
        app.post_display_hook = lambda: shown.append(app.screen)  # type: ignore[method-assign]
        for _ in range(10):
            await pilot.press("T")
            await pilot.press("q")
        await settled(pilot)
        assert shown == [], "painted although the terminal took nothing"
        backlog = 0
        async with asyncio.timeout(60):
            while not shown:
                await asyncio.sleep(0.01)
