"""Say what the broker needs of whoever carries notices to people outside: e-mail, signed webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from server.wire.terms import SessionId
from server.wire.views import SessionView


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to somebody outside about one handoff.

    Attributes:
        id: The same at each attempt, so that the receiver can tell repeats.
        kind: `handoff.waiting` (a step of the policy) or `handoff.closed` (the outcome).
        at: When the broker ordered it.
        session: The handoff as it is when the notice is sent.
    """

    id: str
    kind: str
    at: datetime
    session: SessionView


class Destination(Protocol):
    """Where notices can be sent."""

    async def send(self, notice: Notice) -> None:
        """Hand the notice over; return when the other side has accepted it.

        Raises:
            ProviderError: not accepted; `retryable` says whether a later attempt may help.
        """
        ...


class NoticeJob(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a `notice` job in the outbox."""

    session_id: SessionId
    destination: str
    kind: str
    at: datetime


Destinations = Mapping[str, Destination]
"""Every destination by its name in the configuration."""
