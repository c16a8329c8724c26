"""The worker counts what arrives of a leg's audio, and what is missing by its numbers."""

from pathlib import Path

import pytest

from server.broker.ports.measures import RoleMeasures
from server.wire.media import CODEC_PCM16, pack_audio
from server.wire.terms import CallPhase
from tests.media_clients import Desk, StreamLeg, desk, until

pytestmark = pytest.mark.integration

FRAMES = 150


async def of_operator(media: Desk) -> RoleMeasures | None:
    counted = await media.control.measures()
    return next((leg for leg in counted.legs if leg.role == "operator"), None) if counted else None


async def test_lost_frames_are_seen_by_their_numbers_and_lower_the_score(tmp_path: Path) -> None:
    async with desk(tmp_path) as media:
        await media.plan("c", CallPhase.OPERATOR, epoch=1)
        console: StreamLeg = await media.console("c")
        for number in range(FRAMES):
            if number % 5 != 3:  # one of five is lost on the way
                await console.raw(pack_audio(CODEC_PCM16, 1, number, number * 20, bytes(640)))
                await media.control._clock.sleep(0.02)
        found: RoleMeasures | None = None

        async def counted() -> bool:
            nonlocal found
            found = await of_operator(media)
            return found is not None and found.frames + found.lost >= FRAMES - 2

        for _ in range(100):
            if await counted():
                break
            await media.control._clock.sleep(0.2)
        assert found is not None
        await console.close()
        await until(lambda: True, "closed")
        assert found.frames == sum(1 for number in range(FRAMES) if number % 5 != 3)
        assert found.lost == FRAMES // 5
        assert sum(found.loss.counts) == sum(found.mos.counts) == sum(found.jitter.counts) >= 3
        assert 15 <= found.loss.total / sum(found.loss.counts) <= 25, "about 20 % of each second"
        assert found.mos.total / sum(found.mos.counts) < 2, "which nobody calls good"
