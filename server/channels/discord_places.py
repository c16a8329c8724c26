"""Remember, by channel, the newest message that was kept: where to read on after a gap."""

from typing import Final

import msgspec

MOST: Final = 200
"""So many channels are remembered, those that spoke last; the cursor is written with every message."""


class _Cursor(msgspec.Struct):
    newest: dict[str, str] = {}


_decoder: Final = msgspec.json.Decoder(_Cursor)


class Places:
    """The newest message of each channel. Discord's ids grow with time."""

    def __init__(self, cursor: str) -> None:
        """Go on where `cursor` says; from now on when it is empty, or none."""
        self._newest: Final[dict[str, int]] = {}
        try:
            written = _decoder.decode(cursor or "{}")
        except msgspec.MsgspecError:
            written = _Cursor()
        for channel, message_id in written.newest.items():
            self.passed(channel, message_id)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are remembered."""
        return tuple(self._newest)

    @property
    def cursor(self) -> str:
        """What to go on from."""
        return msgspec.json.encode(_Cursor({name: str(place) for name, place in self._newest.items()})).decode()

    def passed(self, channel: str, message_id: str) -> None:
        """Remember a message; an older one, or what is no id, changes nothing."""
        if not message_id.isascii() or not message_id.isdigit() or not channel:
            return
        place = max(int(message_id), self._newest.pop(channel, 0))
        self._newest[channel] = place
        if len(self._newest) > MOST:
            del self._newest[min(self._newest, key=lambda name: self._newest[name])]

    def missed(self, channel: str, last_message_id: str) -> bool:
        """Tell whether a channel's last message came after everything that was kept."""
        if not self._newest or not last_message_id.isascii() or not last_message_id.isdigit():
            return False
        return int(last_message_id) > int(self.since(channel))

    def since(self, channel: str) -> str:
        """Return the message after which to read: the channel's newest, or the newest of all for a new channel."""
        return str(self._newest.get(channel) or max(self._newest.values(), default=0))

    def forget(self, channel: str) -> None:
        """Forget a channel that is gone."""
        self._newest.pop(channel, None)
