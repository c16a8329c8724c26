"""Gather one call's recording: left what the caller says, right what the caller hears of the desk.

It taps the caller's leg, so it has what the caller heard and nothing else: no word said while muted, none on hold, no
whisper to the operator, no key pressed by either, nothing of the assistant. Both sides lie on one clock; what is
missing is silence. Before: a plan names a recording. After: `server.media.recorder` has a second of it to write.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from server.broker.ports.media import MediaFact, RecordingLost
from server.media.key_tones import is_key
from server.media.leg import Leg
from server.media.recorder import Chunk, Recorder
from server.wire.terms import ConversationId

LAG_SECONDS: Final = 0.3
"""What is younger is not written yet: frames of the other side may still come."""
LEAST_GAP_SECONDS: Final = 0.1
"""A frame later than this after the one before leaves a gap of silence."""
KEY_EDGE_SECONDS: Final = 0.045
"""Before and after a frame in which a key sounds: two frames, in which it begins or fades."""
KEY_SECONDS: Final = 0.25
"""Before and after a key that is told by word: its tone may come too, and need not be clean."""
MOST_AHEAD_SECONDS: Final = 0.5
"""Frames further ahead of the clock than this are dropped: a peer that sends faster than real time."""


class Side:
    """One channel on the clock of its recording."""

    def __init__(self, rate: int, begun_at: float) -> None:
        """Begin at monotonic second `begun_at`, with PCM16 of `rate` Hz to come."""
        self._rate: Final = rate
        self._begun_at: Final = begun_at
        self._waiting = bytearray()
        self._taken = 0

    def add(self, pcm: bytes, now: float) -> None:
        """Put one frame where it belongs: after the last one, or where its time is."""
        due = self._samples(now) - len(pcm) // 2
        end = self._taken + len(self._waiting) // 2
        if end < due - LEAST_GAP_SECONDS * self._rate:
            self._waiting += bytes(2 * (due - end))
        elif end > due + MOST_AHEAD_SECONDS * self._rate:
            return
        self._waiting += pcm

    def blank(self, seconds: float) -> None:
        """Make silence of the last so many seconds, as far as they were not taken out."""
        length = min(len(self._waiting), round(seconds * self._rate) * 2)
        if length:
            self._waiting[-length:] = bytes(length)

    def until(self, now: float) -> bytes:
        """Take out everything up to monotonic second `now`, filled up with silence."""
        length = max(0, self._samples(now) - self._taken) * 2
        out = bytes(self._waiting[:length])
        del self._waiting[:length]
        self._taken += length // 2
        return out + bytes(length - len(out))

    def _samples(self, now: float) -> int:
        return round((now - self._begun_at) * self._rate)


class Take:
    """One stretch of a recording, from a plan that asks for it to one that does not."""

    def __init__(self, record: str, rate: int, now: float, recorder: Recorder, lost: Callable[[str], None]) -> None:
        """Begin at monotonic second `now`; `lost` is told why the recorder gave up."""
        self.record: Final = record
        self._rate: Final = rate
        self._recorder: Final = recorder
        self._lost: Final = lost
        self._caller: Final = Side(rate, now)
        self._desk: Final = Side(rate, now)
        self._now = now
        self._quiet_until = -1.0

    def said(self, pcm: bytes, now: float) -> None:
        """Take 20 ms of the caller."""
        self._now = now
        if is_key(pcm, self._rate):
            self._caller.blank(KEY_EDGE_SECONDS)
            self._quiet_until = now + KEY_EDGE_SECONDS
        self._caller.add(bytes(len(pcm)) if now <= self._quiet_until else pcm, now)

    def key(self) -> None:
        """Leave out what the caller's line carried while a key was pressed that was told by word."""
        self._caller.blank(KEY_SECONDS)
        self._quiet_until = self._recorder.now() + KEY_SECONDS

    def heard(self, pcm: bytes) -> None:
        """Take 20 ms of the desk."""
        self._desk.add(pcm, self._recorder.now())

    def write(self, until: float, *, last: bool = False) -> None:
        """Hand what lies before monotonic second `until` to the recorder."""
        left, right = (np.frombuffer(side.until(until), dtype="<i2") for side in (self._caller, self._desk))
        pcm = np.column_stack((left, right)).astype("<i2").tobytes()
        self._recorder.write(Chunk(self.record, self._rate, pcm, last=last, lost=self._lost))


class Recording:
    """What is recorded of one call."""

    def __init__(self, call_id: ConversationId, tell: Callable[[MediaFact], None], recorder: Recorder | None) -> None:
        """Begin without a recording; `tell` learns of one that was lost."""
        self._call_id: Final = call_id
        self._tell: Final = tell
        self._recorder: Final = recorder
        self._take: Take | None = None
        self._lost = ""

    @property
    def on(self) -> bool:
        """Whether something is being recorded."""
        return self._take is not None

    def follow(self, record: str, caller: Leg | None, now: float, *, talking: bool) -> None:
        """Record under this name (empty: nothing) while caller and desk are `talking`."""
        if self._take is not None and self._take.record != record:
            self._take.write(now, last=True)
            self._take = None
        if not record:
            self._lost = ""
        if caller is None:
            return
        if talking and record and record != self._lost and self._take is None:
            self._begin(record, caller, now)
        caller.tap = self._take if talking else None

    def key(self) -> None:
        """Leave a key of the caller's out."""
        if self._take is not None:
            self._take.key()

    def write(self, now: float) -> None:
        """Once a second: write what is old enough."""
        if self._take is not None:
            self._take.write(now - LAG_SECONDS)

    def stop(self, now: float) -> None:
        """Write what is left: the worker ends."""
        self.follow("", None, now, talking=False)

    def _begin(self, record: str, caller: Leg, now: float) -> None:
        if self._recorder is None:
            self._give_up(record, "no folder for recordings is configured")
        else:
            self._take = Take(record, caller.rate, now, self._recorder, lambda why: self._give_up(record, why))

    def _give_up(self, record: str, why: str) -> None:
        """Let the call go on without: told once for each recording."""
        if self._lost != record:
            self._lost = record
            if self._take is not None and self._take.record == record:
                self._take = None
            self._tell(RecordingLost(call_id=self._call_id, record=record, reason=why))
