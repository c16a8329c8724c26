"""Keep what is to be sent on channels, part by part, in order within a conversation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, exists, func, insert, literal_column, or_, select, update

from server.broker.ports.channel_store import OutPart, PartState
from server.storage.cells import Cells, Shape, as_instant, as_number, as_text
from server.storage.channel_schema import channel_parts
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.statement import Statement, condition, unsought
from server.wire.terms import ConversationId, MessageId, OrganisationId

PART: Final = Shape(OutPart, channel_parts)
CHANGEABLE: Final = (
    "start", "stop", "state", "attempts", "due_at", "changed_at", "platform_id", "delivery", "error", "doubtful",
)  # fmt: skip
"""What can change of a part."""

_p = channel_parts.c
_earlier = channel_parts.alias("earlier")
_OPEN: Final = condition("channel_parts.state IN ('waiting', 'sending')")
_OURS: Final = unsought(_p.organisation_id) == bindparam("organisation_id")

ADD: Final = Statement(insert(channel_parts), fills=[name for name in PART.names if name != "id"])
DUE: Final = Statement(
    select(*PART.columns)
    .where(
        _OPEN,
        _p.account == bindparam("account"),
        _p.due_at <= bindparam("now"),
        _p.state == literal_column("'waiting'"),
        _OURS,
        ~exists().where(
            _earlier.c.conversation_id == _p.conversation_id,
            _earlier.c.id < _p.id,
            condition("earlier.state IN ('waiting', 'sending')"),
        ),
    )
    .order_by(_p.due_at, _p.id)
    .limit(bindparam("most"))
)
LOAD: Final = Statement(select(*PART.columns).where(_p.id == bindparam("id"), _OURS), locks=True)
SAVE: Final = Statement(update(channel_parts).where(_p.id == bindparam("row_id")), fills=CHANGEABLE)
OF_MESSAGE: Final = Statement(
    select(*PART.columns).where(_p.message_id == bindparam("message_id"), _OURS).order_by(_p.id)
)
SENDING: Final = Statement(
    select(*PART.columns)
    .where(_OPEN, _p.account == bindparam("account"), _p.state == literal_column("'sending'"), _OURS)
    .order_by(_p.id)
)
BY_PLATFORM_ID: Final = Statement(
    select(*PART.columns)
    .where(
        condition("channel_parts.platform_id <> ''"),
        _p.account == bindparam("account"),
        _p.platform_id == bindparam("platform_id"),
        or_(_p.chat == bindparam("chat"), bindparam("chat") == literal_column("''")),
        condition("channel_parts.kind IN ('text', 'file')"),
        _OURS,
    )
    .order_by(_p.id)
    .limit(literal_column("1"))
)
SENT_BEFORE: Final = Statement(
    select(*PART.columns)
    .where(
        _p.account == bindparam("account"),
        _p.chat == bindparam("chat"),
        condition("channel_parts.state = 'sent' AND channel_parts.delivery <> 'read'"),
        _p.changed_at <= bindparam("at"),
        _OURS,
    )
    .order_by(_p.id.desc())
    .limit(bindparam("most"))
)
IN_DOUBT: Final = Statement(
    select(*PART.columns)
    .where(
        _p.conversation_id == bindparam("conversation_id"), condition("channel_parts.state IN ('sending', 'unknown')")
    )
    .order_by(_p.id.desc())
    .limit(literal_column("20"))
)
UNFINISHED: Final = Statement(
    select(*PART.columns).where(_OPEN, _p.conversation_id == bindparam("conversation_id")).order_by(_p.id)
)
COUNTS: Final = Statement(
    select(_p.state, func.count())
    .where(_p.account == bindparam("account"), _p.organisation_id == bindparam("organisation_id"))
    .group_by(_p.state)
)
OLDEST: Final = Statement(select(func.min(_p.changed_at)).where(_OPEN, _p.account == bindparam("account"), _OURS))


class SqlOutParts:
    """What is to be sent, on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def add(self, part: OutPart) -> None:
        """Add a part behind all others of its conversation."""
        cells = PART.cells(part)
        del cells["id"]
        self._line.change(ADD, cells)

    def due(self, organisation_id: OrganisationId, account: str, now: datetime, limit: int) -> Sequence[OutPart]:
        """Return parts of an account to send now: the first unfinished of each conversation, if it waits and is due."""
        wanted: Cells = {
            "organisation_id": organisation_id,
            "account": account,
            "now": to_microseconds(now),
            "most": limit,
        }
        return [PART.read(row) for row in self._line.rows(DUE, wanted)]

    def load(self, organisation_id: OrganisationId, part_id: int) -> OutPart | None:
        """Return one part, locked until the transaction ends."""
        row = self._line.row(LOAD, {"id": part_id, "organisation_id": organisation_id})
        return None if row is None else PART.read(row)

    def save(self, part: OutPart) -> None:
        """Write what can change of a part."""
        cells = PART.cells(part)
        self._line.change(SAVE, {"row_id": part.id, **{name: cells[name] for name in CHANGEABLE}})

    def of_message(self, organisation_id: OrganisationId, message_id: MessageId) -> Sequence[OutPart]:
        """Return all parts of one message, in order."""
        rows = self._line.rows(OF_MESSAGE, {"message_id": message_id, "organisation_id": organisation_id})
        return [PART.read(row) for row in rows]

    def sending(self, organisation_id: OrganisationId, account: str) -> Sequence[OutPart]:
        """Return the parts of an account that are being sent, or were when a broker died."""
        rows = self._line.rows(SENDING, {"account": account, "organisation_id": organisation_id})
        return [PART.read(row) for row in rows]

    def by_platform_id(
        self, organisation_id: OrganisationId, account: str, chat: str, platform_id: str
    ) -> OutPart | None:
        """Return the part that the platform knows by this id; an empty chat looks in all."""
        wanted = {"organisation_id": organisation_id, "account": account, "chat": chat, "platform_id": platform_id}
        row = self._line.row(BY_PLATFORM_ID, wanted)
        return None if row is None else PART.read(row)

    def sent_before(
        self, organisation_id: OrganisationId, account: str, chat: str, at: datetime, limit: int
    ) -> Sequence[OutPart]:
        """Return the newest parts that were sent to a chat up to an instant, and not reported as read."""
        wanted: Cells = {
            "organisation_id": organisation_id,
            "account": account,
            "chat": chat,
            "at": to_microseconds(at),
            "most": limit,
        }
        rows = self._line.rows(SENT_BEFORE, wanted)
        return [PART.read(row) for row in rows]

    def in_doubt(self, conversation_id: ConversationId) -> Sequence[OutPart]:
        """Return the newest parts of a conversation that are being sent, or of which nobody knows; at most twenty."""
        return [PART.read(row) for row in self._line.rows(IN_DOUBT, {"conversation_id": conversation_id})]

    def unfinished(self, conversation_id: ConversationId) -> Sequence[OutPart]:
        """Return the parts of a conversation that wait or are being sent, in order."""
        return [PART.read(row) for row in self._line.rows(UNFINISHED, {"conversation_id": conversation_id})]

    def counts(self, organisation_id: OrganisationId, account: str) -> Mapping[PartState, int]:
        """Return how many parts of an account are in each state."""
        rows = self._line.rows(COUNTS, {"account": account, "organisation_id": organisation_id})
        return {PartState(as_text(state)): as_number(count) for state, count in rows}

    def oldest_waiting(self, organisation_id: OrganisationId, account: str) -> datetime | None:
        """Return since when the oldest part waits that was not sent yet."""
        row = self._line.row(OLDEST, {"account": account, "organisation_id": organisation_id})
        return None if row is None or row[0] is None else as_instant(row[0])
