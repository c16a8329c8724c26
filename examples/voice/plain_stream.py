"""Speak the desk's plain stream: 20 ms of PCM16 behind a header of 12 bytes, and small JSON frames (docs/protocol.md).

Plain Python, nothing to install: copy it into your own program. Bytes in, values out; the socket is yours.
"""

import json
import struct
from typing import Any

RATE = 16_000
"""Hz, of both directions."""
FRAME_BYTES = RATE // 50 * 2
"""20 ms of PCM16."""
HEADER = struct.Struct("!BBHII")
"""kind, codec, epoch, sequence, milliseconds."""
_AUDIO, _PCM16 = 1, 1
ASSISTANT = "assistant"
"""The phase in which the caller talks with the AI; in any other the AI is silent."""


class PlainStream:
    """One leg: what is said first, what audio becomes on the way out, and what came in.

    Before the desk said `ready`, and while the caller talks with a person, what goes out is thrown away.
    """

    def __init__(self, token: str) -> None:
        """Bring the one-time `token` of `POST /v1/conversations/{id}/legs`."""
        self.hello = json.dumps({"type": "hello", "token": token, "rate": RATE, "codec": "pcm16"})
        """The first frame, due within five seconds."""
        self.ready = False
        self.phase = ASSISTANT
        """Who the caller talks with: assistant, operator, hold, target."""
        self._epoch = 0
        self._sequence = 0
        self._rest = b""

    @property
    def speaks(self) -> bool:
        """Whether the caller hears what goes out."""
        return self.ready and self.phase == ASSISTANT

    def audio(self, pcm: bytes) -> list[bytes]:
        """Return the frames for more of what is said: PCM16, mono, at `RATE`, of any length."""
        if not self.speaks:
            self._rest = b""
            return []
        pcm, frames = self._rest + pcm, []
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            head = HEADER.pack(_AUDIO, _PCM16, self._epoch, self._sequence, self._sequence * 20 & 0xFFFFFFFF)
            self._sequence = self._sequence + 1 & 0xFFFFFFFF
            frames.append(head + pcm[start : start + FRAME_BYTES])
        self._rest = pcm[whole:]
        return frames

    def heard(self, message: bytes) -> bytes:
        """Return the PCM16 of a binary message: what the caller says."""
        return message[HEADER.size :]

    def told(self, message: str) -> dict[str, Any]:
        """Return a text message, and take note of what it changes: `ready`, `phase`, `dtmf`, `stats`, `bye`."""
        frame: dict[str, Any] = json.loads(message)
        if frame["type"] == "ready":
            self.ready, self._epoch = True, frame["epoch"] & 0xFFFF
        elif frame["type"] == "phase":
            self.phase = frame["phase"]
            if self.phase != ASSISTANT:
                self._rest = b""
        return frame
