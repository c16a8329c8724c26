"""Say when the screens are drawn: a change soon, many changes together ten times a second; after a key at once."""

from collections.abc import Callable, Sequence
from typing import Final

from textual.screen import Screen

from operator_console.model.inputs import Input, Levels, LineStats
from operator_console.model.state import DeskModel
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.shows import Shows

SOON_SECONDS: Final = 0.03
"""A change that comes alone is drawn after this time, with what came close behind it."""
APART_SECONDS: Final = 0.1
"""Where changes never end, frames are so far apart: a frame costs as much as five changes, and nobody reads faster."""


class Frames:
    """What of the model waits to be drawn.

    Attributes:
        due: A change waits.
    """

    def __init__(
        self, later: Callable[[float, Callable[[], None]], None], draw: Callable[[], None], now: Callable[[], float]
    ) -> None:
        """Call `draw` through `later` when something has waited long enough; `now` counts seconds."""
        self._later: Final = later
        self._draw: Final = draw
        self._now: Final = now
        self._drawn_at = now() - APART_SECONDS
        self.due = self._all_due = False

    def want(self, inputs: Sequence[Input]) -> None:
        """Have what these inputs changed drawn soon."""
        self._all_due = self._all_due or not all(isinstance(event, Levels | LineStats) for event in inputs)
        if not self.due:
            self.due = True
            rest = self._drawn_at + APART_SECONDS - self._now()
            self._later(min(max(SOON_SECONDS, rest), APART_SECONDS), self._draw)

    def draw(self, model: DeskModel, screens: Sequence[Screen[object]], desk: DeskScreen) -> bool:
        """Draw what changed since the last time; tell whether it was more than levels."""
        everything, self._all_due, self.due = self._all_due, False, False
        self._drawn_at = self._now()
        for screen in screens:
            if isinstance(screen, Shows):
                (screen.show if everything else screen.show_meters)(model)
        if screens and screens[-1] is desk:
            desk.paint()
        return everything
