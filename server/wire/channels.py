"""Show how the accounts on platforms stand."""

from datetime import datetime

from server.wire.view import View


class ChannelView(View, frozen=True, kw_only=True):
    """One account on one platform.

    Attributes:
        configured: It is in the configuration; else only its past is here.
        problem: What is wrong, for people; empty while nothing is.
        paused: Nothing is sent until the account works.
        since: Since when the problem, or its absence, is known.
        waiting: How many messages' parts wait to be sent.
        oldest_at: Since when the oldest of them waits.
        unknown: Of how many parts nobody knows whether they arrived.
        failed: How many parts were not sent.
        not_taken: How many of the platform's requests could not be taken (`channels replay` tries again).
    """

    name: str
    kind: str
    configured: bool = True
    problem: str = ""
    paused: bool = False
    since: datetime | None = None
    waiting: int = 0
    oldest_at: datetime | None = None
    unknown: int = 0
    failed: int = 0
    not_taken: int = 0


class FailedRequest(View, frozen=True, kw_only=True):
    """One request of a platform that could not be taken, without what it says."""

    id: int
    at: datetime
    attempts: int
    error: str
