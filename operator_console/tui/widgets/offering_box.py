"""Give a box of text a list of offers under it: arrows pick, tab or enter takes one, esc closes the list."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.widgets.input import Selection
from typing_extensions import override

from operator_console.model.offers import Offer
from operator_console.tui.widgets.completions import Completions


class OfferingBox(Input):
    """A box that asks `offers` at every change what could be meant; subclasses say what keys do without a list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "pick(-1)", show=False),
        Binding("down", "pick(1)", show=False),
        Binding("tab", "complete", show=False),
        Binding("escape", "close_list", show=False),
    ]

    completions: Completions
    offers: Callable[[str, int], Sequence[Offer]]

    def look(self) -> None:
        """Ask anew what could be meant; a box without the focus offers nothing."""
        if not self.is_mounted:
            return
        self.completions.offer(self.offers(self.value, self.cursor_position) if self.has_focus else ())

    @override
    def _watch_value(self, value: str) -> None:
        super()._watch_value(value)
        self.look()

    @override
    def _watch_selection(self, selection: Selection) -> None:
        """Look once more: the cursor follows a change of the text."""
        super()._watch_selection(selection)
        self.look()

    def on_blur(self) -> None:
        """Close the list: the keys are elsewhere."""
        self.completions.offer(())

    def on_focus(self) -> None:
        """Offer again what the text asks for."""
        self.look()

    def action_pick(self, step: int) -> None:
        """Move in the list; without one the arrow means something else."""
        if not self.completions.open:
            self.step(step)
        self.completions.move(step)

    def step(self, _step: int) -> None:
        """Take an arrow when no list is open: here, let whatever is around the box have it."""
        raise SkipAction

    def action_complete(self) -> None:
        """Put the picked offer into the box; without a list tab goes on to the next box or pane."""
        if not self.take_offer():
            raise SkipAction

    def action_close_list(self) -> None:
        """Close the list first; without one esc leaves."""
        if self.completions.open:
            self.completions.offer(())
        else:
            self.left()

    def left(self) -> None:
        """Leave the box: here, let whatever is around it have the key."""
        raise SkipAction

    def take_offer(self) -> bool:
        """Put the picked offer into the box; tell whether there was one."""
        picked = self.completions.picked
        if picked is None:
            return False
        self.completions.offer(())
        self.value = picked.text
        self.cursor_position = picked.cursor
        self.look()
        return True

    @override
    async def action_submit(self) -> None:
        """Take the picked offer; only without a list the text is handed over."""
        if not self.take_offer():
            await super().action_submit()
