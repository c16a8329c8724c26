"""What the alerts and the title send to a terminal, byte for byte."""

from collections.abc import Awaitable, Coroutine
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import AppBlur, AppFocus

from operator_console.config import AttentionSettings
from operator_console.model.inputs import ALERT_SILENT, AlertSpeaker, AudioProblem, Connected, Input, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tui.attention import GIVE_TITLE_BACK, Attention, notification_bytes, through_tmux, title_bytes
from server.wire.frames import Snapshot
from server.wire.terms import SessionState
from tests.fakes.console_data import ME, MIA, ago, live_call, operator, session, snapshot
from tests.fakes.desk_app import build, opened
from tests.fakes.still_clock import StillClock

pytestmark = pytest.mark.unit

NINE = "\x1b]9;Desk: H-1 rings\x07"
SEVEN = "\x1b]777;notify;Desk;H-1 rings\x07"
OFFER = snapshot(session(1, state=SessionState.OFFERED, offered_to=ME, offer_expires_at=ago(-600)))


class FakeWindow:
    """Fulfils `Window` and `Rings`, and keeps the bytes and what the alert speaker is to do."""

    def __init__(self) -> None:
        self.rung: list[tuple[bool, bool] | None] = []
        self.window_focused = False
        self.bytes = ""

    def bell(self) -> None:
        self.bytes += "\x07"

    def send_bytes(self, text: str) -> None:
        self.bytes += text

    def background(self, group: str, work: Awaitable[None]) -> None:
        coroutine = cast("Coroutine[None, None, None]", work)
        with pytest.raises(StopIteration):
            coroutine.send(None)

    async def alert(self, *, urgent: bool, loud: bool, on: bool = True) -> None:
        self.rung.append((urgent, loud) if on else None)


def rung(settings: AttentionSettings, *, seconds: float = 0.0, first: Snapshot = OFFER) -> tuple[Attention, str]:
    """Return what an offer sends at once, and again after `seconds`."""
    window, clock = FakeWindow(), StillClock()
    alerts = Attention(window, window, settings, clock, {"TERM_PROGRAM": "WezTerm"})
    before = DeskModel()
    after = update(update(before, Connected(5.0)), first)
    alerts.follow(before, after)
    if seconds:
        window.bytes = ""
        clock.forward(seconds)
        alerts.follow(before, after)
    return alerts, window.bytes


@pytest.mark.parametrize(
    ("environment", "sent"),
    [
        ({}, NINE + SEVEN),
        ({"TERM": "xterm-256color"}, NINE + SEVEN),
        ({"TERM_PROGRAM": "WezTerm", "TERM": "xterm-256color"}, NINE),
        ({"TERM": "xterm-kitty"}, NINE),
        ({"TERM": "foot"}, SEVEN),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TMUX": "/x,1,0"}, through_tmux(NINE) + through_tmux(SEVEN)),
    ],
)
def test_a_terminal_gets_each_notification_once_where_it_is_known(environment: dict[str, str], sent: str) -> None:
    assert notification_bytes("H-1 rings", environment) == sent


def test_inside_tmux_every_escape_is_doubled_and_the_whole_wrapped() -> None:
    assert through_tmux("\x1b]9;x\x1b\\") == "\x1bPtmux;\x1b\x1b]9;x\x1b\x1b\\\x1b\\"


@given(st.text(max_size=300))
def test_no_text_ends_a_sequence_early_or_adds_a_field(text: str) -> None:
    assert notification_bytes(text, {}).count("\x07") == 2
    assert notification_bytes(text, {}).count("\x1b") == 2
    assert notification_bytes(text, {"TERM": "foot"}).count(";") == 3
    assert title_bytes(text).count("\x1b") == 2
    assert "\x07" not in title_bytes(text)
    assert "\x9c" not in notification_bytes(text, {}) + title_bytes(text)


def test_a_first_alert_is_a_bell_and_a_second_one_a_notification_too() -> None:
    settings = AttentionSettings(title=False)
    assert rung(settings)[1] == "\x07"
    again = rung(settings, seconds=15)[1]
    assert again == "\x07\x1b]9;Desk: H-0001 rings for you: voice, default\x07"


def test_each_way_can_be_turned_off_and_notifications_be_asked_for_at_once() -> None:
    assert rung(AttentionSettings(bell=False, title=False))[1] == ""
    assert rung(AttentionSettings(bell=False, notify="off", title=False), seconds=15)[1] == ""
    assert rung(AttentionSettings(notify="always", title=False))[1].startswith("\x07\x1b]9;Desk: ")


def test_the_time_of_a_repetition_is_a_setting() -> None:
    settings = AttentionSettings(title=False, repeat_offer_seconds=40)
    assert rung(settings, seconds=39)[1] == ""
    assert rung(settings, seconds=40)[1] != ""


