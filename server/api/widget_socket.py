"""Be the socket of one page: tell its visitor what happens in their chat and call, and take in typing and receipts.

The page says hello with its token within 5 s. It gets the newest turns and how things stand, then every change.
Before: a web page was opened whose visitor wrote or called. After: it is closed, and comes back by itself.
"""

import asyncio
from typing import Final

import msgspec
from litestar.exceptions import WebSocketDisconnect

from server.api.errors import body_of
from server.api.sockets import GOING_AWAY, POLICY, TOO_SLOW, Outlet, Socket
from server.api.widget_door import Door
from server.broker.page_feed import PageReader
from server.broker.ports.visitors import Visitor
from server.broker.talk_state import shown
from server.core.errors import HandoffError, ProviderError
from server.tasks import spawn
from server.wire import codec
from server.wire.events import Event, MessageAdded, MessageChanged
from server.wire.terms import ConversationId
from server.wire.widget import (
    FromVisitor,
    Receipts,
    Stage,
    TalkState,
    VisitHello,
    VisitorTypes,
    VisitPing,
    VisitPong,
    VisitRefused,
    VisitState,
    VisitTurns,
)

HELLO_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 70.0
"""A page that says nothing for so long, not even a ping, is gone."""
LEAST_SECONDS: Final = 0.25
"""How long a page's state stands before it is looked at again; while waiting, others' moves may be many."""
MOST_FRAME_BYTES: Final = 16 * 1024

_frames: Final[msgspec.json.Decoder[FromVisitor]] = msgspec.json.Decoder(FromVisitor)


async def serve_page(socket: Socket, door: Door) -> None:
    """Serve one page until it is gone; the socket is open already."""
    outlet = Outlet(socket)
    try:
        hello = await _hello(socket)
        visitor = await door.visits.visitor(hello.token if hello is not None else "")
    except HandoffError as error:
        await outlet.send(codec.encode(VisitRefused(error=body_of(error))))
        await outlet.close(POLICY, error.code)
        return
    page = _Page(visitor, outlet, door)
    await page.run(socket, hello.after if hello is not None else 0)


async def _hello(socket: Socket) -> VisitHello | None:
    """Return the first frame; None when it is no hello, or came too late."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            frame = codec.decode(await socket.receive_text(), _frames, MOST_FRAME_BYTES)
    except (codec.WireError, TimeoutError, WebSocketDisconnect, RuntimeError):
        return None
    return frame if isinstance(frame, VisitHello) else None


class _Page:
    """One open page."""

    def __init__(self, visitor: Visitor, outlet: Outlet, door: Door) -> None:
        self._visitor = visitor
        self._outlet: Final = outlet
        self._door: Final = door
        self._told: VisitState | None = None
        self._shown: ConversationId = ConversationId("")

    async def run(self, socket: Socket, after: int) -> None:
        """Tell and listen until one of both ends."""
        reader = await self._door.pages.open(self._visitor.organisation_id, self._visitor.id)
        tasks = [
            spawn("page_tell", self._tell(reader, after)),
            spawn("page_listen", self._listen(socket)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._door.pages.close(reader)
            self._show(ConversationId(""))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._outlet.close(GOING_AWAY, "bye")

    async def _tell(self, reader: PageReader, after: int) -> None:
        """Send the newest turns, then every change, and the state whenever it is another."""
        try:
            while (events := await reader.next()) is not None:
                self._visitor = await self._door.visits.again(self._visitor)
                self._door.pages.follow(reader, (self._visitor.conversation_id, self._visitor.call_id))
                if self._visitor.conversation_id != self._shown:
                    await self._begin(after)
                    after = 0
                else:
                    await self._send_turns(events)
                await self._send_state(reader)
                await self._door.visits.clock.sleep(0 if events else LEAST_SECONDS)
        except ProviderError as error:
            await self._outlet.close(GOING_AWAY, error.code)
        await self._outlet.close(TOO_SLOW, "too slow: come back")

    async def _begin(self, after: int) -> None:
        """Show another chat: its newest turns, and all that the page has not seen."""
        self._show(self._visitor.conversation_id)
        turns = await self._door.talk.turns(self._visitor, after=after)
        whole = VisitTurns(messages=turns.messages, whole=True, more=turns.more, conversation_id=self._shown)
        await self._send(whole)

    def _show(self, conversation_id: ConversationId) -> None:
        """Let typing in this conversation reach the page, and in no other."""
        if self._shown:
            self._door.passing.remove_page(self._shown, self._outlet.send_later)
        self._shown = conversation_id
        if conversation_id:
            self._door.passing.add_page(conversation_id, self._outlet.send_later)

    async def _send_turns(self, events: list[Event]) -> None:
        told = [event.message for event in events if isinstance(event, MessageAdded | MessageChanged)]
        seen = [shown(message) for message in told if message.conversation_id == self._shown]
        messages = tuple(one for one in seen if one is not None)
        if messages:
            await self._send(VisitTurns(messages=messages))

    async def _send_state(self, reader: PageReader) -> None:
        chat, call = await self._door.visits.state(self._visitor)
        reader.waiting = Stage.WAITING in {chat.stage, (call or TalkState()).stage}
        state = VisitState(chat=chat, call=call)
        if state != self._told:
            self._told = state
            await self._send(state)

    async def _send(self, frame: VisitTurns | VisitState | VisitPong | VisitRefused) -> None:
        await self._outlet.send(codec.encode(frame))

    async def _listen(self, socket: Socket) -> None:
        """Take in what the page says until it is gone, or says nothing for too long."""
        while True:
            try:
                async with asyncio.timeout(SILENT_SECONDS):
                    text = await socket.receive_text()
            except (TimeoutError, WebSocketDisconnect, RuntimeError):
                return
            try:
                self._door.throttle.take("frame", self._visitor.id)
                await self._take(codec.decode(text, _frames, MOST_FRAME_BYTES))
            except codec.WireError as error:
                await self._send(VisitRefused(error=error.body))
            except HandoffError as error:
                await self._send(VisitRefused(error=body_of(error)))

    async def _take(self, frame: FromVisitor) -> None:
        match frame:
            case VisitorTypes(on=on):
                await self._door.talk.types(self._visitor, on=on)
            case Receipts(ids=ids, delivery=delivery):
                await self._door.talk.receipts(self._visitor, ids, delivery)
            case VisitPing():
                await self._send(VisitPong())
            case VisitHello():
                pass
