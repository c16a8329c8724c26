"""Decide what of the microphone leaves, so that a muted operator is never heard.

Pure and single-threaded: blocks go in, frames and control frames come out in the order in which they must be sent.
Everything that could carry a muted operator's voice lives in this file.
"""

from collections import deque
from typing import Final

from operator_console.audio.framing import FRAME_BYTES
from operator_console.audio.sound import ms_of_bytes
from server.wire.codec import encode
from server.wire.media import CODEC_PCM16, FRAME_MS, MediaControlFrame, MediaMute, pack_audio

MAX_WAITING_FRAMES: Final = 10
"""Audio frames kept while the socket does not take them (200 ms); older ones are dropped first."""
MAX_WAITING_CONTROLS: Final = 256
"""Control frames kept; a socket that takes none of so many is dead anyway."""


class Outgoing:
    """The sending half of one leg: packs blocks into 20 ms frames and holds what waits for the socket.

    Text frames are `str`, audio frames `bytes`; `next()` hands them out one by one. After `mute(on=True)` no audio
    frame comes out until `mute(on=False)`, whatever was captured or queued before.
    """

    def __init__(self, epoch: int, *, muted: bool) -> None:
        self._epoch = epoch
        self._muted = muted
        self._partial = bytearray()
        self._waiting: deque[bytes | str] = deque()
        self._audio_waiting = 0
        self._sequence = 0
        self._timestamp_ms = 0
        self._skip_bytes = 0
        self.dropped = 0
        """Audio frames dropped because the socket did not take them."""

    @property
    def muted(self) -> bool:
        """Whether the microphone is off."""
        return self._muted

    @property
    def waiting_ms(self) -> float:
        """How much sound waits here, half-packed blocks included."""
        return self._audio_waiting * FRAME_MS + ms_of_bytes(len(self._partial))

    def capture(self, pcm: bytes) -> None:
        """Take what the microphone picked up, of any length; thrown away while muted."""
        if self._muted:
            self._timestamp_ms += round(ms_of_bytes(len(pcm)))
            return
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(pcm))
            self._skip_bytes -= skipped
            pcm = pcm[skipped:]
        self._partial += pcm
        while len(self._partial) >= FRAME_BYTES:
            self._queue_frame(bytes(self._partial[:FRAME_BYTES]))
            del self._partial[:FRAME_BYTES]

    def mute(self, *, on: bool, skip_bytes: int = 0) -> None:
        """Switch the microphone off or on, and queue the order for the worker in its place.

        Args:
            on: Off, when true: queued audio is thrown away.
            skip_bytes: After switching on, how much of what comes in was still captured before (the device's buffer).
        """
        self._partial.clear()
        if on:
            self._waiting = deque(item for item in self._waiting if isinstance(item, str))
            self._audio_waiting = 0
        self._skip_bytes = 0 if on else skip_bytes
        self._muted = on
        self.control(MediaMute(on=on))

    def control(self, frame: MediaControlFrame) -> None:
        """Queue a control frame behind what waits.

        Raises:
            OverflowError: the socket has taken nothing for long; the leg is dead.
        """
        if len(self._waiting) - self._audio_waiting >= MAX_WAITING_CONTROLS:
            raise OverflowError("The media socket takes no control frames.")
        self._waiting.append(encode(frame).decode())

    def next(self) -> bytes | str | None:
        """Return what has to be sent next, or None."""
        if not self._waiting:
            return None
        item = self._waiting.popleft()
        if isinstance(item, bytes):
            self._audio_waiting -= 1
        return item

    def _queue_frame(self, pcm: bytes) -> None:
        if self._audio_waiting >= MAX_WAITING_FRAMES:
            self._drop_oldest_audio()
        self._waiting.append(pack_audio(CODEC_PCM16, self._epoch, self._sequence, self._timestamp_ms, pcm))
        self._audio_waiting += 1
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        self._timestamp_ms += FRAME_MS

    def _drop_oldest_audio(self) -> None:
        for index, item in enumerate(self._waiting):
            if isinstance(item, bytes):
                del self._waiting[index]
                self._audio_waiting -= 1
                self.dropped += 1
                return
