"""Command live audio, wherever the media worker runs: desired states down, facts up.

The broker never touches audio. It tells the worker, per call, what should be (`CallPlan`, whole and idempotent: after
a crash it is simply said again) and which legs may connect (`Admission`). The worker answers with facts. A call's
id is its conversation's id. Adapters: `server.media.control.WorkerControl` (a process of its own, over a Unix
socket) and `server.media.loopback.LoopbackMedia` (in memory; ships, and serves tests and dry runs).
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from server.broker.ports.measures import WorkerMeasures
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole, SessionId, Supervision, TransferStage


class Admission(msgspec.Struct, frozen=True, kw_only=True, tag="admit"):
    """Let one leg connect, once.

    Attributes:
        token_sha256: Hex SHA-256 of the one-time token; the worker never sees the token before the leg brings it.
        epoch: For an operator leg the session's epoch; it replaces any operator leg of a lower epoch or an
            earlier admission of the same epoch. 0 for other roles.
        transport: "console", "stream" or "twilio".
        expires_in_seconds: The token is refused later than this.
        external_id: What the carrier must name as its call (Twilio's CallSid); empty when not bound.
        muted: The leg starts muted.
    """

    call_id: ConversationId
    leg_id: LegId
    role: LegRole
    token_sha256: str
    epoch: int
    transport: str
    expires_in_seconds: float
    external_id: str = ""
    muted: bool = False


class VoicemailOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Take a message from the caller: greeting, beep, what they say.

    Attributes:
        record: The name of its recording.
        session_id: Whose message it is: what is said is told under it.
        greeting: Path of a WAV; empty: the one that ships.
        longest_seconds: It ends after so long.
        shortest_seconds: With less speech than this it is no message.
        silence_seconds: It ends when nothing has been said for so long.
        attempts: So many times the caller is asked.
    """

    record: str
    session_id: SessionId
    greeting: str = ""
    longest_seconds: float = 180.0
    shortest_seconds: float = 1.0
    silence_seconds: float = 6.0
    attempts: int = 2


class CallPlan(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """What a call should be, whole: repeating it changes nothing.

    Attributes:
        phase: ASSISTANT: caller and assistant talk. OPERATOR: caller and the operator of `epoch` talk; until that
            leg is up for the first time the assistant goes on, after that its absence is a hold tone. HOLD: tone to
            the caller, no voice either way. TARGET: caller and the target of a transfer talk. ENDED: every leg is
            closed, the caller's line drops.
        epoch: Fences operator legs: one of another epoch is neither heard nor fed, and is closed.
        muted: The operator's frames are dropped and the caller gets silence.
        version: The session's version; a plan with a lower (epoch, version) than the last is ignored.
        answered: The caller has talked with an operator already: until the leg of `epoch` is up they hear the tone,
            not the assistant.
        supervision: What the supervisor may do; `server.core.legs` says who hears whom then.
        supervisor_leg: The one leg that may be the supervisor's; any other is neither heard nor fed, and is closed.
        target: Where the target of a transfer stands; OVER: there is none.
        target_leg: The one leg that may be the target's; any other is neither heard nor fed, and is closed.
        record: Name of the recording to go on with, while caller and operator talk; empty: none.
        voicemail: The message that is to be taken, in phase VOICEMAIL.
    """

    call_id: ConversationId
    phase: CallPhase
    epoch: int
    muted: bool
    version: int
    reason: str = ""
    answered: bool = False
    supervision: Supervision = Supervision.NONE
    supervisor_leg: LegId = LegId("")
    target: TransferStage = TransferStage.OVER
    target_leg: LegId = LegId("")
    record: str = ""
    voicemail: VoicemailOrder | None = None


class Keys(msgspec.Struct, frozen=True, kw_only=True, tag="keys"):
    """Press keys on the caller's line, once for each `id`; nothing while the operator of `epoch` does not talk."""

    call_id: ConversationId
    epoch: int
    id: str
    digits: str


class LegUp(msgspec.Struct, frozen=True, kw_only=True, tag="leg_up"):
    """A leg brought its token and is connected."""

    call_id: ConversationId
    leg_id: LegId
    role: LegRole
    epoch: int
    external_id: str = ""


class LegDown(msgspec.Struct, frozen=True, kw_only=True, tag="leg_down"):
    """A leg is gone. `clean` when it said goodbye (Twilio `stop`, bye frame, close 1000), else its socket broke."""

    call_id: ConversationId
    leg_id: LegId
    role: LegRole
    epoch: int
    clean: bool
    reason: str


class Bridged(msgspec.Struct, frozen=True, kw_only=True, tag="bridged"):
    """Caller and the operator of `epoch` hear each other from this frame on."""

    call_id: ConversationId
    epoch: int


class Digit(msgspec.Struct, frozen=True, kw_only=True, tag="digit"):
    """The caller pressed a key of the telephone, or the target of a transfer did: then `leg_id` is theirs."""

    call_id: ConversationId
    digit: str
    leg_id: LegId = LegId("")


class RecordingLost(msgspec.Struct, frozen=True, kw_only=True, tag="recording_lost"):
    """The recorder gave up on a recording, and why; the call goes on."""

    call_id: ConversationId
    record: str
    reason: str


class VoicemailOver(msgspec.Struct, frozen=True, kw_only=True, tag="voicemail_over"):
    """A message was taken, so many seconds long, or not: `kept` is false, `failed` when no message can be taken."""

    call_id: ConversationId
    record: str
    seconds: float = 0.0
    kept: bool = False
    failed: bool = False
    reason: str = ""


class Spoken(msgspec.Struct, frozen=True, kw_only=True, tag="spoken"):
    """What the caller or the operator of `epoch` said aloud, as text, not redacted; `key` is that of no other.

    `voicemail` is the session whose message it is part of; empty while an operator talks.
    """

    call_id: ConversationId
    role: LegRole
    epoch: int
    text: str
    key: str
    voicemail: SessionId = SessionId("")


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker holds of one call: for taking up live calls after a restart of the broker."""

    call_id: ConversationId
    phase: CallPhase
    epoch: int
    version: int
    legs: tuple[LegUp, ...]
    bridged: bool


MediaFact = LegUp | LegDown | Bridged | Digit | RecordingLost | VoicemailOver | Spoken
"""Everything a worker tells."""

FactHandler = Callable[[MediaFact], Awaitable[None]]
"""Who is told; called in order, one at a time."""


class MediaControl(Protocol):
    """The broker's hand on the media worker."""

    async def start(self, handler: FactHandler) -> tuple[CallState, ...]:
        """Connect to the worker (starting one if none runs) and return the calls that live there already.

        Raises:
            server.core.errors.ProviderError: no worker could be reached.
        """
        ...

    async def admit(self, admission: Admission) -> None:
        """Register a one-time token; returns when the worker knows it."""
        ...

    async def plan(self, plan: CallPlan) -> None:
        """Set what a call should be; returns when the worker has it."""
        ...

    async def dial(self, keys: Keys) -> None:
        """Press keys on the caller's line; returns when the worker has them. The same `id` again does nothing."""
        ...

    async def measures(self) -> WorkerMeasures | None:
        """Return what the worker has counted since it began; None when it does not say so in a second."""
        ...

    def media_url(self, transport: str) -> str:
        """Return the address a leg of this transport connects to (ws:// or wss://)."""
        ...

    async def stop(self, *, end_calls: bool) -> None:
        """Let go of the worker; with `end_calls` it ends them and exits, else it bridges on."""
        ...
