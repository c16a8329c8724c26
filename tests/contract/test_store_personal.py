"""What is personal on every database: gathered whole, erased whole, and nothing of anybody else's touched."""

import pytest
from sqlalchemy import LargeBinary, Text

from server.broker.ports.privacy import Belongings
from server.broker.ports.records import AuditRecord, Contact, KeptFile, Stored
from server.broker.ports.store import Unit
from server.broker.ports.visitors import Visitor
from server.core.search import read_query
from server.storage import personal
from server.storage.columns import Json
from server.storage.database import SqlDatabase
from server.storage.fsck import check
from server.storage.schema import metadata
from server.wire.history import Identity
from server.wire.privacy import Erased
from server.wire.terms import (
    AuditAction,
    Author,
    ContactId,
    ConversationId,
    FileId,
    IdentityKind,
    Outcome,
    Party,
    SessionId,
    SessionState,
)
from server.wire.views import RevisionView
from tests.contract.stored import ACME, BEN, NOW, conversation, handoff, later, message, organisations, say

pytestmark = pytest.mark.contract

MARK = "quincewort"
"""A word that only the person to be erased ever said or is known by."""
CONTACT, OTHER = ContactId("p_gone"), ContactId("p_stays")
GONE, STAYS = ConversationId("c_1"), ConversationId("c_2")

NOT_PERSONAL = {
    "alembic_version": "*",
    "organisations": "*",
    "feed": "*",
    "operators": "*",
    "credentials": "*",
    "events": "*",
    "cursors": "*",
    "channel_accounts": "*",
    "alerts": "*",  # who was told, and how: people of the desk
    "conversations": (
        *("id", "organisation_id", "key_id", "medium", "channel", "owner", "session_id", "account", "language"),
        "translation",
    ),
    "messages": (
        *("id", "organisation_id", "conversation_id", "author", "author_name", "session_id", "operator_id"),
        *("delivery", "again_of"),
    ),
    "sessions": (
        *("id", "organisation_id", "conversation_id", "medium", "kind", "state", "queue", "offered_to"),
        *(
            "declined_by",
            "also_rings",
            "callback",
            "skills",
            "operator_id",
            "ended_by",
            "outcome",
            "dial",
            "disposition",
            "supervisor_id",
        ),
        *("supervision", "supervisor_leg", "recording", "consent", "transfers", "acknowledged_by"),
    ),
    "audit": (
        "id",
        "organisation_id",
        "action",
        "actor_id",
        "session_id",
        "subject_id",
        "about",
        "reason_sha256",
        "sha256",
    ),
}
"""Columns that may hold text and stay as they are: ids, closed words, and what is the desk's own."""
DROPPED = {
    *("contacts", "identities", "visitors", "files", "revisions", "channel_events", "channel_chats", "channel_parts"),
    "answers",
}
"""Tables whose rows about a person are dropped."""
IN_TIME = {
    "outbox": "ids, and dropped when carried out",
    "channel_requests": "raw requests: erased once taken, dropped in time (server.broker.housekeeping)",
    "searchable": "words of turns: emptied with them",
}


def test_every_column_that_can_hold_text_was_decided_on() -> None:
    emptied = {table.name: names for table, names in personal.EMPTIED.items()}
    for table in metadata.sorted_tables:
        if table.name in DROPPED or table.name in IN_TIME or NOT_PERSONAL.get(table.name) == "*":
            continue
        texts = {one.name for one in table.columns if isinstance(one.type, Text | Json | LargeBinary)}
        decided = {*emptied.get(table.name, ()), *NOT_PERSONAL.get(table.name, ())}
        if table.name == "audit":
            decided.add("reason")
        assert texts <= decided, f"is {sorted(texts - decided)} of {table.name} personal? Say so in storage/personal.py"


def fill(unit: Unit) -> None:
    """Two contacts with a closed chat each; everything about the first holds the mark."""
    organisations(unit)
    for contact_id, name in ((CONTACT, f"Ada {MARK}"), (OTHER, "Bo Rest")):
        unit.contacts.insert(Contact(id=contact_id, organisation_id=ACME, name=name, created_at=NOW))
    unit.contacts.add_identity(ACME, CONTACT, Identity(kind=IdentityKind.EMAIL, value=f"{MARK}@example.com"))
    unit.contacts.add_identity(ACME, OTHER, Identity(kind=IdentityKind.EMAIL, value="bo@example.com"))
    for number, word in ((1, MARK), (2, "harmless")):
        closed = {
            "state": SessionState.CLOSED,
            "outcome": Outcome.RESOLVED,
            "closed_at": later(90),
            "note": word,
            "follow_up": f"call {word}",
            "follow_up_at": later(500),
            "score": 4,
            "score_comment": word,
        }
        handoff(unit, number, **closed)
        mine = conversation(
            number, contact_id=CONTACT if number == 1 else OTHER, customer_name=f"Ada {word}", epoch=1,
            customer_handle=f"{word}-handle", external_id=f"chat-{word}", account="line", channel="line",
            attributes={"city": word},
        )  # fmt: skip
        unit.conversations.save(mine)
        said = say(unit, 1, number, text=f"my name is {word}", author_name=f"Ada {word}", key=f"key-{word}")
        say(unit, 2, number, text=f"hello {word}", author=Author.OPERATOR, author_name="Ben", operator_id=BEN)
        unit.conversations.keep_revision(
            ACME, RevisionView(message_id=said.id, version=0, text=f"was {word}", at=NOW, by=Party.CUSTOMER)
        )
        unit.files.insert(
            KeptFile(
                id=FileId(f"f_{number}"),
                organisation_id=ACME,
                conversation_id=ConversationId(f"c_{number}"),
                name=f"{word}.png",
                media_type="image/png",
                size=3,
                sha256=f"{number:064}",
                at=NOW,
                uploaded_by="",
            )
        )
        unit.visitors.insert(
            Visitor(
                id=f"v_{number}",
                organisation_id=ACME,
                key_id="k_1",
                sha256=f"{number:064}",
                created_at=NOW,
                seen_at=NOW,
                name=word,
                email=f"{word}@web.example",
                conversation_id=f"c_{number}",
            )
        )
        body = f'{{"conversation_id":"c_{number}","text":"{word}"}}'.encode()
        unit.ledger.remember(ACME, "k_1", f"key-{number}", Stored(fingerprint="x", body=body), NOW)
        unit.audit.add(
            AuditRecord(
                id=f"au_{number}",
                organisation_id=ACME,
                at=later(number),
                action=AuditAction.LISTEN,
                actor_id=BEN,
                session_id=closed_session(number),
                reason=f"shouted at {word}",
            )
        )


