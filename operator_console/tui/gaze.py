"""Tell the broker what this operator looks at and writes on: at most twice a second, and only what changed."""

from collections.abc import Callable
from typing import Final

from operator_console.clock import Clock
from operator_console.model.state import DeskModel, LinkState
from server.wire.frames import Look

PAUSE_SECONDS: Final = 0.5
"""Looks follow each other no faster; only the newest of a walk through the list is told."""
WRITING_SECONDS: Final = 5.0
"""Who has not changed a text for so long does not write any more."""


class Gaze:
    """What was told last, and when."""

    def __init__(self, tell: Callable[[Look], None], clock: Clock) -> None:
        """Tell through `tell`, which returns at once."""
        self._tell = tell
        self._clock = clock
        self._told: Look | None = None
        self._told_at = float("-inf")
        self._wrote_at = float("-inf")

    def wrote(self, text: str) -> None:
        """Take note that a text of the operator changed; an empty one was sent or dropped."""
        self._wrote_at = self._clock.monotonic() if text else float("-inf")

    def follow(self, model: DeskModel) -> None:
        """Tell what changed; called after every change of the model, and every second."""
        if model.link.state is not LinkState.LIVE or not model.boot:
            self._told = None
            return
        now = self._clock.monotonic()
        writing = model.selected is not None and now - self._wrote_at < WRITING_SECONDS
        look = Look(session_id=model.selected, writing=writing)
        if look == self._told or now - self._told_at < PAUSE_SECONDS:
            return
        self._told, self._told_at = look, now
        self._tell(look)
