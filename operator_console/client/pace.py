"""Say how patient the connection to the broker is: beats, silence, answers, pauses between attempts."""

import random

import msgspec

from server.wire.frames import DEAD_AFTER_SECONDS, HEARTBEAT_SECONDS


class Pace(msgspec.Struct, frozen=True):
    """The times of a connection, in seconds.

    Attributes:
        beat_seconds: Between two beats of ours.
        dead_after_seconds: Silence after which the line counts as dead.
        open_seconds: How long opening may take.
        answer_seconds: How long an order waits for its answer, reconnects included.
        calm_seconds: A connection that lasted so long was well: the next attempt is made almost at once.
        first_pause_seconds: The pause before the first new attempt; it doubles with each failure.
        most_pause_seconds: The longest pause.
    """

    beat_seconds: float = HEARTBEAT_SECONDS
    dead_after_seconds: float = DEAD_AFTER_SECONDS
    open_seconds: float = 10.0
    answer_seconds: float = 10.0
    calm_seconds: float = 5.0
    first_pause_seconds: float = 0.25
    most_pause_seconds: float = 10.0

    def pause_seconds(self, failures: int, chance: random.Random) -> float:
        """Return the pause after `failures` failures in a row, spread so that consoles do not come back in step."""
        limit = min(self.first_pause_seconds * 2.0 ** min(failures, 32), self.most_pause_seconds)
        return limit * chance.uniform(0.5, 1.0)
