"""A caller hears a tone while the operator's microphone is gone, and not a moment of it while it works."""

import pytest

from operator_console.audio.framing import FRAME_BYTES
from operator_console.audio.stand_in import BEEP_HZ, MISSING_SECONDS, StandIn
from operator_console.tasks import spawn, stop
from server.clock import ManualClock
from tests import sound

pytestmark = pytest.mark.unit


class Leg:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def capture(self, pcm: bytes) -> None:
        self.frames.append(pcm)


async def test_the_tone_begins_when_the_microphone_is_missing_and_ends_with_its_first_block() -> None:
    clock, leg = ManualClock(), Leg()
    stand_in = StandIn(clock, leg)
    task = spawn("stand in", stand_in.run())
    for _ in range(100):
        stand_in.heard()
        await clock.advance(0.05)
    assert leg.frames == []
    await clock.advance(MISSING_SECONDS - 0.1)
    assert leg.frames == []
    await clock.advance(3.4)
    assert 150 <= len(leg.frames) <= 170, "in real time: 50 a second"
    assert {len(frame) for frame in leg.frames} == {FRAME_BYTES}
    assert sound.share_of(b"".join(leg.frames), BEEP_HZ) > 0.9
    stand_in.heard()
    count = len(leg.frames)
    for _ in range(20):
        await clock.advance(0.05)
        stand_in.heard()
    assert len(leg.frames) <= count + 1
    await stop(task)
