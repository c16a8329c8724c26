"""Remember of each call what only the stack's trace shows: who sent its request, and where both sides' audio is."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from server.telephony.sip import trace

MOST_REMEMBERED: Final = 2_000
"""Requests remembered of calls that are not (yet) ours."""


@dataclass(slots=True)
class Seen:
    """What the trace showed of one dialogue."""

    peer: str = ""
    target: str = ""
    local_port: int = 0
    audio: trace.AudioPlace | None = None


class TraceReader(logging.Handler):
    """Hands what the stack traces to the loop."""

    def __init__(self, take: Callable[[trace.Traced], None]) -> None:
        """Call `take` in the running loop."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._take = take

    @override
    def emit(self, record: logging.LogRecord) -> None:
        seen = trace.read(record.getMessage())
        if seen is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, seen)


class Dialogues:
    """All dialogues whose first request was seen, by Call-ID."""

    def __init__(self) -> None:
        """Begin empty."""
        self._seen: Final[OrderedDict[str, Seen]] = OrderedDict()

    def find(self, sip_id: str) -> Seen | None:
        """Return what was seen of a dialogue."""
        return self._seen.get(sip_id)

    def forget(self, sip_id: str) -> None:
        """Drop one that is over."""
        self._seen.pop(sip_id, None)

    def take(self, shown: trace.Traced, live: Container[str]) -> Seen | None:
        """Take in one message; None when it begins no call and belongs to none. `live` are never forgotten."""
        sip_id = shown.sip_call_id
        seen = self._seen.get(sip_id)
        if seen is None:
            if shown.method != "INVITE":
                return None
            seen = self._seen[sip_id] = Seen()
            if len(self._seen) > MOST_REMEMBERED:
                self._forget_oldest(live)
        if shown.inbound and shown.method == "INVITE" and not seen.peer:
            seen.peer, seen.target = shown.peer, shown.target
        if shown.audio is not None and shown.inbound:
            seen.audio = shown.audio
        elif shown.audio is not None:
            seen.local_port = shown.audio.port
        return seen

    def _forget_oldest(self, live: Container[str]) -> None:
        for sip_id in list(self._seen)[: MOST_REMEMBERED // 10]:
            if sip_id not in live:
                del self._seen[sip_id]
