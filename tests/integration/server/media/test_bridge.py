"""The worker bridges audio: real sockets, a real process, one tone per leg, checked by frequency."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.broker.ports.media import Bridged, Digit, Keys, LegDown, LegUp
from server.media.tone import BEEP_HZ
from server.wire.terms import CallPhase, ConversationId, LegRole
from tests.key_tones import keys_in
from tests.media_clients import Desk, Peer, StreamLeg, TwilioCaller, desk, loudness, share, tone, until

pytestmark = pytest.mark.integration

SECOND = 50
"""Frames."""


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as running:
        yield running


async def hears_tone_of_hold(peer: Peer) -> None:
    def beeps() -> bool:
        return any(loudness(frame) and share(frame, BEEP_HZ, peer.rate) > 0.9 for frame in peer.frames)

    await until(beeps, "hold tone")


async def listens(peer: Peer, frames: int = SECOND) -> list[bytes]:
    """Return the next `frames` frames that a peer hears."""
    start = len(peer.frames)
    await until(lambda: len(peer.frames) >= start + frames, f"{frames} frames")
    return peer.frames[start : start + frames]


async def test_caller_and_operator_hear_each_other_by_frequency(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(1_000)
        console.speak(880)
        await console.hears(1_000)
        await caller.hears(880)
        assert {len(frame) for frame in console.frames} == {640}
        assert {len(frame) for frame in caller.frames} == {320}
    assert [(fact.call_id, fact.epoch) for fact in media.of(Bridged) if isinstance(fact, Bridged)] == [("c", 1)]


@pytest.mark.parametrize(("rate", "codec"), [(8_000, "pcm16"), (8_000, "mulaw"), (16_000, "pcm16")])
@pytest.mark.parametrize(("far_rate", "far_codec"), [(8_000, "mulaw"), (16_000, "pcm16")])
async def test_legs_of_any_rate_and_codec_understand_each_other(
    media: Desk, rate: int, codec: str, far_rate: int, far_codec: str
) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with (
        await media.stream("c", rate=rate, codec=codec) as caller,
        await media.console("c", rate=far_rate, codec=far_codec) as console,
    ):
        caller.speak(1_000)
        console.speak(880)
        await console.hears(1_000)
        await caller.hears(880)


async def test_no_leg_ever_hears_another_call(media: Desk) -> None:
    calls = range(4)
    async with AsyncExitStack() as stack:
        callers: list[TwilioCaller] = []
        assistants: list[StreamLeg] = []
        consoles: list[StreamLeg] = []
        for number in calls:
            callers.append(await stack.enter_async_context(await media.twilio_caller(f"c{number}")))
            assistants.append(await stack.enter_async_context(await media.stream(f"c{number}", LegRole.ASSISTANT)))
            consoles.append(await stack.enter_async_context(await media.console(f"c{number}")))
            if number % 2:
                await media.plan(f"c{number}", CallPhase.OPERATOR, epoch=1)
        for number in calls:
            callers[number].speak(400 + 150 * number)
            assistants[number].speak(1_100 + 150 * number)
            consoles[number].speak(1_900 + 150 * number)
        for number in calls:
            with_operator = number % 2
            await callers[number].hears(1_900 + 150 * number if with_operator else 1_100 + 150 * number)
            await (consoles if with_operator else assistants)[number].hears(400 + 150 * number)
            (assistants if with_operator else consoles)[number].forget()
        await listens(callers[0])
        for number in calls:
            assert not (assistants if number % 2 else consoles)[number].frames


async def test_the_assistant_keeps_the_caller_until_the_operators_first_audio(media: Desk) -> None:
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
    ):
        caller.speak(1_000)
        assistant.speak(440)
        await caller.hears(440)
        await assistant.hears(1_000)
        await media.plan("c", CallPhase.OPERATOR, epoch=1)
        async with await media.console("c") as console:
            await until(lambda: console.frames, "the operator hears the caller at once")
            assert share(b"".join(await listens(caller, 10)), 440, 8_000) > 0.95
            assert not media.of(Bridged)
            cleared = caller.clears
            console.speak(880)
            await caller.hears(880)
            await until(lambda: media.of(Bridged), "bridged")
            assert caller.clears > cleared
            await until(lambda: assistant.told("phase")[-1]["phase"] == "operator", "the assistant is told")
            assistant.forget()
            await listens(caller)
            assert not assistant.frames


async def test_an_operator_without_a_microphone_takes_the_caller_all_the_same(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c"), await media.console("c"):
        await until(lambda: media.of(Bridged), "bridged")


async def test_a_muted_operator_is_never_heard(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(1_000)
        console.speak(880)
        await caller.hears(880)
        await console.tell(type="mute", on=True)
        await until(lambda: console.told("mute"), "the mute is echoed")
        caller.forget()
        heard = await listens(caller, 2 * SECOND)
        assert set(heard) == {bytes(320)}
        await console.hears(1_000)
        await console.tell(type="mute", on=False)
        await caller.hears(880)


async def test_a_plan_that_mutes_wins_over_the_console(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, version=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        console.speak(880)
        await caller.hears(880)
        await media.plan("c", CallPhase.OPERATOR, epoch=1, version=2, muted=True)
        caller.forget()
        assert set(await listens(caller)) == {bytes(320)}
        await console.tell(type="mute", on=False)
        await until(lambda: console.told("mute"), "echo")
        caller.forget()
        assert set(await listens(caller)) == {bytes(320)}
        await media.plan("c", CallPhase.OPERATOR, epoch=1, version=3)
        await caller.hears(880)


async def test_a_leg_admitted_muted_starts_muted(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c", muted=True) as console:
        await until(lambda: console.told("mute"), "told that it is muted")
        console.speak(880)
        assert set(await listens(caller)) == {bytes(320)}


async def test_silence_comes_in_real_time_neither_more_nor_less(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, muted=True)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("d") as clock,
        await media.console("c", muted=True),
    ):
        await media.plan("d", CallPhase.HOLD)
        await until(lambda: caller.frames and clock.frames, "both run")
        began_at, before = asyncio.get_running_loop().time(), len(caller.frames)
        await listens(clock, 2 * SECOND)
        due = (asyncio.get_running_loop().time() - began_at) * SECOND
        assert 0.8 * due < len(caller.frames) - before < 1.2 * due


async def test_on_hold_the_caller_hears_the_tone_and_nobody_hears_a_voice(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, version=1)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
        await media.console("c") as console,
    ):
        caller.speak(1_000)
        console.speak(880)
        assistant.speak(440)
        await caller.hears(880)
        await media.plan("c", CallPhase.HOLD, epoch=1, version=2)
        for peer in (caller, console, assistant):
            peer.forget()
        await hears_tone_of_hold(caller)
        await listens(caller)
        loud = [frame for frame in caller.frames if loudness(frame) > 50]
        assert loud
        assert all(share(frame, BEEP_HZ, 8_000) > 0.8 for frame in loud)
        assert not console.frames
        assert not assistant.frames
        await media.plan("c", CallPhase.OPERATOR, epoch=1, version=3)
        await caller.hears(880)
        await console.hears(1_000)


async def test_a_lost_operator_is_a_hold_tone_until_back(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
    ):
        assistant.speak(1_500)
        console = await media.console("c")
        console.speak(880)
        await caller.hears(880)
        await console.drop()
        await until(lambda: media.of(LegDown), "leg down")
        (down,) = media.of(LegDown)
        assert isinstance(down, LegDown)
        assert (down.role, down.epoch, down.clean, down.reason) == (LegRole.OPERATOR, 1, False, "broken")
        caller.forget()
        await hears_tone_of_hold(caller)
        assert share(bytes(caller.heard), 1_500, 8_000) < 0.05
        async with await media.console("c") as again:
            again.speak(900)
            await caller.hears(900)
    assert len(media.of(Bridged)) == 2


async def test_frames_of_another_epoch_are_dropped_and_counted(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=7)
    async with await media.twilio_caller("c") as caller, await media.console("c", epoch=7) as console:
        await console.say(bytes(640))
        await until(lambda: media.of(Bridged), "bridged")
        for number in range(20):
            await console.say(tone(880, 16_000, number), epoch=6)
        for number in range(20):
            await console.say(tone(500, 16_000, number))
        await until(lambda: caller.frames and share(caller.frames[-1], 500, 8_000) > 0.9, "the new epoch is heard")
        assert all(share(frame, 880, 8_000) < 0.2 for frame in caller.frames)
        await until(lambda: any(stats["dropped"] == 20 for stats in console.told("stats")), "counted")


async def test_a_newer_console_replaces_the_older_leg(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as older:
        older.speak(700)
        await caller.hears(700)
        async with await media.console("c") as newer:
            newer.speak(880)
            await older.closed()
            assert (older.close_code, older.close_reason) == (1000, "replaced")
            assert older.told("bye")[0]["reason"] == "replaced"
            await caller.hears(880)
            kinds = [type(fact).__name__ for fact in media.facts if fact.call_id == "c"][-2:]
            assert kinds == ["LegDown", "LegUp"]


async def test_an_operator_of_an_older_epoch_is_closed_and_stays_out(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as first:
        first.speak(700)
        await caller.hears(700)
        await media.plan("c", CallPhase.OPERATOR, epoch=2)
        await first.closed()
        assert first.close_reason == "fenced"
        async with await media.console("c", epoch=2) as second:
            second.speak(880)
            await caller.hears(880)


async def test_a_plan_older_than_the_last_changes_nothing(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, version=5)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        console.speak(880)
        await caller.hears(880)
        await media.plan("c", CallPhase.ENDED, epoch=1, version=4)
        await media.plan("c", CallPhase.ENDED, epoch=0, version=99)
        caller.forget()
        await caller.hears(880)


async def test_the_call_goes_back_to_the_assistant(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
        await media.console("c") as console,
    ):
        caller.speak(1_000)
        console.speak(880)
        assistant.speak(440)
        await caller.hears(880)
        await media.plan("c", CallPhase.ASSISTANT, epoch=2)
        await console.closed()
        await caller.hears(440)
        await assistant.hears(1_000)
        assert [frame["phase"] for frame in assistant.told("phase")] == ["assistant", "operator", "assistant"]


async def test_ending_closes_every_leg(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
        await media.console("c") as console,
    ):
        await media.plan("c", CallPhase.ENDED, epoch=1, version=1)
        for peer in (caller, assistant, console):
            await peer.closed()
            assert (peer.close_code, peer.close_reason) == (1000, "ended")
        assert console.told("bye")[0]["reason"] == "ended"
    await until(lambda: len(media.of(LegDown)) == 3, "all down")
    assert all(isinstance(down, LegDown) and down.clean for down in media.of(LegDown))


async def test_stop_is_a_clean_end_and_a_broken_line_is_not(media: Desk) -> None:
    first = await media.twilio_caller("a")
    await until(lambda: media.of(LegUp, "a"), "up")
    await first.hang_up()
    second = await media.twilio_caller("b")
    await until(lambda: media.of(LegUp, "b"), "up")
    await second.drop()
    await until(lambda: len(media.of(LegDown)) == 2, "both down")
    ends = [(down.call_id, down.clean, down.reason) for down in media.of(LegDown) if isinstance(down, LegDown)]
    assert ends == [("a", True, "stop"), ("b", False, "broken")]


async def test_keys_of_the_callers_telephone_reach_broker_and_operator(media: Desk) -> None:
    for call, caller in (("t", await media.twilio_caller("t")), ("s", await media.stream("s"))):
        await media.plan(call, CallPhase.OPERATOR, epoch=1)
        async with caller, await media.console(call) as console:
            for digit in "5#":
                if isinstance(caller, TwilioCaller):
                    await caller.press(digit)
                else:
                    await caller.tell(type="dtmf", digit=digit)
            await until(lambda: len(console.told("dtmf")) == 2, "keys at the console")
            assert [frame["digit"] for frame in console.told("dtmf")] == ["5", "#"]
        assert [fact.digit for fact in media.of(Digit, call) if isinstance(fact, Digit)] == ["5", "#"]


async def test_a_console_learns_levels_loss_and_a_missing_caller(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(1_000, peak=16_000)
        console.speak(880, peak=4_000)
        await console.hears(1_000)
        await until(lambda: any(s["far_level"] for s in console.told("stats")), "levels")
        stats = console.told("stats")[-1]
        assert stats["far_level"] == pytest.approx(16_000 / 32_768 / 2**0.5, rel=0.1)
        assert stats["own_level"] == pytest.approx(4_000 / 32_768 / 2**0.5, rel=0.1)
        assert stats["loss_percent"] == 0.0
        console._spoken += 50
        await until(lambda: any(s["loss_percent"] for s in console.told("stats")), "loss")
        await caller.drop()
        await until(lambda: int(str(console.told("stats")[-1]["far_silent_ms"])) > 1_000, "the caller is missing")


async def test_a_ping_is_answered(media: Desk) -> None:
    async with await media.console("c") as console:
        await console.tell(type="ping", at=12.5)
        await until(lambda: console.told("pong"), "pong")
        assert console.told("pong")[0]["at"] == 12.5


async def test_a_peer_that_stops_reading_costs_nobody_else_a_frame(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.stream("c") as caller, await media.console("c") as console:
        console.speak(880)
        await caller.hears(880)
        assert console.socket is not None
        console.socket.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        console.socket.transport.pause_reading()
        loud = tone(1_000, 16_000, 0)
        for _ in range(700):  # 450 kB: more than the socket buffers and the worker's half second hold
            await caller.say(loud)
        caller.forget()
        await listens(caller)
        console.socket.transport.resume_reading()
        await until(lambda: any(int(str(s["dropped"])) > 0 for s in console.told("stats")), "dropped and counted")
        assert len(console.frames) < 700


async def test_a_callers_telephone_understands_the_keys_through_the_carriers_codec(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        console.speak(440)
        await caller.hears(440)
        caller.forget()
        await media.control.dial(Keys(call_id=ConversationId("c"), epoch=1, id="order-1", digits="159D*0#"))
        await until(lambda: keys_in(bytes(caller.heard), 8_000) == "159D*0#", "all keys, in order")
        await caller.hears(440)


async def test_a_hold_that_is_configured_silent_is_silent_and_the_assistant_stays_out_of_it(tmp_path: Path) -> None:
    async with desk(tmp_path, hold_sound="silence") as media:
        await media.plan("c", CallPhase.OPERATOR, epoch=1)
        async with (
            await media.twilio_caller("c") as caller,
            await media.stream("c", LegRole.ASSISTANT) as assistant,
            await media.console("c") as console,
        ):
            console.speak(880)
            assistant.speak(440)
            await caller.hears(880)
            await media.plan("c", CallPhase.HOLD, epoch=1, version=1)
            await until(lambda: not loudness(b"".join(caller.frames[-5:])), "the hold begins")
            assert not loudness(b"".join(await listens(caller, 7 * SECOND)))
