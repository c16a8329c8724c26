"""The operator hears the caller and the console's own sounds, and the microphone never piles up."""

import asyncio
from pathlib import Path

import pytest

from operator_console.audio.filters import Filters
from operator_console.audio.framing import FRAME_BYTES, AudioFrame
from operator_console.audio.jitter import JitterBuffer
from operator_console.audio.messages import ToneName
from operator_console.audio.microphone import MAX_WAITING_BLOCKS, Microphone
from operator_console.audio.sound import LEG_RATE
from operator_console.audio.speaker import RING_SECONDS, Speaker
from operator_console.audio.worker import MAX_LOG_BYTES, limited, shorten_log
from tests import sound

pytestmark = pytest.mark.unit


def with_caller(hertz: float) -> Speaker:
    speaker = Speaker()
    speaker.caller = JitterBuffer()
    voice = sound.tone(hertz, 0.06)
    for number in range(3):
        speaker.caller.push(AudioFrame(number, number * 20, voice[number * FRAME_BYTES : (number + 1) * FRAME_BYTES]))
    return speaker


def test_without_a_leg_there_is_silence() -> None:
    assert Speaker().give(320) == bytes(320)


def test_the_caller_is_heard_at_the_chosen_gain_and_metered_before_it() -> None:
    speaker = with_caller(1000)
    speaker.gain = 0.5
    heard = speaker.give(3 * FRAME_BYTES)
    assert sound.loudest(heard) == pytest.approx(0.15 * 32767, rel=0.02)
    assert speaker.level() == pytest.approx(0.3 / 2**0.5, rel=0.05)


def test_a_notification_is_mixed_with_the_caller_and_ends_by_itself() -> None:
    speaker = with_caller(1000)
    speaker.play_tone(ToneName.NOTIFICATION)
    assert speaker.busy
    heard = speaker.give(3 * FRAME_BYTES)
    assert sound.share_of(heard, 660) > 0.2
    assert sound.share_of(heard, 1000) > 0.2
    speaker.give(LEG_RATE * 2)
    assert not speaker.busy


def test_a_ring_goes_on_until_it_is_stopped_and_never_for_ever() -> None:
    speaker = Speaker()
    speaker.play_tone(ToneName.RING)
    speaker.give(LEG_RATE * 2 * 10)
    assert speaker.busy
    speaker.stop()
    assert not speaker.busy
    assert speaker.give(320) == bytes(320)
    speaker.play_tone(ToneName.RING)
    for _ in range(RING_SECONDS + 5):
        speaker.give(LEG_RATE * 2)
    assert not speaker.busy


async def test_blocks_reach_the_loop_in_order_with_the_chosen_gain() -> None:
    blocks: list[bytes] = []
    microphone = Microphone(asyncio.get_running_loop(), blocks.append, Filters(lambda _event: None))
    microphone.gain = 2.0
    await asyncio.to_thread(lambda: [microphone.take(bytes([number, 0])) for number in range(5)])
    await asyncio.sleep(0)
    assert b"".join(blocks) == bytes([0, 0, 2, 0, 4, 0, 6, 0, 8, 0])
    assert microphone.heard_bytes == 10


async def test_a_busy_loop_costs_the_oldest_blocks_and_no_memory() -> None:
    blocks: list[bytes] = []
    microphone = Microphone(asyncio.get_running_loop(), blocks.append, Filters(lambda _event: None))
    for number in range(500):
        microphone.take(number.to_bytes(2, "little"))
    await asyncio.sleep(0)
    assert len(blocks) == MAX_WAITING_BLOCKS
    assert blocks[-1] == (499).to_bytes(2, "little")


async def test_silence_is_counted_until_there_is_sound() -> None:
    microphone = Microphone(asyncio.get_running_loop(), lambda _block: None, Filters(lambda _event: None))
    microphone.take(bytes(32_000))
    await asyncio.sleep(0)
    assert microphone.quiet_ms == 1000
    microphone.take(sound.tone(300, 0.1, amplitude=0.01))
    await asyncio.sleep(0)
    assert microphone.quiet_ms == 0


def test_gains_stay_within_limits() -> None:
    assert (limited(None, 1.5), limited(90.0, 1.0), limited(-1.0, 1.0), limited(0.5, 1.0)) == (1.5, 10.0, 0.0, 0.5)


def test_a_log_that_libraries_fill_starts_over(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log:
        log.write(b"x" * 100)
        log.flush()
        shorten_log(log.fileno())
        assert (tmp_path / "log").stat().st_size == 100
        log.write(bytes(MAX_LOG_BYTES))
        log.flush()
        shorten_log(log.fileno())
        assert (tmp_path / "log").stat().st_size == 0
