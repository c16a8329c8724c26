"""Find what must never be in a database, after a crash or before an upgrade: each line names one broken promise.

Every rule is one query for its breakers. `operator-server fsck` runs all of them; tests run them after every kill.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import bindparam, select, text

from server.broker.ports.store import Unit
from server.clock import SystemClock
from server.core.ownership import owner_of
from server.storage.backends import backend
from server.storage.cells import as_text
from server.storage.conversations import CONVERSATION
from server.storage.line import Line
from server.storage.schema import conversations, sessions
from server.storage.sessions import SESSION
from server.storage.setup import check_revision, revision
from server.storage.statement import Statement
from server.storage.unit import SqlUnit
from server.wire.terms import Outcome


class _Rule(NamedTuple):
    """A promise, and the query of up to 20 ids that break it."""

    promise: str
    breakers: Statement


def _rule(promise: str, query: str) -> _Rule:
    return _Rule(promise, Statement(text(f"{query} LIMIT 20")))


_OUTCOMES: Final = ", ".join(f"'{outcome}'" for outcome in Outcome)

RULES: Final = (
    _rule(
        "a session that ended has one outcome",
        "SELECT id FROM sessions WHERE state IN ('wrap_up', 'closed') AND outcome IS NULL",
    ),
    _rule(
        "a session that goes on has no outcome",
        "SELECT id FROM sessions WHERE state NOT IN ('wrap_up', 'closed') AND outcome IS NOT NULL",
    ),
    _rule(
        "a closed session says when it closed, and only a closed one",
        "SELECT id FROM sessions WHERE (state = 'closed') <> (closed_at IS NOT NULL)",
    ),
    _rule(
        "a session moves by itself unless it is in talk or closed",
        "SELECT id FROM sessions WHERE deadline_at IS NULL AND (state NOT IN ('active', 'held', 'closed') OR "
        "(state IN ('active', 'held') AND operator_lost_at IS NOT NULL))",
    ),
    _rule(
        "a closed session never moves again",
        "SELECT id FROM sessions WHERE state = 'closed' AND deadline_at IS NOT NULL",
    ),
    _rule(
        "a session in hand has an operator",
        "SELECT id FROM sessions WHERE state IN ('connecting', 'active', 'held') AND operator_id IS NULL",
    ),
    _rule(
        "a session rings at somebody exactly while it is offered",
        "SELECT id FROM sessions WHERE (state = 'offered') <> (offered_to IS NOT NULL)",
    ),
    _rule(
        "a conversation has at most one session in talk",
        "SELECT conversation_id FROM sessions WHERE state NOT IN ('asked', 'wrap_up', 'closed') GROUP BY "
        "conversation_id HAVING count(*) > 1",
    ),
    _rule(
        "a session in talk is its conversation's",
        "SELECT s.id FROM sessions s JOIN conversations c ON c.id = s.conversation_id WHERE s.state NOT IN "
        "('asked', 'wrap_up', 'closed') AND (c.session_id IS NULL OR c.session_id <> s.id)",
    ),
    _rule(
        "a conversation names a session only while that is in talk",
        "SELECT c.id FROM conversations c LEFT JOIN sessions s ON s.id = c.session_id WHERE c.session_id IS "
        "NOT NULL AND (s.id IS NULL OR s.state IN ('asked', 'wrap_up', 'closed'))",
    ),
    _rule(
        "a conversation without a session in talk is the assistant's",
        "SELECT id FROM conversations WHERE session_id IS NULL AND owner <> 'assistant'",
    ),
    _rule(
        "a conversation's epoch is the highest of its sessions'",
        "SELECT c.id FROM conversations c JOIN sessions s ON s.conversation_id = c.id WHERE s.epoch > c.epoch "
        "AND s.kind NOT IN ('assist', 'approve')",
    ),
    _rule(
        "what is asked is a question or a proposal with an end",
        "SELECT id FROM sessions WHERE state = 'asked' AND (kind NOT IN ('assist', 'approve') OR answer_by IS NULL)",
    ),
    _rule(
        "a session and its conversation belong to one organisation and have one medium",
        "SELECT s.id FROM sessions s JOIN conversations c ON c.id = s.conversation_id WHERE c.organisation_id "
        "<> s.organisation_id OR c.medium <> s.medium",
    ),
    _rule(
        "a message belongs to its conversation's organisation",
        "SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.organisation_id "
        "<> m.organisation_id",
    ),
    _rule(
        "places of messages count from 1 without holes",
        "SELECT c.id FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id, "
        "c.last_position HAVING count(m.id) <> c.last_position OR coalesce(max(m.position), 0) <> "
        "c.last_position",
    ),
    _rule(
        "every message can be searched for",
        "SELECT m.id FROM messages m LEFT JOIN searchable s ON s.message_id = m.id WHERE s.message_id IS NULL",
    ),
    _rule(
        "what is still to be done has a date, and nothing else has",
        "SELECT id FROM sessions WHERE (follow_up <> '') <> (follow_up_at IS NOT NULL)",
    ),
    _rule(
        "a conversation and its contact belong to one organisation",
        "SELECT c.id FROM conversations c JOIN contacts k ON k.id = c.contact_id WHERE k.organisation_id <> "
        "c.organisation_id",
    ),
    _rule(
        "numbers of sessions count from 1 without holes",
        "SELECT o.id FROM organisations o LEFT JOIN sessions s ON s.organisation_id = o.id GROUP BY o.id, "
        "o.last_number HAVING count(s.id) <> o.last_number OR coalesce(max(s.number), 0) <> o.last_number",
    ),
    _rule(
        "every session made is open or ended in one of the known ways",
        "SELECT id FROM sessions WHERE state NOT IN ('screening', 'queued', 'offered', 'connecting', "  # noqa: S608 - words of our own
        f"'active', 'held', 'wrap_up') AND NOT (state = 'closed' AND outcome IN ({_OUTCOMES}))",
    ),
    _rule(
        "events count without holes",
        "SELECT organisation_id FROM events GROUP BY organisation_id HAVING max(seq) - min(seq) + 1 <> count(*)",
    ),
    _rule(
        "the counter of events is the newest event's number",
        "SELECT f.organisation_id FROM feed f LEFT JOIN events e ON e.organisation_id = f.organisation_id "
        "GROUP BY f.organisation_id, f.last_seq HAVING coalesce(max(e.seq), 0) <> f.last_seq",
    ),
    _rule(
        "every organisation has a counter of events",
        "SELECT o.id FROM organisations o LEFT JOIN feed f ON f.organisation_id = o.id WHERE f.organisation_id IS NULL",
    ),
    _rule(
        "an event is about something that is there",
        "SELECT e.organisation_id FROM events e LEFT JOIN sessions s ON s.id = e.session_id LEFT JOIN "
        "conversations c ON c.id = e.conversation_id LEFT JOIN messages m ON m.id = e.message_id LEFT JOIN "
        "operators o ON o.id = e.operator_id WHERE (e.session_id IS NOT NULL AND s.id IS NULL) OR "
        "(e.conversation_id IS NOT NULL AND c.id IS NULL) OR (e.message_id IS NOT NULL AND m.id IS NULL) OR "
        "(e.operator_id IS NOT NULL AND o.id IS NULL)",
    ),
    _rule(
        "a disabled operator has no token that works",
        "SELECT k.id FROM credentials k JOIN operators o ON o.id = k.subject_id WHERE k.kind = 'operator' AND "
        "k.revoked_at IS NULL AND o.disabled_at IS NOT NULL",
    ),
)
"""What holds after every commit."""

_OWNED: Final = Statement(
    select(*SESSION.columns, *CONVERSATION.columns)
    .select_from(sessions.join(conversations, conversations.c.session_id == sessions.c.id))
    .limit(bindparam("most"))
)
MOST_OWNED: Final = 100_000
"""How many open sessions are compared with their conversations at most."""


def check(unit: Unit) -> list[str]:
    """Return one line for each promise that is broken, with the ids that break it; empty when all is well.

    Raises:
        TypeError: `unit` is not of this store.
    """
    if not isinstance(unit, SqlUnit):
        raise TypeError(f"fsck needs a transaction of the SQL store, not {type(unit).__name__}.")
    return [*_broken_rules(unit.line), *_wrong_owners(unit.line), *_broken_audit(unit)]


def run(url: str) -> list[str]:
    """Check the database at `url`, which no broker may use meanwhile.

    Raises:
        CallerError: `database_locked`, `schema_outdated`, `schema_newer`, `schema_unknown`.
        ProviderError: `database_unreachable`.
    """
    used = backend(url)
    used.acquire(alone=True)
    try:
        line = used.connect(writes=False)
        try:
            check_revision(revision(line))
            line.begin(reading=True)
            return [*line.damage(), *check(SqlUnit(line, SystemClock()))]
        finally:
            line.close()
    finally:
        used.release()


def _broken_rules(line: Line) -> Iterator[str]:
    """Yield the rules that some row breaks."""
    for promise, breakers in RULES:
        ids = sorted({as_text(row[0]) for row in line.rows(breakers, {})})
        if ids:
            yield f"{promise}: {', '.join(ids)}"


def _wrong_owners(line: Line) -> Iterator[str]:
    """Yield the conversations whose owner is not the one that their session gives them."""
    for row in line.rows(_OWNED, {"most": MOST_OWNED}):
        session = SESSION.read(row)
        conversation = CONVERSATION.read(row, len(SESSION.names))
        if conversation.owner is not owner_of(session):
            yield f"a conversation belongs to whom its session says: {conversation.id}"


def _broken_audit(unit: SqlUnit) -> Iterator[str]:
    """Yield the places at which the chain of an organisation's audit is broken."""
    for organisation_id in unit.roster.organisations():
        for what in unit.audit.check(organisation_id).broken:
            yield f"the audit was only ever added to: {what} ({organisation_id})"
