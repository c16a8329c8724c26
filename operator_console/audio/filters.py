"""Take the caller's echo and the room's noise out of the microphone, where the operator wants it.

The work is WebRTC's own (the extra `webrtc`); it is loaded only when a filter is switched on. Blocks of the microphone
come from the event loop, what the speaker plays comes from the device's thread. A filter that fails is switched off and
told; the microphone goes on without it.
"""

import asyncio
import importlib
import logging
from collections.abc import Callable
from typing import Final, Protocol, cast

from operator_console.audio.far_end import FarEnd
from operator_console.audio.messages import AudioEvent, Filtering, Problem
from operator_console.audio.sound import LEG_RATE, bytes_of_ms

FRAME_BYTES: Final = bytes_of_ms(10)
"""WebRTC works in 10 ms."""
NOISE_LEVEL: Final = 2
"""Of WebRTC's four: 18 dB."""
INSTALL: Final = "pip install 'operator-console[webrtc]'"
_log = logging.getLogger(__name__)


class _Samples(Protocol):
    def tobytes(self) -> bytes: ...


class Processor(Protocol):
    """WebRTC's chain: samples of the microphone and of what was played in, clean ones out."""

    def process(self, near: object, far: object) -> _Samples:
        """Return as many samples as came in."""
        ...


class _Library(Protocol):
    def AudioProcessor(  # noqa: N802 - the library's name
        self, sample_rate: int, *, echo_cancellation: bool, noise_suppression: bool, ns_level: int
    ) -> Processor: ...


class _Numbers(Protocol):
    def frombuffer(self, data: bytes, dtype: str) -> object: ...


class Filters:
    """Both filters of one microphone."""

    def __init__(self, tell: Callable[[AudioEvent], None]) -> None:
        """Begin with both off; say through `tell` which are on."""
        self._tell = tell
        self._chain: Processor | None = None
        self._numbers: _Numbers | None = None
        self._rest = b""
        self.far: Final = FarEnd()
        self.echo = False
        self.noise = False

    async def switch(self, *, echo: bool | None, noise: bool | None) -> None:
        """Switch filters on or off (None leaves one as it is), and tell which are on then."""
        wanted = (self.echo if echo is None else echo, self.noise if noise is None else noise)
        chain = None
        if any(wanted):
            try:
                chain, self._numbers = await asyncio.to_thread(made, echo=wanted[0], noise=wanted[1])
            except (ImportError, OSError) as error:
                _log.warning("no filters: %s", error)
                self._tell(not_installed())
        self.echo, self.noise = wanted if chain is not None else (False, False)
        self._chain, self._rest = chain, b""
        self.far.forget()
        self._tell(Filtering(echo=self.echo, noise=self.noise))

    def played(self, pcm: bytes) -> None:
        """Take what the speaker plays; called in the device's thread."""
        if self.echo:
            self.far.play(pcm)

    def apply(self, pcm: bytes) -> bytes:
        """Return what came out of the microphone, filtered: the same length, but for a rest below 10 ms."""
        if self._chain is None or self._numbers is None:
            return pcm
        whole = self._rest + pcm
        length = len(whole) // FRAME_BYTES * FRAME_BYTES
        near, self._rest = whole[:length], whole[length:]
        if not near:
            return b""
        try:
            numbers = self._numbers
            out = self._chain.process(numbers.frombuffer(near, "<i2"), numbers.frombuffer(self.far.take(length), "<i2"))
        except (RuntimeError, ValueError, TypeError) as error:
            self._fail(error)
            return near
        return out.tobytes()

    def _fail(self, error: Exception) -> None:
        _log.error("the filters failed and are off: %s", error)
        self._chain, self.echo, self.noise = None, False, False
        self._tell(
            Problem(
                code="filters_failed",
                message=f"Echo cancellation and noise suppression failed and are off: {error}.",
                remedy="Switch them on again in the sound page (s); if this repeats, leave them off.",
            )
        )
        self._tell(Filtering())


def made(*, echo: bool, noise: bool) -> tuple[Processor, _Numbers]:
    """Return a chain of these filters, and the arrays it works on.

    Raises:
        ImportError: the library is not installed.
        OSError: it does not load on this machine.
    """
    library = cast("_Library", importlib.import_module("pywebrtc_audio"))
    chain = library.AudioProcessor(LEG_RATE, echo_cancellation=echo, noise_suppression=noise, ns_level=NOISE_LEVEL)
    return chain, cast("_Numbers", importlib.import_module("numpy"))


def not_installed() -> Problem:
    """Return the problem of filters that are wanted without their library."""
    return Problem(
        code="filters_not_installed",
        message="Echo cancellation and noise suppression need the library pywebrtc-audio, which is not installed.",
        remedy=f"Install it: {INSTALL}. Until then the microphone is sent as it is.",
    )
