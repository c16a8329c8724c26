"""A line always sends, speaks when the other side has finished, and says when it dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.clock import ManualClock
from server.demo.hearing import QUIET_FRAMES, tone_frame
from server.demo.line import Line, LineClosedError
from server.demo.speech import SILENCE
from tests.unit.server.demo.lines import FakeLeg, pass_frames

pytestmark = pytest.mark.unit

WORD = tuple(tone_frame(300, number) for number in range(10))


@asynccontextmanager
async def running(*legs: FakeLeg) -> AsyncIterator[tuple[ManualClock, tuple[Line, ...]]]:
    clock = ManualClock()
    lines = tuple(Line(leg, clock) for leg in legs)
    tasks = [asyncio.ensure_future(line.run()) for line in lines]
    await pass_frames(clock, 1)
    try:
        yield clock, lines
    finally:
        for leg in legs:
            await leg.hang_up()
        await pass_frames(clock, 2)
        await asyncio.gather(*tasks)


async def test_silence_is_sent_every_20_ms_when_there_is_nothing_to_say() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, _):
        before = len(leg.sent)
        await pass_frames(clock, 50)
        assert len(leg.sent) - before == 50
        assert set(leg.sent) == {SILENCE}


async def test_a_line_waits_while_the_other_side_speaks() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, (line,)):
        for number in range(20):
            leg.arrived.append(tone_frame(300, number))
            await pass_frames(clock, 1)
        said = asyncio.ensure_future(line.say(WORD))
        await pass_frames(clock, QUIET_FRAMES - 2)
        assert set(leg.sent) == {SILENCE}
        await pass_frames(clock, len(WORD) + 5)
        assert await said
        assert [frame for frame in leg.sent if frame != SILENCE] == list(WORD)


async def test_what_is_no_longer_wanted_is_not_said() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, (line,)):
        said = asyncio.ensure_future(line.say(WORD, only_if=lambda: False))
        await pass_frames(clock, 30)
        assert not await said
        assert set(leg.sent) == {SILENCE}


async def test_a_hushed_line_stops_in_the_middle_of_the_word() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, (line,)):
        said = asyncio.ensure_future(line.say(WORD))
        await pass_frames(clock, 4)
        line.hush()
        await pass_frames(clock, 20)
        await said
        assert 0 < sum(frame != SILENCE for frame in leg.sent) < len(WORD)


async def test_two_lines_take_turns_by_ear() -> None:
    one, two = FakeLeg(), FakeLeg()
    one.peer, two.peer = two, one
    async with running(one, two) as (clock, (asker, answerer)):
        heard = asyncio.ensure_future(answerer.hear_out(begin_frames=50))
        asked = asyncio.ensure_future(asker.say(WORD))
        await pass_frames(clock, len(WORD) + 3)
        assert await asked
        assert not heard.done()
        await pass_frames(clock, QUIET_FRAMES + 3)
        assert await heard


async def test_silence_is_noticed_after_the_time_allowed() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, (line,)):
        heard = asyncio.ensure_future(line.hear_out(begin_frames=25))
        await pass_frames(clock, 27)
        assert not await heard


async def test_a_dropped_line_ends_whatever_was_going_on() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, (line,)):
        said = asyncio.ensure_future(line.say(WORD))
        waited = asyncio.ensure_future(line.until(lambda: False))
        await pass_frames(clock, 3)
        await leg.hang_up()
        await pass_frames(clock, 2)
        for task in (said, waited):
            with pytest.raises(LineClosedError):
                await task


async def test_a_busy_machine_skips_instead_of_sending_a_burst() -> None:
    leg = FakeLeg()
    async with running(leg) as (clock, _):
        before = len(leg.sent)
        clock._elapsed_seconds += 5.0  # nobody ran for five seconds
        await pass_frames(clock, 5)
        assert len(leg.sent) - before <= 7
