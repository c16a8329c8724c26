"""Order and filter the list as the operator asks, and remember the order from one start of the console to the next."""

from pathlib import Path
from typing import Final, Protocol

from operator_console.model.inputs import Filtered, Input, Noticed, Sorted, Tone
from operator_console.model.listing import Sort
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.view_file import KeptView, ViewFile


class Arranged(Protocol):
    """What this needs of the app."""

    @property
    def desk_screen(self) -> DeskScreen:
        """The main screen."""
        ...

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...


class Arrangement:
    """The list's order and filter."""

    def __init__(self, host: Arranged, state_dir: Path | None) -> None:
        """Take the app, and where the order is kept; None keeps nothing."""
        self._host = host
        self._file: Final = ViewFile(state_dir) if state_dir else None

    def restore(self) -> None:
        """Order the list as it was ordered last time."""
        if self._file is not None:
            self._host.dispatch(Sorted(self._file.read().sort))

    def sort_by(self, sort: Sort) -> None:
        """Order the list, now and at the next start."""
        self._host.dispatch(Sorted(sort), Noticed(f"Ordered by {sort}."))
        problem = self._file.write(KeptView(sort=sort)) if self._file else ""
        if problem:
            self._host.dispatch(Noticed(f"The order can't be kept: {problem}", Tone.WARNING))

    def filter_by(self, text: str) -> None:
        """Show what a filter lets through, the filter in its box."""
        screen = self._host.desk_screen
        screen.open_find(text.strip())
        screen.find.display = bool(text.strip())
        screen.set_focus(screen.queue)
        self._host.dispatch(Filtered(text))
