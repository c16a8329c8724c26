"""Take keys strictly one after the other, however fast they come: what is typed ahead goes where it was meant.

Textual hands a key to the widget with the focus and goes on to the next one at once; what a key is bound to happens
later, when it has bubbled up to the app. After `i` the first words of a fast typist (or of a slow line that delivers
them together) would still reach the queue, as commands. So the next key waits until the one before has bubbled up.
"""

import time
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from typing_extensions import override

PATIENCE_SECONDS: Final = 0.5
"""The longest that one key holds up the next: a widget that went away must not stop the keyboard."""


class KeysInOrder(App[int]):
    """An app that handles a key only when the key before it has done its work."""

    _on_its_way: bool = False
    _since: float = 0.0

    def _waiting_keys(self) -> deque[events.Key]:
        """Return the keys that came while another was on its way."""
        if not hasattr(self, "_ahead"):
            self._ahead: deque[events.Key] = deque()
        return self._ahead

    @override
    async def on_event(self, event: events.Event) -> None:
        """Pass the event on; a key only when the last one has landed."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting_keys().append(event)
        if not self._on_its_way or time.monotonic() - self._since > PATIENCE_SECONDS:
            await self._send_next()

    async def _send_next(self) -> None:
        """Give the next key to whatever has the focus now, and follow it up to the app."""
        self._on_its_way = bool(self._waiting_keys())
        if not self._on_its_way:
            return
        self._since = time.monotonic()
        screen = self.screen
        taker = self.focused or screen
        await super().on_event(self._waiting_keys().popleft())
        self._follow(taker, screen)

    def _follow(self, pump: MessagePump | None, screen: Screen[object]) -> None:
        """Go the way of the key, from pump to parent, each time behind it in the line."""
        if pump is None or pump is self or not pump.call_later(self._follow, pump._parent, screen):
            _ = self.call_later(self._landed, screen)

    async def _landed(self, screen: Screen[object]) -> None:
        """Let a screen that the key opened get ready, then send the next key."""
        if self.screen is not screen and self.screen.call_later(self.call_later, self._send_next):
            return
        await self._send_next()
