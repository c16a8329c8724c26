"""Decide what a report about a message changes: what is known only ever grows, whatever order reports come in."""

from datetime import datetime, timedelta
from typing import Final

from server.core.errors import ConflictError
from server.wire.terms import Delivery

ORDER: Final = (
    Delivery.PENDING,
    Delivery.SENT,
    Delivery.UNKNOWN,
    Delivery.FAILED,
    Delivery.DELIVERED,
    Delivery.READ,
)
"""From what says least to what says most: that it arrived outweighs an earlier failure, and never the other way."""

WAITING: Final = frozenset({Delivery.PENDING, Delivery.SENT})
"""States of which a channel that promised receipts still owes news."""
AGAIN: Final = frozenset({Delivery.UNKNOWN, Delivery.FAILED})
"""States in which sending again makes sense."""


def grows(known: Delivery, reported: Delivery) -> bool:
    """Tell whether a report says more than is known."""
    return ORDER.index(reported) > ORDER.index(known)


def check_window(said_at: datetime, now: datetime, seconds: float) -> None:
    """Refuse to change a message whose time for that is over.

    Raises:
        ConflictError: `too_late_to_change`.
    """
    if now - said_at > timedelta(seconds=seconds):
        raise ConflictError(
            "too_late_to_change",
            f"A message can be changed for {seconds:.0f} seconds, and that time is over.",
            "Send a new message that puts it right.",
        )
