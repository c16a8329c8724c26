"""Show what a box offers while something is typed, in a few lines by the box, and remember which one is picked."""

from collections.abc import Sequence
from typing import Final

from operator_console.model.offers import Offer
from operator_console.tui.lines import Line, Role, fitted
from operator_console.tui.widgets.line_pane import LineWidget

MOST_LINES: Final = 5
FEW_LINES: Final = 3
"""How many offers are in view at once, and in a low terminal."""
LOW: Final = 30
"""A terminal of fewer lines is low."""
LEAST_LABEL: Final = 12
MOST_LABEL: Final = 28


class Completions(LineWidget):
    """The list; in view while there is something to offer."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        """Start empty and hidden."""
        super().__init__(id=id)
        self.display = False
        self._offers: tuple[Offer, ...] = ()
        self._at = 0

    @property
    def open(self) -> bool:
        """Whether there is something to pick."""
        return bool(self._offers)

    @property
    def picked(self) -> Offer | None:
        """The offer under the cursor."""
        return self._offers[self._at] if self._offers else None

    def offer(self, offers: Sequence[Offer]) -> None:
        """Show these offers, the first one picked; none hides the list."""
        if tuple(offers) == self._offers:
            return
        self._offers, self._at = tuple(offers), 0
        self.display = self.open
        self._draw()

    def move(self, step: int) -> None:
        """Pick the next one, round and round."""
        if self._offers:
            self._at = (self._at + step) % len(self._offers)
            self._draw()

    def on_resize(self) -> None:
        """Fit the new width."""
        self._draw()

    def _draw(self) -> None:
        lines = MOST_LINES if self.screen.size.height >= LOW else FEW_LINES
        self.styles.height = min(len(self._offers), lines)
        first = max(self._at - lines + 1, 0)
        width = self.size.width
        longest = max((len(offer.label) for offer in self._offers), default=0)
        label = min(max(longest, LEAST_LABEL), MOST_LABEL)
        shown = self._offers[first : first + lines]
        self.set_lines(tuple(self._line(offer, label, width) for offer in shown))

    def _line(self, offer: Offer, label: int, width: int) -> Line:
        picked = offer is self.picked
        role = Role.CURSOR if picked else Role.PLAIN
        where = f" {self._at + 1}/{len(self._offers)} tab " if picked else ""
        room = max(width - 3 - label - 2 - len(where), 0)
        return (
            (" › " if picked else "   ", role if picked else Role.STRONG),
            (fitted(offer.label, label), role if picked else Role.KEY),
            ("  ", role),
            (fitted(offer.detail, room), role if picked else Role.DIM),
            (where, role),
        )
