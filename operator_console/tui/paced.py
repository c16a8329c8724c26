"""Paint no faster than the terminal takes it: over a slow line the newest picture counts, not all on the way to it.

Textual puts each frame into a line of thirty and then waits, keys, clocks and the connection with it; at 20 kB a second
such a line is half a minute long, and the broker hangs up after three seconds of silence.
"""

from typing import Final

from rich.console import RenderableType
from textual.app import ScreenStackError
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from typing_extensions import override

from operator_console.tui.keys_in_order import KeysInOrder

MOST_WRITES: Final = 3
"""So many writes may wait for the terminal (a frame is one to three); what is drawn meanwhile is left out."""
AGAIN_SECONDS: Final = 0.05
"""So often it is looked whether the terminal has taken them."""


class PacedApp(KeysInOrder):
    """An app that leaves out frames which the terminal is too slow for, and then paints the whole picture once."""

    _owes_picture: bool = False

    def writes_waiting(self) -> int:
        """Return how many writes the terminal has not taken yet."""
        writer = self._driver._writer_thread if isinstance(self._driver, LinuxDriver) else None  # pyright: ignore[reportPrivateUsage]
        return writer._queue.qsize() if writer is not None else 0  # pyright: ignore[reportPrivateUsage]

    @override
    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Paint, unless too much waits to be painted already."""
        if self.writes_waiting() < MOST_WRITES:
            super()._display(screen, renderable)  # pyright: ignore[reportUnknownMemberType]
        elif not self._owes_picture:
            self._owes_picture = True
            self.set_timer(AGAIN_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        """Paint everything once the terminal has taken what waited."""
        if self.writes_waiting():
            self.set_timer(AGAIN_SECONDS, self._catch_up)
            return
        self._owes_picture = False
        try:
            _ = self.screen.refresh()
        except ScreenStackError:
            return
