"""Say which tables there are; the migrations build exactly these (tests/integration/storage proves it).

Every row belongs to an organisation. Instants are whole microseconds since 1970 in UTC, on every database. Flags
are 0 and 1. Events hold ids and kinds only: personal text is found through them, so that erasing is one place.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.storage.columns import Flag, Instant, Json

REVISIONS: Final = ("0001",)
"""Every revision of the schema, oldest first; the last one is what this program works with."""

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
"""All tables."""


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _organisation() -> Column[str]:
    return Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _word(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str) -> Column[bool]:
    return Column(name, Flag, nullable=False, server_default="0")


def _at(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


def _index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of the rows that meet a condition, on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


organisations: Final = Table(
    "organisations",
    metadata,
    _id(),
    _text("name"),
    _at("created_at"),
    _text("plan"),
    _count("last_number"),
    _count("audit_entries"),
    _text("audit_sha256"),
)
"""Who everything belongs to; `last_number` is the newest session's number, `audit_...` the end of the audit's chain."""

feed: Final = Table(
    "feed",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisations.id"), primary_key=True),
    Column("last_seq", BigInteger, nullable=False, server_default="0"),
)
"""The number of each organisation's newest event; a hot row, taken last in a transaction."""

operators: Final = Table(
    "operators",
    metadata,
    _id(),
    _organisation(),
    _text("name"),
    _word("role"),
    _word("presence"),
    _at("since"),
    _at("idle_since"),
    _text("reason"),
    _word("pending", nullable=True),
    _text("pending_reason"),
    _at("break_asked_at", nullable=True),
    _text("break_reason"),
    _text("break_answer"),
    _flag("connected"),
    _at("gone_at", nullable=True),
    _at("digest_from", nullable=True),
    _count("capacity_voice"),
    _count("capacity_chat"),
    Column("skills", Json, nullable=False, server_default="[]"),
    _at("rung_at", nullable=True),
    _count("missed"),
    _at("rests_until", nullable=True),
    _at("disabled_at", nullable=True),
    Index("ix_operators_organisation", "organisation_id", "name"),
)
"""The people who answer."""

credentials: Final = Table(
    "credentials",
    metadata,
    _id(),
    _organisation(),
    _word("kind"),
    _word("subject_id"),
    _text("name"),
    Column("sha256", Text, nullable=False),
    _at("created_at"),
    _at("revoked_at", nullable=True),
    Column("handoff", Flag, nullable=False, server_default="1"),
    UniqueConstraint("sha256"),
    Index("ix_credentials_kind", "organisation_id", "kind", "subject_id"),
)
"""Tokens, hashed."""

conversations: Final = Table(
    "conversations",
    metadata,
    _id(),
    _organisation(),
    _word("key_id"),
    _word("medium"),
    _text("channel"),
    _text("customer_name"),
    _text("customer_handle"),
    _text("external_id"),
    _at("created_at"),
    _word("owner"),
    _count("owner_epoch"),
    _count("epoch"),
    _word("session_id", nullable=True),
    _at("ended_at", nullable=True),
    _flag("caller_connected"),
    _flag("assistant_connected"),
    _flag("receipts"),
    _text("account"),
    _at("elsewhere_until", nullable=True),
    _at("erased_at", nullable=True),
    _text("language"),
    Column("translation", Text, nullable=False, server_default="none"),
    Column("attributes", Json, nullable=False, server_default="{}"),
    _count("refused_sends"),
    _count("last_position"),
    Column("contact_id", Text, ForeignKey("contacts.id"), nullable=True),
    Index("ix_conversations_contact", "contact_id", "created_at"),
    _index(
        "ix_conversations_external",
        "organisation_id",
        "account",
        "channel",
        "external_id",
        unique=True,
        where="external_id <> '' AND ended_at IS NULL",
    ),
    _index("ix_conversations_connected", "id", where="caller_connected + assistant_connected > 0"),
)
"""All talk with one customer on one channel; `last_position` is the newest message's place."""

