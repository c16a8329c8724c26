"""Lead each leg's voice to exactly those who hear it, and mix where somebody hears several voices.

Who hears whom is not decided here. One voice goes straight from socket to socket; several are summed every 20 ms, each
out of a short queue of its own, so that a late frame of one does not hold up the other. Before: the table was asked.
After: every ear has its sources.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Final

from server.media.codecs import mixed
from server.media.leg import Hear, Leg
from server.wire.terms import LegRole

MOST_FRAMES: Final = 5
"""Frames of one voice that wait to be mixed (100 ms); of more the oldest is dropped."""


class Mix:
    """What one listener hears of several voices."""

    def __init__(self) -> None:
        self._waiting: dict[Leg, deque[bytes]] = {}

    def of(self, speakers: Iterable[Leg]) -> None:
        """Mix exactly these voices from now on."""
        self._waiting = {leg: self._waiting.get(leg) or deque(maxlen=MOST_FRAMES) for leg in speakers}

    def place(self, speaker: Leg) -> Hear:
        """Return where the frames of one of the voices go."""
        return self._waiting[speaker].append

    def frame(self) -> bytes:
        """Return the next 20 ms; empty when no voice has said anything."""
        heard = b""
        for waiting in self._waiting.values():
            if waiting:
                frame = waiting.popleft()
                heard = mixed(heard, frame) if heard else frame
        return heard


class Ears:
    """Whom each leg of one call hears."""

    def __init__(self) -> None:
        self._mixes: dict[Leg, Mix] = {}

    @property
    def mixing(self) -> bool:
        """Whether `tick` has something to do."""
        return bool(self._mixes)

    def lead(self, legs: Collection[Leg], hears: Callable[[Leg], frozenset[LegRole]]) -> None:
        """Let every leg hear the legs of the roles that `hears` gives for it, and nobody else."""
        speakers = {leg: [other for other in legs if other.role in hears(leg) and other is not leg] for leg in legs}
        self._mixes = {leg: self._mixes.get(leg) or Mix() for leg, heard in speakers.items() if len(heard) > 1}
        for leg, mix in self._mixes.items():
            mix.of(speakers[leg])
        for speaker in legs:
            listeners = [leg for leg in legs if speaker in speakers[leg]]
            speaker.link_to({leg: self._ear(leg, speaker) for leg in listeners})

    def tick(self) -> None:
        """Give every listener of a mix its 20 ms."""
        for listener, mix in self._mixes.items():
            frame = mix.frame()
            if frame:
                listener.hear(frame)

    def _ear(self, listener: Leg, speaker: Leg) -> Hear:
        mix = self._mixes.get(listener)
        return listener.hear if mix is None else mix.place(speaker)
