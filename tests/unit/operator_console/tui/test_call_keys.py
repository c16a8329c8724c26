"""What the call keys do: accept, mute, hold, end, and the audio leg behind them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from operator_console.model import select
from operator_console.model.inputs import CallerPressed, Connected, Disconnected, HeadsetPhase, HeadsetState, Stale
from operator_console.tui.lines import plain
from operator_console.tui.screens.dialog import Confirm
from operator_console.tui.screens.keypad import KeypadScreen
from server.wire.commands import (
    Accept,
    Command,
    Dtmf,
    End,
    Hold,
    Mute,
    OpenMedia,
    PauseRecording,
    SetConsent,
)
from server.wire.events import SessionClosed, SessionQueued, SessionUpdated
from server.wire.frames import Batch, Reply
from server.wire.terms import Consent, Outcome, Party, Recording, SessionId, SessionState
from tests.fakes.console_data import NOW, busy, grant, live_call, session, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, granting, opened, settled
from tests.fakes.headset import FakeHeadset

pytestmark = pytest.mark.unit

SIZE = (100, 34)
CALL = snapshot(*busy(mine=(live_call(),)))


def accepted(command: Command) -> Reply:
    """Give the session to whoever asks, as a broker does."""
    if isinstance(command, Accept):
        mine = live_call(state=SessionState.CONNECTING, epoch=2, version=2, active_at=None)
        return Reply(id=command.id, ok=True, session=mine, media=grant(2, token="accepted"))
    return granting(command)


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def test_accept_takes_the_selected_session_and_opens_the_headset_with_its_grant() -> None:
    app, desk, headset = build(answer=accepted)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("a")
        await settled(pilot)
        (order,) = desk.orders
        assert isinstance(order, Accept)
        assert (order.session_id, order.epoch) == (SessionId("s42"), 1)
        assert headset.log == [("open", ("accepted", False))]
        assert select.my_call(app.model) is not None


async def test_accept_pressed_twice_is_one_accept_and_says_that_it_waits() -> None:
    app, desk, _ = build(answer=lambda _command: None)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("a", "a", "enter")
        await settled(pilot)
        assert len(desk.orders) == 1
        assert "Already accepting H-0042" in plain(app.desk_screen.footer.lines[0])


async def test_accept_goes_to_the_session_and_not_to_the_row() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("j")
        urgent = session(9, promise_at=NOW - timedelta(hours=1))
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionQueued(seq=11, at=NOW, session=urgent),)))
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        (order,) = of(Accept, desk)
        assert isinstance(order, Accept)
        assert order.session_id == SessionId("s43")


async def test_the_oldest_past_its_promise_is_one_key() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy()))
        await pilot.press("G", "A")
        await settled(pilot)
        (order,) = of(Accept, desk)
        assert isinstance(order, Accept)
        assert order.session_id == SessionId("s42")


async def test_mute_silences_the_headset_and_tells_the_broker_and_back() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("m")
        await settled(pilot)
        assert "MUTED" in plain(app.desk_screen.call_bar.lines[0])
        await pilot.press("space")
        await settled(pilot)
        assert [order.on for order in of(Mute, desk) if isinstance(order, Mute)] == [True, False]
        assert headset.log[1:] == [("mute", True), ("mute", False)]
        assert "LIVE" in plain(app.desk_screen.call_bar.lines[0])


async def test_mute_works_without_the_broker_which_is_told_when_it_is_back() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        desk.play(Stale(NOW), Disconnected("gone"))
        await settled(pilot)
        await pilot.press("m")
        await settled(pilot)
        assert of(Mute, desk) == []
        assert headset.log[-1] == ("mute", True)
        desk.play(Connected(9.0))
        await settled(pilot)
        (order,) = of(Mute, desk)
        assert isinstance(order, Mute)
        assert order.on


async def test_a_cough_is_silent_for_a_while_and_then_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operator_console.tui.commands.COUGH_SECONDS", 0.15)
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("c")
        await settled(pilot)
        await settled(pilot)
        assert headset.log[1:] == [("mute", True), ("mute", False)]


async def test_hold_is_a_switch() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("h")
        await settled(pilot)
        held = live_call(version=6, state=SessionState.HELD)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=held),)))
        await settled(pilot)
        assert "HELD" in plain(app.desk_screen.call_bar.lines[0])
        await pilot.press("h")
        await settled(pilot)
        assert [order.on for order in of(Hold, desk) if isinstance(order, Hold)] == [True, False]


async def test_end_asks_once_and_only_y_ends() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        for key in ("n", "enter", "escape", "x"):
            await pilot.press("x")
            assert isinstance(app.screen, Confirm)
            await pilot.press(key)
            await settled(pilot)
            assert not isinstance(app.screen, Confirm)
        assert of(End, desk) == []
        await pilot.press("x", "y")
        await settled(pilot)
        (order,) = of(End, desk)
        assert isinstance(order, End)
        assert (order.session_id, order.epoch) == (SessionId("s42"), 2)


async def test_a_killed_console_takes_its_call_up_again_still_muted() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(live_call(muted=True)))
        assert [type(order) for order in desk.orders] == [OpenMedia]
        assert headset.log == [("open", ("t1", True))]


async def test_a_broken_media_socket_is_opened_again() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        headset.play(HeadsetState(HeadsetPhase.RECONNECTING))
        await settled(pilot)
        assert len(of(OpenMedia, desk)) == 2
        assert [what for what, _ in headset.log] == ["open", "open"]


async def test_audio_taken_by_another_console_is_not_taken_back_until_o_is_pressed() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        headset.play(HeadsetState(HeadsetPhase.CLOSED, reason="replaced"))
        await settled(pilot)
        assert len(of(OpenMedia, desk)) == 1
        bar = plain(app.desk_screen.call_bar.lines[0])
        assert "OTHER CONSOLE" in bar
        assert "view only here" in bar
        await pilot.press("m", "h", "x", "b", "r", "t")
        await settled(pilot)
        assert [type(order) for order in desk.orders] == [OpenMedia], "a console that looks on gives no orders"
        assert "Your other console has this call" in plain(app.desk_screen.footer.lines[0])
        await pilot.press("o", "n")
        assert len(of(OpenMedia, desk)) == 1
        await pilot.press("o", "y")
        await settled(pilot)
        assert [order.take for order in of(OpenMedia, desk)] == [False, True]  # type: ignore[union-attr]


async def test_a_leg_that_the_broker_does_not_have_either_is_no_audio_at_all() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        headset.play(HeadsetState(HeadsetPhase.CLOSED, reason="too many frames"))
        lost = live_call(version=6, operator_lost_at=NOW)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=lost),)))
        await settled(pilot)
        bar = plain(app.desk_screen.call_bar.lines[0])
        assert "NO AUDIO" in bar
        assert "too many frames" in bar
        await pilot.press("o")
        await settled(pilot)
        assert len(of(OpenMedia, desk)) == 2


async def test_a_caller_who_hangs_up_closes_the_headset_and_is_told() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        over = live_call(version=6, state=SessionState.CLOSED, outcome=Outcome.ENDED, ended_by=Party.CUSTOMER)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionClosed(seq=11, at=NOW, session=over),)))
        await settled(pilot)
        assert headset.log[-1] == ("close", None)
        assert "the customer hung up" in plain(app.desk_screen.footer.lines[0])
        assert "NO CALL" in plain(app.desk_screen.call_bar.lines[0])


async def test_what_is_new_rings_the_bell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    bells: list[None] = []
    async with app.run_test(size=SIZE) as pilot:
        monkeypatch.setattr(app, "bell", lambda: bells.append(None))
        await opened(pilot, desk, snapshot(*busy()[2:]))
        assert bells == []
        queued = SessionQueued(seq=11, at=NOW, session=session(9, queued_at=NOW))
        desk.play(Batch(first=11, last=11, now=NOW, events=(queued,)))
        await settled(pilot)
        assert len(bells) == 1
        rows = "\n".join(plain(app.desk_screen.queue.line_at(y)[0]) for y in range(5))
        assert "*    0:00 Caller 9" in rows


async def test_a_view_only_console_opens_no_audio_and_says_so() -> None:
    app, desk, headset = build(headset=FakeHeadset())
    async with app.run_test(size=SIZE) as pilot:
        desk.play(Connected(5.0, view_only=True), CALL)
        await settled(pilot)
        await pilot.press("x")
        await settled(pilot)
        assert desk.orders == []
        assert headset.log == []
        assert "VIEW ONLY" in plain(app.desk_screen.header.lines[0])
        assert "View only" in plain(app.desk_screen.footer.lines[0])


async def test_the_keypad_presses_each_key_at_once_and_shows_both_sides() -> None:
    app, desk, headset = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("K", "1", "asterisk", "number_sign", "a", "x", "m")
        await settled(pilot)
        assert [order.digits for order in of(Dtmf, desk) if isinstance(order, Dtmf)] == ["1", "*", "#", "A"]
        assert not of(Mute, desk)
        headset.play(CallerPressed("7"), CallerPressed("8"))
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, KeypadScreen)
        shown = "\n".join(plain(line) for line in screen._lines())
        assert "1*#A" in shown
        assert "78" in shown
        await pilot.press("escape")
        await settled(pilot)
        assert "keys 78" in plain(app.desk_screen.call_bar.lines[0])


async def test_the_keypad_of_a_call_that_ended_presses_nothing() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("K")
        held = live_call(state=SessionState.HELD, version=9)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=held),)))
        await settled(pilot)
        await pilot.press("1")
        await settled(pilot)
        assert not of(Dtmf, desk)


RECORDED = snapshot(*busy(mine=(live_call(recording=Recording.ON, consent=Consent.GIVEN),)))


async def test_a_recording_shows_and_its_key_pauses_it_and_goes_on() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, RECORDED)
        assert "REC" in plain(app.desk_screen.call_bar.lines[0])
        await pilot.press("P")
        await settled(pilot)
        paused = live_call(recording=Recording.PAUSED, consent=Consent.GIVEN, version=9)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=paused),)))
        await settled(pilot)
        assert "REC paused" in plain(app.desk_screen.call_bar.lines[0])
        await pilot.press("P")
        await settled(pilot)
        orders = of(PauseRecording, desk)
        assert [order.on for order in orders if isinstance(order, PauseRecording)] == [True, False]


async def test_a_lost_recording_is_an_alarm_that_stays_on_the_bar() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, RECORDED)
        lost = live_call(consent=Consent.GIVEN, recording_failure="the disk is full", version=9)
        desk.play(Batch(first=11, last=11, now=NOW, events=(SessionUpdated(seq=11, at=NOW, session=lost),)))
        await settled(pilot)
        assert "NOT RECORDED: the disk is full" in plain(app.desk_screen.call_bar.lines[0])
        assert app.model.notice is not None
        assert "The call goes on" in app.model.notice.text


async def test_consent_is_asked_for_and_sent() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("P")
        await settled(pilot)
        assert not of(PauseRecording, desk)
        assert "not recorded" in plain(app.desk_screen.footer.lines[0])
        await pilot.press("C", "r")
        await settled(pilot)
        (order,) = of(SetConsent, desk)
        assert isinstance(order, SetConsent)
        assert order.consent is Consent.REFUSED


async def test_a_mute_chosen_during_a_cough_is_not_undone_by_its_end() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        ends: list[Callable[[], None]] = []
        app.later = lambda _seconds, deed: ends.append(deed)  # type: ignore[method-assign]
        await pilot.press("c", "m", "m")
        await settled(pilot)
        assert app.model.mute_wish is True
        ends[0]()
        assert app.model.mute_wish is True
        await pilot.press("m", "c")
        await settled(pilot)
        ends[1]()
        assert app.model.mute_wish is False
