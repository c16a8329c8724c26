"""Say something in a conversation: append it, tell everybody, and plan its way to the customer, in one transaction.

A conversation on a configured channel gets what everybody but the customer says as parts in the outbox; one that an
assistant brings is sent by the assistant, as ever. Before: a use case has a message. After:
`server.broker.channels.sending` sends the parts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.channel_store import OutPart, PartKind, PartState
from server.broker.ports.channels import Account
from server.broker.ports.records import Conversation, Message
from server.broker.ports.store import Unit
from server.broker.splitting import pieces
from server.broker.translation_jobs import turn_wants_translation
from server.core import delivery as rules
from server.core.errors import ConflictError
from server.wire.terms import Author, Delivery, OrganisationId
from server.wire.views import FileView, MessageView

SPOKEN: Final = frozenset({Author.ASSISTANT, Author.OPERATOR, Author.SYSTEM})
"""Whose words go to the customer."""
NO_ACCOUNT: Final = "This channel is not configured any more."
HAS_LEFT: Final = "The customer has left this chat."
UNFINISHED: Final = frozenset({PartState.WAITING, PartState.SENDING})


def say(unit: Unit, parts: Parts, message: Message, conversation: Conversation | None) -> MessageView:
    """Append a message, tell everybody, and plan its parts where the conversation lies on a channel of ours."""
    goes_out = conversation is not None and bool(conversation.account) and message.author in SPOKEN
    if goes_out:
        message = msgspec.structs.replace(message, delivery=Delivery.PENDING)
    view = unit.conversations.add_message(message)
    if view.id != message.id:
        return view  # it was there already, under its key
    unit.ledger.tell_message(message.organisation_id, "message.added", view)
    turn_wants_translation(unit, parts, message.organisation_id, view)
    if not goes_out or conversation is None:
        return view
    account = parts.channels.get(conversation.account)
    if account is None or conversation.ended_at is not None:
        why = NO_ACCOUNT if account is None else HAS_LEFT
        failed = msgspec.structs.replace(view, delivery=Delivery.FAILED, failure=why)
        return write(unit, message.organisation_id, failed)
    _plan(unit, account, conversation, view, parts.clock.now())
    return view


def write(unit: Unit, organisation_id: OrganisationId, message: MessageView) -> MessageView:
    """Write the next version of a message, and tell everybody."""
    changed = msgspec.structs.replace(message, version=message.version + 1)
    unit.conversations.change_message(organisation_id, changed)
    unit.ledger.tell_message(organisation_id, "message.changed", changed)
    return changed


def _plan(unit: Unit, account: Account, conversation: Conversation, message: MessageView, now: datetime) -> None:
    """Add the parts of a new message."""
    for start, stop in _pieces(account, message.text):
        unit.out_parts.add(_part(conversation, message, PartKind.TEXT, now, start=start, stop=stop))
    for file in message.files:
        kept = msgspec.structs.replace(_part(conversation, message, PartKind.FILE, now), file_id=file.id or None)
        if file.id and account.channel.limits.files:
            unit.out_parts.add(kept)
        else:
            unit.out_parts.add(msgspec.structs.replace(kept, state=PartState.FAILED, error=_no_file(file)))


def _no_file(file: FileView) -> str:
    return f"The file {file.name} cannot be sent here." if file.id else f"The link to {file.name} is not sent along."


def _pieces(account: Account, text: str) -> list[tuple[int, int]]:
    limits = account.channel.limits
    return pieces(text, limits.longest, limits.unit)


def _part(
    conversation: Conversation,
    message: MessageView,
    kind: PartKind,
    now: datetime,
    *,
    start: int = 0,
    stop: int = 0,
    target: int = 0,
) -> OutPart:
    return OutPart(
        organisation_id=conversation.organisation_id,
        account=conversation.account,
        chat=conversation.external_id,
        conversation_id=conversation.id,
        message_id=message.id,
        author=message.author,
        kind=kind,
        start=start,
        stop=stop,
        target=target or None,
        owner_epoch=conversation.owner_epoch,
        due_at=now,
        changed_at=now,
    )


def check_changeable(unit: Unit, parts: Parts, conversation: Conversation, message: MessageView) -> None:
    """Refuse to change what the platform has already and cannot change.

    Raises:
        ConflictError: `cannot_change_there`.
    """
    planned = unit.out_parts.of_message(conversation.organisation_id, message.id)
    begun = [part for part in planned if part.state is not PartState.WAITING and part.kind is PartKind.TEXT]
    account = parts.channels.get(conversation.account)
    if begun and (account is None or not account.channel.limits.edits):
        raise ConflictError(
            "cannot_change_there",
            "The message is on its way, and this channel cannot change what was sent.",
            "Send a new message that puts it right.",
        )


def plan_change(unit: Unit, parts: Parts, conversation: Conversation, message: MessageView) -> None:
    """Plan what brings the platform in line with a message that was edited or taken back."""
    account = parts.channels.get(conversation.account)
    planned = unit.out_parts.of_message(conversation.organisation_id, message.id)
    if account is None or not planned or message.author not in SPOKEN:
        return
    now = parts.clock.now()
    there = _there(unit, planned, now, files_too=message.deleted_at is not None)
    wanted = [] if message.deleted_at is not None else _pieces(account, message.text)
    for part, (start, stop) in zip(there, wanted, strict=False):
        unit.out_parts.add(_part(conversation, message, PartKind.EDIT, now, start=start, stop=stop, target=part.id))
    for part in there[len(wanted) :]:
        unit.out_parts.add(_part(conversation, message, PartKind.TAKE_BACK, now, target=part.id))
    for start, stop in wanted[len(there) :]:
        unit.out_parts.add(_part(conversation, message, PartKind.TEXT, now, start=start, stop=stop))


def _there(unit: Unit, planned: Sequence[OutPart], now: datetime, *, files_too: bool) -> list[OutPart]:
    """Return the parts that the platform has, or is getting; drop those that were not begun."""
    kinds = {PartKind.TEXT, PartKind.FILE} if files_too else {PartKind.TEXT}
    left: list[OutPart] = []
    for part in planned:
        if part.state is PartState.WAITING and (part.kind is not PartKind.FILE or files_too):
            part = msgspec.structs.replace(part, state=PartState.DROPPED, changed_at=now)  # noqa: PLW2901
            unit.out_parts.save(part)
        left.append(part)
    gone = {part.target for part in left if part.kind is PartKind.TAKE_BACK and part.state is not PartState.DROPPED}
    begun = {PartState.SENDING, PartState.SENT}
    return [part for part in left if part.kind in kinds and part.state in begun and part.id not in gone]


def settle(unit: Unit, organisation_id: OrganisationId, part: OutPart) -> None:
    """Bring a message's delivery in line with its parts, after one of them changed."""
    message = unit.conversations.message(organisation_id, part.message_id)
    if message is None:
        return
    planned = unit.out_parts.of_message(organisation_id, part.message_id)
    delivery, why = together([one for one in planned if one.kind in {PartKind.TEXT, PartKind.FILE}])
    proved = message.delivery is Delivery.UNKNOWN and delivery is Delivery.SENT
    if proved or rules.grows(message.delivery, delivery):
        write(unit, organisation_id, msgspec.structs.replace(message, delivery=delivery, failure=why))


def together(planned: list[OutPart]) -> tuple[Delivery, str]:
    """Return what is known of a message by its parts, and why it failed if it did."""
    counted = [part for part in planned if part.state is not PartState.DROPPED]
    if any(part.state in UNFINISHED for part in counted):
        return Delivery.PENDING, ""
    for state, delivery in ((PartState.FAILED, Delivery.FAILED), (PartState.UNKNOWN, Delivery.UNKNOWN)):
        found = next((part for part in counted if part.state is state), None)
        if found is not None:
            return delivery, found.error
    heard = [max(part.delivery, Delivery.SENT, key=rules.ORDER.index) for part in counted]
    return min(heard, key=rules.ORDER.index, default=Delivery.SENT), ""
