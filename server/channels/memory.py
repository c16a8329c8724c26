"""Be a platform in memory, for the demo, measurements and tests: it keeps what it got, and fails when told to."""

import hmac
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Final

import msgspec

from server.broker.ports.channels import (
    Answer,
    ChannelEvent,
    Incoming,
    Limits,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
)
from server.channels.own_json import events_of
from server.core.errors import NotAuthenticatedError

SECRET: Final = "in-memory"  # noqa: S105 - proves nothing to anybody outside this process
LIMITS: Final = Limits(
    longest=200, files=True, edits=True, typing=True, per_chat_seconds=0.0, per_account_a_second=1_000_000.0
)
PIECE_BYTES: Final = 65_536


@dataclass(slots=True)
class Posted:
    """One message that the platform has: `text` as it stands now."""

    id: str
    part: Part
    text: str
    deleted: bool = False


@dataclass(slots=True)
class MemoryPlatform:
    """What the platform knows and does next.

    Attributes:
        posted: Every message it has, in the order it got them.
        attempts: Every call, also those that failed.
        faults: What the next calls come to, in order; None: it works. UNKNOWN_OUTCOME keeps the message all the same.
        fault: Decides for each call when `faults` is empty.
        typed: Chats in which we typed.
        files: Bytes by handle.
        sick: What `health` says.
        wrote: What customers wrote, by its instant, for those who ask for it afterwards.
    """

    posted: list[Posted] = field(default_factory=list[Posted])
    attempts: list[Part] = field(default_factory=list[Part])
    faults: deque[SendError | None] = field(default_factory=deque[SendError | None])
    fault: Callable[[Part], SendError | None] = lambda _part: None
    typed: list[str] = field(default_factory=list[str])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    sick: str = ""
    wrote: list[tuple[datetime, Mapping[str, object]]] = field(
        default_factory=list[tuple[datetime, Mapping[str, object]]]
    )

    def texts(self, chat: str) -> list[str]:
        """Return what stands in a chat from us, in order; of a file its name."""
        found = [one for one in self.posted if one.part.chat == chat and not one.deleted]
        return [one.text or (one.part.file.name if one.part.file else "") for one in found]


class MemoryChannel:
    """One account on a platform in memory; what a request holds is our own JSON, shown a secret."""

    def __init__(self, platform: MemoryPlatform | None = None, limits: Limits = LIMITS) -> None:
        """Speak with `platform`."""
        self.platform: Final = platform or MemoryPlatform()
        self._limits: Final = limits
        self._numbers: Final = count(1)
        self._known: Final[dict[str, str]] = {}

    @property
    def limits(self) -> Limits:
        """What this platform allows."""
        return self._limits

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Answer a question of the form `?challenge=...`."""
        asked = incoming.query.get("challenge", "")
        return Answer(body=asked.encode()) if incoming.method == "GET" else None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Compare the secret."""
        if not hmac.compare_digest(incoming.headers.get("x-secret", "").encode(), SECRET.encode()):
            raise NotAuthenticatedError("bad_signature", "The request does not show the secret.")

    def parse(self, incoming: Incoming) -> Sequence[ChannelEvent]:
        """Return everything in it."""
        return events_of(incoming.body)

    async def send(self, part: Part) -> str:
        """Keep one message, unless told to fail; one whose key is known is kept once where the platform is keyed."""
        self.platform.attempts.append(part)
        error = self.platform.faults.popleft() if self.platform.faults else self.platform.fault(part)
        if error is not None and error.problem is not SendProblem.UNKNOWN_OUTCOME:
            raise error
        known = self._known.get(part.key) if self._limits.keyed else None
        if known is None:
            known = self._known[part.key] = f"p{next(self._numbers)}"
            self.platform.posted.append(Posted(known, part, part.text))
        if error is not None:
            raise error
        return known

    async def edit(self, chat: str, message_id: str, text: str) -> None:
        """Change a message."""
        for one in self.platform.posted:
            if one.id == message_id and one.part.chat == chat:
                one.text, one.deleted = text, not text
                return
        raise SendError(SendProblem.GONE, "There is no such message.")

    async def typing(self, chat: str) -> None:
        """Note it."""
        self.platform.typed.append(chat)

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes."""
        content = self.platform.files.get(file.handle)
        if content is None:
            raise SendError(SendProblem.GONE, "The platform does not keep the file any more.")
        for start in range(0, len(content), PIECE_BYTES):
            yield content[start : start + PIECE_BYTES]

    async def missed(self, chats: Sequence[str], since: datetime) -> AsyncIterator[Incoming]:
        """Yield what was written in these chats since then."""
        if self.platform.sick:
            raise SendError(SendProblem.RETRY, self.platform.sick)
        for at, event in self.platform.wrote:
            if at >= since and event["chat"] in chats:
                yield incoming(event)

    async def health(self) -> str:
        """Return what is wrong."""
        return self.platform.sick

    async def close(self) -> None:
        """Nothing is open."""


def incoming(*events: Mapping[str, object]) -> Incoming:
    """Return a genuine request with these events, in our own JSON."""
    return Incoming(headers={"x-secret": SECRET}, body=msgspec.json.encode({"events": list(events)}))
