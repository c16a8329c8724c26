"""Show the tour's step over the desk: what to do, with which key, and how to leave."""

from operator_console.model.keys import key_of
from operator_console.model.state import DeskModel
from operator_console.model.tour import tour_words
from operator_console.tui.lines import Line, Role, spread, wrapped
from operator_console.tui.widgets.line_pane import LineWidget

MOST_LINES = 3


class TourBox(LineWidget):
    """One line with the step and its key, and the text below."""

    def show(self, model: DeskModel) -> None:
        """Draw the step of now, or nothing when no tour is on."""
        self.display = model.tour is not None
        if model.tour is None:
            return
        title, keys, text = tour_words(model.tour, model.keys)
        width = max(self.screen.size.width - 2, 20)
        leave = key_of(model.keys, "tour.leave", "^t")
        head: Line = ((f" {title} ", Role.MENTION), ("  ", Role.PLAIN), (keys, Role.KEY))
        lines = [spread(head, (((leave), Role.KEY), (" leaves the tour", Role.DIM)), width)]
        lines += [((part, Role.STRONG),) for part in wrapped(text, width)[:MOST_LINES]]
        self.set_lines(tuple(lines))
        self.styles.height = len(lines)
