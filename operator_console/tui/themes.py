"""Give the desk its looks: a calm dark one, a light one, one of high contrast, and one of the terminal's own colours.

Sixteen colours can't show the calm ones (most would become one grey), and `NO_COLOR` asks for none: there the desk
wears the terminal's own, and what a background tells elsewhere is told by reverse video.
"""

from typing import Final, TypeVar

from textual.app import App
from textual.filter import Monochrome, NoColor
from textual.theme import Theme

DEFAULT_VARIABLES: Final = {
    "desk-dim": "#8A96A5",
    "desk-cursor": "#26415F",
    "desk-cursor-dim": "#3A424D",
    "desk-flash": "#40351F",
}
"""What the desk's own colours are in themes that do not set them (solid: a line's style knows no transparency)."""

THEMES: Final = (
    Theme(
        name="desk-dark",
        primary="#3B6EA8",
        secondary="#7FA3C7",
        accent="#E3B25C",
        foreground="#D8DEE6",
        background="#12161C",
        surface="#191F27",
        panel="#1F2731",
        success="#6BBF8A",
        warning="#E0A64B",
        error="#E5686A",
        dark=True,
        variables={
            "desk-dim": "#8A96A5",
            "desk-cursor": "#26415F",
            "desk-cursor-dim": "#232B36",
            "desk-flash": "#40351F",
        },
    ),
    Theme(
        name="desk-light",
        primary="#8FB3DC",
        secondary="#2F5D8C",
        accent="#8A4B00",
        foreground="#1B222B",
        background="#FBFBF8",
        surface="#F1F1EC",
        panel="#E4E6E3",
        success="#1D6B3A",
        warning="#8A5200",
        error="#B3261E",
        dark=False,
        variables={
            "desk-dim": "#5C6670",
            "desk-cursor": "#BFD7F2",
            "desk-cursor-dim": "#E2E5E4",
            "desk-flash": "#EBDCC0",
        },
    ),
    Theme(
        name="desk-contrast",
        primary="#0050FF",
        secondary="#FFFFFF",
        accent="#FFFF00",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#202020",
        success="#00FF66",
        warning="#FFD000",
        error="#FF5050",
        dark=True,
        variables={
            "desk-dim": "#C8C8C8",
            "desk-cursor": "#0038B8",
            "desk-cursor-dim": "#303030",
            "desk-flash": "#3A2F00",
        },
    ),
    Theme(
        name="desk-terminal",
        primary="ansi_blue",
        secondary="ansi_cyan",
        accent="ansi_yellow",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        dark=True,
        ansi=True,
        variables={
            "desk-dim": "ansi_default",
            "desk-cursor": "ansi_default",
            "desk-cursor-dim": "ansi_default",
            "desk-flash": "ansi_default",
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
            "border-blurred": "ansi_default",
            "block-cursor-foreground": "ansi_default",
            "block-cursor-background": "ansi_default",
            "block-cursor-text-style": "reverse",
            "input-cursor-background": "ansi_default",
            "input-cursor-foreground": "ansi_default",
            "input-cursor-text-style": "reverse",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": "ansi_black",
        },
    ),
)
"""What `App.register_theme` is given at start."""


TERMINAL_COLOURS: Final = "desk-terminal"
CALM: Final = frozenset({"desk-dark", "desk-light"})
"""Themes that need more than sixteen colours."""

Result = TypeVar("Result")


def dress(app: App[Result], name: str) -> None:
    """Give the app our themes, and put one on; under `NO_COLOR` the terminal's own, without its colours."""
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = TERMINAL_COLOURS if app.no_color else name
    if app.no_color:  # chosen before the theme was known, Textual's own filter would leave greys
        app._filters = [NoColor() if isinstance(one, Monochrome) else one for one in app._filters]  # pyright: ignore[reportPrivateUsage]


def fit(app: App[Result]) -> None:
    """Change into the terminal's own colours where this terminal has too few for the theme."""
    if app.theme in CALM and app.console.color_system == "standard":
        app.theme = TERMINAL_COLOURS
