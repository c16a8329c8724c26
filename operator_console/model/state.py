"""Hold everything the screen is drawn from as one frozen value.

The mappings inside are never changed in place: `operator_console.model.ledger` makes new ones. All text in here has
passed `server.wire.sanitize`. Instants are aware UTC in the *broker's* time (`skew` corrects this machine's clock).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from operator_console.model.command_line import Macro
from operator_console.model.inputs import AudioProblem, HeadsetPhase, MicFilters, Moving, Rendered, Tone
from operator_console.model.listing import ListKey, Sort
from operator_console.model.turns import Turns
from server.wire.commands import Command
from server.wire.frames import ChannelAlarm, Ghost
from server.wire.history import QueueView
from server.wire.terms import ConversationId, OperatorId, SessionId
from server.wire.views import NO_POLICY, DeskPolicy, OperatorView, SessionView
from server.wire.wall import WallView

OrderKey = tuple[int, float, float, SessionId]
"""Where a session stands in the list: group, instant of the promise, instant of queueing, id (see `select`)."""


NOBODY: Final = OperatorId("")
"""Who the operator is before the broker said so."""


class LinkState(StrEnum):
    """How the connection to the broker stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    LOST = "lost"


class Link(msgspec.Struct, frozen=True):
    """The connection to the broker."""

    state: LinkState = LinkState.CONNECTING
    rtt_ms: float | None = None
    since: datetime | None = None
    reason: str = ""
    view_only: bool = False
    retry: bool = True


class HeadsetView(msgspec.Struct, frozen=True):
    """The operator's own audio as the call bar shows it; levels 0..1."""

    phase: HeadsetPhase = HeadsetPhase.CLOSED
    device: str = ""
    file_audio: bool = False
    reason: str = ""
    own: float = 0.0
    far: float = 0.0
    delay_ms: float | None = None
    loss_percent: float = 0.0
    far_silent_ms: int = 0
    far_holds: bool = False
    problem: AudioProblem | None = None
    gone: str = ""
    """The device that is missing in a live leg."""
    filters: MicFilters = msgspec.field(default_factory=MicFilters)
    has_alert_speaker: bool = False
    alerts_failed: int = 0
    """How many alerts were not heard on their speaker."""
    pressed: str = ""
    """The last keys that the caller pressed in this call; they may be secret, and are kept nowhere else."""


class Pending(msgspec.Struct, frozen=True):
    """A command on its way: sent at `at`, not answered."""

    command: Command
    at: datetime


class Tour(msgspec.Struct, frozen=True):
    """How far the tour is (`operator_console.model.tour`): the number of steps done."""

    done: int = 0


class Notice(msgspec.Struct, frozen=True):
    """One line for the operator; a new `serial` means a new notice."""

    serial: int
    text: str
    tone: Tone
    at: datetime


class DeskModel(msgspec.Struct, frozen=True):
    """The desk, as this console knows it.

    Attributes:
        seq: Number of the last event applied; 0 before the first snapshot.
        resync_wanted: A gap in the numbers was seen; a snapshot is needed.
        sessions: Open sessions by id (a closed one only between its command's reply and its event).
        order: Their keys, sorted by promise: the list from top to bottom, and what counts are made of.
        sort: What the list is ordered by.
        listed: Their keys in that order; empty when it is by promise.
        found: The keys of those that the filter lets through, in the order of the list; empty without a filter.
        turns: What is known of the conversations of open sessions.
        seen: Newest position the operator has looked at, per conversation.
        mentions: How many notes name me that I have not looked at, per conversation; none is left out.
        typing: Conversations in which the customer writes now.
        drafts: Unsent texts by box (`operator_console.model.drafts`).
        pending: Commands without an answer, by id.
        mute_wish: What the operator wants of the microphone and the broker has not confirmed.
        tour: How far the tour is, while one is on.
        renderings: Replies as their customers would read them, not sent yet, by conversation.
        moving: The file that is on its way, in or out.
        rings: Grows whenever something new should ring.
        skew: The broker's clock minus this machine's.
        keys: Actions that the configuration gives other keys than the key table's, by id.
        macros: The macros of the configuration.
        policy: What the desk's rules say about people.
        queues: What is configured of queues, by name.
        ghosts: What the operators look at now; who looks at nothing is left out.
        alarms: The accounts on platforms that are not well.
        wall: The figures of the queues as they came last; None before a wall was opened.
    """

    link: Link = Link()
    boot: str = ""
    version: str = ""
    seq: int = 0
    resync_wanted: bool = False
    me: OperatorId = NOBODY
    sessions: Mapping[SessionId, SessionView] = msgspec.field(default_factory=dict[SessionId, SessionView])
    order: tuple[OrderKey, ...] = ()
    sort: Sort = Sort.PROMISE
    listed: tuple[ListKey, ...] = ()
    found: tuple[OrderKey | ListKey, ...] = ()
    operators: Mapping[OperatorId, OperatorView] = msgspec.field(default_factory=dict[OperatorId, OperatorView])
    turns: Mapping[ConversationId, Turns] = msgspec.field(default_factory=dict[ConversationId, Turns])
    seen: Mapping[ConversationId, int] = msgspec.field(default_factory=dict[ConversationId, int])
    mentions: Mapping[ConversationId, int] = msgspec.field(default_factory=dict[ConversationId, int])
    typing: frozenset[ConversationId] = frozenset()
    selected: SessionId | None = None
    filter: str = ""
    drafts: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    pending: Mapping[str, Pending] = msgspec.field(default_factory=dict[str, Pending])
    mute_wish: bool | None = None
    headset: HeadsetView = HeadsetView()
    notice: Notice | None = None
    moving: Moving | None = None
    renderings: Mapping[ConversationId, Rendered] = msgspec.field(default_factory=dict[ConversationId, Rendered])
    tour: Tour | None = None
    rings: int = 0
    local_now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    skew: timedelta = timedelta()
    keys: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict[str, tuple[str, ...]])
    macros: tuple[Macro, ...] = ()
    policy: DeskPolicy = NO_POLICY
    queues: Mapping[str, QueueView] = msgspec.field(default_factory=dict[str, QueueView])
    ghosts: Mapping[OperatorId, Ghost] = msgspec.field(default_factory=dict[OperatorId, Ghost])
    wall: WallView | None = None
    alarms: tuple[ChannelAlarm, ...] = ()

    @property
    def now(self) -> datetime:
        """The present instant in the broker's time."""
        return self.local_now + self.skew


def on_the_second(model: DeskModel) -> DeskModel:
    """Return the model at its present whole second: drawn so, all clocks of a screen tick together, once a second."""
    over = model.now.microsecond
    return replace(model, local_now=model.local_now - timedelta(microseconds=over)) if over else model