def closed_session(number: int) -> SessionId:
    return SessionId(f"s_{number}")


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(fill)
    return store


async def erase(store: SqlDatabase) -> tuple[Belongings, Erased]:
    def work(unit: Unit) -> tuple[Belongings, Erased]:
        mine = unit.personal.conversations_of(ACME, CONTACT)
        theirs = unit.personal.belongings(ACME, mine, CONTACT)
        erased = unit.personal.erase(ACME, mine, later(1_000))
        unit.personal.forget_contact(ACME, CONTACT)
        return theirs, erased

    return await store.run(work)


async def test_all_that_hangs_on_a_contact_is_found(acme: SqlDatabase) -> None:
    assert await acme.read(lambda unit: list(unit.personal.conversations_of(ACME, CONTACT))) == [GONE]
    theirs = await acme.read(lambda unit: unit.personal.belongings(ACME, [GONE], CONTACT))
    assert (theirs.open, theirs.connected, theirs.sessions) == ((), False, ("s_1",))
    assert [file.id for file in theirs.files] == ["f_1"]
    assert set(theirs.marks) == {
        f"{MARK}-handle",
        f"chat-{MARK}",
        f"{MARK}@web.example",
        f"{MARK}@example.com",
    }


async def test_what_is_erased_stands_nowhere_and_everything_of_others_stays(acme: SqlDatabase) -> None:
    assert {trace.place for trace in await acme.read(lambda unit: unit.personal.traces([MARK]))} >= {
        *("answers", "audit", "contacts", "conversations", "files", "identities", "messages", "revisions"),
        *("searchable", "sessions", "visitors"),
    }
    others = await acme.read(lambda unit: unit.personal.traces(["harmless"]))
    _, erased = await erase(acme)
    assert erased == Erased(
        conversations=1, messages=2, former=1, sessions=1, files=1, visitors=1, channel=0, answers=1
    )
    assert await acme.read(lambda unit: list(unit.personal.traces([MARK]))) == []
    assert await acme.read(lambda unit: unit.personal.traces(["harmless"])) == others
    assert await acme.read(lambda unit: unit.contacts.page(ACME, CONTACT)) is None
    assert await acme.read(lambda unit: list(unit.search.newest(ACME, read_query(MARK), 0, 9))) == []
    assert await acme.read(lambda unit: len(unit.search.newest(ACME, read_query("harmless"), 0, 9))) == 2


async def test_rows_that_figures_count_stay_and_every_promise_of_the_store_holds(acme: SqlDatabase) -> None:
    await erase(acme)
    session = await acme.read(lambda unit: unit.views.session(ACME, closed_session(1)))
    assert session is not None
    assert (session.number, session.outcome, session.score) == ("H-0001", Outcome.RESOLVED, 4)
    assert (session.customer.name, session.note, session.follow_up, session.context.summary) == ("", "", "", "")
    turns = await acme.read(lambda unit: unit.views.messages(ACME, GONE, 0, 10))
    assert [(turn.author, turn.text, turn.author_name) for turn in turns] == [
        (Author.CUSTOMER, "", ""),
        (Author.OPERATOR, "", "Ben"),
    ]
    ended = await acme.read(lambda unit: unit.views.conversation(ACME, GONE))
    assert ended is not None
    assert ended.ended_at == later(1_000)
    found = await acme.read(lambda unit: (check(unit), unit.audit.check(ACME)))
    assert found[0] == []
    assert (found[1].erased_reasons, found[1].broken) == (1, ())


async def test_an_open_handoff_and_a_live_call_are_named(acme: SqlDatabase) -> None:
    def more(unit: Unit) -> None:
        handoff(unit, 3)
        live = conversation(3, contact_id=CONTACT, epoch=1, session_id=closed_session(3), caller_connected=True)
        unit.conversations.save(live)

    await acme.run(more)
    theirs = await acme.read(lambda unit: unit.personal.belongings(ACME, [ConversationId("c_3")], CONTACT))
    assert (theirs.open, theirs.connected) == (("H-0003",), True)


async def test_conversations_are_old_when_their_last_word_is(acme: SqlDatabase) -> None:
    async def old(seconds: float) -> list[str]:
        return [one for _, one in await acme.read(lambda unit: unit.personal.old(later(seconds), 10))]

    assert await old(90) == []
    assert await old(91) == [GONE, STAYS]
    await acme.run(lambda unit: unit.conversations.add_message(message(9, 2, at=later(200))))
    assert await old(150) == [GONE]
    await erase(acme)
    assert await old(1_000) == [STAYS]
    await acme.run(lambda unit: handoff(unit, 3, queued_at=later(0)))
    assert ConversationId("c_3") not in await old(10_000), "a handoff of it is open"
