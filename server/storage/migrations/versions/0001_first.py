"""Build the first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SEARCH_INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE searchable_words USING fts5(words, content='searchable', content_rowid='entry', "
        "tokenize='ascii')"
    ),
    "postgresql": "CREATE INDEX ix_searchable_words ON searchable USING gin (words)",
}


def upgrade() -> None:  # noqa: PLR0915 - the first step builds all there is
    op.create_table(
        "answers",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "principal_id", "key", name=op.f("pk_answers")),
    )
    op.create_index("ix_answers_at", "answers", ["at"], unique=False)
    op.create_table(
        "cursors",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "name", name=op.f("pk_cursors")),
    )
    op.create_table(
        "events",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("operator_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "seq", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Text(), server_default="", nullable=False),
        sa.Column("last_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("audit_entries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("audit_sha256", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_due", "outbox", ["due_at", "id"], unique=False)
    op.create_index("ix_outbox_lane", "outbox", ["organisation_id", "lane", "id"], unique=False)
    op.create_index("ix_outbox_kind", "outbox", ["kind", "due_at", "attempts"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "folded",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contacts_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    _create_identities()
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_name", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_handle", sa.Text(), server_default="", nullable=False),
        sa.Column("external_id", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("caller_connected", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("assistant_connected", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("receipts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("elsewhere_until", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("translation", sa.Text(), server_default="none", nullable=False),
        sa.Column("attributes", sa.Text(), server_default="{}", nullable=False),
        sa.Column("refused_sends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_conversations_contact_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_conversations_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(
        "ix_conversations_connected",
        "conversations",
        ["id"],
        unique=False,
        sqlite_where=sa.text("caller_connected + assistant_connected > 0"),
        postgresql_where=sa.text("caller_connected + assistant_connected > 0"),
    )
    op.create_index("ix_conversations_contact", "conversations", ["contact_id", "created_at"], unique=False)
    op.create_index(
        "ix_conversations_external",
        "conversations",
        ["organisation_id", "account", "channel", "external_id"],
        unique=True,
        sqlite_where=sa.text("external_id <> '' AND ended_at IS NULL"),
        postgresql_where=sa.text("external_id <> '' AND ended_at IS NULL"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("handoff", sa.SmallInteger(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_credentials_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("sha256", name=op.f("uq_credentials_sha256")),
    )
    op.create_index("ix_credentials_kind", "credentials", ["organisation_id", "kind", "subject_id"], unique=False)
    op.create_table(
        "feed",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_feed_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_feed")),
    )
    op.create_table(
        "operators",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("idle_since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.Column("pending_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("break_asked_at", sa.BigInteger(), nullable=True),
        sa.Column("break_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("break_answer", sa.Text(), server_default="", nullable=False),
        sa.Column("connected", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.Column("digest_from", sa.BigInteger(), nullable=True),
        sa.Column("capacity_voice", sa.Integer(), server_default="0", nullable=False),
        sa.Column("capacity_chat", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skills", sa.Text(), server_default="[]", nullable=False),
        sa.Column("rung_at", sa.BigInteger(), nullable=True),
        sa.Column("missed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_operators_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operators")),
    )
    op.create_index("ix_operators_organisation", "operators", ["organisation_id", "name"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.Text(), server_default="", nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("operator_id", sa.Text(), nullable=True),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("again_of", sa.Text(), nullable=True),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("translation", sa.Text(), server_default="null", nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_messages_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("conversation_id", "position", name=op.f("uq_messages_conversation_id_position")),
    )
    op.create_index(
        "ix_messages_key",
        "messages",
        ["conversation_id", "key"],
        unique=True,
        sqlite_where=sa.text("key <> ''"),
        postgresql_where=sa.text("key <> ''"),
    )
    op.create_index(
        "ix_messages_notes",
        "messages",
        ["organisation_id", "at"],
        unique=False,
        sqlite_where=sa.text("author = 'note'"),
        postgresql_where=sa.text("author = 'note'"),
    )
    op.create_index(
        "ix_messages_session",
        "messages",
        ["session_id", "position"],
        unique=False,
        sqlite_where=sa.text("session_id IS NOT NULL"),
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("attached", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_files_conversation_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_files_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_at", "files", ["at"], unique=False)
    op.create_index("ix_files_bytes", "files", ["organisation_id", "sha256"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_revisions_message_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_revisions_organisation_id")),
        sa.PrimaryKeyConstraint("message_id", "version", name=op.f("pk_revisions")),
    )
    _create_searchable()
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("promise_at", sa.BigInteger(), nullable=False),
        sa.Column("wait_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.Column("policy_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offered_to", sa.Text(), nullable=True),
        sa.Column("offer_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("also_rings", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("rung_at", sa.BigInteger(), nullable=True),
        sa.Column("declined_by", sa.Text(), nullable=False),
        sa.Column("passed_at", sa.BigInteger(), nullable=True),
        sa.Column("skills", sa.Text(), server_default="[]", nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("active_at", sa.BigInteger(), nullable=True),
        sa.Column("muted", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("operator_lost_at", sa.BigInteger(), nullable=True),
        sa.Column("wrap_up_until", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("hung_up", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("follow_up", sa.Text(), server_default="", nullable=False),
        sa.Column("follow_up_at", sa.BigInteger(), nullable=True),
        sa.Column("follow_up_done_at", sa.BigInteger(), nullable=True),
        sa.Column("follow_up_done_by", sa.Text(), nullable=True),
        sa.Column("tickets", sa.Text(), nullable=False),
        sa.Column("transfers", sa.Text(), nullable=False),
        sa.Column("dial", sa.Text(), nullable=True),
        sa.Column("callback", sa.Text(), nullable=False, server_default="null"),
        sa.Column("disposition", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("supervisor_id", sa.Text(), nullable=True),
        sa.Column("supervision", sa.Text(), server_default="none", nullable=False),
        sa.Column("supervisor_leg", sa.Text(), server_default="", nullable=False),
        sa.Column("recording", sa.Text(), server_default="off", nullable=False),
        sa.Column("consent", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("recording_failure", sa.Text(), server_default="", nullable=False),
        sa.Column("voicemail_at", sa.BigInteger(), nullable=True),
        sa.Column("voicemail_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score_comment", sa.Text(), server_default="", nullable=False),
        sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False),
        sa.Column("answer_by", sa.BigInteger(), nullable=True),
        sa.Column("default_answer", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_sessions_conversation_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_sessions_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_sessions_organisation_id_number")),
    )
    op.create_index(
        "ix_sessions_calls",
        "sessions",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed' AND medium = 'voice'"),
        postgresql_where=sa.text("state <> 'closed' AND medium = 'voice'"),
    )
    op.create_index(
        "ix_sessions_closed",
        "sessions",
        ["organisation_id", "closed_at", "number"],
        unique=False,
        sqlite_where=sa.text("state = 'closed'"),
        postgresql_where=sa.text("state = 'closed'"),
    )
    op.create_index(
        "ix_sessions_due",
        "sessions",
        ["deadline_at", "id"],
        unique=False,
        sqlite_where=sa.text("deadline_at IS NOT NULL"),
        postgresql_where=sa.text("deadline_at IS NOT NULL"),
    )
    op.create_index(
        "ix_sessions_in_hand",
        "sessions",
        ["organisation_id", "operator_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('connecting', 'active', 'held')"),
        postgresql_where=sa.text("state IN ('connecting', 'active', 'held')"),
    )
    op.create_index(
        "ix_sessions_asked",
        "sessions",
        ["conversation_id"],
        unique=False,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index(
        "ix_sessions_one_in_talk",
        "sessions",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('asked', 'wrap_up', 'closed')"),
        postgresql_where=sa.text("state NOT IN ('asked', 'wrap_up', 'closed')"),
    )
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["organisation_id", "queued_at", "number"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "ix_sessions_queued",
        "sessions",
        ["organisation_id", "priority", "queued_at", "number"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_sessions_ringing",
        "sessions",
        ["organisation_id", "offered_to"],
        unique=False,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(
        "ix_sessions_supervised",
        "sessions",
        ["supervisor_id"],
        unique=False,
        sqlite_where=sa.text("supervisor_id IS NOT NULL"),
        postgresql_where=sa.text("supervisor_id IS NOT NULL"),
    )
    op.create_table(
        "alerts",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_alerts_organisation_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_alerts_session_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_code", "alerts", ["code", "at"], unique=False)
    op.create_index("ix_alerts_expires", "alerts", ["expires_at"], unique=False)
    op.create_index("ix_alerts_session", "alerts", ["session_id", "at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reason_sha256", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_audit_organisation_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_audit_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("organisation_id", "entry", name=op.f("uq_audit_organisation_id_entry")),
    )
    op.create_index("ix_audit_newest", "audit", ["organisation_id", "at", "id"], unique=False)
    op.create_index("ix_audit_session", "audit", ["session_id", "at", "id"], unique=False)
    _index_sessions_afterwards()
    _create_visitors()
    _create_channels_in()
    _create_channels_out()


def _create_visitors() -> None:
    op.create_table(
        "visitors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("call_id", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_visitors_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitors")),
        sa.UniqueConstraint("sha256", name=op.f("uq_visitors_sha256")),
    )
    op.create_index("ix_visitors_seen", "visitors", ["seen_at", "id"], unique=False)


def _create_searchable() -> None:
    op.create_table(
        "searchable",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_searchable_message_id")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_searchable")),
        sa.UniqueConstraint("message_id", name=op.f("uq_searchable_message_id")),
        sqlite_autoincrement=True,
    )
    op.execute(SEARCH_INDEX[op.get_context().dialect.name])


def _index_sessions_afterwards() -> None:
    op.create_index("ix_sessions_requested", "sessions", ["organisation_id", "requested_at"], unique=False)
    op.create_index("ix_sessions_conversation", "sessions", ["conversation_id", "number"], unique=False)
    op.create_index(
        "ix_sessions_follow_ups",
        "sessions",
        ["organisation_id", "follow_up_at", "number"],
        unique=False,
        sqlite_where=sa.text("follow_up_at IS NOT NULL AND follow_up_done_at IS NULL"),
        postgresql_where=sa.text("follow_up_at IS NOT NULL AND follow_up_done_at IS NULL"),
    )


def _create_identities() -> None:
    op.create_index("ix_contacts_folded", "contacts", ["organisation_id", "folded", "id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_identities_contact_id")),
        sa.PrimaryKeyConstraint("organisation_id", "kind", "value", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_contact", "identities", ["contact_id", "kind", "value"], unique=False)


def _create_channels_in() -> None:
    op.create_table(
        "channel_requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("taker_until", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_requests")),
        sqlite_autoincrement=True,
    )
    _partial("ix_channel_requests_failed", "channel_requests", ["organisation_id", "account", "id"], "state = 'failed'")
    _partial("ix_channel_requests_taken", "channel_requests", ["at"], "state = 'taken'")
    _partial("ix_channel_requests_waiting", "channel_requests", ["id"], "state = 'waiting'")
    op.create_table(
        "channel_events",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), server_default="", nullable=False),
        sa.Column("platform_id", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "account", "key", name=op.f("pk_channel_events")),
    )
    op.create_index("ix_channel_events_at", "channel_events", ["at"], unique=False)
    places = ["account", "chat", "platform_id"]
    _partial("ix_channel_events_platform_id", "channel_events", places, "message_id IS NOT NULL")
    op.create_table(
        "channel_chats",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("heard_id", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "account", "chat", name=op.f("pk_channel_chats")),
    )
    op.create_table(
        "channel_accounts",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "name", name=op.f("pk_channel_accounts")),
    )


def _create_channels_out() -> None:
    op.create_table(
        "channel_parts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stop", sa.Integer(), server_default="0", nullable=False),
        sa.Column("file_id", sa.Text(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("owner_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("platform_id", sa.Text(), server_default="", nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("doubtful", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_channel_parts_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_channel_parts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_parts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_channel_parts_chat", "channel_parts", ["account", "chat", "id"], unique=False)
    _partial("ix_channel_parts_doubt", "channel_parts", ["conversation_id", "id"], "state IN ('sending', 'unknown')")
    unfinished = "state IN ('waiting', 'sending')"
    _partial("ix_channel_parts_due", "channel_parts", ["account", "due_at", "id"], unfinished)
    _partial("ix_channel_parts_lane", "channel_parts", ["conversation_id", "id"], unfinished)
    op.create_index("ix_channel_parts_message", "channel_parts", ["message_id", "id"], unique=False)
    _partial("ix_channel_parts_platform_id", "channel_parts", ["account", "platform_id"], "platform_id <> ''")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
