"""Change what was said, and learn what became of it: receipts, edits, taking back, sending again.

A message keeps its place for ever. Whatever changes is one transaction with its event, and what it said before stays
in the audit. Before: a turn was appended. After: consoles and assistants are told `message.changed`.
"""

from datetime import timedelta
from typing import Final

import msgspec

from server.broker.conversations import load_conversation
from server.broker.going_out import check_changeable, plan_change, say, write
from server.broker.parts import Parts
from server.broker.ports.records import Conversation, Message, Principal
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_turn
from server.broker.translation_jobs import TRANSLATED, want_translation
from server.core import delivery as rules
from server.core.errors import CallerError, ConflictError, NotFoundError
from server.core.session import Session
from server.wire import commands as c
from server.wire.requests import DeliveryReport, MessageEdit
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import Author, ConversationId, Delivery, MessageId, OperatorId, OrganisationId, Party
from server.wire.views import MessageView, RevisionView

RECEIPT_DUE: Final = "receipt_due"
"""The kind of outbox job that looks whether a promised receipt has come."""
SILENT: Final = "the channel reported nothing"
"""Why the outcome of a message is not known."""

Change = c.SayAgain | c.EditMessage | c.DeleteMessage
"""An operator's orders about a message that is there already."""
_PARTIES: Final = {Author.CUSTOMER: Party.CUSTOMER, Author.ASSISTANT: Party.ASSISTANT, Author.OPERATOR: Party.OPERATOR}


class ReceiptDueJob(msgspec.Struct, frozen=True):
    """The body of a `receipt_due` job: the message, and what was known of it when the job was made."""

    message_id: MessageId
    delivery: Delivery


