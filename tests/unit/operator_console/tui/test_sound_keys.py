"""What is done for the operator's sound: a test before duty, gain on keys, choices that are remembered."""

from collections.abc import Mapping

import pytest

from operator_console.tui.app import DeskApp
from operator_console.tui.lines import plain
from operator_console.tui.ports import MicVerdict
from operator_console.tui.screens.audio import AudioScreen
from operator_console.tui.screens.microphone import MicrophoneCheck
from operator_console.tui.settings import SoundSettings
from operator_console.tui.widgets.call_bar import bar_line
from server.wire.commands import SetPresence
from server.wire.terms import Presence
from tests.fakes.console_data import busy, live_call, operator, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled
from tests.fakes.headset import FakeHeadset

pytestmark = pytest.mark.unit

SIZE = (100, 34)
OFF_DUTY = snapshot(*busy(), operators=(operator(presence="offline"),))
BAD = MicVerdict(ok=False, level=0.0, peak=0.0, message="Nothing was heard.", remedy="Check the switch on the cable.")


def presences(desk: FakeDesk) -> list[Presence]:
    return [order.presence for order in desk.orders if isinstance(order, SetPresence)]


def shown(app: DeskApp) -> str:
    """What the check says."""
    screen = app.screen
    assert isinstance(screen, MicrophoneCheck)
    return "\n".join(plain(line) for line in screen._lines.lines)


def page(app: DeskApp) -> str:
    """What the sound page says."""
    screen = app.screen
    assert isinstance(screen, AudioScreen)
    return "\n".join(plain(line) for line in screen.pane._content)


@pytest.mark.parametrize("policy", ["required", "warn"])
async def test_a_good_microphone_lets_one_go_on_duty_and_is_not_asked_for_again(policy: str) -> None:
    app, desk, headset = build(sound=SoundSettings(test_before_available=policy))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("d", "d")
        await settled(pilot)
        assert headset.log == [("test", 2.0)]
        assert presences(desk) == [Presence.AVAILABLE]
        await pilot.press("d", "d")
        await settled(pilot)
        assert headset.log == [("test", 2.0)]


@pytest.mark.parametrize(("policy", "allowed"), [("required", False), ("warn", True)])
async def test_a_bad_microphone_says_what_to_do_and_is_overruled_only_where_the_rules_let_one(
    policy: str, allowed: bool
) -> None:
    bad = FakeHeadset()
    bad.verdict = BAD
    app, desk, _ = build(headset=bad, sound=SoundSettings(test_before_available=policy))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("d", "d")
        await settled(pilot)
        assert presences(desk) == []
        assert "Check the switch on the cable." in shown(app)
        assert ("all the same" in shown(app)) is allowed
        await pilot.press("g")
        await settled(pilot)
        assert presences(desk) == ([Presence.AVAILABLE] if allowed else [])


