"""Show supervisors how the queues stand and what was measured in them."""

from datetime import datetime

from server.wire.view import View


class QueueFigures(View, frozen=True, kw_only=True):
    """How one queue stands, and what was measured in it since the day began (docs/supervisors.md has the formulas).

    Shares are from 0 to 1, and None where nothing was counted yet.

    Attributes:
        waiting_since: Since when the one who waits longest has waited.
        in_hand: Customers whom an operator has.
        abandoned: Without `abandoned_short`, who are in no share.
        scored: Customers who said how content they are; `satisfaction` is the mean of it, from 1 to 5.
    """

    name: str
    waiting: int = 0
    waiting_since: datetime | None = None
    in_hand: int = 0
    answered: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    expired: int = 0
    service_level: float | None = None
    service_level_2: float | None = None
    average_answer_seconds: float | None = None
    abandonment: float | None = None
    scored: int = 0
    satisfaction: float | None = None


class WallView(View, frozen=True, kw_only=True):
    """All queues of an organisation, by name, and all of them together, as of `at`; counted since `since`."""

    at: datetime
    since: datetime
    total: QueueFigures
    queues: tuple[QueueFigures, ...] = ()
