"""Say when the screens are drawn: changes together, at most every 50 ms; after a key at once."""

from collections.abc import Callable, Sequence
from typing import Final

from textual.screen import Screen

from operator_console.model.inputs import Input, Levels, LineStats
from operator_console.model.state import DeskModel
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.shows import Shows

FLUSH_SECONDS: Final = 0.05
"""Changes within this time are drawn together."""


class Frames:
    """What of the model waits to be drawn.

    Attributes:
        due: A change waits.
    """

    def __init__(self, later: Callable[[float, Callable[[], None]], None], draw: Callable[[], None]) -> None:
        """Call `draw` through `later` when something waits for too long."""
        self._later: Final = later
        self._draw: Final = draw
        self.due = self._all_due = False

    def want(self, inputs: Sequence[Input]) -> None:
        """Have what these inputs changed drawn soon."""
        self._all_due = self._all_due or not all(isinstance(event, Levels | LineStats) for event in inputs)
        if not self.due:
            self.due = True
            self._later(FLUSH_SECONDS, self._draw)

    def draw(self, model: DeskModel, screens: Sequence[Screen[object]], desk: DeskScreen) -> bool:
        """Draw what changed since the last time; tell whether it was more than levels."""
        everything, self._all_due, self.due = self._all_due, False, False
        for screen in screens:
            if isinstance(screen, Shows):
                (screen.show if everything else screen.show_meters)(model)
        if screens and screens[-1] is desk:
            desk.paint()
        return everything