async def test_leaving_the_test_stays_off_duty_and_a_better_microphone_passes_the_next_one() -> None:
    bad = FakeHeadset()
    good, bad.verdict = bad.verdict, BAD
    app, desk, _ = build(headset=bad, sound=SoundSettings(test_before_available="required"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("d", "d")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert presences(desk) == []
        await pilot.press("colon", *"duty on", "enter")
        await settled(pilot)
        assert presences(desk) == []
        bad.verdict = good
        await pilot.press("t")
        await settled(pilot)
        assert presences(desk) == [Presence.AVAILABLE]


async def test_without_a_policy_nothing_is_asked_and_going_off_duty_never_is() -> None:
    for policy, first in (("off", OFF_DUTY), ("required", snapshot(*busy()))):
        app, desk, headset = build(sound=SoundSettings(test_before_available=policy))
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, desk, first)
            await pilot.press("d", "d")
            await settled(pilot)
            assert len(presences(desk)) == 1
            assert headset.log == []


async def test_gain_goes_in_steps_stops_at_twenty_and_is_kept() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return ""

    app, desk, headset = build(sound=SoundSettings(gain_db=18.0, keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("plus", "plus", "minus")
        await settled(pilot)
        assert [value for what, value in headset.log if what == "gain"][-1] == 18.0
        assert kept == [{"gain_db": 20.0}, {"gain_db": 20.0}, {"gain_db": 18.0}]


async def test_a_chosen_device_is_kept_and_a_file_that_can_not_be_written_is_told() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return "the disk is full"

    app, desk, _ = build(sound=SoundSettings(keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("j", "enter")
        await settled(pilot)
        assert kept == [{"microphone": "mic"}]
        assert app.model.notice is not None
        assert "the disk is full" in app.model.notice.text


async def test_filters_are_switched_on_the_sound_page_said_on_the_call_bar_and_kept() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return ""

    app, desk, headset = build(sound=SoundSettings(keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(live_call(),))))
        await pilot.press("s")
        await settled(pilot)
        assert "e echo off" in page(app)
        await pilot.press("e", "n")
        await settled(pilot)
        await settled(pilot)
        assert [value for what, value in headset.log if what == "filter"] == [(True, None), (None, True)]
        assert "e echo ON" in page(app)
        assert "n noise ON" in page(app)
        assert kept == [{"echo_cancellation": True}, {"noise_suppression": True}]
        await pilot.press("escape")
        await settled(pilot)
        assert "echo+noise cut" in plain(bar_line(app.model, 140))


async def test_filters_are_switched_by_command_and_said_in_words() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return ""

    app, desk, headset = build(sound=SoundSettings(keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        for line, told in (
            ("echo on", "Microphone: echo cut."),
            ("audio.noise on", "Microphone: echo+noise cut."),
            ("echo", "Microphone: noise cut."),
            ("noise off", "Microphone: no filter."),
        ):
            await pilot.press("colon", *line, "enter")
            await settled(pilot)
            await settled(pilot)
            assert app.model.notice is not None
            assert app.model.notice.text == told
        await pilot.press("colon", *"noise off", "enter")
        await settled(pilot)
        assert len([what for what, _ in headset.log if what == "filter"]) == 4
        assert kept[-1] == {"noise_suppression": False}


async def test_a_filter_that_is_not_installed_says_how_to_install_it_and_is_not_kept() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return ""

    bare = FakeHeadset()
    bare.has_filters = False
    app, desk, _ = build(headset=bare, sound=SoundSettings(keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        await settled(pilot)
        assert "The filters are not installed. Install them." in page(app)
        assert "e echo off" in page(app)
        assert kept == []


async def test_the_speaker_for_alerts_is_chosen_with_a_key_heard_at_once_kept_and_given_up_with_the_same_key() -> None:
    kept: list[Mapping[str, str | float]] = []

    def keep(values: Mapping[str, str | float]) -> str:
        kept.append(values)
        return ""

    app, desk, headset = build(sound=SoundSettings(keep=keep))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, OFF_DUTY)
        await pilot.press("s")
        await settled(pilot)
        await pilot.press("j", "a", "j", "a")
        await settled(pilot)
        await settled(pilot)
        assert "in use: alerts" in page(app)
        assert [entry for entry in headset.log if entry[0].startswith("alert")] == [
            ("alert_speaker", "out"),
            ("alert", (True, False)),
        ], "a microphone can't sound"
        assert app.model.headset.has_alert_speaker
        await pilot.press("a")
        await settled(pilot)
        await settled(pilot)
        assert "alerts" not in page(app)
        assert kept == [{"alert_speaker": "out"}, {"alert_speaker": ""}]
        assert not app.model.headset.has_alert_speaker


async def test_the_sound_screen_shows_the_live_call_from_its_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(live_call()))
        monkeypatch.setattr(app.frames, "want", lambda _inputs: None)  # nothing else draws it
        await pilot.press("s")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, AudioScreen)
        assert "LIVE" in "".join(plain(line) for line in screen._bar.lines)
