"""Write recordings to disk in a thread of its own, so that no disk ever holds up audio.

A file is whole after every second of it, readable by its owner alone, and sealed where there is a key. One that exists
is gone on with: a call that went back to the queue, or a worker that was replaced. Before: `server.media.recording` has
a second of sound. After: it is in the file, or the recording is lost and the call goes on.
"""

import asyncio
import errno
import os
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.log import get_log
from server.recorded.keys import Keys
from server.recorded.reading import wav_header
from server.recorded.sealed import SUFFIX, SealedFile

HEADER_BYTES: Final = 44
MOST_WAITING: Final = 512
"""Seconds of sound, over all calls, that wait for the disk; then recordings are given up."""
MOST_FILE_BYTES: Final = 2_000_000_000
"""The longest recording: 17 hours at 8 kHz; a WAV cannot hold twice as much."""
CLOSE_SECONDS: Final = 5.0
"""How long the last seconds may take to be written when the worker ends."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_log = get_log(__name__)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A second of PCM16 for the end of a recording; `lost` is called in the event loop if it can't be kept."""

    record: str
    rate: int
    pcm: bytes
    last: bool
    lost: Callable[[str], None]
    channels: int = 2


class Recorder:
    """The thread and its files; must be made inside the event loop."""

    def __init__(self, folder: str, least_free_mb: int, keys: Keys | None = None) -> None:
        """Write into `folder`, made when it is needed, as long as so much room is left; sealed where there are keys."""
        self._keys: Final = keys
        self._folder: Final = Path(folder)
        self._least_free_bytes: Final = least_free_mb * 1_000_000
        self._loop: Final = asyncio.get_running_loop()
        self._waiting: Final[queue.Queue[Chunk | None]] = queue.Queue(MOST_WAITING)
        self._files: Final[dict[str, WavFile | SealedFile]] = {}
        self._thread: Final = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Return the event loop's monotonic second."""
        return self._loop.time()

    def has_room(self) -> bool:
        """Tell whether the disk has room for a recording."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_room()
        except OSError:
            return False
        return True

    def write(self, chunk: Chunk) -> None:
        """Take a second of sound; never waits."""
        try:
            self._waiting.put_nowait(chunk)
        except queue.Full:
            chunk.lost("the disk is too slow")

    def close(self) -> None:
        """Write what waits and end; gives up after `CLOSE_SECONDS`."""
        try:
            self._waiting.put(None, timeout=CLOSE_SECONDS)
        except queue.Full:
            return
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while (chunk := self._waiting.get()) is not None:
            try:
                self._keep(chunk)
            except (OSError, ValueError) as error:
                self._lose(chunk, error)
        for file in self._files.values():
            file.close()

    def _keep(self, chunk: Chunk) -> None:
        file = self._files.get(chunk.record)
        if file is None:
            file = self._files[chunk.record] = self._open(chunk)
        self._check_room()
        file.append(chunk.pcm)
        if chunk.last:
            del self._files[chunk.record]
            file.close()

    def _open(self, chunk: Chunk) -> "WavFile | SealedFile":
        if not _NAME.fullmatch(chunk.record):
            raise ValueError("not a name for a recording")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._keys is not None:
            return SealedFile(self._folder / f"{chunk.record}{SUFFIX}", chunk.rate, chunk.channels, self._keys)
        return WavFile(self._folder / f"{chunk.record}.wav", chunk.rate, chunk.channels)

    def _check_room(self) -> None:
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < self._least_free_bytes:
            raise OSError(errno.ENOSPC, "the disk is full")

    def _lose(self, chunk: Chunk, error: OSError | ValueError) -> None:
        """Leave the file as it is, and tell in the event loop that no more is kept."""
        file = self._files.pop(chunk.record, None)
        if file is not None:
            file.close()
        full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full" if full else f"it cannot be written ({type(error).__name__})"
        _log.error("recording_lost", record=chunk.record, error=str(error))
        try:
            self._loop.call_soon_threadsafe(chunk.lost, why)
        except RuntimeError:
            return  # the worker ends


class WavFile:
    """A WAV of PCM16 that is whole after every `append`."""

    def __init__(self, path: Path, rate: int, channels: int = 2) -> None:
        """Make it, mode 600, or go on with it.

        Raises:
            OSError: it cannot be opened.
            ValueError: what is there is no recording of this rate.
        """
        self._rate: Final = rate
        self._channels: Final = channels
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(self._descriptor, 0o600)
            self._length = self._present_length()
        except (OSError, ValueError):
            self.close()
            raise

    def append(self, pcm: bytes) -> None:
        """Add sound to the end, and say so in the header.

        Raises:
            OSError: the disk is full, or the file has reached its limit.
        """
        if self._length + len(pcm) > MOST_FILE_BYTES:
            raise OSError(errno.EFBIG, "the recording has reached its limit")
        done = 0
        while done < len(pcm):
            done += os.pwrite(self._descriptor, pcm[done:], HEADER_BYTES + self._length + done)
        self._length += done
        os.pwrite(self._descriptor, self._header(), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _present_length(self) -> int:
        size = os.fstat(self._descriptor).st_size
        if not size:
            return 0
        head = os.pread(self._descriptor, HEADER_BYTES, 0)
        length = int.from_bytes(head[40:44], "little")
        self._length = length
        if head != self._header() or size < HEADER_BYTES + length:
            raise ValueError("what is there is another kind of file")
        return length

    def _header(self) -> bytes:
        return wav_header(self._rate, self._channels, self._length)
