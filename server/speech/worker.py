"""Be the process that transcribes: voices in, words out, until its input ends.

A process of its own at the lowest priority, so that it never takes time from audio. Voice activity is found as the
frames come; utterances wait in a short row for the engine, which has a thread of its own. When more wait than fit, the
oldest is missed, with a note. While the engine has nothing else to do, what was said is read ahead as soon as the voice
rests; when it goes on, that draft is thrown away, else the words are there as the pause is long enough.

Before: `server.media.transcribing` has started it. After: it tells what was said.
"""

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import msgspec
import numpy as np

from server.core.errors import CallerError
from server.media.codecs import frame_bytes
from server.media.resample import FrameResampler
from server.media.speech_messages import (
    LENGTH,
    MOST_BYTES,
    Begun,
    Frames,
    FromSpeech,
    Missed,
    Silent,
    SpeechConfig,
    Uttered,
    pack,
)
from server.speech.endpoint import Endpoint
from server.speech.engine import RATE, Engine, EngineError, Heard, Sound
from server.speech.utterances import CHUNK_BYTES, Utterance, Utterances
from server.speech.voice import Voice, load_voice
from server.speech.whisper import Whisper, weights

MOST_WAITING: Final = 8
"""Utterances that wait for the engine, of all voices together."""
_LOWEST_PRIORITY: Final = 15
_config: Final = msgspec.msgpack.Decoder(SpeechConfig)
_orders: Final = msgspec.msgpack.Decoder(Frames | Silent)


@dataclass(slots=True)
class _Draft:
    """What was said so far, read ahead; `heard` stays None when that failed or was not worth it any more."""

    pcm: bytes
    heard: Heard | None = None
    dropped: bool = False


@dataclass(slots=True)
class _Stream:
    """One voice."""

    voice: Voice
    resampler: FrameResampler | None
    frame: int
    utterances: Utterances = field(default_factory=Utterances)
    waiting: bytearray = field(default_factory=bytearray)
    raw: bytearray = field(default_factory=bytearray)
    count: int = 0
    draft: _Draft | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    """An utterance that waits for the engine, and when it was over."""

    stream: str
    number: int
    said: Utterance
    over_at: float
    draft: _Draft | None = None

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        return round(self.said.ended - self.said.began, 2)


