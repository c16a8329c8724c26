"""Say which tables hold what channels bring and what is to be sent on them.

They belong to the schema of `server.storage.schema`; `server.storage.setup` builds both.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from server.storage.columns import Flag, Instant, Json
from server.storage.schema import metadata


def _number() -> Column[int]:
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _where(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


channel_requests: Final = Table(
    "channel_requests",
    metadata,
    _number(),
    Column("organisation_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("at", Instant, nullable=False),
    _text("method"),
    _text("url"),
    Column("query", Json, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("taker", Text, nullable=False),
    Column("taker_until", Instant, nullable=False),
    _text("error"),
    _where("ix_channel_requests_waiting", "id", where="state = 'waiting'"),
    _where("ix_channel_requests_failed", "organisation_id", "account", "id", where="state = 'failed'"),
    _where("ix_channel_requests_taken", "at", where="state = 'taken'"),
    sqlite_autoincrement=True,
)
"""What platforms sent, raw."""

channel_events: Final = Table(
    "channel_events",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),
    _text("chat"),
    _text("platform_id"),
    Column("conversation_id", Text, nullable=True),
    Column("message_id", Text, nullable=True),
    _text("note"),
    PrimaryKeyConstraint("organisation_id", "account", "key"),
    _where("ix_channel_events_platform_id", "account", "chat", "platform_id", where="message_id IS NOT NULL"),
    Index("ix_channel_events_at", "at"),
)
"""What was taken of it, each once."""

channel_chats: Final = Table(
    "channel_chats",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("heard_at", Instant, nullable=True),
    _text("heard_id"),
    PrimaryKeyConstraint("organisation_id", "account", "chat"),
)
"""The customer's newest message in each chat."""

channel_accounts: Final = Table(
    "channel_accounts",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _text("holder"),
    Column("held_until", Instant, nullable=True),
    _text("cursor"),
    _text("problem"),
    Column("since", Instant, nullable=True),
    Column("paused", Flag, nullable=False, server_default="0"),
    PrimaryKeyConstraint("organisation_id", "name"),
)
"""Which broker sends and listens for each account, and whether that is well."""

channel_parts: Final = Table(
    "channel_parts",
    metadata,
    _number(),
    Column("organisation_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("conversation_id", Text, ForeignKey("conversations.id"), nullable=False),
    Column("message_id", Text, ForeignKey("messages.id"), nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("start", Integer, nullable=False, server_default="0"),
    Column("stop", Integer, nullable=False, server_default="0"),
    Column("file_id", Text, nullable=True),
    Column("target", BigInteger, nullable=True),
    Column("owner_epoch", Integer, nullable=False, server_default="0"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    _text("platform_id"),
    Column("delivery", Text, nullable=False),
    _text("error"),
    Column("doubtful", Flag, nullable=False, server_default="0"),
    Index("ix_channel_parts_chat", "account", "chat", "id"),
    Index("ix_channel_parts_message", "message_id", "id"),
    _where("ix_channel_parts_lane", "conversation_id", "id", where="state IN ('waiting', 'sending')"),
    _where("ix_channel_parts_doubt", "conversation_id", "id", where="state IN ('sending', 'unknown')"),
    _where("ix_channel_parts_due", "account", "due_at", "id", where="state IN ('waiting', 'sending')"),
    _where("ix_channel_parts_platform_id", "account", "platform_id", where="platform_id <> ''"),
    sqlite_autoincrement=True,
)
"""What is to be sent, call by call, and what became of it."""
