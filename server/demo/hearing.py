"""Let the demo's players listen: how loud a frame is, whether somebody speaks, whether a test tone is in it.

Pure; one `Ear.hear` per 20 ms, so spans are counted in frames and need no clock.
"""

import math
from array import array
from typing import Final

from server.demo.speech import FRAME_BYTES, RATE
from server.media.codecs import FULL_SCALE, mulaw_to_pcm16, pcm16_to_mulaw, rms

SPEECH_LEVEL: Final = 0.012
"""RMS (0..1) above which a frame counts as somebody speaking."""
QUIET_FRAMES: Final = 32
"""640 ms without speech: the other side has finished."""
TONE_SHARE: Final = 0.6
"""A frame is a tone when this share of its energy lies at one frequency."""


def pcm_of(mulaw: bytes) -> list[int]:
    """Return µ-law audio as signed 16-bit samples."""
    return array("h", mulaw_to_pcm16(mulaw)).tolist()


def loudness(mulaw: bytes) -> float:
    """Return the RMS of µ-law audio, 0..1; empty audio is silent."""
    return rms(mulaw_to_pcm16(mulaw)) / FULL_SCALE if mulaw else 0.0


def tone_frame(hertz: float, number: int, level: float = 0.25) -> bytes:
    """Return frame `number` of an endless sine of `hertz` with peak `level` (0..1), as 20 ms of µ-law."""
    first = number * FRAME_BYTES
    samples = array(
        "h",
        (int(level * 32_767 * math.sin(2 * math.pi * hertz * (first + i) / RATE)) for i in range(FRAME_BYTES)),
    )
    return pcm16_to_mulaw(samples.tobytes())


def is_tone(mulaw: bytes, hertz: float) -> bool:
    """Tell whether `hertz` dominates this frame (Goertzel's method against the frame's whole energy)."""
    samples = pcm_of(mulaw)
    energy = math.fsum(float(sample) * sample for sample in samples)
    if not samples or energy / len(samples) < (SPEECH_LEVEL * FULL_SCALE) ** 2:
        return False
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    before, now = 0.0, 0.0
    for sample in samples:
        before, now = now, sample + turn * now - before
    power = now * now + before * before - turn * now * before
    return power * 2 / (len(samples) * energy) >= TONE_SHARE


class Ear:
    """Follows one incoming direction: is the other side speaking, and how much was heard so far."""

    def __init__(self) -> None:
        """Start with silence and no counts."""
        self.frames = 0
        self.speech_frames = 0
        self.tone_frames = 0
        self.loudest = 0.0
        self._tone_hertz: float | None = None
        self._quiet = QUIET_FRAMES

    def listen_for(self, hertz: float | None) -> None:
        """Count frames dominated by `hertz` from now on, or none."""
        self._tone_hertz = hertz
        self.tone_frames = 0

    def hear(self, mulaw: bytes) -> None:
        """Take what arrived in the last 20 ms; empty when nothing did."""
        self.frames += 1 if mulaw else 0
        level = loudness(mulaw)
        self.loudest = max(self.loudest, level)
        if level < SPEECH_LEVEL:
            self._quiet += 1
            return
        self._quiet = 0
        self.speech_frames += 1
        if self._tone_hertz is not None and is_tone(mulaw, self._tone_hertz):
            self.tone_frames += 1

    @property
    def quiet_frames(self) -> int:
        """How many frames ago the other side was last heard."""
        return self._quiet

    @property
    def other_speaks(self) -> bool:
        """Whether the other side holds the floor (heard within the last 640 ms)."""
        return self._quiet < QUIET_FRAMES