class Transcriber:
    """All voices, and the row before the engine."""

    def __init__(self, engine: Engine, tell: Callable[[FromSpeech], None], voice: Callable[[], Voice]) -> None:
        """Transcribe with `engine`; `voice` makes what tells speech from silence, for one stream."""
        self._engine: Final = engine
        self._tell: Final = tell
        self._voice: Final = voice
        self._streams: Final[dict[str, _Stream]] = {}
        self._row: Final[queue.Queue[_Work | _Draft | None]] = queue.Queue(MOST_WAITING)
        self.idle: Final = threading.Event()
        """Set while the engine waits for work."""
        self._thread: Final = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def take(self, frames: Frames) -> None:
        """Take some frames of a voice."""
        stream = self._streams.get(frames.stream)
        if stream is None:
            resampler = None if frames.rate == RATE else FrameResampler(frames.rate, RATE)
            stream = self._streams[frames.stream] = _Stream(self._voice(), resampler, frame_bytes(frames.rate))
        stream.raw += frames.pcm
        while len(stream.raw) >= stream.frame:
            frame = bytes(stream.raw[: stream.frame])
            del stream.raw[: stream.frame]
            stream.waiting += stream.resampler.frame(frame) if stream.resampler else frame
        while len(stream.waiting) >= CHUNK_BYTES:
            chunk = bytes(stream.waiting[:CHUNK_BYTES])
            del stream.waiting[:CHUNK_BYTES]
            self._over(frames.stream, stream, stream.utterances.add(chunk, stream.voice(chunk)))
            self._read_ahead(stream)

    def silent(self, name: str) -> None:
        """Finish a voice that is gone."""
        stream = self._streams.pop(name, None)
        if stream is not None:
            self._over(name, stream, stream.utterances.close())

    def end(self) -> None:
        """Transcribe what waits, and end."""
        for name in list(self._streams):
            self.silent(name)
        self._row.put(None)
        self._thread.join()

    def _over(self, name: str, stream: _Stream, said: Utterance | None) -> None:
        if said is None:
            return
        stream.count += 1
        work = _Work(name, stream.count, said, time.monotonic(), stream.draft)
        stream.draft = None
        while True:
            try:
                self._row.put_nowait(work)
            except queue.Full:
                self._miss_oldest()
            else:
                return

    def _read_ahead(self, stream: _Stream) -> None:
        """Let an idle engine read what a voice that rests has said; forget that of a voice that goes on."""
        if stream.draft is not None and not stream.utterances.resting:
            stream.draft.dropped = True
            stream.draft = None
        pcm = stream.utterances.draft()
        if pcm and self.idle.is_set() and self._row.empty():
            stream.draft = _Draft(pcm)
            with contextlib.suppress(queue.Full):
                self._row.put_nowait(stream.draft)

    def _miss_oldest(self) -> None:
        try:
            oldest = self._row.get_nowait()
        except queue.Empty:
            return
        if isinstance(oldest, _Work):
            self._tell(Missed(oldest.stream, oldest.number, oldest.seconds, "too much was said at once"))

    def _work(self) -> None:
        while (work := self._next()) is not None:
            if isinstance(work, _Draft):
                with contextlib.suppress(EngineError):  # it is tried again as an utterance
                    work.heard = None if work.dropped else self._engine.transcribe(_sound(work.pcm))
                continue
            try:
                heard = work.draft.heard if work.draft is not None else None
                heard = heard or self._engine.transcribe(_sound(work.said.pcm))
            except EngineError as error:
                self._tell(Missed(work.stream, work.number, work.seconds, str(error)))
                continue
            late = round(1000 * (time.monotonic() - work.over_at + work.said.rested))
            self._tell(Uttered(work.stream, work.number, heard.text, work.seconds, late))

    def _next(self) -> _Work | _Draft | None:
        self.idle.set()
        work = self._row.get()
        self.idle.clear()
        return work


def _sound(pcm: bytes) -> Sound:
    sound: Sound = (np.frombuffer(pcm, "<i2") / 32_768).astype(np.float32)
    return sound


def engine_of(config: SpeechConfig) -> Engine:
    """Return the engine that the settings ask for.

    Raises:
        CallerError: `no_speech_model`.
    """
    if config.engine == "endpoint":
        return Endpoint(
            config.url, config.name, config.key, language=config.language, timeout_seconds=config.timeout_seconds
        )
    return Whisper(weights(config.model_path), config.language)


def work(source: BinaryIO, sink: BinaryIO) -> int:
    """Transcribe what comes from `source` until it ends."""
    lock = threading.Lock()

    def tell(message: FromSpeech) -> None:
        with lock:
            sink.write(pack(message))
            sink.flush()

    try:
        engine = engine_of(_config.decode(_read(source)))
        load_voice()
    except CallerError as error:
        tell(Begun(f"{error.message} {error.hint}".strip()))
        return 1
    tell(Begun())
    transcriber = Transcriber(engine, tell, load_voice)
    while body := _read(source):
        order = _orders.decode(body)
        if isinstance(order, Frames):
            transcriber.take(order)
        else:
            transcriber.silent(order.stream)
    transcriber.end()
    return 0


def _read(source: BinaryIO) -> bytes:
    """Return the next message's body; empty at the end."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (length,) = LENGTH.unpack(head)
    return source.read(length) if length <= MOST_BYTES else b""


if __name__ == "__main__":
    os.nice(_LOWEST_PRIORITY)
    sys.exit(work(sys.stdin.buffer, sys.stdout.buffer))
