"""Say what the broker needs of whoever carries notices to people outside: e-mail, signed webhooks, Slack, SMS."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.terms import SessionId
from server.wire.views import MessageView, SessionView


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to somebody outside about one handoff.

    Attributes:
        id: The same at each attempt, so that the receiver can tell repeats.
        kind: `handoff.waiting` (a step of the policy) or `handoff.closed` (the outcome).
        at: When the broker ordered it.
        session: The handoff as it is when the notice is sent.
        operator: The name of the operator who has or had it; empty while nobody has.
        turns: The last turns of the conversation, oldest first.
        person: To whom it is addressed, by name; empty for a list or a room.
        accept_url: A page on which whoever reads it says "I take it"; empty when there is nothing to take.
        accept_code: The same as digits, for an answer by SMS.
        desk_url: The broker's own address.
        recorded: There is a recording of the call.
        voicemail_url: Where the message is heard, signed: who has it needs no token; empty when there is none.
        voicemail: What the message says; empty when nobody transcribes, or nothing was understood.
    """

    id: str
    kind: str
    at: datetime
    session: SessionView
    operator: str = ""
    turns: tuple[MessageView, ...] = ()
    person: str = ""
    accept_url: str = ""
    accept_code: str = ""
    desk_url: str = ""
    recorded: bool = False
    voicemail_url: str = ""
    voicemail: str = ""


class Destination(Protocol):
    """Where notices can be sent."""

    async def send(self, notice: Notice) -> str:
        """Hand the notice over; return when the other side has accepted it.

        Returns:
            By which name `amend` finds it again; empty where nothing can be changed.

        Raises:
            ProviderError: not accepted; `retryable` says whether a later attempt may help.
        """
        ...

    async def amend(self, reference: str, notice: Notice) -> None:
        """Change a notice that was sent to how its handoff is now.

        Raises:
            ProviderError: not accepted.
        """
        del reference, notice

    def reaches(self, address: str) -> bool:
        """Tell whether an answer from this address (a telephone number) can be one to its notices."""
        del address
        return False


class NoticeJob(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a `notice` job in the outbox.

    Attributes:
        destination: Its name in the configuration.
        kind: As of `Notice`.
        at: When it was ordered.
        epoch: Of the session when it was ordered: a notice about an earlier wait is moot.
        level: Of the schedule, where the destination is one: 0 is told first.
        person: To whom, by name.
        repeat_seconds: It is sent again after so long, until somebody takes the session; 0: never.
        begun_at: The destination it was meant for, when this one only stands in.
    """

    session_id: SessionId
    destination: str
    kind: str
    at: datetime
    epoch: int = 0
    level: int = 0
    person: str = ""
    repeat_seconds: float = 0.0
    begun_at: str = ""


Destinations = Mapping[str, Destination]
"""Every destination by its name in the configuration."""
