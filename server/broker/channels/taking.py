"""Take what platforms sent: understand each kept request, and take each event in it once, in the order of its chat.

A request that an adapter or we stumble over is kept with its error, and the others go on. Before: `door` has kept a
request. After: `events` has changed conversations, or `channels check` shows what could not be taken.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.channels.door import TAKER_SECONDS, again, raw
from server.broker.channels.events import Events, NotYet
from server.broker.parts import Parts
from server.broker.ports.channel_store import KeptRequest, RequestState
from server.broker.ports.channels import Account, ChannelEvent
from server.broker.ports.store import Unit
from server.core.errors import ConflictError, HandoffError, ProviderError
from server.log import get_log
from server.wire.sanitize import clean_line

MOST_AT_ONCE: Final = 64
"""How many requests one round takes."""
PAUSES_SECONDS: Final = (1.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
MOST_ATTEMPTS: Final = 30
IDLE_SECONDS: Final = 1.0
_MENDABLE: Final = frozenset({"no_assistant"})
"""Refusals that somebody can mend while we try again."""
_log = get_log(__name__)


@dataclass(slots=True)
class _Found:
    """One request with what is in it, and what became of that."""

    request: KeptRequest
    account: Account | None
    events: Sequence[ChannelEvent] = ()
    errors: list[str] = field(default_factory=list[str])
    retry: bool = False


class Taking:
    """Whoever takes what came in."""

    def __init__(self, parts: Parts, boot: str, events: Events) -> None:
        """Take as the broker of this boot id; `loop` runs for ever, `run_due` once."""
        self._parts = parts
        self._boot = boot
        self._events = events
        self._alarm = Alarm(parts.clock)

    def wake(self) -> None:
        """Look at what waits now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Take what comes, for ever."""
        while True:
            await self.run_due()
            await self._alarm.wait(IDLE_SECONDS)

    async def run_due(self) -> int:
        """Take everything that is due, and return how many requests were tried."""
        tried = 0
        while requests := await self._claimed():
            found = [self._understood(request) for request in requests]
            await asyncio.gather(*(self._take_chat(chat) for chat in _by_chat(found)))
            await self._parts.database.run(partial(_settle, [self._settled(one) for one in found]))
            tried += len(requests)
        return tried

    async def take_again(self, request: KeptRequest) -> str:
        """Try a request that failed once more, and return what is still wrong with it."""
        found = self._understood(request)
        for chat in _by_chat([found]):
            await self._take_chat(chat)
        settled = self._settled(found)
        if settled.state is RequestState.WAITING:
            settled = msgspec.structs.replace(settled, state=RequestState.FAILED)
        await self._parts.database.run(lambda unit: unit.channels.settle(settled))
        return "; ".join(found.errors)

    async def _claimed(self) -> list[KeptRequest]:
        """Return due requests that are now this broker's to take."""
        now = self._parts.clock.now()
        until = now + timedelta(seconds=TAKER_SECONDS)
        found = await self._parts.database.read(lambda unit: list(unit.channels.waiting(self._boot, now, MOST_AT_ONCE)))
        others = [one for one in found if one.taker != self._boot or one.taker_until <= now]
        if not others:
            return found

        def claim(unit: Unit) -> list[KeptRequest]:
            won = {one.id for one in others if unit.channels.claim(one, self._boot, until, now)}
            return [one for one in found if one not in others or one.id in won]

        return await self._parts.database.run(claim)

    def _understood(self, request: KeptRequest) -> _Found:
        """Return what is in a request; an adapter that fails on it is a bug of ours, and loses nothing else."""
        account = self._parts.channels.get(request.account)
        if account is None:
            return _Found(request, None, errors=["This channel is not configured any more."])
        try:
            return _Found(request, account, account.channel.parse(raw(request)))
        except Exception as error:  # noqa: BLE001 - kept with its error, and the others go on
            _log.error("channel_parse_failed", account=request.account, request=request.id, exc_info=error)
            return _Found(request, account, errors=[f"It could not be understood ({type(error).__name__})."])

    async def _take_chat(self, events: Sequence[tuple[_Found, ChannelEvent]]) -> None:
        """Take the events of one chat, one after the other."""
        for found, event in events:
            assert found.account is not None  # noqa: S101 - only understood requests have events
            try:
                await self._events.take(found.account, event, attempts=found.request.attempts)
                self._parts.measures.channel_heard(found.account.name, event.kind)
            except NotYet as early:
                found.errors.append(str(early))
                found.retry = True
            except HandoffError as error:
                lasting = not isinstance(error, ProviderError | ConflictError) and error.code not in _MENDABLE
                found.errors.append(clean_line(f"{error.code}: {error.message} {error.hint}", 200))
                found.retry = found.retry or not lasting
            except Exception as error:  # noqa: BLE001 - kept with its error, and the others go on
                _log.error("channel_event_failed", account=found.account.name, kind=event.kind, exc_info=error)
                found.errors.append(f"The {event.kind} could not be taken ({type(error).__name__}).")

    def _settled(self, found: _Found) -> KeptRequest:
        """Return the request as it is to be written."""
        request, error = found.request, "; ".join(found.errors)[:500]
        if not found.errors:
            # What was in it is in the conversation now, redacted; as it came it is not kept a moment longer.
            return msgspec.structs.replace(request, state=RequestState.TAKEN, error="", body=b"")
        if found.retry and request.attempts + 1 < MOST_ATTEMPTS:
            pause = PAUSES_SECONDS[min(request.attempts, len(PAUSES_SECONDS) - 1)]
            return again(request, pause, self._parts, error)
        self._parts.measures.channel_heard(request.account, "not_taken")
        _log.error("channel_request_failed", account=request.account, request=request.id, reason=error)
        return msgspec.structs.replace(request, state=RequestState.FAILED, attempts=request.attempts + 1, error=error)


def _settle(requests: Sequence[KeptRequest], unit: Unit) -> None:
    for request in requests:
        unit.channels.settle(request)


def _by_chat(found: Sequence[_Found]) -> list[list[tuple[_Found, ChannelEvent]]]:
    """Return the events of each chat in the platform's order, as far as it tells one; else as they came."""
    chats: dict[tuple[str, str], list[tuple[_Found, ChannelEvent]]] = {}
    for one in found:
        for event in one.events:
            chats.setdefault((one.request.account, event.chat), []).append((one, event))
    return [_in_order(events) for events in chats.values()]


def _in_order(events: list[tuple[_Found, ChannelEvent]]) -> list[tuple[_Found, ChannelEvent]]:
    if len(events) < 2:
        return events
    if all(event.order for _, event in events):
        return sorted(events, key=lambda pair: (len(pair[1].order), pair[1].order))
    instants = [event.at for _, event in events if event.at is not None]
    if len(instants) == len(events):
        return sorted(events, key=lambda pair: _at(pair[1]))
    return events


def _at(event: ChannelEvent) -> datetime:
    assert event.at is not None  # noqa: S101 - checked for all of them
    return event.at
