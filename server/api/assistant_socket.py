"""Stream to one assistant what happens to its conversations, from any number on.

Text frames, each one event of docs/protocol.md. An assistant that cannot keep up is cut off and resumes with `after`.
It may report on the same socket how far operators' messages got.

Before: an assistant connects with its key. After: on `conversation.returned` it speaks again.
"""

import asyncio
from typing import Final

import msgspec
from litestar.exceptions import WebSocketDisconnect

from server.api.auth import Gate, require_assistant
from server.api.errors import body_of
from server.api.sockets import GOING_AWAY, POLICY, TOO_SLOW, Outlet, Socket, deny
from server.broker.broker import Broker
from server.broker.feed import FeedBatch, Subscription
from server.broker.passing import Listener
from server.broker.ports.records import Principal
from server.core.errors import CallerError, ConflictError, HandoffError
from server.tasks import spawn
from server.wire import codec
from server.wire.events import MessageAdded, MessageChanged
from server.wire.frames import FromAssistant, Refused
from server.wire.requests import DeliveryReport
from server.wire.terms import Author

_frames: Final[msgspec.json.Decoder[FromAssistant]] = msgspec.json.Decoder(FromAssistant)


async def serve_assistant(socket: Socket, broker: Broker, gate: Gate) -> None:
    """Authenticate one assistant and stream to it until it is gone."""
    try:
        principal = await gate.principal(socket.headers.get("authorization"))
        require_assistant(principal)
        after = await _start(broker, principal, socket.query_params.get("after"))
    except HandoffError as error:
        await deny(socket, error)
        return
    await socket.accept()
    await _stream(socket, broker, principal, after)


async def _start(broker: Broker, principal: Principal, wanted: str | None) -> int:
    """Return the number to go on from: the newest when none was asked for.

    Raises:
        CallerError: `bad_after`.
        ConflictError: `events_gone`.
    """
    if wanted is not None and (not wanted.isdigit() or len(wanted) > 15):
        raise CallerError("bad_after", "`after` is not a number.", "Use the seq of the last event you handled.")
    kept_from, last = await broker.parts.database.read(
        lambda unit: (
            unit.views.oldest_seq(principal.organisation_id),
            unit.views.last_seq(principal.organisation_id),
        )
    )
    after = last if wanted is None else int(wanted)
    if after < kept_from - 1 or after > last:
        raise ConflictError(
            "events_gone",
            "Events after that number are not kept.",
            "Read your conversations again, then connect without `after`.",
            {"oldest": str(kept_from), "newest": str(last)},
        )
    return after


async def _stream(socket: Socket, broker: Broker, principal: Principal, after: int) -> None:
    """Send events until the assistant goes, is too slow, or loses its key."""
    outlet = Outlet(socket)
    revoked = asyncio.Event()
    listener = Listener(
        principal.organisation_id, principal.id, console=False, tell=outlet.send_later, close=revoked.set
    )
    subscription = await broker.feed.subscribe(principal.organisation_id, after)
    broker.passing.add(listener)
    tasks = [
        spawn("assistant_send", _send(outlet, subscription, principal.id)),
        spawn("assistant_read", _read(socket, outlet, broker, principal)),
        spawn("assistant_revoked", _close_when(revoked, outlet)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        broker.feed.unsubscribe(principal.organisation_id, subscription)
        broker.passing.remove(listener)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await outlet.close(GOING_AWAY, "bye")


async def _send(outlet: Outlet, subscription: Subscription, key_id: str) -> None:
    """Pass on what concerns this key."""
    while (batch := await subscription.next()) is not None:
        for frame in frames_for(batch, key_id):
            if not await outlet.send(frame):
                return
    await outlet.close(TOO_SLOW, "too slow: reconnect with after")


async def _read(socket: Socket, outlet: Outlet, broker: Broker, principal: Principal) -> None:
    """Take in reports until the assistant is gone; what can't be taken is answered, and read on."""
    while True:
        try:
            text = await socket.receive_text()
        except (WebSocketDisconnect, RuntimeError):
            return
        refused = await _taken(text, broker, principal)
        if refused is not None:
            outlet.send_later(codec.encode(refused))


async def _taken(text: str, broker: Broker, principal: Principal) -> Refused | None:
    """Take one report, or return why not."""
    try:
        frame = codec.decode(text, _frames)
    except codec.WireError as error:
        return Refused(error=error.body)
    report = DeliveryReport(delivery=frame.delivery, failure=frame.failure)
    try:
        await broker.messages.report(principal, frame.conversation_id, frame.message_id, report)
    except HandoffError as error:
        return Refused(error=body_of(error), message_id=frame.message_id)
    return None


async def _close_when(revoked: asyncio.Event, outlet: Outlet) -> None:
    """Close the socket when its key is revoked."""
    await revoked.wait()
    await outlet.close(POLICY, "token_revoked")


def frames_for(batch: FeedBatch, key_id: str) -> list[bytes]:
    """Return the batch's events about this key's conversations, without internal notes."""
    return [codec.encode(item.event) for item in batch.fed if item.key_id == key_id and not _is_note(item.event)]


def _is_note(event: object) -> bool:
    """Tell whether an event shows an internal note."""
    return isinstance(event, MessageAdded | MessageChanged) and event.message.author is Author.NOTE
