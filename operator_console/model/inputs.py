"""Name everything that can change the desk: the wire's frames, the link, the headset, the operator's own hand.

`operator_console.model.update.update` takes one of these and gives the next model. Pure values; no I/O.
Structs, because a dataclass of Python takes half a millisecond to define, and thirty of them a tenth of the start.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from operator_console.model.listing import Sort
from server.wire.commands import Command
from server.wire.frames import Alarms, Batch, CustomerTyping, Ghosts, Goodbye, Reply, Snapshot, Wall
from server.wire.terms import ConversationId, SessionId
from server.wire.views import MessageView


class Connected(msgspec.Struct, frozen=True):
    """The broker answers; said again whenever the round trip was measured anew (about once a second)."""

    rtt_ms: float | None = None
    view_only: bool = False


class Stale(msgspec.Struct, frozen=True):
    """Nothing was heard from the broker since this instant (aware UTC): what the screen shows may be old."""

    since: datetime


class Disconnected(msgspec.Struct, frozen=True):
    """The connection is gone. `retry` says whether the client keeps trying by itself."""

    reason: str
    retry: bool = True


LinkChange = Connected | Stale | Disconnected
"""How the connection to the broker stands."""

DeskEvent = Snapshot | Batch | CustomerTyping | Ghosts | Alarms | Wall | Goodbye | Connected | Stale | Disconnected
"""Everything a `Desk` tells by itself."""


class HeadsetPhase(StrEnum):
    """Where the operator's own audio leg stands."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"


class HeadsetState(msgspec.Struct, frozen=True):
    """The audio leg's state changed.

    Attributes:
        phase: RECONNECTING means that the media socket broke without a goodbye and a *new grant* is needed;
            CLOSED that the leg ended (by us, or by the far side with a goodbye: `reason` says why).
        device: What the operator hears and speaks with, as people call it; empty when unknown.
        file_audio: No sound card is used: audio comes from and goes to files.
        gone: Which device is missing in a live leg, and looked for: microphone, speaker, microphone and speaker.
    """

    phase: HeadsetPhase
    device: str = ""
    file_audio: bool = False
    reason: str = ""
    gone: str = ""


class Levels(msgspec.Struct, frozen=True):
    """How loud both sides are now, 0..1 on a meter's scale (decibels, not amplitude), about ten times a second."""

    own: float
    far: float


class LineStats(msgspec.Struct, frozen=True):
    """How good the line is (about once a second): delay of the media round trip, loss, silence of the far side.

    `far_holds` says that the caller's telephone has put us on hold.
    """

    delay_ms: float | None = None
    loss_percent: float = 0.0
    far_silent_ms: int = 0
    far_holds: bool = False


class AudioProblem(msgspec.Struct, frozen=True):
    """Something is wrong with sound: what, and what to do about it."""

    code: str
    message: str
    remedy: str = ""


ALERT_SILENT: Final = "alert_silent"
"""The code of the problem that an alert was not heard on its speaker."""


class AlertSpeaker(msgspec.Struct, frozen=True):
    """Whether alerts sound on a speaker of their own, chosen by the operator."""

    chosen: bool


class CallerPressed(msgspec.Struct, frozen=True):
    """The caller pressed a key of the telephone."""

    digit: str


class MicFilters(msgspec.Struct, frozen=True):
    """What the microphone goes through: cancellation of the caller's echo, suppression of noise."""

    echo: bool = False
    noise: bool = False


HeadsetEvent = HeadsetState | Levels | LineStats | AudioProblem | CallerPressed | MicFilters | AlertSpeaker
"""Everything a `Headset` tells by itself."""


class Tick(msgspec.Struct, frozen=True):
    """Time went on: `now` is this machine's clock (aware UTC)."""

    now: datetime


class Sent(msgspec.Struct, frozen=True):
    """A command left for the broker and is not answered yet."""

    command: Command


class Answered(msgspec.Struct, frozen=True):
    """The broker answered a command, or the client gave up on it (`reply.ok` is False)."""

    command: Command
    reply: Reply


class TranscriptLoaded(msgspec.Struct, frozen=True):
    """Turns of a conversation were fetched; any part of it, in any order."""

    conversation_id: ConversationId
    messages: tuple[MessageView, ...]


class Selected(msgspec.Struct, frozen=True):
    """The operator put the cursor on a session."""

    session_id: SessionId | None


class Sorted(msgspec.Struct, frozen=True):
    """The operator chose what the list is ordered by."""

    sort: Sort


class Filtered(msgspec.Struct, frozen=True):
    """The operator typed a filter for the queue; empty shows all."""

    text: str


class Drafted(msgspec.Struct, frozen=True):
    """A text that was not sent yet changed; `key` names the box (see `operator_console.model.drafts`)."""

    key: str
    text: str


class MuteWished(msgspec.Struct, frozen=True):
    """The operator wants the microphone off (or on); None forgets the wish and follows the broker."""

    on: bool | None


class Tone(StrEnum):
    """How urgent a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Noticed(msgspec.Struct, frozen=True):
    """Something to tell the operator in one line."""

    text: str
    tone: Tone = Tone.INFO


class Moving(msgspec.Struct, frozen=True):
    """A file on its way: `done` of `size` bytes; outwards to the customer, else into the operator's folder."""

    name: str
    done: int
    size: int
    outwards: bool


Told = Callable[[int, int], None]
"""Hears how many bytes of a file have moved, of how many."""


class FileMoved(msgspec.Struct, frozen=True):
    """A file is on its way, so far; or none is any more."""

    moving: Moving | None


class Rendered(msgspec.Struct, frozen=True):
    """A reply's translation was asked for (`text` empty) or came; an empty `written` forgets it."""

    conversation_id: ConversationId
    box: str = ""
    written: str = ""
    text: str = ""
    language: str = ""


class TourLeft(msgspec.Struct, frozen=True):
    """The operator leaves the tour."""


Input = (
    DeskEvent
    | HeadsetEvent
    | Tick
    | Sent
    | Answered
    | TranscriptLoaded
    | Selected
    | Sorted
    | Filtered
    | Drafted
    | MuteWished
    | Noticed
    | FileMoved
    | Rendered
    | TourLeft
)
"""Everything that can change the model."""
