"""Rule: every promise that fsck knows is found broken when it is, and only then."""

import sqlite3
from pathlib import Path

import pytest

from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.storage import fsck
from server.storage.database import SqlDatabase
from server.wire.terms import Outcome, SessionState
from tests.contract.stored import ACME, ANN, handoff, later, organisations, say
from tests.contract.test_store import credential

pytestmark = pytest.mark.integration

BREAKERS = {
    "a session that ended has one outcome": "UPDATE sessions SET outcome = NULL WHERE id = 's_3'",
    "a session that goes on has no outcome": "UPDATE sessions SET outcome = 'ended' WHERE id = 's_1'",
    "a closed session says when it closed, and only a closed one": "UPDATE sessions SET closed_at = 1 WHERE id = 's_1'",
    "a session moves by itself unless it is in talk or closed": "UPDATE sessions SET deadline_at = NULL",
    "a closed session never moves again": "UPDATE sessions SET deadline_at = 1 WHERE id = 's_3'",
    "a session in hand has an operator": "UPDATE sessions SET operator_id = NULL",
    "a session rings at somebody exactly while it is offered": "UPDATE sessions SET offered_to = 'u_ann'",
    "a conversation has at most one session in talk": "DROP INDEX ix_sessions_one_in_talk; "
    "UPDATE sessions SET conversation_id = 'c_1'",
    "a session in talk is its conversation's": "UPDATE conversations SET session_id = NULL, owner = 'assistant'",
    "a conversation names a session only while that is in talk": "UPDATE conversations SET session_id = 's_3'",
    "a conversation without a session in talk is the assistant's": "UPDATE conversations SET owner = 'waiting' "
    "WHERE session_id IS NULL",
    "a conversation's epoch is the highest of its sessions'": "UPDATE sessions SET epoch = 9",
    "what is asked is a question or a proposal with an end": "UPDATE sessions SET state = 'asked' WHERE id = 's_1'",
    "a session and its conversation belong to one organisation and have one medium": "UPDATE sessions "
    "SET medium = 'voice' WHERE id = 's_1'",
    "a message belongs to its conversation's organisation": "UPDATE messages SET organisation_id = 'o_other'",
    "places of messages count from 1 without holes": "DELETE FROM messages WHERE position = 2",
    "every message can be searched for": "DELETE FROM searchable WHERE message_id = 'm_1_2'",
    "what is still to be done has a date, and nothing else has": "UPDATE sessions SET follow_up = 'call back'",
    "a conversation and its contact belong to one organisation": "INSERT INTO contacts (id, organisation_id, "
    "created_at) VALUES ('p_1', 'o_other', 1); UPDATE conversations SET contact_id = 'p_1'",
    "numbers of sessions count from 1 without holes": "UPDATE organisations SET last_number = 9",
    "every session made is open or ended in one of the known ways": "UPDATE sessions SET outcome = 'x' "
    "WHERE state = 'closed'",
    "events count without holes": "DELETE FROM events WHERE seq = 2",
    "the counter of events is the newest event's number": "UPDATE feed SET last_seq = 99",
    "every organisation has a counter of events": "DELETE FROM feed WHERE organisation_id = 'o_other'",
    "an event is about something that is there": "UPDATE events SET message_id = 'm_gone' WHERE seq = 1",
    "a disabled operator has no token that works": "UPDATE operators SET disabled_at = 1",
    "a conversation belongs to whom its session says": "UPDATE conversations SET owner = 'operator' "
    "WHERE session_id IS NOT NULL",
    "the file is damaged": "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 3 WHERE name = 'events'",
    "a row of messages names one of conversations that is not there": "DELETE FROM conversations WHERE id = 'c_1'",
}


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A file with a bit of everything, and nothing wrong."""
    path = tmp_path / "operator.sqlite3"
    database = SqlDatabase(f"sqlite:///{path}")
    await database.open()
    await database.run(organisations)
    await database.run(fill)
    await database.close()
    return path


def fill(unit: Unit) -> None:
    made = handoff(unit, 1)
    handoff(unit, 2, state=SessionState.ACTIVE, operator_id=ANN)
    handoff(unit, 3, state=SessionState.CLOSED, outcome=Outcome.ENDED, closed_at=later(1), operator_id=ANN)
    unit.roster.add_credential(credential())
    for number in (1, 2, 3):
        unit.ledger.tell_message(ACME, "message.added", say(unit, number))
    unit.ledger.tell_session(ACME, "session.queued", made)


def test_every_promise_has_a_case_here() -> None:
    assert {rule.promise for rule in fsck.RULES} < BREAKERS.keys()


@pytest.mark.parametrize("promise", BREAKERS)
def test_a_broken_promise_is_found(path: Path, promise: str) -> None:
    url = f"sqlite:///{path}"
    assert fsck.run(url) == []
    connection = sqlite3.connect(path)
    connection.executescript(BREAKERS[promise])
    connection.commit()
    connection.close()
    assert any(line.startswith(promise) for line in fsck.run(url))


async def test_while_a_broker_runs_nobody_checks(path: Path) -> None:
    database = SqlDatabase(f"sqlite:///{path}")
    await database.open()
    with pytest.raises(CallerError) as refused:
        fsck.run(f"sqlite:///{path}")
    assert refused.value.code == "database_locked"
    await database.close()


async def test_postgresql_is_checked_alike(postgres_url: str) -> None:
    database = SqlDatabase(postgres_url)
    await database.open()
    await database.run(organisations)
    await database.run(fill)
    assert await database.read(fsck.check) == []
    await database.close()
    assert fsck.run(postgres_url) == []


async def test_an_empty_database_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(CallerError):
        fsck.run(f"sqlite:///{tmp_path / 'new.sqlite3'}")
