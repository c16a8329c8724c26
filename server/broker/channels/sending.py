"""Send what waits on one account: in order within a conversation, at the platform's pace, nothing twice by our doing.

A part is written down as being sent before the platform is asked, in the transaction that checks whether it may still
be said; what becomes of it is written down after. A broker that dies between the two leaves a part of which nobody
knows.

Before: `server.broker.going_out` planned parts. After: each is sent, or its message says why not.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.channels.pace import Pace
from server.broker.channels.reports import add_note
from server.broker.channels.retries import After, after
from server.broker.channels.trouble import set_problem
from server.broker.going_out import settle
from server.broker.parts import Parts
from server.broker.ports.channel_store import OutPart, PartKind, PartState
from server.broker.ports.channels import Account, Edits, Limits, OutgoingFile, Part, SendError, SendProblem, Window
from server.broker.ports.records import Conversation, KeptFile
from server.broker.ports.store import Unit
from server.core.errors import ConflictError
from server.core.ownership import check_assistant_may_speak, check_nobody_elsewhere
from server.log import get_log
from server.tasks import TaskRunner
from server.wire.terms import Author
from server.wire.views import MessageView

IDLE_SECONDS: Final = 1.0
SEND_SECONDS: Final = 60.0
AT_ONCE: Final = 16
LOOK_AHEAD: Final = 64
STALE: Final = "The conversation changed hands before this could be sent."
TARGET_UNKNOWN: Final = "It is not known whether the message to be changed has arrived."
_CHANGES: Final = frozenset({PartKind.EDIT, PartKind.TAKE_BACK})
_log = get_log(__name__)


class _NotNow(Exception):  # noqa: N818 - no error: there is nothing to do
    """A part stays as it is."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part that is written down as being sent, with all that the call needs."""

    part: OutPart
    call: Part
    file: KeptFile | None = None
    changed_id: str = ""


