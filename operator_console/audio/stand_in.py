"""Let the caller hear a tone while the operator's microphone is gone: silence would sound like a dead line.

It goes the way of the microphone's own sound, so a mute holds for it too, and it ends with the first block that a
microphone delivers. Before: a device is unplugged in a call. After: two soft beeps every three seconds, until it is
back.
"""

from typing import Final, Protocol

from operator_console.audio.framing import FRAME_BYTES
from operator_console.audio.sound import bytes_of_ms, tone
from operator_console.clock import Clock
from server.wire.media import FRAME_MS

MISSING_SECONDS: Final = 1.0
"""A microphone that delivers nothing for so long is gone; a busy machine may hold one up for less."""
BEEP_HZ: Final = 425
_LOOK_SECONDS: Final = 0.2
_BEEP: Final = tone(BEEP_HZ, 160, 0.06)
_PERIOD: Final = b"".join((bytes(bytes_of_ms(100)), _BEEP, bytes(bytes_of_ms(100)), _BEEP, bytes(bytes_of_ms(2_480))))
"""3 s."""


class Ear(Protocol):
    """What the tone goes to."""

    def capture(self, pcm: bytes) -> None:
        """Take 20 ms as if a microphone had picked it up."""
        ...


class StandIn:
    """The tone of one leg; `run` while the leg is live."""

    def __init__(self, clock: Clock, leg: Ear) -> None:
        """Speak into `leg` when `heard` is not called for long."""
        self._clock = clock
        self._leg = leg
        self._heard_at = clock.monotonic()

    @property
    def speaks(self) -> bool:
        """Whether the microphone is missing."""
        return self._clock.monotonic() - self._heard_at >= MISSING_SECONDS

    def heard(self) -> None:
        """A microphone delivered something."""
        self._heard_at = self._clock.monotonic()

    async def run(self) -> None:
        """Watch, and speak in real time, until cancelled."""
        self.heard()
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            if self.speaks:
                await self._speak()

    async def _speak(self) -> None:
        at, due = 0, self._clock.monotonic()
        while self.speaks:
            self._leg.capture(_PERIOD[at : at + FRAME_BYTES])
            at = (at + FRAME_BYTES) % len(_PERIOD)
            due += FRAME_MS / 1000
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
