"""Keep what an assistant knows of one conversation up to date from the desk's events, and let players wait on it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from server.clock import Clock
from server.tasks import spawn
from server.wire.events import (
    ApproveDecided,
    AssistAnswered,
    ConversationChanged,
    ConversationReturned,
    Event,
    MessageAdded,
    MessageChanged,
    OperatorChanged,
    SessionEvent,
)
from server.wire.terms import Author, Outcome, Owner, SessionState
from server.wire.views import ConversationView, MessageView, SessionView


class Case:
    """One conversation as its assistant sees it.

    Attributes:
        conversation: As last heard.
        session: The handoff session, once there is one.
        returned: The newest return of the conversation to the assistant.
        unread: What the operator wrote and the customer has not read, oldest first.
    """

    def __init__(self, conversation: ConversationView, clock: Clock) -> None:
        """Begin with the conversation as the desk created it; `clock` times the waits."""
        self.conversation = conversation
        self.session: SessionView | None = None
        self.returned: ConversationReturned | None = None
        self.unread: Final[deque[MessageView]] = deque(maxlen=200)
        self._clock: Final = clock
        self._seen = 0
        self._changed = asyncio.Event()

    @property
    def assistant_owns(self) -> bool:
        """Whether the assistant may speak to the customer."""
        return self.conversation.owner is not Owner.OPERATOR

    @property
    def with_operator(self) -> bool:
        """Whether a person talks with the customer now."""
        return self.session is not None and self.session.state in {SessionState.ACTIVE, SessionState.HELD}

    @property
    def can_talk(self) -> bool:
        """Whether operator and customer hear each other now."""
        return self.session is not None and self.session.state is SessionState.ACTIVE

    @property
    def on_hold(self) -> bool:
        """Whether the customer is on hold."""
        return self.session is not None and self.session.state is SessionState.HELD

    @property
    def is_back(self) -> bool:
        """Whether the conversation came back to the assistant and nobody waits or talks any more."""
        return self.returned is not None and not self.with_operator and self.returned.session.id == self._session_id

    @property
    def moved_on(self) -> bool:
        """Whether the wait for a person is over, one way or another."""
        return self.with_operator or self.over or self.is_back

    @property
    def _session_id(self) -> str:
        return "" if self.session is None else self.session.id

    @property
    def over(self) -> bool:
        """Whether nothing more can be said: the conversation was ended by either side."""
        dropped = self.session is not None and self.session.outcome is Outcome.ENDED
        return self.conversation.ended_at is not None or dropped

    def apply(self, event: Event) -> None:
        """Take one event of this conversation; one that was seen before changes nothing."""
        if event.seq <= self._seen:
            return
        self._seen = event.seq
        match event:
            case ConversationReturned():
                self.conversation, self.session, self.returned = event.conversation, event.session, event
            case ConversationChanged():
                self.conversation = event.conversation
            case MessageAdded():
                if event.message.author is Author.OPERATOR:
                    self.unread.append(event.message)
            case MessageChanged() | OperatorChanged() | AssistAnswered() | ApproveDecided():
                pass
            case SessionEvent():
                self.session = event.session
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, true: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `true()`, looked at after every event; false when `seconds` pass first."""
        if seconds is None:
            while not true():
                await self._changed.wait()
            return True
        alarm = spawn("case_alarm", self._clock.sleep(seconds))
        alarm.add_done_callback(lambda _: self.wake())
        try:
            while not (true() or alarm.done()):
                await self._changed.wait()
        finally:
            alarm.cancel()
        return true()


def conversation_of(event: Event) -> str:
    """Return the id of the conversation an event is about; empty for the roster's."""
    match event:
        case MessageAdded() | MessageChanged():
            return event.message.conversation_id
        case ConversationChanged() | ConversationReturned():
            return event.conversation.id
        case OperatorChanged():
            return ""
        case _:
            return event.session.conversation_id
