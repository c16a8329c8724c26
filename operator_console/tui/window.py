"""Know the terminal's window: whether the operator looks at it, and how to send it bytes that draw nothing."""

import sys

from textual.events import AppBlur, AppFocus
from typing_extensions import override

from operator_console.tui.paced import PacedApp
from operator_console.tui.themes import DEFAULT_VARIABLES


class WindowApp(PacedApp):
    """An app that knows its window.

    Attributes:
        window_focused: The terminal said that the operator looks at it. Textual's own `app_focus` starts as True, also
            in a terminal that never tells; here one that never told counts as not looked at, so that alerts are heard.
    """

    window_focused: bool = False

    @override
    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes that are not ours the desk's own colours."""
        return dict(DEFAULT_VARIABLES)

    def on_app_focus(self, _event: AppFocus) -> None:
        """Take that the operator came to this window."""
        self.window_focused = True

    def on_app_blur(self, _event: AppBlur) -> None:
        """Take that the operator went to another window."""
        self.window_focused = False

    def send_bytes(self, text: str) -> None:
        """Send control sequences to the terminal, in order with what is drawn; nothing without a terminal.

        Textual has `bell` for one byte and nothing for the rest; its driver's own thread writes them between frames.
        """
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)


def send_after(text: str) -> None:
    """Send control sequences to the terminal of an app that ended: the driver is gone, its place is standard error."""
    if sys.__stderr__ is not None and sys.__stderr__.isatty():
        _ = sys.__stderr__.write(text)
        sys.__stderr__.flush()
