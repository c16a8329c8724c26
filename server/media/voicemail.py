"""Take a message from a caller: greeting, beep, what they say; asked again where they said nothing.

It hears the caller as a tap does and says its prompts frame by frame, on the worker's own clock, so that a line that
sends nothing ends like one that is silent. What is silent at the end is not kept. Before: a plan asks for a message.
After: the recording is on disk, and the broker knows how long it is, or that there is none.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

from server.broker.ports.media import MediaFact, VoicemailOrder, VoicemailOver
from server.media.codecs import rms, silence
from server.media.leg import Leg
from server.media.prompts import beep, prompt, shipped
from server.media.recorder import Chunk, Recorder
from server.wire.media import FRAME_MS
from server.wire.terms import ConversationId, SessionId

VOICE_RMS: Final = 330
"""A frame louder than this is speech: -40 dBFS. Telephone speech lies about -26, quiet lines below -50."""
CARRIED_FRAMES: Final = 15
"""So much silence after a word is part of the message (300 ms)."""
KEY_FRAMES: Final = 15
"""So much before the key that ends it is not: 300 ms, in which the key may sound."""
END_KEY: Final = "#"
NO_MESSAGE: Final = SessionId("")
_SECOND_FRAMES: Final = 1000 // FRAME_MS


class Stage(StrEnum):
    """How far it is."""

    PROMPT = "prompt"
    RECORDING = "recording"
    OVER = "over"


class Message:
    """What the caller says in one attempt: written a second at a time, silence only once a word follows it."""

    def __init__(self, order: VoicemailOrder, rate: int, recorder: Recorder, lost: Callable[[str], None]) -> None:
        """Begin without a word; `lost` is told why the recorder gave up."""
        self._order: Final = order
        self._rate: Final = rate
        self._recorder: Final = recorder
        self._lost: Final = lost
        self._heard: list[bytes] = []
        """Frames that were not written: since the last word, or all of them where there is no message yet."""
        self._worth = 0
        """How many of them belong to the message: up to the last word, and a little more."""
        self._word_end = 0
        self._written = 0
        self.voiced = 0
        self.quiet = 0
        """Frames of the clock since the last word."""

    @property
    def frames(self) -> int:
        """How long the message is, up to its last word."""
        return self._written + self._worth

    @property
    def is_one(self) -> bool:
        """Whether enough was said."""
        return self.voiced * FRAME_MS >= self._order.shortest_seconds * 1000

    def add(self, pcm: bytes) -> None:
        """Take 20 ms of the caller."""
        self._heard.append(pcm)
        if rms(pcm) > VOICE_RMS:
            self.voiced += 1
            self.quiet = 0
            self._word_end = len(self._heard)
        if self.voiced:
            self._worth = max(0, min(len(self._heard), self._word_end + CARRIED_FRAMES))
        if self.is_one and self._worth - KEY_FRAMES >= _SECOND_FRAMES:
            self._write(self._worth - KEY_FRAMES)

    def close(self, *, key: bool = False) -> float:
        """Write what is left, and return how many seconds were kept; `key`: a key may sound at its end."""
        worth = max(0, self._worth - KEY_FRAMES) if key and self.quiet < KEY_FRAMES else self._worth
        if not self.is_one:
            return 0.0
        self._write(worth, last=True)
        return self._written * FRAME_MS / 1000

    def _write(self, count: int, *, last: bool = False) -> None:
        pcm = b"".join(self._heard[:count])
        del self._heard[:count]
        self._worth -= count
        self._word_end -= count
        self._written += count
        self._recorder.write(Chunk(self._order.record, self._rate, pcm, last=last, lost=self._lost, channels=1))


class Voicemail:
    """The message of one call."""

    def __init__(self, call_id: ConversationId, tell: Callable[[MediaFact], None], recorder: Recorder | None) -> None:
        """Begin without an order; `tell` learns how it went."""
        self._call_id: Final = call_id
        self._tell: Final = tell
        self._recorder: Final = recorder
        self._order: VoicemailOrder | None = None
        self._leg: Leg | None = None
        self._stage = Stage.OVER
        self._says: Iterator[bytes] = iter(())
        self._message: Message | None = None
        self._asked = 0
        self._seconds = 0.0
        self._done: str = ""
        """The recording that is dealt with: the same order again does nothing."""

    @property
    def records(self) -> SessionId:
        """The session whose caller speaks now; empty while nobody does."""
        return self._order.session_id if self._order is not None and self._stage is Stage.RECORDING else NO_MESSAGE

    def follow(self, order: VoicemailOrder | None, caller: Leg | None) -> None:
        """Take this message from this leg; None as order: stop, and keep what is one already."""
        if order is None:
            if self._order is not None and self._done != self._order.record:
                self._stop("somebody came")
            self._order, self._leg, self._done, self._asked = None, None, "", 0
            return
        self._order = order
        if self._done == order.record or caller is None:
            return
        if caller is not self._leg:
            self._leg = caller
            if not self._asked:
                self._begin(order, caller)
        if self._done != order.record:
            caller.tap = self

    def said(self, pcm: bytes, now: float) -> None:
        """Take 20 ms of the caller."""
        del now
        if self._message is not None and self._stage is Stage.RECORDING:
            self._message.add(pcm)

    def heard(self, pcm: bytes) -> None:
        """Nothing: prompts are no part of a message."""

    def digit(self, digit: str) -> None:
        """End the message, or skip the greeting, at the key for it."""
        if digit != END_KEY:
            return
        if self._stage is Stage.RECORDING:
            self._end(key=True)
        elif self._stage is Stage.PROMPT and self._leg is not None and not self._seconds:
            self._says = iter(beep(self._leg.rate))

    def gone(self) -> None:
        """Take note that the caller hung up: what they said is their message."""
        if self._order is not None and self._done != self._order.record:
            self._stop("the caller hung up")
        self._leg = None

    def frame(self, rate: int) -> bytes:
        """Return the next 20 ms that the caller hears, and let 20 ms pass."""
        spoken = next(self._says, None)
        if spoken is not None:
            return spoken
        if self._stage is Stage.PROMPT:
            self._after_prompt()
        elif self._stage is Stage.RECORDING and self._message is not None and self._order is not None:
            self._message.quiet += 1
            silent = self._message.quiet * FRAME_MS >= self._order.silence_seconds * 1000
            if silent or self._message.frames * FRAME_MS >= self._order.longest_seconds * 1000:
                self._end()
        return silence(rate)

    def _begin(self, order: VoicemailOrder, leg: Leg) -> None:
        """Greet, if there is room for a message."""
        recorder = self._recorder
        if recorder is None:
            self._give_up("no folder for recordings is configured")
            return
        if not recorder.has_room():
            self._give_up("the disk is full")
            return
        self._asked, self._seconds = 1, 0.0
        self._say((*prompt(order.greeting, "greeting", leg.rate), *beep(leg.rate)))

    def _say(self, frames: tuple[bytes, ...]) -> None:
        self._stage = Stage.PROMPT
        self._says = iter(frames)

    def _after_prompt(self) -> None:
        """Listen, or be over once goodbye was said."""
        order, leg, recorder = self._order, self._leg, self._recorder
        if order is None or leg is None or recorder is None:
            return
        if self._message is not None:
            self._tell_over("")
            return
        self._message = Message(order, leg.rate, recorder, self._give_up)
        self._stage = Stage.RECORDING

    def _end(self, *, key: bool = False) -> None:
        """Thank for the message, or ask once more for one."""
        message, order, leg = self._message, self._order, self._leg
        if message is None or order is None or leg is None:
            return
        self._seconds = message.close(key=key)
        if self._seconds:
            self._say(shipped("thanks", leg.rate))
        elif self._asked < order.attempts:
            self._asked += 1
            self._message = None
            self._say((*shipped("again", leg.rate), *beep(leg.rate)))
        else:
            self._say(shipped("nothing", leg.rate))

    def _stop(self, reason: str) -> None:
        """Keep what is a message already, and be over."""
        if self._message is not None and self._stage is Stage.RECORDING:
            self._seconds = self._message.close()
        self._tell_over(reason)

    def _give_up(self, reason: str) -> None:
        if self._order is not None and self._done != self._order.record:
            self._seconds = 0.0
            self._tell_over(reason, failed=True)

    def _tell_over(self, reason: str, *, failed: bool = False) -> None:
        order = self._order
        if order is None:
            return
        self._done, self._stage, self._message = order.record, Stage.OVER, None
        self._says = iter(())
        if self._leg is not None:
            self._leg.tap = None
        self._tell(
            VoicemailOver(
                call_id=self._call_id,
                record=order.record,
                seconds=self._seconds,
                kept=self._seconds > 0,
                failed=failed,
                reason=reason,
            )
        )
