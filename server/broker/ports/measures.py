"""Say what is counted while the broker works, and what a media worker has counted.

Whoever counts is told after the commit, on the event loop, and must be done at once. Adapter:
`server.metrics.counting.Counting`; `NO_MEASURES` counts nothing.
"""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from server.core.inputs import Input
from server.core.session import Session


class NoticeResult(StrEnum):
    """What became of one attempt to send a notice."""

    ACCEPTED = "accepted"
    RETRIED = "retried"
    """Not accepted; it is tried again."""
    PASSED_ON = "passed_on"
    """Not accepted; its fallback has it now."""
    GIVEN_UP = "given_up"


class Measures(Protocol):
    """Who counts."""

    def requested(self, session: Session) -> None:
        """A person was asked for."""
        ...

    def stepped(self, before: Session, after: Session, fact: Input) -> None:
        """A session took a step."""
        ...

    def noticed(self, destination: str, result: NoticeResult) -> None:
        """A notice was tried."""
        ...

    def channel_heard(self, account: str, kind: str) -> None:
        """A platform's event was taken: `message`, `edited`, ..., or `unknown`; `not_taken` when it could not be."""
        ...

    def channel_sent(self, account: str, result: str) -> None:
        """A part for a platform ended: `sent`, `failed`, `unknown`, `dropped`; or waits for another try: `waiting`."""
        ...

    def routed(self, seconds: float, offers: int) -> None:
        """A round of offers was decided in so many seconds of this process."""
        ...


class _NoMeasures:
    """Nobody counts."""

    def requested(self, session: Session) -> None:
        """Ignore it."""

    def stepped(self, before: Session, after: Session, fact: Input) -> None:
        """Ignore it."""

    def noticed(self, destination: str, result: NoticeResult) -> None:
        """Ignore it."""

    def channel_heard(self, account: str, kind: str) -> None:
        """Ignore it."""

    def channel_sent(self, account: str, result: str) -> None:
        """Ignore it."""

    def routed(self, seconds: float, offers: int) -> None:
        """Ignore it."""


NO_MEASURES: Final[Measures] = _NoMeasures()
"""Counts nothing."""


class ModelMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a language model since this process began, and what it took."""

    purpose: str
    statuses: dict[str, int]
    seconds: float
    tokens_in: int
    tokens_out: int
    cost: float


class Spread(msgspec.Struct, frozen=True):
    """How often a value fell into each bucket (the last one is open above), and the sum of all values."""

    counts: tuple[int, ...]
    total: float = 0.0


LOSS_BOUNDS: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Percent of a second's frames that did not arrive."""
JITTER_BOUNDS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Milliseconds, as of RFC 3550."""
MOS_BOUNDS: Final = (2.0, 2.5, 3.0, 3.5, 4.0, 4.3)
"""Mean opinion score."""


class RoleMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What a media worker has counted, since it began, of the legs of one role over one transport.

    Attributes:
        live: Connected now.
        joined: Came in.
        frames: Of 20 ms, heard from them.
        lost: Frames that should have arrived, by their numbers, and did not.
        loss: Seconds of audio by percent lost, where the transport numbers its frames; bounds LOSS_BOUNDS.
        jitter: The same by jitter; bounds JITTER_BOUNDS.
        mos: The same by estimated score; bounds MOS_BOUNDS.
    """

    role: str
    transport: str
    live: int
    joined: int
    frames: int
    lost: int
    loss: Spread
    jitter: Spread
    mos: Spread


class WorkerMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """What a media worker has counted since it began.

    Attributes:
        calls: With at least one leg now.
        refused: Sockets whose token let nobody in.
        recordings: Being written now.
        left: Legs that went, by role and whether they said goodbye.
    """

    calls: int
    refused: int
    recordings: int
    legs: tuple[RoleMeasures, ...]
    left: tuple[tuple[str, bool, int], ...]