class Sending:
    """The sender of one account."""

    def __init__(self, parts: Parts, account: Account, boot: str) -> None:
        """Send as the broker of this boot id, while it holds the account; `loop` runs until cancelled."""
        self._parts = parts
        self._account = account
        self._boot = boot
        self._alarm = Alarm(parts.clock)
        limits = account.channel.limits
        self._pace = Pace(
            parts.clock,
            per_chat_seconds=limits.per_chat_seconds,
            per_account_a_second=limits.per_account_a_second,
        )
        self._runner = TaskRunner(parts.clock)
        self._under_way: set[int] = set()
        self._found: deque[OutPart] = deque()

    def wake(self) -> None:
        """Look at what waits now."""
        self._alarm.ring()

    async def loop(self) -> None:
        """Send what is due, for ever."""
        while True:
            await self._alarm.wait(await self.begin_due())

    async def begin_due(self) -> float:
        """Begin to send all that may go out now, and return after how many seconds to look again.

        What was found and not begun is still the first of its conversation: it goes before anything is looked for, so
        that a long backlog is not read anew for each message.
        """
        account = self._account
        wait = self._begin_found()
        if len(self._under_way) < AT_ONCE:
            now = self._parts.clock.now()
            self._found.extend(
                await self._parts.database.read(
                    lambda unit: list(unit.out_parts.due(account.organisation_id, account.name, now, LOOK_AHEAD))
                )
            )
            wait = self._begin_found()
        return wait

    def _begin_found(self) -> float:
        """Begin what was found, as far as there is room, and return after how many seconds the next one may go."""
        wait = IDLE_SECONDS
        while self._found and len(self._under_way) < AT_ONCE:
            part = self._found.popleft()
            if part.id in self._under_way:
                continue
            pause = self._pace.wait_seconds(part.chat)
            if pause > 0:
                wait = min(wait, pause)
                continue
            self._under_way.add(part.id)
            self._runner.start(f"send:{self._account.name}", self._send(part))
        return wait

    async def stop(self, grace_seconds: float) -> None:
        """Let what is under way end."""
        await self._runner.stop(grace_seconds)

    async def _send(self, part: OutPart) -> None:
        """Send one part, and write down what became of it."""
        try:
            ready = await self._parts.database.run(lambda unit: self._begin(unit, part.id))
            if ready is not None:
                await self._call(ready)
        except _NotNow:
            self._under_way.discard(part.id)  # and nobody is woken: nothing has changed
        finally:
            if part.id in self._under_way:
                self._under_way.discard(part.id)
                self._alarm.ring()

    async def _call(self, ready: _Ready) -> None:
        """Ask the platform, once; whatever comes of it is written down."""
        try:
            call = await self._with_file(ready)
            async with asyncio.timeout(SEND_SECONDS):
                platform_id = await self._asked(ready, call)
        except TimeoutError:
            error = SendError(SendProblem.UNKNOWN_OUTCOME, f"No answer in {SEND_SECONDS:g} s.")
        except SendError as refused:
            error = refused
        except Exception as bug:  # the adapter's: raised again below, once it is written down
            error = SendError(SendProblem.UNKNOWN_OUTCOME, f"The program failed ({type(bug).__name__}).")
            await self._parts.database.run(lambda unit: self._failed(unit, ready.part, error))
            raise
        else:
            await self._parts.database.run(lambda unit: self._sent(unit, ready.part, platform_id))
            return
        await self._parts.database.run(lambda unit: self._failed(unit, ready.part, error))

    async def _asked(self, ready: _Ready, call: Part) -> str:
        channel = self._account.channel
        if ready.part.kind not in _CHANGES:
            return await channel.send(call)
        if not isinstance(channel, Edits):
            raise SendError(SendProblem.INVALID, "This channel cannot change what was sent.")
        await channel.edit(call.chat, ready.changed_id, call.text)
        return ready.changed_id

    async def _with_file(self, ready: _Ready) -> Part:
        """Return the call with the bytes of its file."""
        if ready.file is None:
            return ready.call
        pieces = self._parts.files.read(ready.file.organisation_id, ready.file.sha256)
        if pieces is None:
            raise SendError(SendProblem.INVALID, f"{ready.file.name} is not kept any more.")
        content = b"".join([piece async for piece in pieces])
        file = OutgoingFile(name=ready.file.name, media_type=ready.file.media_type, content=content)
        return msgspec.structs.replace(ready.call, file=file)

    def _begin(self, unit: Unit, part_id: int) -> _Ready | None:
        """Write down that a part is being sent; None when it may not be, which is written down too.

        Raises:
            _NotNow: the account rests, or another broker has it; or the part is not due any more.
        """
        now, account = self._parts.clock.now(), self._account
        held = unit.channels.account(account.organisation_id, account.name)
        mine = held is not None and held.holder == self._boot and held.held_until is not None and held.held_until > now
        if held is None or not mine or held.paused:
            raise _NotNow
        part = unit.out_parts.load(account.organisation_id, part_id)
        if part is None or part.state is not PartState.WAITING or part.due_at > now:
            raise _NotNow
        message = unit.conversations.message(part.organisation_id, part.message_id)
        conversation = unit.conversations.load(part.organisation_id, part.conversation_id)
        if message is None or conversation is None or (message.deleted_at is not None and part.kind not in _CHANGES):
            self._end(unit, part, PartState.DROPPED, "")
            return None
        if self._is_stale(unit, part, conversation, message):
            _log.warning("stale_send_refused", account=account.name, conversation_id=conversation.id)
            self._end(unit, part, PartState.FAILED, STALE)
            return None
        return self._ready(unit, part, message, now)

    def _is_stale(self, unit: Unit, part: OutPart, conversation: Conversation, message: MessageView) -> bool:
        """Tell whether an assistant's words come too late: a person has the customer, or has had since."""
        if part.author is not Author.ASSISTANT:
            return False
        now = self._parts.clock.now()
        try:
            check_assistant_may_speak(conversation.owner, conversation.owner_epoch, part.author, None)
            check_nobody_elsewhere(conversation.elsewhere_until, part.author, now)
        except ConflictError:
            return True
        if conversation.owner_epoch == part.owner_epoch:
            return False
        # Nobody accepts a session to answer elsewhere: those are known by what they said.
        return unit.sessions.accepted_since(
            conversation.organisation_id, conversation.id, message.at
        ) or unit.conversations.person_spoke_after(conversation.id, message.position)

    def _ready(self, unit: Unit, part: OutPart, message: MessageView, now: datetime) -> _Ready | None:
        file, changed_id = None, ""
        if part.kind is PartKind.FILE:
            file = unit.files.load(part.organisation_id, part.file_id) if part.file_id else None
            if file is None:
                self._end(unit, part, PartState.FAILED, "The file is not kept any more.")
                return None
        if part.kind in _CHANGES:
            target = unit.out_parts.load(part.organisation_id, part.target or 0)
            if target is None or target.state is not PartState.SENT or not target.platform_id:
                unknown = target is not None and target.state is PartState.UNKNOWN
                self._end(unit, part, PartState.FAILED if unknown else PartState.DROPPED, TARGET_UNKNOWN)
                return None
            changed_id = target.platform_id
        begun = msgspec.structs.replace(part, state=PartState.SENDING, changed_at=now)
        unit.out_parts.save(begun)
        chat = unit.channels.chat(part.organisation_id, part.account, part.chat)
        call = Part(
            chat=part.chat,
            key=part.key,
            text="" if part.kind is PartKind.TAKE_BACK else message.text[part.start : part.stop],
            reply_to=chat.heard_id if chat is not None else "",
            window=self._window(chat.heard_at if chat is not None else None, now),
            by_person=part.author is Author.OPERATOR,
        )
        return _Ready(begun, call, file, changed_id)

    def _window(self, heard_at: datetime | None, now: datetime) -> Window:
        """Return what the platform allows, so long after the customer's newest message."""
        limits = self._account.channel.limits
        if limits.window_seconds is None:
            return Window.OPEN
        silent = (now - heard_at).total_seconds() if heard_at is not None else float("inf")
        if silent <= limits.window_seconds:
            return Window.OPEN
        person = limits.person_window_seconds
        return Window.PERSON_ONLY if person is not None and silent <= person else Window.CLOSED

    def _sent(self, unit: Unit, part: OutPart, platform_id: str) -> None:
        """Write down that the platform has it."""
        current = unit.out_parts.load(part.organisation_id, part.id)
        if current is None or current.state not in {PartState.SENDING, PartState.UNKNOWN}:
            return
        sent = msgspec.structs.replace(
            current,
            state=PartState.SENT,
            platform_id=platform_id if part.kind not in _CHANGES else "",
            changed_at=self._parts.clock.now(),
            error="",
        )
        unit.out_parts.save(sent)
        unit.after_commit(lambda: self._parts.measures.channel_sent(part.account, PartState.SENT))
        settle(unit, part.organisation_id, sent)

    def _failed(self, unit: Unit, part: OutPart, error: SendError) -> None:
        """Write down that it was not sent, or that nobody knows, and what follows."""
        current = unit.out_parts.load(part.organisation_id, part.id)
        if current is None or current.state is not PartState.SENDING:
            return
        limits, now = self._account.channel.limits, self._parts.clock.now()
        then = after(error, current.attempts, keyed=limits.keyed)
        again_at = now + timedelta(seconds=then.seconds)
        if error.problem is SendProblem.UNKNOWN_OUTCOME and not still_keyed(unit, limits, current, again_at):
            then = After(PartState.UNKNOWN)
        if error.problem is SendProblem.UNKNOWN_OUTCOME:
            current = msgspec.structs.replace(current, doubtful=True)
        why = error.message[:200]
        _log.warning(
            "channel_send_failed",
            account=self._account.name,
            problem=error.problem,
            attempts=current.attempts + 1,
            then=then.state,
        )
        if then.pause:
            set_problem(unit, self._parts, self._account, why, pause=True)
        if then.state is not PartState.WAITING:
            self._end(unit, current, then.state, why)
            return
        unit.after_commit(lambda: self._parts.measures.channel_sent(part.account, PartState.WAITING))
        unit.out_parts.save(
            msgspec.structs.replace(
                current,
                state=PartState.WAITING,
                attempts=current.attempts + int(then.counts),
                due_at=again_at,
                changed_at=now,
                error=why,
            )
        )

    def _end(self, unit: Unit, part: OutPart, state: PartState, why: str) -> None:
        end_part(unit, self._parts, part, state, why)


