"""What is jambonz's own of its audio sockets: two rates, audio of any length, and the word that ends the verb."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.media import LegDown, LegUp
from server.wire.terms import CallPhase, LegRole
from tests.carrier_callers import JambonzCaller
from tests.media_clients import Desk, desk, tone, until

pytestmark = pytest.mark.integration


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, hello_seconds=10.0) as running:
        yield running


async def connected(media: Desk, rate: int) -> JambonzCaller:
    caller = JambonzCaller(rate=rate)
    token = await media.admit("c", LegRole.CALLER, "jambonz", external_id=caller.call_id)
    return await caller.open(media.control.media_url("jambonz"), token)


async def test_wideband_goes_both_ways(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await connected(media, 16_000) as caller, await media.console("c") as console:
        caller.speak(3_500)  # more than a telephone carries at 8 kHz with its filters, and well within 16 kHz
        console.speak(880)
        await console.hears(3_500)
        await caller.hears(880)
        assert {len(frame) for frame in caller.frames} == {640}


async def test_audio_is_cut_into_frames_however_long_it_comes(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await connected(media, 8_000) as caller, await media.console("c", rate=8_000) as console:
        await until(lambda: len(media.of(LegUp)) == 2, "both are there")
        long = b"".join(tone(1_000, 8_000, number) for number in range(50))
        for start in range(0, len(long), 502):
            await caller.raw(long[start : start + 502])
        await until(lambda: sum(map(any, console.frames)) >= 49, "a second, but for the last piece")
        assert {len(frame) for frame in console.frames} == {320}


async def test_when_we_hang_up_the_verb_is_ended(media: Desk) -> None:
    caller = await connected(media, 8_000)
    await until(lambda: media.of(LegUp), "up")
    await media.plan("c", CallPhase.ENDED, epoch=1)
    await until(caller.gone.is_set, "closed")
    assert caller.told("disconnect")
    await caller.close()


async def test_what_is_not_jambonz_is_refused(media: Desk) -> None:
    for message, reason in (
        ('{"sampleRate":8000}', "bad_start"),
        ('{"callSid":"x","sampleRate":44100}', "bad_format"),
        ("[]", "bad_frame"),
        (bytes(320), "start_first"),
    ):
        caller = JambonzCaller()
        await caller.connect_only(media.control.media_url("jambonz"))
        await caller.raw(message)
        await until(caller.gone.is_set, reason)
        assert (caller.close_code, caller.close_reason) == (4400, reason)
        await caller.close()


async def test_half_a_sample_and_strange_messages_do_no_harm(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await connected(media, 8_000) as caller, await media.console("c") as console:
        await caller.raw(bytes(319))
        await caller.raw("{")
        await caller.send(event="weather", dtmf="warm")
        await caller.send(event="dtmf", dtmf="56")
        await caller.press("5")
        caller.speak(1_000)
        await console.hears(1_000)
        assert [frame["digit"] for frame in console.told("dtmf")] == ["5"]
        assert not media.of(LegDown)
