"""Read what Slack gave up bringing: messages since an instant, in channels and threads that are known.

Slack tries three times within minutes, then drops an event (https://docs.slack.dev/apis/events-api). What is read here
has the form of its events, and so the keys. Edits and deletions of that time are not told, nor what apps wrote.

Before: chats that were heard, and since when something may be missing. After: envelopes, oldest first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

import msgspec

from server.broker.ports.channels import Incoming, SendError, SendProblem
from server.channels.reading import list_at, number_at, text_at
from server.channels.slack_events import SAID, channel_and_thread
from server.log import get_log

PAGE: Final = 200
MOST_PAGES: Final = 10
_NOT_OURS: Final = frozenset({SendProblem.AUTH, SendProblem.GONE, SendProblem.INVALID, SendProblem.BLOCKED})
"""A channel that the app has left, or may not read: the others are read all the same."""
_log: Final = get_log(__name__)

Call = Callable[[str, Mapping[str, str]], Awaitable[object]]


class Missed:
    """What was said in a workspace while nobody heard."""

    def __init__(self, call: Call, chats: Sequence[str], since: datetime) -> None:
        """Read with `call`, which makes one call of the Web API."""
        self._call: Final = call
        self._since: Final = f"{since.timestamp():.6f}"
        places = [channel_and_thread(chat) for chat in chats]
        self._channels: Final = list(dict.fromkeys(channel for channel, _ in places))
        self._threads: Final = dict.fromkeys((channel, thread) for channel, thread in places if thread)

    async def read(self) -> AsyncIterator[Incoming]:
        """Yield what people wrote.

        Raises:
            SendError: Slack cannot be asked now.
        """
        for channel in self._channels:
            async for message in self._said("conversations.history", {"channel": channel}):
                yield _envelope(channel, message)
                if number_at(message, "reply_count"):
                    self._threads.setdefault((channel, text_at(message, "ts")), None)
        for channel, thread in self._threads:
            async for message in self._said("conversations.replies", {"channel": channel, "ts": thread}):
                if text_at(message, "ts") != thread:
                    yield _envelope(channel, message)

    async def _said(self, method: str, place: Mapping[str, str]) -> AsyncIterator[object]:
        """Yield the messages of people in one place, oldest first."""
        found: list[object] = []
        form = {**place, "oldest": self._since, "limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            try:
                page = await self._call(method, form)
            except SendError as error:
                if error.problem not in _NOT_OURS:
                    raise
                _log.warning("slack_not_read", method=method, reason=error.message)
                return
            found += list_at(page, "messages")
            more = text_at(page, "response_metadata", "next_cursor")
            if not more:
                break
            form["cursor"] = more
        for message in sorted(found, key=lambda one: text_at(one, "ts")):
            if text_at(message, "user") and not text_at(message, "bot_id") and text_at(message, "subtype") in SAID:
                yield message


def _envelope(channel: str, message: object) -> Incoming:
    """Return a message as an event of it would have come."""
    event = {**cast("dict[str, object]", message), "type": "message", "channel": channel}
    return Incoming(body=msgspec.json.encode({"type": "event_callback", "event": event}))