def still_keyed(unit: Unit, limits: Limits, part: OutPart, at: datetime) -> bool:
    """Tell whether the platform will still know the key of a part then, so that sending it again does no harm."""
    if not limits.keyed or limits.keyed_seconds is None:
        return limits.keyed
    message = unit.conversations.message(part.organisation_id, part.message_id)
    return message is not None and (at - message.at).total_seconds() <= limits.keyed_seconds


def end_part(unit: Unit, parts: Parts, part: OutPart, state: PartState, why: str) -> None:
    """Write down how a part ended that was not sent; after a failure the rest of its message is not sent either.

    One of which an attempt may have arrived has no known end: it is asked about, whatever refused it later.
    """
    now = parts.clock.now()
    if state is PartState.FAILED and part.doubtful and part.kind not in _CHANGES:
        state = PartState.UNKNOWN
    ended = msgspec.structs.replace(part, state=state, error=why, changed_at=now)
    unit.out_parts.save(ended)
    unit.after_commit(lambda: parts.measures.channel_sent(part.account, state))
    if state is PartState.FAILED and part.kind not in _CHANGES:
        for other in unit.out_parts.of_message(part.organisation_id, part.message_id):
            if other.id > part.id and other.state is PartState.WAITING:
                unit.out_parts.save(msgspec.structs.replace(other, state=PartState.DROPPED, changed_at=now))
    if part.kind in _CHANGES:
        conversation = unit.conversations.load(part.organisation_id, part.conversation_id)
        if state is not PartState.DROPPED and conversation is not None:
            add_note(unit, parts, conversation, f"A change to a message has not reached the customer: {why}")
        return
    settle(unit, part.organisation_id, ended)