def test_the_title_is_put_aside_once_and_sent_only_when_it_changes() -> None:
    window, clock = FakeWindow(), StillClock()
    alerts = Attention(window, window, AttentionSettings(), clock, {})
    empty = update(update(DeskModel(), Connected(5.0)), snapshot())
    waits = update(empty, snapshot(session(1), session(2), seq=11))
    alerts.follow(DeskModel(), empty)
    alerts.follow(empty, waits)
    alerts.follow(waits, update(waits, Connected(6.0)))
    assert window.bytes == "\x1b[22;2t\x1b]2;Desk\x1b\\\x1b]2;(2) waiting · Desk\x1b\\"


@pytest.mark.parametrize(("named", "sent"), [(True, [GIVE_TITLE_BACK]), (False, [])])
def test_the_old_title_is_given_back_once_and_only_if_it_was_taken(
    named: bool, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    after: list[str] = []
    monkeypatch.setattr("operator_console.tui.attention.send_after", after.append)
    alerts, _ = rung(AttentionSettings(title=named))
    alerts.leave()
    alerts.leave()
    assert after == sent


async def test_a_window_counts_as_looked_at_only_once_the_terminal_said_so() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(100, 34)) as pilot:
        await opened(pilot, desk, snapshot())
        seen = [app.window_focused]
        for event in (AppFocus(), AppBlur(), AppFocus()):
            app.post_message(event)
            await pilot.pause()
            seen.append(app.window_focused)
    assert seen == [False, True, False, True]


class Loudspeaker:
    """A desk whose alerts have a speaker of their own."""

    def __init__(self, settings: AttentionSettings | None = None) -> None:
        self.window, self.clock = FakeWindow(), StillClock()
        self.alerts = Attention(self.window, self.window, settings or AttentionSettings(title=False), self.clock, {})
        self.model = update(DeskModel(), AlertSpeaker(chosen=True))
        self.follow(Connected(5.0))

    def follow(self, *events: Input, seconds: float = 0.0) -> None:
        self.clock.forward(seconds)
        before = self.model
        for event in (*events, Tick(self.clock.now())):
            self.model = update(self.model, event)
        self.alerts.follow(before, self.model)

    @property
    def rung(self) -> list[tuple[bool, bool] | None]:
        """What the alert speaker was told: urgent and loud, or to end; once each."""
        told, self.window.rung = self.window.rung, []
        return told


CLAIMED = snapshot(session(1, state=SessionState.ACTIVE, operator_id=MIA), seq=12)


def test_an_offer_rings_softly_then_loudly_and_stops_as_soon_as_somebody_else_has_it() -> None:
    desk = Loudspeaker(AttentionSettings(title=False, notify="off"))
    desk.follow(OFFER)
    assert desk.rung == [(True, False)]
    desk.follow(seconds=1)
    assert desk.rung == []
    desk.follow(seconds=14)
    assert desk.rung == [(True, True)]
    desk.follow(CLAIMED)
    assert desk.rung == [None]
    desk.follow(seconds=60)
    assert desk.rung == []
    assert desk.window.bytes == ""


def test_going_off_duty_and_looking_at_the_window_end_the_ringing() -> None:
    desk = Loudspeaker()
    desk.follow(OFFER)
    desk.follow(msgspec.structs.replace(OFFER, operators=(operator(presence="offline"),), seq=13))
    assert desk.rung == [(True, False), None]
    desk = Loudspeaker()
    desk.follow(OFFER)
    desk.window.window_focused = True
    desk.follow(seconds=1)
    assert desk.rung == [(True, False), None]


def test_in_a_window_that_is_looked_at_the_first_alert_is_the_bell_and_there_is_no_second() -> None:
    desk = Loudspeaker()
    desk.window.window_focused = True
    desk.follow(OFFER)
    desk.follow(seconds=30)
    assert desk.rung == []
    assert desk.window.bytes == "\x07"


def test_in_a_call_the_alert_speaker_stays_soft() -> None:
    desk = Loudspeaker()
    offer = session(1, state=SessionState.OFFERED, offered_to=ME, offer_expires_at=ago(-600))
    desk.follow(snapshot(offer, live_call()))
    desk.follow(seconds=15)
    assert desk.rung == [(True, False), (True, False)]


@pytest.mark.parametrize("bell", [True, False])
def test_an_alert_that_its_speaker_did_not_sound_is_the_bell_and_says_why(bell: bool) -> None:
    desk = Loudspeaker(AttentionSettings(title=False, bell=bell))
    desk.follow(OFFER)
    assert desk.window.bytes == ""
    desk.follow(AudioProblem(ALERT_SILENT, "The alert speaker is gone.", "Plug it in."))
    assert desk.window.bytes == "\x07"
    assert desk.model.notice is not None
    assert desk.model.notice.text == "The alert speaker is gone. Plug it in."
    assert desk.model.headset.problem is None
    desk.follow(seconds=15)
    assert desk.rung == [(True, False), (True, True)], "the next one tries the speaker again"
