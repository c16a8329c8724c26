"""A caller leaves a message: greeting, beep, what is kept of it, and every way in which it ends."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from server.broker.ports.media import LegDown, VoicemailOrder, VoicemailOver
from server.media.prompts import BEEP_HZ
from server.wire.terms import CallPhase, LegRole, SessionId
from tests.carrier_callers import PlivoCaller
from tests.media_clients import Desk, Peer, desk, loudness, share, tone, until
from tests.spoken_messages import CLIP, likeness, speak

pytestmark = pytest.mark.integration

GREETING_HZ = 600
Join = Callable[[Desk], Awaitable[Peer]]


def greeting(folder: Path) -> str:
    path = folder / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"".join(tone(GREETING_HZ, 16_000, number) for number in range(20)))
    return str(path)


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, recordings_dir=str(tmp_path / "recordings"), least_free_mb=0) as running:
        yield running


def order(folder: Path, **rules: float) -> VoicemailOrder:
    named = {"silence_seconds": 2.0, **rules}
    return VoicemailOrder(record="s_1-voicemail", session_id=SessionId("s_1"), greeting=greeting(folder), **named)


async def asked(media: Desk, folder: Path, caller: Peer, **rules: float) -> None:
    """Ask the caller for a message; return after the beep."""
    await media.plan("c", CallPhase.VOICEMAIL, epoch=1, version=1, voicemail=order(folder, **rules))
    await until(lambda: share(bytes(caller.heard[-640:]), GREETING_HZ, caller.rate) > 0.9, "the greeting is heard")
    await beep(caller)


async def beep(caller: Peer) -> None:
    size = caller.rate // 50 * 2 * 10
    await until(lambda: share(bytes(caller.heard[-size:]), BEEP_HZ, caller.rate) > 0.9, "the beep is heard")
    await until(lambda: loudness(bytes(caller.heard[-size:])) < 20, "it is over")


async def over(media: Desk) -> VoicemailOver:
    await until(lambda: media.of(VoicemailOver), "the message is over")
    (fact,) = media.of(VoicemailOver)
    assert isinstance(fact, VoicemailOver)
    assert fact.record == "s_1-voicemail"
    return fact


def kept(folder: Path) -> bytes:
    with wave.open(str(folder / "recordings" / "s_1-voicemail.wav"), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8_000)
        return file.readframes(file.getnframes())


async def twilio(media: Desk) -> Peer:
    return await media.twilio_caller("c")


async def stream(media: Desk) -> Peer:
    return await media.stream("c", rate=8_000)


async def plivo(media: Desk) -> Peer:
    caller = PlivoCaller()
    token = await media.admit("c", LegRole.CALLER, caller.path, external_id=caller.call_id)
    await caller.open(media.control.media_url(caller.path), token)
    return caller


@pytest.mark.parametrize("join", [twilio, stream, plivo])
async def test_what_is_said_after_the_beep_is_kept_until_the_caller_hangs_up(
    media: Desk, tmp_path: Path, join: Join
) -> None:
    async with await join(media) as caller:
        await asked(media, tmp_path, caller)
        await speak(caller, CLIP)
        hang_up = getattr(caller, "hang_up", caller.close)
        await hang_up()
        fact = await over(media)
        assert fact.kept
        told = [type(one) for one in media.facts if isinstance(one, VoicemailOver | LegDown)]
        assert told == [VoicemailOver, LegDown], "the broker knows of the message before the caller is gone"
        await until(lambda: abs(len(kept(tmp_path)) / 16_000 - fact.seconds) < 0.1, "all of it is written")
    assert likeness(kept(tmp_path), CLIP) > 0.95
    assert share(kept(tmp_path), GREETING_HZ, 8_000) < 0.5
    assert share(kept(tmp_path)[:3200], BEEP_HZ, 8_000) < 0.5


async def test_silence_ends_a_message_and_is_not_kept_and_a_line_that_sends_nothing_is_silent(
    media: Desk, tmp_path: Path
) -> None:
    async with await media.twilio_caller("c") as caller:
        await asked(media, tmp_path, caller)
        await speak(caller, CLIP)
        caller.forget()
        fact = await over(media)  # the line sends nothing at all from here on
        assert fact.kept
        assert fact.seconds < len(CLIP) / 16_000 + 0.5
        assert loudness(bytes(caller.heard)) > 100, "thanks are said"


async def test_the_hash_key_ends_a_message_and_its_sound_is_not_kept(media: Desk, tmp_path: Path) -> None:
    async with await media.twilio_caller("c") as caller:
        await asked(media, tmp_path, caller)
        await speak(caller, CLIP)
        await speak(caller, b"".join(tone(1_477, 8_000, number) for number in range(5)))
        await caller.press("#")
        fact = await over(media)
        assert fact.kept
        await until(lambda: abs(len(kept(tmp_path)) / 16_000 - fact.seconds) < 0.1, "all of it is written")
        assert share(kept(tmp_path)[-1600:], 1_477, 8_000) < 0.2


async def test_who_says_nothing_is_asked_once_more_and_leaves_no_file(media: Desk, tmp_path: Path) -> None:
    async with await media.twilio_caller("c") as caller:
        await asked(media, tmp_path, caller)
        caller.forget()
        await beep(caller)
        await speak(caller, b"".join(tone(300, 8_000, number) for number in range(10)))
        fact = await over(media)
        assert (fact.kept, fact.failed, fact.seconds) == (False, False, 0.0)
        assert not list((tmp_path / "recordings").glob("*voicemail*"))


async def test_a_message_ends_at_its_longest(media: Desk, tmp_path: Path) -> None:
    async with await media.twilio_caller("c") as caller:
        await asked(media, tmp_path, caller, longest_seconds=2.0)
        speaking = asyncio.create_task(speak(caller, CLIP * 20))
        fact = await over(media)
        speaking.cancel()
        assert fact.kept
        assert 1.9 <= fact.seconds <= 2.6


async def test_somebody_who_comes_keeps_what_was_said_and_is_heard_at_once(media: Desk, tmp_path: Path) -> None:
    async with await media.twilio_caller("c") as caller:
        await asked(media, tmp_path, caller)
        await speak(caller, CLIP)
        await media.plan("c", CallPhase.OPERATOR, epoch=2, version=2)
        async with await media.console("c", epoch=2) as console:
            console.speak(880)
            caller.speak(1_000)
            await caller.hears(880)
            await console.hears(1_000)
        assert (await over(media)).kept
        assert likeness(kept(tmp_path), CLIP) > 0.9


async def test_without_room_on_the_disk_no_message_is_asked_for(tmp_path: Path) -> None:
    settings = {"recordings_dir": str(tmp_path / "recordings"), "least_free_mb": 10_000_000}
    async with desk(tmp_path, **settings) as media, await media.twilio_caller("c") as caller:
        await media.plan("c", CallPhase.VOICEMAIL, epoch=1, version=1, voicemail=order(tmp_path))
        fact = await over(media)
        assert (fact.kept, fact.failed, fact.reason) == (False, True, "the disk is full")
        assert share(bytes(caller.heard), GREETING_HZ, 8_000) < 0.5
