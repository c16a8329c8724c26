"""The worker lets a supervisor in as the plan says: real sockets, a real process, one tone a leg, told by frequency."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.media import LegDown
from server.wire.terms import CallPhase, LegRole, Supervision
from tests.media_clients import Desk, Peer, RefusedError, desk, tones, until

pytestmark = pytest.mark.integration

CALLER, OPERATOR, SUPERVISOR = 700, 1_000, 1_500
"""Hertz; whole periods in 20 ms, so that no tone leaks into another."""
SECOND = 50
"""Frames."""


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as running:
        yield running


async def ear(peer: Peer, expected: set[int]) -> None:
    """Return once a whole second of what a peer hears has exactly these tones in it; gaps count as nothing."""

    def heard() -> set[int] | None:
        frames = peer.frames[-SECOND:]
        if len(frames) < SECOND:
            return None
        sounds = [frame_tones(frame, peer.rate) for frame in frames]
        found = set[int]().union(*sounds)
        return found if all(sound in (found, set()) or sound < found for sound in sounds) else None

    await until(lambda: heard() == expected, f"{type(peer).__name__} hears {sorted(expected)} and nothing else")


def frame_tones(frame: bytes, rate: int) -> set[int]:
    try:
        return tones(frame, rate, CALLER, OPERATOR, SUPERVISOR)
    except AssertionError:
        return {0}  # a frame on the seam between two sounds


STEPS = [
    (Supervision.LISTEN, {OPERATOR}, {CALLER}, {CALLER, OPERATOR}),
    (Supervision.WHISPER, {OPERATOR}, {CALLER, SUPERVISOR}, {CALLER, OPERATOR}),
    (Supervision.BARGE, {OPERATOR, SUPERVISOR}, {CALLER, SUPERVISOR}, {CALLER, OPERATOR}),
    (Supervision.LISTEN, {OPERATOR}, {CALLER}, {CALLER, OPERATOR}),
]


async def test_each_ear_hears_exactly_what_the_step_says(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(CALLER)
        console.speak(OPERATOR)
        await ear(caller, {OPERATOR})
        await ear(console, {CALLER})
        version = 1
        await media.plan(
            "c", CallPhase.OPERATOR, epoch=1, version=version, supervision=Supervision.LISTEN, supervisor_leg="sue"
        )
        async with await media.supervisor("c", "sue") as supervisor:
            supervisor.speak(SUPERVISOR)
            for mode, by_caller, by_operator, by_supervisor in STEPS:
                version += 1
                await media.plan(
                    "c", CallPhase.OPERATOR, epoch=1, version=version, supervision=mode, supervisor_leg="sue"
                )
                for peer in (caller, console, supervisor):
                    peer.forget()
                await ear(supervisor, by_supervisor)
                await ear(console, by_operator)
                await ear(caller, by_caller)
        await until(lambda: len(media.of(LegDown)) == 1, "the supervisor's leg is down")
        for peer in (caller, console):
            peer.forget()
        await ear(caller, {OPERATOR})
        await ear(console, {CALLER})


async def test_mute_stays_zero_bytes_with_a_supervisor_in_the_call(media: Desk) -> None:
    plan = {"epoch": 1, "supervision": Supervision.WHISPER, "supervisor_leg": "sue"}
    await media.plan("c", CallPhase.OPERATOR, version=1, **plan)
    async with (
        await media.twilio_caller("c") as caller,
        await media.console("c") as console,
        await media.supervisor("c", "sue") as supervisor,
    ):
        caller.speak(CALLER)
        console.speak(OPERATOR)
        supervisor.speak(SUPERVISOR)
        await ear(supervisor, {CALLER, OPERATOR})
        await media.plan("c", CallPhase.OPERATOR, version=2, muted=True, **plan)
        caller.forget()
        await until(lambda: len(caller.frames) >= 2 * SECOND, "two seconds of silence")
        silent = caller.frames[5:]
        assert not any(any(frame) for frame in silent), "a muted operator, or a whisper, reached the caller"


async def test_a_leg_the_plan_does_not_name_is_refused_and_one_it_no_longer_names_is_closed(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, version=1, supervision=Supervision.BARGE, supervisor_leg="sue")
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(CALLER)
        console.speak(OPERATOR)
        with pytest.raises(RefusedError):
            await media.supervisor("c", "somebody-else")
        async with await media.supervisor("c", "sue") as supervisor:
            supervisor.speak(SUPERVISOR)
            await ear(caller, {OPERATOR, SUPERVISOR})
            await media.plan("c", CallPhase.OPERATOR, epoch=1, version=2)
            await supervisor.closed()
        caller.forget()
        await ear(caller, {OPERATOR})
        assert [fact.reason for fact in media.of(LegDown) if isinstance(fact, LegDown)] == ["fenced"]


async def test_after_taking_over_the_caller_waits_with_the_tone_not_with_the_assistant(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1, version=1)
    async with (
        await media.twilio_caller("c") as caller,
        await media.stream("c", LegRole.ASSISTANT) as assistant,
        await media.console("c") as console,
    ):
        caller.speak(CALLER)
        assistant.speak(SUPERVISOR)
        console.speak(OPERATOR)
        await ear(caller, {OPERATOR})
        await media.plan("c", CallPhase.OPERATOR, epoch=2, version=2, answered=True)
        await console.closed()
        caller.forget()
        await until(lambda: len(caller.frames) >= SECOND, "a second of tone")
        assert all(SUPERVISOR not in frame_tones(frame, caller.rate) for frame in caller.frames[5:])
        async with await media.console("c", epoch=2) as taker:
            taker.speak(OPERATOR)
            caller.forget()
            await ear(caller, {OPERATOR})
            await asyncio.sleep(0)
