"""Keep what channels bring: requests raw, events once, the state of chats and accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, literal_column, or_, select, text, tuple_, update

from server.broker.ports.channel_store import Chat, HeldAccount, KeptRequest, RequestState, TakenEvent
from server.storage.cells import Cells, Shape, as_number
from server.storage.channel_schema import channel_accounts, channel_chats, channel_events, channel_requests
from server.storage.columns import to_microseconds
from server.storage.line import Line
from server.storage.statement import Statement, condition
from server.wire.terms import OrganisationId

REQUEST: Final = Shape(KeptRequest, channel_requests)
EVENT: Final = Shape(TakenEvent, channel_events)
CHAT: Final = Shape(Chat, channel_chats)
ACCOUNT: Final = Shape(HeldAccount, channel_accounts)

_r, _e, _c, _a = channel_requests.c, channel_events.c, channel_chats.c, channel_accounts.c
_WAITING: Final = condition("channel_requests.state = 'waiting'")

KEEP: Final = Statement(
    insert(channel_requests).returning(_r.id), fills=[name for name in REQUEST.names if name != "id"]
)
WAITING: Final = Statement(
    select(*REQUEST.columns)
    .where(
        _WAITING,
        _r.due_at <= bindparam("now"),
        or_(_r.taker == bindparam("taker"), _r.taker_until <= bindparam("now")),
    )
    .order_by(_r.id)
    .limit(bindparam("most"))
)
CLAIM: Final = Statement(
    update(channel_requests).where(
        _r.id == bindparam("row_id"),
        condition("state = 'waiting'"),
        or_(_r.taker == bindparam("row_taker"), _r.taker_until <= bindparam("row_now")),
    ),
    fills=["taker", "taker_until"],
)
REQUEST_BY_ID: Final = Statement(
    select(*REQUEST.columns).where(_r.id == bindparam("id"), _r.organisation_id == bindparam("organisation_id"))
)
SETTLE: Final = Statement(
    update(channel_requests).where(_r.id == bindparam("row_id")),
    fills=["state", "attempts", "due_at", "taker", "taker_until", "error", "body"],
)
FAILED: Final = Statement(
    select(*REQUEST.columns)
    .where(
        condition("channel_requests.state = 'failed'"),
        _r.organisation_id == bindparam("organisation_id"),
        _r.account == bindparam("account"),
    )
    .order_by(_r.id.desc())
    .limit(bindparam("most"))
)
COUNT: Final = Statement(
    select(func.count()).where(
        _r.organisation_id == bindparam("organisation_id"),
        _r.account == bindparam("account"),
        _r.state == bindparam("state"),
    )
)
TAKE: Final = Statement(
    text(
        f"INSERT INTO channel_events ({', '.join(EVENT.names)}) "  # noqa: S608 - our own columns' names
        f"VALUES ({', '.join(':' + name for name in EVENT.names)}) ON CONFLICT DO NOTHING"
    )
)
_THIS: Final = (
    _e.organisation_id == bindparam("row_organisation"),
    _e.account == bindparam("row_account"),
    _e.key == bindparam("row_key"),
)
TAKEN: Final = Statement(select(_e.at).where(*_THIS))
TIE: Final = Statement(update(channel_events).where(*_THIS), fills=["conversation_id", "message_id", "note"])
BY_PLATFORM_ID: Final = Statement(
    select(*EVENT.columns)
    .where(
        condition("channel_events.message_id IS NOT NULL"),
        _e.account == bindparam("account"),
        _e.chat == bindparam("chat"),
        _e.platform_id == bindparam("platform_id"),
        _e.organisation_id == bindparam("organisation_id"),
    )
    .order_by(_e.at)
    .limit(literal_column("1"))
)
LOAD_CHAT: Final = Statement(
    select(*CHAT.columns).where(
        _c.organisation_id == bindparam("organisation_id"),
        _c.account == bindparam("account"),
        _c.chat == bindparam("chat"),
    ),
    locks=True,
)
NEWEST_CHATS: Final = Statement(
    select(*CHAT.columns)
    .where(
        _c.organisation_id == bindparam("organisation_id"),
        _c.account == bindparam("account"),
        _c.heard_at.is_not(None),
    )
    .order_by(_c.heard_at.desc())
    .limit(bindparam("most"))
)
SAVE_CHAT: Final = Statement(
    text(
        "INSERT INTO channel_chats (organisation_id, account, chat, heard_at, heard_id) VALUES "
        "(:organisation_id, :account, :chat, :heard_at, :heard_id) ON CONFLICT (organisation_id, account, chat) "
        "DO UPDATE SET heard_at = excluded.heard_at, heard_id = excluded.heard_id"
    )
)
LOAD_ACCOUNT: Final = Statement(
    select(*ACCOUNT.columns).where(_a.organisation_id == bindparam("organisation_id"), _a.name == bindparam("name")),
    locks=True,
)
ACCOUNTS: Final = Statement(
    select(*ACCOUNT.columns).where(_a.organisation_id == bindparam("organisation_id")).order_by(_a.name)
)
ADD_ACCOUNT: Final = Statement(insert(channel_accounts), fills=ACCOUNT.names)
SAVE_ACCOUNT: Final = Statement(
    update(channel_accounts).where(
        _a.organisation_id == bindparam("row_organisation"), _a.name == bindparam("row_name")
    ),
    fills=[name for name in ACCOUNT.names if name not in {"organisation_id", "name"}],
)
OLD_REQUESTS: Final = (
    select(_r.id)
    .where(condition("channel_requests.state = 'taken'"), _r.at < bindparam("before"))
    .limit(bindparam("most"))
)
FORGET_REQUESTS: Final = Statement(delete(channel_requests).where(_r.id.in_(OLD_REQUESTS)))
OLD_FAILURES: Final = (
    select(_r.id)
    .where(condition("channel_requests.state = 'failed'"), _r.at < bindparam("before"))
    .limit(bindparam("most"))
)
FORGET_FAILURES: Final = Statement(delete(channel_requests).where(_r.id.in_(OLD_FAILURES)))
OLD_EVENTS: Final = (
    select(_e.organisation_id, _e.account, _e.key)
    .where(_e.at < bindparam("before"))
    .order_by(_e.at)
    .limit(bindparam("most"))
)
FORGET_EVENTS: Final = Statement(
    delete(channel_events).where(tuple_(_e.organisation_id, _e.account, _e.key).in_(OLD_EVENTS))
)


class SqlChannelRows:
    """What came in on channels, on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def keep(self, request: KeptRequest) -> int:
        """Keep a request and return its number."""
        cells = REQUEST.cells(request)
        del cells["id"]
        row = self._line.row(KEEP, cells)
        return 0 if row is None else as_number(row[0])

    def waiting(self, taker: str, now: datetime, limit: int) -> Sequence[KeptRequest]:
        """Return requests that are due and that this broker may take, oldest first."""
        rows = self._line.rows(WAITING, {"taker": taker, "now": to_microseconds(now), "most": limit})
        return [REQUEST.read(row) for row in rows]

    def claim(self, request: KeptRequest, taker: str, until: datetime, now: datetime) -> bool:
        """Let this broker alone take a request until then; False when another does already."""
        cells: Cells = {
            "row_id": request.id,
            "row_taker": request.taker,
            "row_now": to_microseconds(now),
            "taker": taker,
            "taker_until": to_microseconds(until),
        }
        return self._line.change(CLAIM, cells) == 1

    def request(self, organisation_id: OrganisationId, request_id: int) -> KeptRequest | None:
        """Return one request."""
        row = self._line.row(REQUEST_BY_ID, {"id": request_id, "organisation_id": organisation_id})
        return None if row is None else REQUEST.read(row)

    def settle(self, request: KeptRequest) -> None:
        """Write a request's state, attempts, time, error, and what is left of its body."""
        cells = REQUEST.cells(request)
        names = ("state", "attempts", "due_at", "taker", "taker_until", "error", "body")
        self._line.change(SETTLE, {"row_id": request.id, **{name: cells[name] for name in names}})

    def failed(self, organisation_id: OrganisationId, account: str, limit: int) -> Sequence[KeptRequest]:
        """Return requests that could not be taken, newest first."""
        rows = self._line.rows(FAILED, {"organisation_id": organisation_id, "account": account, "most": limit})
        return [REQUEST.read(row) for row in rows]

    def count(self, organisation_id: OrganisationId, account: str, state: RequestState) -> int:
        """Return how many requests of an account are in this state."""
        row = self._line.row(COUNT, {"organisation_id": organisation_id, "account": account, "state": state.value})
        return 0 if row is None else as_number(row[0])

    def take(self, event: TakenEvent) -> bool:
        """Write down that an event is taken; False when it was before."""
        return self._line.change(TAKE, EVENT.cells(event)) == 1

    def taken(self, organisation_id: OrganisationId, account: str, key: str) -> bool:
        """Tell whether an event was taken before."""
        wanted = {"row_organisation": organisation_id, "row_account": account, "row_key": key}
        return self._line.row(TAKEN, wanted) is not None

    def tie(self, event: TakenEvent) -> None:
        """Write down which conversation and message a taken event became."""
        cells: Cells = {
            "row_organisation": event.organisation_id,
            "row_account": event.account,
            "row_key": event.key,
            "conversation_id": event.conversation_id,
            "message_id": event.message_id,
            "note": event.note,
        }
        self._line.change(TIE, cells)

    def by_platform_id(
        self, organisation_id: OrganisationId, account: str, chat: str, platform_id: str
    ) -> TakenEvent | None:
        """Return the event by which this message of the platform came in, if one did."""
        wanted = {"organisation_id": organisation_id, "account": account, "chat": chat, "platform_id": platform_id}
        row = self._line.row(BY_PLATFORM_ID, wanted)
        return None if row is None else EVENT.read(row)

    def chat(self, organisation_id: OrganisationId, account: str, chat: str) -> Chat | None:
        """Return what is known of a chat, locked until the transaction ends."""
        row = self._line.row(LOAD_CHAT, {"organisation_id": organisation_id, "account": account, "chat": chat})
        return None if row is None else CHAT.read(row)

    def newest_chats(self, organisation_id: OrganisationId, account: str, limit: int) -> Sequence[Chat]:
        """Return the chats of an account in which customers wrote last, the newest first."""
        wanted: Cells = {"organisation_id": organisation_id, "account": account, "most": limit}
        return [CHAT.read(row) for row in self._line.rows(NEWEST_CHATS, wanted)]

    def save_chat(self, chat: Chat) -> None:
        """Write a chat, new or known."""
        self._line.change(SAVE_CHAT, CHAT.cells(chat))

    def account(self, organisation_id: OrganisationId, name: str) -> HeldAccount | None:
        """Return one account, locked until the transaction ends."""
        row = self._line.row(LOAD_ACCOUNT, {"organisation_id": organisation_id, "name": name})
        return None if row is None else ACCOUNT.read(row)

    def accounts(self, organisation_id: OrganisationId) -> Sequence[HeldAccount]:
        """Return all accounts, by name."""
        return [ACCOUNT.read(row) for row in self._line.rows(ACCOUNTS, {"organisation_id": organisation_id})]

    def save_account(self, account: HeldAccount) -> None:
        """Write an account, new or known."""
        cells = ACCOUNT.cells(account)
        row = {"row_organisation": cells.pop("organisation_id"), "row_name": cells.pop("name")}
        if self._line.change(SAVE_ACCOUNT, {**cells, **row}) != 1:
            self._line.change(ADD_ACCOUNT, ACCOUNT.cells(account))

    def forget_before(self, requests: datetime, events: datetime, limit: int) -> int:
        """Drop taken requests older than the first, and failed ones and events older than the second instant."""
        dropped = self._line.change(FORGET_REQUESTS, {"before": to_microseconds(requests), "most": limit})
        old = {"before": to_microseconds(events), "most": limit}
        return dropped + self._line.change(FORGET_FAILURES, old) + self._line.change(FORGET_EVENTS, old)
