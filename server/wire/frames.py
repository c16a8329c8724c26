"""Frame what travels on the console socket, both ways; docs/protocol.md shows a whole exchange.

Text frames of JSON, at most 64 KiB from the console. The console speaks first (`Hello`), within 5 s.
"""

from datetime import datetime

import msgspec

from server.wire.commands import Command
from server.wire.errors import ErrorBody
from server.wire.events import Event
from server.wire.history import QueueView
from server.wire.terms import ConversationId, Delivery, MessageId, OperatorId, SessionId
from server.wire.views import NO_POLICY, DeskPolicy, MediaGrant, MessageView, OperatorView, SessionView
from server.wire.wall import WallView

HEARTBEAT_SECONDS = 1.0
"""Each side sends a beat this often."""

DEAD_AFTER_SECONDS = 2.5
"""A side that heard nothing for this long treats the connection as dead."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello", tag_field="type", forbid_unknown_fields=True):
    """Open or resume: `after` is the last event number seen, 0 for a snapshot. `view_only` sends no commands.

    `brief` is a command line that gives an order and leaves: it does not count as the operator's console, neither
    when it comes (nobody becomes reachable by it) nor when it goes (nobody's sessions are given up for it).
    """

    protocol: int
    client: str = ""
    after: int = 0
    boot: str = ""
    view_only: bool = False
    brief: bool = False


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat", tag_field="type", omit_defaults=True):
    """Heartbeat; `echo` returns the other side's `at` so that both know the round trip.

    A beat without `echo` is answered at once by one with it; a beat with `echo` is not answered.
    """

    at: float
    echo: float | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot", tag_field="type", omit_defaults=True):
    """Everything a console draws, as of event `seq`: open sessions (with last turns), the roster, configured queues.

    `mentions` are the notes on open sessions that name the operator, since they were last on.
    """

    seq: int
    now: datetime
    boot: str
    version: str
    me: OperatorId
    sessions: tuple[SessionView, ...] = ()
    operators: tuple[OperatorView, ...] = ()
    policy: DeskPolicy = NO_POLICY
    queues: tuple[QueueView, ...] = ()
    mentions: tuple[MessageView, ...] = ()


class Batch(msgspec.Struct, frozen=True, kw_only=True, tag="batch", tag_field="type", omit_defaults=True):
    """The events of numbers `first` to `last` that concern a console.

    Numbers without an event concern nobody here. A console whose last number is not `first - 1` has a gap and
    says Hello again.
    """

    first: int
    last: int
    now: datetime
    events: tuple[Event, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag="reply", tag_field="type", omit_defaults=True):
    """The answer to one command, after its commit."""

    id: str
    ok: bool
    error: ErrorBody | None = None
    session: SessionView | None = None
    media: MediaGrant | None = None
    message: MessageView | None = None
    operator: OperatorView | None = None
    handed_over: tuple[str, ...] = ()


class Wall(msgspec.Struct, frozen=True, kw_only=True, tag="wall", tag_field="type"):
    """To consoles that asked with `show_wall`: how the queues stand, anew when something changed."""

    wall: WallView


class CustomerTyping(msgspec.Struct, frozen=True, kw_only=True, tag="customer.typing", tag_field="type"):
    """The customer writes (or stopped); kept nowhere."""

    conversation_id: ConversationId
    on: bool


class OperatorTyping(msgspec.Struct, frozen=True, kw_only=True, tag="operator.typing", tag_field="type"):
    """To assistants: an operator writes (or stopped); kept nowhere."""

    conversation_id: ConversationId
    on: bool


class MessageDelivery(
    msgspec.Struct, frozen=True, kw_only=True, tag="delivery", tag_field="type", forbid_unknown_fields=True
):
    """From an assistant, on its event stream: how far an operator's message got. Not answered unless it is refused."""

    conversation_id: ConversationId
    message_id: MessageId
    delivery: Delivery
    failure: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused", tag_field="type", omit_defaults=True):
    """To an assistant: a frame of its own that was not taken, and why; `message_id` when it was about a message."""

    error: ErrorBody
    message_id: MessageId | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True, tag="look", tag_field="type", forbid_unknown_fields=True):
    """What this console's operator looks at, and whether they write there; kept nowhere, answered by nothing."""

    session_id: SessionId | None = None
    writing: bool = False


class Ghost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where one operator is: what they look at (None: nothing), and whether they write there."""

    operator_id: OperatorId
    session_id: SessionId | None = None
    writing: bool = False


class ChannelAlarm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account on a platform that is not well; `paused`: nothing is sent on it until it is."""

    name: str
    kind: str = ""
    problem: str = ""
    paused: bool = False
    since: datetime | None = None


class Alarms(msgspec.Struct, frozen=True, kw_only=True, tag="alarms", tag_field="type", omit_defaults=True):
    """All accounts on platforms that are not well; none: all are well."""

    channels: tuple[ChannelAlarm, ...] = ()


class Ghosts(msgspec.Struct, frozen=True, kw_only=True, tag="ghosts", tag_field="type", omit_defaults=True):
    """Who looks at or writes on what now: those that changed, or with `whole` everybody there is."""

    people: tuple[Ghost, ...] = ()
    whole: bool = False


class Goodbye(msgspec.Struct, frozen=True, kw_only=True, tag="goodbye", tag_field="type"):
    """The broker closes, and says why; `retry` says whether coming back makes sense."""

    error: ErrorBody
    retry: bool = True


ToConsole = Snapshot | Batch | Reply | Beat | CustomerTyping | Ghosts | Alarms | Wall | Goodbye
"""What a broker sends."""

FromConsole = Hello | Beat | Look | Command
"""What a console sends."""

FromAssistant = MessageDelivery
"""What an assistant sends on its event stream."""
