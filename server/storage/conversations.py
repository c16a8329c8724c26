"""Keep conversations and what is said in them, each turn at its place."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, literal_column, select, update

from server.broker.ports.records import Conversation, Message
from server.core.errors import NotFoundError
from server.storage import problems
from server.storage.cells import Cell, Shape, as_number, as_text
from server.storage.line import Line
from server.storage.schema import conversations, messages, revisions
from server.storage.search import SqlSearch
from server.storage.statement import Statement, condition
from server.wire.terms import ConversationId, MessageId, OperatorId, OrganisationId
from server.wire.views import MessageView, RevisionView

CONVERSATION: Final = Shape(Conversation, conversations)
"""How a conversation lies in its row."""
MESSAGE: Final = Shape(Message, messages)
"""How a new message lies in its row, without its place."""
MESSAGE_VIEW: Final = Shape(MessageView, messages)
"""How a message is shown."""
REVISION: Final = Shape(RevisionView, revisions)
"""How a former text lies in its row."""

_c = conversations.c
_m = messages.c
_KEYED: Final = condition("messages.key <> ''")

LOAD: Final = Statement(
    select(*CONVERSATION.columns).where(_c.id == bindparam("id"), _c.organisation_id == bindparam("organisation_id")),
    locks=True,
)
FIND: Final = Statement(
    select(*CONVERSATION.columns).where(
        _c.organisation_id == bindparam("organisation_id"),
        _c.account == bindparam("account"),
        _c.channel == bindparam("channel"),
        _c.external_id == bindparam("external_id"),
        condition("conversations.external_id <> ''"),
        _c.ended_at.is_(None),
    ),
    locks=True,
)
ORGANISATION_OF: Final = Statement(select(_c.organisation_id).where(_c.id == bindparam("id")))
INSERT: Final = Statement(insert(conversations), fills=CONVERSATION.names)
SAVE: Final = Statement(
    update(conversations).where(_c.id == bindparam("row_id"), _c.organisation_id == bindparam("row_organisation")),
    fills=[name for name in CONVERSATION.names if name not in {"id", "organisation_id"}],
)
NEXT_POSITION: Final = Statement(
    update(conversations)
    .where(_c.id == bindparam("row_id"), _c.organisation_id == bindparam("row_organisation"))
    .values(last_position=_c.last_position + 1)
    .returning(_c.last_position)
)
ADD_MESSAGE: Final = Statement(insert(messages), fills=[*MESSAGE.names, "position"])
BY_KEY: Final = Statement(
    select(*MESSAGE_VIEW.columns).where(
        _m.conversation_id == bindparam("conversation_id"), _m.key == bindparam("key"), _KEYED
    )
)
CHANGEABLE: Final = ("text", "delivery", "failure", "version", "edited_at", "deleted_at", "files", "translation")
"""What can change of a message."""
MESSAGE_BY_ID: Final = Statement(
    select(*MESSAGE_VIEW.columns).where(_m.id == bindparam("id"), _m.organisation_id == bindparam("organisation_id")),
    locks=True,
)
LAST_SAID: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .where(
        _m.conversation_id == bindparam("conversation_id"),
        _m.operator_id == bindparam("operator_id"),
        condition("messages.author = 'operator'"),
        _m.deleted_at.is_(None),
    )
    .order_by(_m.position.desc())
    .limit(literal_column("1"))
)
PERSON_AFTER: Final = Statement(
    select(_m.id)
    .where(
        _m.conversation_id == bindparam("conversation_id"),
        _m.position > bindparam("after"),
        condition("messages.author = 'operator'"),
    )
    .limit(literal_column("1"))
)
CHANGE_MESSAGE: Final = Statement(
    update(messages).where(
        _m.id == bindparam("row_id"),
        _m.organisation_id == bindparam("row_organisation"),
        _m.version == bindparam("row_version"),
    ),
    fills=CHANGEABLE,
)
KEEP_REVISION: Final = Statement(insert(revisions), fills=[*REVISION.names, "organisation_id"])
REVISIONS: Final = Statement(
    select(*REVISION.columns)
    .where(revisions.c.message_id == bindparam("id"), revisions.c.organisation_id == bindparam("organisation_id"))
    .order_by(revisions.c.version)
)
CONNECTED: Final = Statement(
    select(*CONVERSATION.columns)
    .where(condition("conversations.caller_connected + conversations.assistant_connected > 0"))
    .order_by(_c.id)
)


class SqlConversations:
    """Conversations on one line."""

    def __init__(self, line: Line, search: SqlSearch) -> None:
        """Work on this line; `search` keeps the words of every message."""
        self._line: Final = line
        self._search: Final = search

    def load(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> Conversation | None:
        """Return the conversation, locked until the transaction ends."""
        row = self._line.row(LOAD, {"id": conversation_id, "organisation_id": organisation_id})
        return None if row is None else CONVERSATION.read(row)

    def find(self, organisation_id: OrganisationId, channel: str, external_id: str) -> Conversation | None:
        """Return the conversation of this outside id that has not ended, if any."""
        wanted = {"organisation_id": organisation_id, "account": "", "channel": channel, "external_id": external_id}
        row = self._line.row(FIND, wanted)
        return None if row is None else CONVERSATION.read(row)

    def find_chat(self, organisation_id: OrganisationId, account: str, chat: str) -> Conversation | None:
        """Return the conversation in a chat of a configured account that has not ended, if any."""
        wanted = {"organisation_id": organisation_id, "account": account, "channel": account, "external_id": chat}
        row = self._line.row(FIND, wanted)
        return None if row is None else CONVERSATION.read(row)

    def organisation_of(self, conversation_id: ConversationId) -> OrganisationId | None:
        """Return whose conversation it is."""
        row = self._line.row(ORGANISATION_OF, {"id": conversation_id})
        return None if row is None else OrganisationId(as_text(row[0]))

    def insert(self, conversation: Conversation) -> None:
        """Add a conversation."""
        self._line.change(INSERT, CONVERSATION.cells(conversation))

    def save(self, conversation: Conversation) -> None:
        """Write a conversation over itself.

        Raises:
            ConflictError: `concurrent_change`: it is not there.
        """
        cells = CONVERSATION.cells(conversation)
        row = {"row_id": cells.pop("id"), "row_organisation": cells.pop("organisation_id")}
        if self._line.change(SAVE, {**cells, **row}) != 1:
            raise problems.concurrent_change()

    def add_message(self, message: Message) -> MessageView:
        """Append a message at the next position and return it; one whose key is there already is returned instead.

        Raises:
            NotFoundError: `no_such_conversation`.
        """
        if message.key and (known := self.message_by_key(message.conversation_id, message.key)) is not None:
            return known
        row = self._line.row(
            NEXT_POSITION, {"row_id": message.conversation_id, "row_organisation": message.organisation_id}
        )
        if row is None:
            raise NotFoundError("no_such_conversation", "There is no such conversation.", "Create one first.")
        position = as_number(row[0])
        self._line.change(ADD_MESSAGE, {**MESSAGE.cells(message), "position": position})
        self._search.add(message)
        return MessageView(
            id=message.id,
            conversation_id=message.conversation_id,
            position=position,
            author=message.author,
            text=message.text,
            at=message.at,
            author_name=message.author_name,
            session_id=message.session_id,
            operator_id=message.operator_id,
            delivery=message.delivery,
            again_of=message.again_of,
            files=message.files,
            translation=message.translation,
        )

    def message_by_key(self, conversation_id: ConversationId, key: str) -> MessageView | None:
        """Return the message appended under this key, if any."""
        row = self._line.row(BY_KEY, {"conversation_id": conversation_id, "key": key})
        return None if row is None else MESSAGE_VIEW.read(row)

    def message(self, organisation_id: OrganisationId, message_id: MessageId) -> MessageView | None:
        """Return one message, locked until the transaction ends."""
        row = self._line.row(MESSAGE_BY_ID, {"id": message_id, "organisation_id": organisation_id})
        return None if row is None else MESSAGE_VIEW.read(row)

    def last_said(self, conversation_id: ConversationId, operator_id: OperatorId) -> MessageView | None:
        """Return the newest message of one operator that was not taken back."""
        row = self._line.row(LAST_SAID, {"conversation_id": conversation_id, "operator_id": operator_id})
        return None if row is None else MESSAGE_VIEW.read(row)

    def person_spoke_after(self, conversation_id: ConversationId, position: int) -> bool:
        """Tell whether a person has said something in the conversation after the message at this place."""
        return self._line.row(PERSON_AFTER, {"conversation_id": conversation_id, "after": position}) is not None

    def change_message(self, organisation_id: OrganisationId, message: MessageView) -> None:
        """Write what can change of a message over the version before.

        Raises:
            ConflictError: `concurrent_change`: the row's version is another.
        """
        cells = MESSAGE_VIEW.cells(message)
        changed: dict[str, Cell] = {name: cells[name] for name in CHANGEABLE}
        changed |= {"row_id": message.id, "row_organisation": organisation_id, "row_version": message.version - 1}
        if self._line.change(CHANGE_MESSAGE, changed) != 1:
            raise problems.concurrent_change()
        self._search.change(message.id, message.text)

    def keep_revision(self, organisation_id: OrganisationId, revision: RevisionView) -> None:
        """Keep what a message said before a change."""
        self._line.change(KEEP_REVISION, {**REVISION.cells(revision), "organisation_id": organisation_id})

    def revisions(self, organisation_id: OrganisationId, message_id: MessageId) -> Sequence[RevisionView]:
        """Return what a message said before, oldest first."""
        rows = self._line.rows(REVISIONS, {"id": message_id, "organisation_id": organisation_id})
        return [REVISION.read(row) for row in rows]

    def connected_calls(self) -> Sequence[Conversation]:
        """Return conversations of which we believe that a leg is connected."""
        return [CONVERSATION.read(row) for row in self._line.rows(CONNECTED, {})]
