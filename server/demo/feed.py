"""Follow the desk's event stream as an assistant platform does: in order, and on from the last number after a break."""

import asyncio
from typing import Final

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.clock import Clock
from server.demo.case import Case, conversation_of
from server.log import get_log
from server.wire.codec import WireError, decode
from server.wire.events import Event
from server.wire.frames import OperatorTyping
from server.wire.version import USER_AGENT

RETRY_SECONDS: Final = 0.5
MAX_EVENT_BYTES: Final = 8 * 1024 * 1024
"""A return carries up to 200 turns; other events are far shorter."""
_log = get_log(__name__)


class AssistantFeed:
    """The event stream of one assistant key, dealt out to the cases it is about."""

    def __init__(self, socket_url: str, key: str, clock: Clock) -> None:
        """Follow the desk at `socket_url` (ws://host:port) with an assistant's key, from the first event on."""
        self.seq = 0
        self.connected: Final = asyncio.Event()
        self._url: Final = f"{socket_url}/v1/assistant/events"
        self._key: Final = key
        self._clock: Final = clock
        self._cases: Final[dict[str, Case]] = {}

    def follow(self, case: Case) -> None:
        """Deal the events of this conversation to `case` from now on."""
        self._cases[case.conversation.id] = case

    def forget(self, case: Case) -> None:
        """Stop following a conversation."""
        self._cases.pop(case.conversation.id, None)

    async def run(self) -> None:
        """Follow until cancelled; a broken connection is opened again at the last number."""
        while True:
            try:
                await self._follow_once()
            except (OSError, TimeoutError, WebSocketException, WireError) as error:
                _log.info("assistant_feed_broke", reason=str(error), after=self.seq)
            self.connected.clear()
            await self._clock.sleep(RETRY_SECONDS)

    async def _follow_once(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        async with connect(
            f"{self._url}?after={self.seq}",
            additional_headers=headers,
            user_agent_header=USER_AGENT,
            max_size=MAX_EVENT_BYTES,
            proxy=None,
        ) as socket:
            self.connected.set()
            try:
                async for frame in socket:
                    self.deal(decode(frame, _decoder, MAX_EVENT_BYTES))
            except ConnectionClosed as error:
                _log.info("assistant_feed_closed", reason=str(error), after=self.seq)

    def deal(self, event: Event | OperatorTyping) -> None:
        """Give one event to the case it is about; that the operator writes is shown to no scripted customer."""
        if isinstance(event, OperatorTyping):
            return
        self.seq = max(self.seq, event.seq)
        case = self._cases.get(conversation_of(event))
        if case is not None:
            case.apply(event)


_decoder: Final[msgspec.json.Decoder[Event | OperatorTyping]] = msgspec.json.Decoder(Event | OperatorTyping)
