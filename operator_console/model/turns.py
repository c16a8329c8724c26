"""Keep the turns of one conversation in order, from whatever pieces arrive, and know what is missing."""

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from server.wire.views import MessageView


class Turns(msgspec.Struct, frozen=True):
    """What is known of one conversation.

    Attributes:
        messages: Sorted by position, each position once.
        loaded: The broker was asked for all turns since the last snapshot.
    """

    messages: tuple[MessageView, ...] = ()
    loaded: bool = False

    @property
    def last_position(self) -> int:
        """The position of the newest turn known; 0 when none is."""
        return self.messages[-1].position if self.messages else 0

    @property
    def whole(self) -> bool:
        """Whether no turn is missing before the newest one known."""
        return len(self.messages) == self.last_position

    def at(self, position: int) -> MessageView | None:
        """Return the turn at this position, when it is known."""
        at = bisect_left(self.messages, position, key=_position)
        return self.messages[at] if at < len(self.messages) and self.messages[at].position == position else None

    def missing_after(self) -> int:
        """Return the last position up to which nothing is missing: ask for the turns after it."""
        if self.whole:
            return self.last_position
        position = 0
        for message in self.messages:
            if message.position != position + 1:
                break
            position = message.position
        return position

    def with_turn(self, message: MessageView) -> "Turns":
        """Return these turns with one added, or replaced when its position is known; an older version is old news."""
        messages = self.messages
        if message.position > self.last_position:
            return replace(self, messages=(*messages, message))
        at = bisect_left(messages, message.position, key=_position)
        known = messages[at].position == message.position
        if known and (messages[at] == message or message.version < messages[at].version):
            return self
        return replace(self, messages=(*messages[:at], message, *messages[at + known :]))

    def with_turns(self, messages: Iterable[MessageView], *, loaded: bool = False) -> "Turns":
        """Return these turns with many added; `loaded` says that they answer a question for all of them."""
        by_position = {message.position: message for message in self.messages}
        for message in messages:
            known = by_position.get(message.position)
            if known is None or message.version >= known.version:
                by_position[message.position] = message
        return Turns(
            messages=tuple(by_position[position] for position in sorted(by_position)), loaded=self.loaded or loaded
        )


_position = attrgetter("position")