class Messages:
    """What happens to messages after they were said."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts."""
        self._parts = parts

    def first_delivery(self, conversation: Conversation) -> Delivery:
        """Return what is known of an operator's message when it is taken: accepted, where receipts will follow."""
        return Delivery.PENDING if conversation.receipts else Delivery.SENT

    def await_receipt(self, unit: Unit, organisation_id: OrganisationId, message: MessageView) -> None:
        """Look after the promised time whether more is known of the message."""
        due_at = self._parts.clock.now() + timedelta(seconds=self._parts.rules.receipt_seconds)
        body = msgspec.json.encode(ReceiptDueJob(message.id, message.delivery))
        unit.ledger.add_job(organisation_id, f"receipt:{message.id}", RECEIPT_DUE, body, due_at)

    async def receipt_due(self, organisation_id: OrganisationId, job: ReceiptDueJob) -> None:
        """Say that the outcome is unknown, unless something was heard of the message since the job was made."""

        def work(unit: Unit) -> None:
            message = unit.conversations.message(organisation_id, job.message_id)
            if message is not None and message.delivery is job.delivery and message.delivery in rules.WAITING:
                write(
                    unit, organisation_id, msgspec.structs.replace(message, delivery=Delivery.UNKNOWN, failure=SILENT)
                )

        await self._parts.database.run(work)

    async def report(
        self, principal: Principal, conversation_id: ConversationId, message_id: MessageId, body: DeliveryReport
    ) -> MessageView:
        """Take a channel's word on an operator's message; what says no more than is known changes nothing.

        Raises:
            NotFoundError: `no_such_conversation`, `no_such_message`.
            CallerError: `no_receipts_for_this`: the message is not an operator's.
        """

        def work(unit: Unit) -> MessageView:
            conversation = load_conversation(unit, principal, conversation_id)
            message = self._load(unit, principal, conversation_id, message_id)
            if message.author is not Author.OPERATOR:
                raise CallerError(
                    "no_receipts_for_this",
                    "Only messages of operators go to the channel.",
                    "Report on messages whose author is operator.",
                )
            if not rules.grows(message.delivery, body.delivery):
                return message
            said = clean_line(body.failure, 200) if body.delivery in rules.AGAIN else ""
            failure = self._parts.redactor.redact(principal.organisation_id, said)
            told = msgspec.structs.replace(message, delivery=body.delivery, failure=failure)
            changed = write(unit, principal.organisation_id, told)
            if conversation.receipts and changed.delivery in rules.WAITING:
                self.await_receipt(unit, principal.organisation_id, changed)
            return changed

        return await self._parts.database.run(work)

    async def edit(
        self, principal: Principal, conversation_id: ConversationId, message_id: MessageId, body: MessageEdit
    ) -> MessageView:
        """Take what a customer's or the assistant's turn says now; the same text again changes nothing.

        Raises:
            NotFoundError: `no_such_conversation`, `no_such_message`.
            CallerError: `empty_text`, `author_not_allowed`.
            ConflictError: `message_deleted`.
        """
        await self._parts.database.read(lambda unit: load_conversation(unit, principal, conversation_id))
        text = await redacted_turn(self._parts, principal.organisation_id, conversation_id, _text(body.text))

        def work(unit: Unit) -> MessageView:
            message = self._theirs(unit, principal, conversation_id, message_id)
            return self._edited(unit, principal, message, text)

        return await self._parts.database.run(work)

    async def delete(self, principal: Principal, conversation_id: ConversationId, message_id: MessageId) -> MessageView:
        """Take back a customer's or the assistant's turn; doing it again changes nothing.

        Raises:
            NotFoundError: `no_such_conversation`, `no_such_message`.
            CallerError: `author_not_allowed`.
        """

        def work(unit: Unit) -> MessageView:
            message = self._theirs(unit, principal, conversation_id, message_id)
            return self._deleted(unit, principal, message)

        return await self._parts.database.run(work)

    def change(self, unit: Unit, principal: Principal, session: Session, command: Change) -> MessageView:
        """Carry out an operator's order about a message of their session's conversation.

        Raises:
            NotFoundError: `no_such_message`.
            CallerError: `empty_text`.
            ConflictError: `nothing_to_send_again`, `not_your_last`, `message_deleted`, `too_late_to_change`.
        """
        message = self._load(unit, principal, session.conversation_id, command.message_id)
        match command:
            case c.SayAgain():
                return self._said_again(unit, principal, session, message)
            case c.EditMessage(text=text):
                if message.text == _text(text) and message.deleted_at is None:
                    return message
                self._check_own_last(unit, principal, message)
                return self._edited(unit, principal, message, _text(text))
            case c.DeleteMessage():
                if message.deleted_at is None:
                    self._check_own_last(unit, principal, message)
                return self._deleted(unit, principal, message)

    def _said_again(self, unit: Unit, principal: Principal, session: Session, message: MessageView) -> MessageView:
        """Append the message once more; asked twice, it is sent once."""
        if message.author is not Author.OPERATOR or message.delivery not in rules.AGAIN or message.deleted_at:
            raise ConflictError(
                "nothing_to_send_again",
                "That message did not fail, and its outcome is not unknown.",
                "Look at it again: news may have come in.",
                {"delivery": message.delivery},
            )
        conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
        assert conversation is not None  # noqa: S101 - its message was loaded in this transaction
        key = f"again:{message.id}"
        if (known := unit.conversations.message_by_key(conversation.id, key)) is not None:
            return known
        again = Message(
            id=MessageId(self._parts.new_id("m")),
            organisation_id=session.organisation_id,
            conversation_id=conversation.id,
            author=Author.OPERATOR,
            text=message.text,
            at=self._parts.clock.now(),
            author_name=principal.name,
            session_id=session.id,
            operator_id=OperatorId(principal.id),
            delivery=self.first_delivery(conversation),
            key=key,
            again_of=message.id,
            files=message.files,
            translation=message.translation,
        )
        view = say(unit, self._parts, again, conversation)
        if conversation.receipts:
            self.await_receipt(unit, session.organisation_id, view)
        return view

    def _check_own_last(self, unit: Unit, principal: Principal, message: MessageView) -> None:
        """Refuse to change anything but one's own newest message, in time."""
        last = unit.conversations.last_said(message.conversation_id, OperatorId(principal.id))
        if last is None or last.id != message.id:
            raise ConflictError(
                "not_your_last",
                "Only your own last message can be changed.",
                "Send a new message that puts it right.",
            )
        rules.check_window(message.at, self._parts.clock.now(), self._parts.rules.edit_window_seconds)

    def _theirs(
        self, unit: Unit, principal: Principal, conversation_id: ConversationId, message_id: MessageId
    ) -> MessageView:
        """Return a turn that an assistant's key may change: a customer's or its own."""
        load_conversation(unit, principal, conversation_id)
        message = self._load(unit, principal, conversation_id, message_id)
        if message.author not in {Author.CUSTOMER, Author.ASSISTANT}:
            raise CallerError(
                "author_not_allowed",
                f"An assistant's key may not change what the {message.author} said.",
                "Change turns of the customer or the assistant.",
            )
        return message

    def edited_there(self, unit: Unit, principal: Principal, message: MessageView, text: str) -> MessageView:
        """Take what a customer's turn says since they changed it; one that was taken back stays so."""
        return message if message.deleted_at is not None else self._edited(unit, principal, message, text)

    def deleted_there(self, unit: Unit, principal: Principal, message: MessageView) -> MessageView:
        """Take back a turn that the customer took back."""
        return self._deleted(unit, principal, message)

    def _edited(self, unit: Unit, principal: Principal, message: MessageView, text: str) -> MessageView:
        if message.deleted_at is not None:
            raise ConflictError("message_deleted", "That message was taken back.", "Append a new one.")
        if text == message.text:
            return message
        conversation = self._on_a_channel(unit, principal, message)
        self._keep(unit, principal, message, deleted=False)
        now = self._parts.clock.now()
        told = msgspec.structs.replace(message, text=text, edited_at=now, translation=None)
        changed = write(unit, principal.organisation_id, told)
        if message.author in TRANSLATED:
            want_translation(unit, self._parts, principal.organisation_id, message.conversation_id)
        if conversation is not None:
            plan_change(unit, self._parts, conversation, changed)
        return changed

    def _on_a_channel(self, unit: Unit, principal: Principal, message: MessageView) -> Conversation | None:
        """Return the conversation when it lies on a channel of ours, where the message can still be changed.

        Raises:
            ConflictError: `cannot_change_there`.
        """
        found = unit.conversations.load(principal.organisation_id, message.conversation_id)
        if found is None or not found.account:
            return None
        check_changeable(unit, self._parts, found, message)
        return found

    def _deleted(self, unit: Unit, principal: Principal, message: MessageView) -> MessageView:
        if message.deleted_at is not None:
            return message
        conversation = self._on_a_channel(unit, principal, message)
        self._keep(unit, principal, message, deleted=True)
        for shown in message.files:
            file = unit.files.load(principal.organisation_id, shown.id) if shown.id else None
            if file is not None:
                unit.files.save(msgspec.structs.replace(file, attached=False))  # nobody's now: it is swept
        gone = msgspec.structs.replace(message, text="", files=(), translation=None, deleted_at=self._parts.clock.now())
        changed = write(unit, principal.organisation_id, gone)
        if conversation is not None:
            plan_change(unit, self._parts, conversation, changed)
        return changed

    def _keep(self, unit: Unit, principal: Principal, message: MessageView, *, deleted: bool) -> None:
        revision = RevisionView(
            message_id=message.id,
            version=message.version,
            text=message.text,
            at=self._parts.clock.now(),
            by=_PARTIES[message.author],
            by_name=principal.name if message.author is Author.OPERATOR else message.author_name,
            deleted=deleted,
        )
        unit.conversations.keep_revision(principal.organisation_id, revision)

    def _load(
        self, unit: Unit, principal: Principal, conversation_id: ConversationId, message_id: MessageId
    ) -> MessageView:
        message = unit.conversations.message(principal.organisation_id, message_id)
        if message is None or message.conversation_id != conversation_id or message.author is Author.NOTE:
            raise NotFoundError("no_such_message", "There is no such message here.", "Read the conversation's turns.")
        return message


def _text(text: str) -> str:
    """Return a text that can be said.

    Raises:
        CallerError: `empty_text`.
    """
    cleaned = clean_text(text).strip()
    if not cleaned:
        raise CallerError("empty_text", "There is nothing left of the message.", "To take it back, delete it.")
    return cleaned
