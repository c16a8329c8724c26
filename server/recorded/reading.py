"""Read a recording as the WAV it is, sealed or not: any stretch of it, never the whole in memory."""

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from server.recorded.keys import Keys
from server.recorded.sealed import HEADER_BYTES as SEALED_HEADER_BYTES
from server.recorded.sealed import SUFFIX, Chunk, Layout, Opener, SealedError, data_key, layout, read_header

WAV_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
AT_ONCE_BYTES: Final = 64 * 1024


def wav_header(rate: int, channels: int, pcm_bytes: int) -> bytes:
    """Return the 44 bytes in front of PCM16 in a WAV file."""
    return WAV_HEADER.pack(
        *(b"RIFF", 36 + pcm_bytes, b"WAVE", b"fmt ", 16, 1, channels),
        *(rate, rate * channels * 2, channels * 2, 16, b"data", pcm_bytes),
    )


class RecordingReader:
    """A recording that is open for reading."""

    def __init__(self, path: Path, keys: Keys | None) -> None:
        """Open it.

        Raises:
            OSError: It cannot be opened.
            SealedError: It is damaged, or sealed with a key that is not here.
        """
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._opener: Opener | None = None
        self._layout: Layout | None = None
        try:
            if path.name.endswith(SUFFIX):
                self._open_sealed(keys)
            else:
                self._open_plain()
        except (OSError, ValueError):
            os.close(self._descriptor)
            raise
        self._starts: Final[list[int]] = [chunk.start for chunk in self._chunks()]
        self._last: tuple[int, bytes] = (-1, b"")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    @property
    def size(self) -> int:
        """How many bytes the WAV has."""
        return WAV_HEADER.size + self.pcm_bytes

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.pcm_bytes / (self.rate * self.channels * 2)

    @property
    def closed_well(self) -> bool:
        """Whether its end is there; one that is written right now, or was cut off, has none."""
        return self._layout is None or self._layout.closed

    @property
    def torn_bytes(self) -> int:
        """What a crash left half written."""
        return 0 if self._layout is None else self._layout.torn_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes of the WAV from `offset` on; less at its end.

        Raises:
            SealedError: It was changed or damaged there.
        """
        head = wav_header(self.rate, self.channels, self.pcm_bytes)
        out = bytearray(head[offset : offset + count])
        while len(out) < count and offset + len(out) < self.size:
            at = offset + len(out) - len(head)
            part = self._pcm(at, count - len(out))
            if not part:
                break
            out += part
        return bytes(out)

    def parts(self, offset: int, count: int) -> Iterator[bytes]:
        """Return the same, a piece at a time."""
        end = min(self.size, offset + count)
        while offset < end:
            part = self.read(offset, min(AT_ONCE_BYTES, end - offset))
            if not part:
                return
            yield part
            offset += len(part)

    def check(self) -> None:
        """Read all of it.

        Raises:
            SealedError: Some of it was changed or damaged.
        """
        for _ in self.parts(0, self.size):
            pass

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _open_sealed(self, keys: Keys | None) -> None:
        header = read_header(os.pread(self._descriptor, SEALED_HEADER_BYTES, 0))
        if keys is None:
            raise SealedError("It is sealed, and there are no keys for recordings here. See docs/recordings.md.")
        self._opener = Opener(self._descriptor, header, data_key(header, keys))
        self._layout = layout(self._descriptor)
        self.rate, self.channels, self.pcm_bytes = header.rate, header.channels, self._layout.pcm_bytes
        self.key = header.key

    def _chunks(self) -> tuple[Chunk, ...]:
        return () if self._layout is None else self._layout.chunks

    def _open_plain(self) -> None:
        head = os.pread(self._descriptor, WAV_HEADER.size, 0)
        if len(head) < WAV_HEADER.size or head[:4] != b"RIFF" or head[36:40] != b"data":
            raise SealedError("It is no recording.")
        self.channels, self.rate = struct.unpack_from("<HI", head, 22)
        there = os.fstat(self._descriptor).st_size - WAV_HEADER.size
        self.pcm_bytes = min(int.from_bytes(head[40:44], "little"), there)
        self.key = ""
        if self.channels not in {1, 2} or not self.rate:
            raise SealedError("It is no recording.")

    def _pcm(self, at: int, count: int) -> bytes:
        if self._opener is None or self._layout is None:
            return os.pread(self._descriptor, min(count, self.pcm_bytes - at), WAV_HEADER.size + at)
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return b""
        chunk = self._layout.chunks[number]
        if self._last[0] != number:
            self._last = number, self._opener.pcm(chunk, number)
        start = at - chunk.start
        return self._last[1][start : start + count]