sessions: Final = Table(
    "sessions",
    metadata,
    _id(),
    _organisation(),
    Column("number", Integer, nullable=False),
    Column("conversation_id", Text, ForeignKey("conversations.id"), nullable=False),
    _word("medium"),
    _word("kind"),
    _word("state"),
    _text("queue"),
    _count("priority"),
    _at("requested_at"),
    _at("queued_at"),
    _at("promise_at"),
    _at("wait_expires_at"),
    _at("waiting_since"),
    _count("policy_done"),
    _count("epoch"),
    _count("version"),
    _word("offered_to", nullable=True),
    _at("offer_expires_at", nullable=True),
    Column("also_rings", Json, nullable=False, server_default="[]"),
    _at("rung_at", nullable=True),
    Column("declined_by", Json, nullable=False),
    _at("passed_at", nullable=True),
    Column("skills", Json, nullable=False, server_default="[]"),
    _word("operator_id", nullable=True),
    _at("accepted_at", nullable=True),
    _at("lease_expires_at", nullable=True),
    _at("active_at", nullable=True),
    _flag("muted"),
    _at("operator_lost_at", nullable=True),
    _at("wrap_up_until", nullable=True),
    _at("ended_at", nullable=True),
    _word("ended_by", nullable=True),
    _at("closed_at", nullable=True),
    _word("outcome", nullable=True),
    _flag("hung_up"),
    _text("follow_up"),
    _at("follow_up_at", nullable=True),
    _at("follow_up_done_at", nullable=True),
    _word("follow_up_done_by", nullable=True),
    Column("tickets", Json, nullable=False),
    Column("transfers", Json, nullable=False),
    _word("dial", nullable=True),
    Column("callback", Json, nullable=False, server_default="null"),
    _text("disposition"),
    _text("note"),
    _word("supervisor_id", nullable=True),
    Column("supervision", Text, nullable=False, server_default="none"),
    _text("supervisor_leg"),
    Column("recording", Text, nullable=False, server_default="off"),
    Column("consent", Text, nullable=False, server_default="unknown"),
    _text("recording_failure"),
    _at("voicemail_at", nullable=True),
    _count("voicemail_seconds"),
    _count("score"),
    _text("score_comment"),
    _text("acknowledged_by"),
    _at("answer_by", nullable=True),
    _text("default_answer"),
    _text("reason"),
    Column("context", Json, nullable=False),
    _at("deadline_at", nullable=True),
    UniqueConstraint("organisation_id", "number"),
    Index("ix_sessions_conversation", "conversation_id", "number"),
    _index(
        "ix_sessions_follow_ups",
        "organisation_id",
        "follow_up_at",
        "number",
        where="follow_up_at IS NOT NULL AND follow_up_done_at IS NULL",
    ),
    _index("ix_sessions_queued", "organisation_id", "priority", "queued_at", "number", where="state = 'queued'"),
    _index("ix_sessions_due", "deadline_at", "id", where="deadline_at IS NOT NULL"),
    _index("ix_sessions_open", "organisation_id", "queued_at", "number", where="state <> 'closed'"),
    _index("ix_sessions_calls", "id", where="state <> 'closed' AND medium = 'voice'"),
    _index("ix_sessions_closed", "organisation_id", "closed_at", "number", where="state = 'closed'"),
    _index(
        "ix_sessions_in_hand",
        "organisation_id",
        "operator_id",
        where="state IN ('connecting', 'active', 'held')",
    ),
    Index("ix_sessions_requested", "organisation_id", "requested_at"),
    _index("ix_sessions_supervised", "supervisor_id", where="supervisor_id IS NOT NULL"),
    _index("ix_sessions_ringing", "organisation_id", "offered_to", where="state = 'offered'"),
    _index(
        "ix_sessions_one_in_talk",
        "conversation_id",
        unique=True,
        where="state NOT IN ('asked', 'wrap_up', 'closed')",
    ),
    _index("ix_sessions_asked", "conversation_id", where="state = 'asked'"),
)
"""Handoffs; `deadline_at` is when the session moves by itself. One at most is in talk for each conversation."""

messages: Final = Table(
    "messages",
    metadata,
    _id(),
    _organisation(),
    Column("conversation_id", Text, ForeignKey("conversations.id"), nullable=False),
    Column("position", Integer, nullable=False),
    _word("author"),
    Column("text", Text, nullable=False),
    _at("at"),
    _text("author_name"),
    _word("session_id", nullable=True),
    _word("operator_id", nullable=True),
    _word("delivery"),
    _text("failure"),
    _count("version"),
    _at("edited_at", nullable=True),
    _at("deleted_at", nullable=True),
    _word("again_of", nullable=True),
    Column("files", Json, nullable=False),
    Column("translation", Json, nullable=False, server_default="null"),
    _text("key"),
    UniqueConstraint("conversation_id", "position"),
    _index("ix_messages_key", "conversation_id", "key", unique=True, where="key <> ''"),
    _index("ix_messages_session", "session_id", "position", where="session_id IS NOT NULL"),
    _index("ix_messages_notes", "organisation_id", "at", where="author = 'note'"),
)
"""What was said, by place in its conversation."""

files: Final = Table(
    "files",
    metadata,
    _id(),
    _organisation(),
    Column("conversation_id", Text, ForeignKey("conversations.id"), nullable=False),
    _text("name"),
    _word("media_type"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    _at("at"),
    _word("uploaded_by"),
    _flag("attached"),
    Index("ix_files_at", "at"),
    Index("ix_files_bytes", "organisation_id", "sha256"),
)
"""Files that messages carry; their bytes lie in the data directory, by their hash."""

revisions: Final = Table(
    "revisions",
    metadata,
    Column("message_id", Text, ForeignKey("messages.id"), nullable=False),
    Column("version", Integer, nullable=False),
    _organisation(),
    Column("text", Text, nullable=False),
    _at("at"),
    _word("by"),
    _text("by_name"),
    _flag("deleted"),
    PrimaryKeyConstraint("message_id", "version"),
)
"""What messages said before they were changed or taken back."""

events: Final = Table(
    "events",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    _word("kind"),
    _at("at"),
    _word("session_id", nullable=True),
    _word("conversation_id", nullable=True),
    _word("message_id", nullable=True),
    _word("operator_id", nullable=True),
    PrimaryKeyConstraint("organisation_id", "seq"),
    sqlite_with_rowid=False,
)
"""What happened, by number and without a word of it."""

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("organisation_id", Text, nullable=False),
    Column("lane", Text, nullable=False),
    _word("kind"),
    Column("body", LargeBinary, nullable=False),
    _count("attempts"),
    _at("due_at"),
    _text("error"),
    Index("ix_outbox_due", "due_at", "id"),
    Index("ix_outbox_lane", "organisation_id", "lane", "id"),
    Index("ix_outbox_kind", "kind", "due_at", "attempts"),
    sqlite_autoincrement=True,
)
"""Effects to carry out, in order within a lane."""

cursors: Final = Table(
    "cursors",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("organisation_id", "name"),
)
"""How far each reader within the broker has got in the events."""

answers: Final = Table(
    "answers",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("principal_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _at("at"),
    PrimaryKeyConstraint("organisation_id", "principal_id", "key"),
    Index("ix_answers_at", "at"),
)
"""Remembered answers to idempotency keys."""
