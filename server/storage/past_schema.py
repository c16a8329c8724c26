"""Say which tables hold what is looked up afterwards: contacts, visitors, words of turns, what supervisors did.

They belong to the schema of `server.storage.schema`; `server.storage.setup` builds both.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from server.storage.columns import Instant
from server.storage.schema import metadata

contacts: Final = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("folded", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False, server_default=""),
    Index("ix_contacts_folded", "organisation_id", "folded", "id"),
)
"""Whoever talks with us, however they come; `folded` is the name without case and accents."""

identities: Final = Table(
    "identities",
    metadata,
    Column("organisation_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("contact_id", Text, ForeignKey("contacts.id"), nullable=False),
    PrimaryKeyConstraint("organisation_id", "kind", "value"),
    Index("ix_identities_contact", "contact_id", "kind", "value"),
)
"""By what contacts are recognised; each belongs to one."""

visitors: Final = Table(
    "visitors",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("user_id", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
    Column("conversation_id", Text, nullable=False, server_default=""),
    Column("call_id", Text, nullable=False, server_default=""),
    UniqueConstraint("sha256"),
    Index("ix_visitors_seen", "seen_at", "id"),
)
"""Browsers that wrote or called once; their talk is in conversations."""

alerts: Final = Table(
    "alerts",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("person", Text, nullable=False, server_default=""),
    Column("code", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("reference", Text, nullable=False, server_default=""),
    Index("ix_alerts_session", "session_id", "at"),
    Index("ix_alerts_code", "code", "at"),
    Index("ix_alerts_expires", "expires_at"),
)
"""Notices that a customer waits, as they went out: by what somebody answers, and by what they are changed."""

searchable: Final = Table(
    "searchable",
    metadata,
    Column("entry", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("organisation_id", Text, nullable=False),
    Column("message_id", Text, ForeignKey("messages.id"), nullable=False),
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("message_id"),
    sqlite_autoincrement=True,
)
"""The words of each turn (`server.storage.search`), in the order in which turns came."""

_FTS5: Final = (
    "CREATE VIRTUAL TABLE searchable_words USING fts5(words, content='searchable', content_rowid='entry', "
    "tokenize='ascii')"
)
SEARCH_INDEX: Final = {
    "sqlite": _FTS5,
    "postgresql": "CREATE INDEX ix_searchable_words ON searchable USING gin (words)",
}
"""What finds a turn by its words; it lies in the same transaction as the turn."""

audit: Final = Table(
    "audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("session_id", Text, ForeignKey("sessions.id"), nullable=True),
    Column("subject_id", Text, nullable=True),
    Column("about", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("reason_sha256", Text, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    UniqueConstraint("organisation_id", "entry"),
    Index("ix_audit_newest", "organisation_id", "at", "id"),
    Index("ix_audit_session", "session_id", "at", "id"),
)
"""What supervisors and administrators did; each row's hash covers the row before it (`server.storage.audit`)."""
