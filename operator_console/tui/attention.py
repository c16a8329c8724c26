"""Sound what `operator_console.model.attention` decides: bell or alert speaker, notification, the window's title.

Sequences: BEL; OSC 9 (iTerm2, WezTerm, Ghostty, kitty) and OSC 777 `notify` (urxvt, foot, VTE) for notifications; OSC 2
for the title, with CSI 22/23 t (xterm) to keep the old one. Inside tmux notifications go through its passthrough
(`set -g allow-passthrough on`). Before: the model changed. After: the bytes are with the terminal.
"""

import os
from collections.abc import Awaitable, Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from operator_console.clock import Clock
from operator_console.config import AttentionSettings
from operator_console.model.attention import (
    TEXT_CELLS,
    Alert,
    AttentionState,
    Cause,
    Rules,
    attention,
    still_calls,
    title,
)
from operator_console.model.select import my_call
from operator_console.model.state import DeskModel
from operator_console.tui.window import send_after
from server.wire.sanitize import clean_line

ESC: Final = "\x1b"
BEL: Final = "\x07"
ST: Final = f"{ESC}\\"
KEEP_TITLE: Final = f"{ESC}[22;2t"
"""Has the terminal put its title aside."""
GIVE_TITLE_BACK: Final = f"{ESC}]2;{ST}{ESC}[23;2t"
"""Takes it back; a terminal without that memory is left with an empty title, which its shell will fill."""

_ONE_IS_ENOUGH: Final = {"iTerm.app": 9, "WezTerm": 9, "ghostty": 9, "xterm-kitty": 9, "foot": 777}
"""Terminals (by TERM_PROGRAM or TERM) that would show the same notification twice, and the one to send them."""


class Window(Protocol):
    """What the alerts need of the app."""

    window_focused: bool

    def bell(self) -> None:
        """Sound the bell."""
        ...

    def send_bytes(self, text: str) -> None:
        """Send control sequences to the terminal."""
        ...

    def background(self, group: str, work: Awaitable[None]) -> None:
        """Do work beside the screen, ending the group's older work."""
        ...


class Rings(Protocol):
    """What the alerts need of the headset."""

    async def alert(self, *, urgent: bool, loud: bool, on: bool = True) -> None:
        """Call the operator on the alert speaker, once, or end that."""
        ...


def title_bytes(text: str) -> str:
    """Return the sequence that names the window."""
    return f"{ESC}]2;{clean_line(text, TEXT_CELLS)}{ST}"


def notification_bytes(text: str, environment: Mapping[str, str]) -> str:
    """Return the sequences of a desktop notification for the terminal that `environment` describes."""
    said = clean_line(text, TEXT_CELLS).replace(";", ",")
    ways = {9: f"{ESC}]9;Desk: {said}{BEL}", 777: f"{ESC}]777;notify;Desk;{said}{BEL}"}
    if environment.get("TMUX"):
        return "".join(through_tmux(way) for way in ways.values())
    names = (environment.get("TERM_PROGRAM", ""), environment.get("TERM", ""))
    known = next((_ONE_IS_ENOUGH[name] for name in names if name in _ONE_IS_ENOUGH), None)
    return "".join(ways.values()) if known is None else ways[known]


def through_tmux(sequence: str) -> str:
    """Return a sequence wrapped so that tmux hands it to the terminal outside: every ESC in it doubled."""
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{ST}"


class Attention:
    """The alerts of one screen."""

    def __init__(
        self,
        window: Window,
        headset: Rings,
        settings: AttentionSettings,
        clock: Clock,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take where to sound and how; `environment` is the process's own when not given."""
        self._window = window
        self._headset = headset
        self._ringing: Cause | None = None
        self._settings = settings
        self._clock = clock
        self._environment = os.environ if environment is None else environment
        self._rules = Rules(
            offer_repeat_seconds=settings.repeat_offer_seconds,
            overdue_repeat_seconds=settings.repeat_waiting_seconds,
            notify_first=settings.notify == "always",
        )
        self._heard = AttentionState()
        self._title = ""

    def follow(self, before: DeskModel, after: DeskModel) -> None:
        """Sound what the change from `before` to `after` asks for, and keep the window's title true."""
        if before is after:
            return
        heard = replace(self._heard, focused=self._window.window_focused)
        self._heard, alerts = attention(before, after, heard, self._clock.monotonic(), self._rules)
        self._hush(after)
        if after.headset.alerts_failed != before.headset.alerts_failed:
            self._window.bell()  # also where it is off: nobody must miss a call because a plug was pulled
        for alert in alerts:
            if after.headset.has_alert_speaker and not heard.focused:
                self._ring(alert, in_call=my_call(after) is not None)
            elif self._settings.bell:
                self._window.bell()
            if alert.notify and self._settings.notify != "off":
                self._window.send_bytes(notification_bytes(alert.text, self._environment))
        self._name_window(after)

    def _ring(self, alert: Alert, *, in_call: bool) -> None:
        """Sound an alert on its speaker; in a call it stays soft, since the caller may hear it."""
        self._ringing = alert.cause
        urgent, loud = alert.cause is not Cause.NEW, alert.again and not in_call
        self._window.background("alert", self._headset.alert(urgent=urgent, loud=loud))

    def _hush(self, model: DeskModel) -> None:
        """End the sound of an alert that is answered, claimed by somebody else, or seen."""
        if self._ringing is not None and (self._window.window_focused or not still_calls(model, self._ringing)):
            self._ringing = None
            self._window.background("alert", self._headset.alert(urgent=False, loud=False, on=False))

    def _name_window(self, model: DeskModel) -> None:
        text = title(model)
        if self._settings.title and text != self._title:
            self._window.send_bytes(title_bytes(text) if self._title else KEEP_TITLE + title_bytes(text))
            self._title = text

    def leave(self) -> None:
        """Give the window its old title back; call it when the screen is gone."""
        if self._title:
            send_after(GIVE_TITLE_BACK)
            self._title = ""
