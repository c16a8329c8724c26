"""A sentence that callers leave as their message in tests, and how like it what was kept is."""

import asyncio
from array import array
from collections.abc import Awaitable, Callable

from server.demo.hearing import pcm_of
from server.demo.speech import load_clip
from tests.media_clients import Peer, loudness

CLIP = array("h", [sample for frame in load_clip("heat_pump-1") for sample in pcm_of(frame)]).tobytes()
"""A sentence at 8 kHz."""


async def speak(caller: Peer, pcm: bytes) -> None:
    """Say this in real time, at 8 kHz."""
    await paced(pcm, caller.say)


async def paced(pcm: bytes, say: Callable[[bytes], Awaitable[None]]) -> None:
    """Hand over this much PCM of 8 kHz in real time, 20 ms at a time."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, start in enumerate(range(0, len(pcm), 320)):
        await say(pcm[start : start + 320].ljust(320, b"\0"))
        await asyncio.sleep(max(0.0, begin + (number + 1) * 0.02 - loop.time()))


def likeness(one: bytes, other: bytes) -> float:
    """Return how far the shorter lies in the longer: the best correlation of their envelopes, 20 ms at a time."""
    first, second = ([loudness(pcm[at : at + 320]) for at in range(0, len(pcm) - 319, 320)] for pcm in (one, other))
    short, long = sorted((first, second), key=len)
    best = 0.0
    for shift in range(len(long) - len(short) + 1):
        part = long[shift : shift + len(short)]
        best = max(best, _correlation(short, part))
    return best


def _correlation(one: list[int], other: list[int]) -> float:
    a, b = sum(one) / len(one), sum(other) / len(other)
    spread = (sum((x - a) ** 2 for x in one) * sum((y - b) ** 2 for y in other)) ** 0.5
    return sum((x - a) * (y - b) for x, y in zip(one, other, strict=True)) / spread if spread else 0.0
