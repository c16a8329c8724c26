"""Rules of what is shown: events carry the thing as it is now, notes stay with operators, queries stay few."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import pytest

from server.broker.ports.records import Stored
from server.broker.ports.store import Unit
from server.core.errors import CallerError
from server.core.session import label
from server.storage.cells import Cells, Row
from server.storage.database import SqlDatabase
from server.storage.postgres_line import PostgresLine
from server.storage.sqlite_line import SqliteLine
from server.storage.statement import Statement
from server.storage.telling import OF_SESSION
from server.wire import events as e
from server.wire.terms import Author, ConversationId, Medium, OperatorId, Outcome, Presence, SessionId, SessionState
from server.wire.views import Customer, MessageView, SessionView
from tests.contract.stored import (
    ACME,
    ANN,
    BEN,
    CONTEXT,
    OTHER,
    conversation,
    handoff,
    later,
    operator,
    organisations,
    say,
)

pytestmark = pytest.mark.contract

C1, S1 = ConversationId("c_1"), SessionId("s_1")


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(organisations)
    return store


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Every query asked, of any line."""
    asked: list[Statement] = []
    for kind in (SqliteLine, PostgresLine):
        ask: Callable[..., Sequence[Row]] = kind.rows

        def counting(
            line: object, statement: Statement, cells: Cells, ask: Callable[..., Sequence[Row]] = ask
        ) -> Sequence[Row]:
            asked.append(statement)
            return ask(line, statement, cells)

        monkeypatch.setattr(kind, "rows", counting)
    return asked


async def test_every_kind_of_event_is_told_with_what_it_is_about(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        made = handoff(unit)
        for kind in OF_SESSION:
            unit.ledger.tell_session(ACME, kind, made)
        said = say(unit, 1, session_id=S1)
        for kind in ("message.added", "message.changed"):
            unit.ledger.tell_message(ACME, kind, said)
        unit.ledger.tell_operator(ACME, ANN)
        unit.ledger.tell_conversation(ACME, "conversation.changed", C1)
        for kind in ("conversation.returned", "assist.answered", "approve.decided"):
            unit.ledger.tell_conversation(ACME, kind, C1, S1)

    await acme.run(work)
    fed = await acme.read(lambda unit: unit.views.events(ACME, 0, 99))
    told = {type(one.event) for one in fed}
    assert told == set(e.Event.__args__)
    assert [one.event.seq for one in fed] == list(range(1, 18))
    assert {one.conversation_id for one in fed if not isinstance(one.event, e.OperatorChanged)} == {C1}
    assert {one.key_id for one in fed if not isinstance(one.event, e.OperatorChanged)} == {"k_1"}
    people = [one for one in fed if isinstance(one.event, e.OperatorChanged)]
    assert [(one.conversation_id, one.key_id) for one in people] == [("", "")]
    tags = {one.event.__struct_config__.tag: one for one in fed}
    for kind in OF_SESSION:
        assert kind in tags


async def test_an_event_shows_exactly_what_a_snapshot_shows(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        made = handoff(unit, state=SessionState.ACTIVE, operator_id=ANN)
        for number in range(1, 6):
            unit.ledger.tell_message(ACME, "message.added", say(unit, number))
        unit.ledger.tell_session(ACME, "session.active", made)
        unit.ledger.tell_operator(ACME, ANN)
        unit.ledger.tell_conversation(ACME, "conversation.changed", C1)

    await acme.run(work)

    def look(unit: Unit) -> None:
        *said, session, person, talk = (one.event for one in unit.views.events(ACME, 0, 99))
        assert [one.message for one in said if isinstance(one, e.MessageAdded)] == list(
            unit.views.messages(ACME, C1, 0, 99)
        )
        assert unit.views.latest_messages(ACME, C1, 99) == unit.views.messages(ACME, C1, 0, 99)
        assert unit.views.latest_messages(ACME, C1, 2) == unit.views.messages(ACME, C1, 0, 99)[-2:]
        assert unit.views.latest_messages(OTHER, C1, 2) == []
        assert isinstance(session, e.SessionActive)
        assert [session.session] == list(unit.views.open_sessions(ACME))
        assert session.session == unit.views.session(ACME, S1) == unit.views.session_by_number(ACME, 1)
        assert isinstance(person, e.OperatorChanged)
        assert person.operator == unit.views.operators(ACME)[0]
        assert isinstance(talk, e.ConversationChanged)
        assert talk.conversation == unit.views.conversation(ACME, C1)

    await acme.read(look)


async def test_a_session_is_shown_with_its_number_customer_context_and_place(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1, queued_at=later(9))
        handoff(unit, 2, queued_at=later(3))
        handoff(unit, 3, state=SessionState.CLOSED, outcome=Outcome.ENDED, closed_at=later(9))

    await acme.run(work)
    shown = await acme.read(lambda unit: unit.views.open_sessions(ACME))
    assert [one.number for one in shown] == [label(2), label(1)]
    first = shown[0]
    assert first.customer == Customer(name="Zoë", handle="+1 555 0142", channel="api")
    assert (first.reason, first.context, first.queued_at) == ("asked for a person", CONTEXT, later(3))
    assert await acme.read(lambda unit: unit.views.session_by_number(ACME, 4)) is None
    assert await acme.read(lambda unit: unit.views.session(ACME, SessionId("s_9"))) is None


async def test_a_row_of_the_queue_shows_the_last_three_turns_and_never_a_note(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1)
        handoff(unit, 2)
        handoff(unit, 3)
        for number in range(1, 6):
            say(unit, number)
        say(unit, 6, author=Author.NOTE, text="he shouted at me")
        say(unit, 1, 2)
        say(unit, 2, 2, author=Author.NOTE)

    await acme.run(work)
    shown = await acme.read(lambda unit: unit.views.open_sessions(ACME))
    assert [[turn.text for turn in one.last_turns] for one in shown] == [["turn 3", "turn 4", "turn 5"], ["turn 1"], []]
    one = await acme.read(lambda unit: unit.views.session(ACME, S1))
    assert one == shown[0]


async def test_an_assistant_gets_the_human_stretch_back_without_notes_oldest_first_at_most_200(
    acme: SqlDatabase,
) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1)
        handoff(unit, 2)
        say(unit, 1000, text="before")
        for number in range(1, 251):
            author = Author.NOTE if number % 5 == 0 else Author.CUSTOMER
            say(unit, number, session_id=S1, author=author)
        say(unit, 1001, text="after")
        for number in range(1, 211):
            say(unit, number, 2, session_id=SessionId("s_2"))
        unit.ledger.tell_conversation(ACME, "conversation.returned", C1, S1)
        unit.ledger.tell_conversation(ACME, "conversation.returned", ConversationId("c_2"), SessionId("s_2"))

    await acme.run(work)
    first, second = (one.event for one in await acme.read(lambda unit: unit.views.events(ACME, 0, 9)))
    assert isinstance(first, e.ConversationReturned)
    assert isinstance(second, e.ConversationReturned)
    assert [turn.text for turn in first.stretch] == [f"turn {n}" for n in range(1, 251) if n % 5]
    assert [turn.text for turn in second.stretch] == [f"turn {n}" for n in range(11, 211)]
    assert (first.conversation.id, first.session.id) == (C1, S1)


async def test_the_number_of_queries_does_not_grow_with_what_is_shown(
    acme: SqlDatabase, queries: list[Statement]
) -> None:
    def add(unit: Unit, number: int) -> None:
        made = handoff(unit, number, state=SessionState.ACTIVE, operator_id=ANN)
        said = say(unit, 1, number, session_id=made.id)
        unit.ledger.tell_session(ACME, "session.active", made)
        unit.ledger.tell_message(ACME, "message.added", said)
        unit.ledger.tell_operator(ACME, ANN if number % 2 else BEN)
        unit.ledger.tell_conversation(ACME, "conversation.returned", made.conversation_id, made.id)

    shows: tuple[tuple[Callable[[Unit], Sequence[object]], int], ...] = (
        (lambda unit: unit.views.events(ACME, 0, 999), 8),
        (lambda unit: unit.views.open_sessions(ACME), 2),
        (lambda unit: unit.views.operators(ACME), 2),
    )
    for number in range(1, 31):
        await acme.run(lambda unit, n=number: add(unit, n))  # type: ignore[misc]
        if number in {1, 30}:
            for show, most in shows:
                queries.clear()
                assert await acme.read(show)
                assert len(queries) <= most


async def test_events_are_read_from_where_one_stands(acme: SqlDatabase) -> None:
    assert await acme.read(lambda unit: (unit.views.last_seq(ACME), unit.views.oldest_seq(ACME))) == (0, 0)
    assert await acme.read(lambda unit: unit.views.events(ACME, 0, 9)) == []
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    for _ in range(5):
        await acme.run(lambda unit: unit.ledger.tell_conversation(ACME, "conversation.changed", C1))
    assert [one.event.seq for one in await acme.read(lambda unit: unit.views.events(ACME, 2, 2))] == [3, 4]
    assert await acme.read(lambda unit: unit.views.events(ACME, 5, 9)) == []
    assert await acme.read(lambda unit: (unit.views.last_seq(ACME), unit.views.oldest_seq(ACME))) == (5, 1)


async def test_old_events_and_answers_are_forgotten_but_never_the_newest_event(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    for _ in range(6):
        await acme.run(lambda unit: unit.ledger.tell_conversation(ACME, "conversation.changed", C1))
    stored = Stored(fingerprint="f", body=b"")
    for number in range(4):
        await acme.run(lambda unit, n=number: unit.ledger.remember(ACME, "k", f"{n}", stored, later(n)))  # type: ignore[misc]
    clock_now = (await acme.read(lambda unit: unit.views.events(ACME, 0, 1)))[0].event.at
    assert await acme.run(lambda unit: unit.ledger.forget_before(clock_now, 9)) == 0
    assert await acme.run(lambda unit: unit.ledger.forget_before(later(2), 9)) == 2 + 5
    assert await acme.read(lambda unit: (unit.views.last_seq(ACME), unit.views.oldest_seq(ACME))) == (6, 6)
    assert await acme.read(lambda unit: unit.ledger.recall(ACME, "k", "1")) is None
    assert await acme.read(lambda unit: unit.ledger.recall(ACME, "k", "2")) == stored


async def test_forgetting_takes_no_more_than_asked(acme: SqlDatabase) -> None:
    for number, organisation in ((1, ACME), (2, OTHER)):
        made = conversation(number, organisation_id=organisation)
        await acme.run(lambda unit, made=made: unit.conversations.insert(made))  # type: ignore[misc]
        for _ in range(6):
            await acme.run(
                lambda unit, made=made: unit.ledger.tell_conversation(  # type: ignore[misc]
                    made.organisation_id, "conversation.changed", made.id
                )
            )
    assert await acme.run(lambda unit: unit.ledger.forget_before(later(9e8), 4)) == 4
    assert await acme.read(lambda unit: (unit.views.oldest_seq(ACME), unit.views.oldest_seq(OTHER))) == (5, 1)
    assert await acme.run(lambda unit: unit.ledger.forget_before(later(9e8), 4)) == 4
    assert await acme.read(lambda unit: (unit.views.oldest_seq(ACME), unit.views.oldest_seq(OTHER))) == (6, 4)


async def test_history_shows_closed_sessions_newest_first_page_by_page(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        for number, closed in ((1, 30), (2, 10), (3, 30), (4, 20), (5, 40)):
            handoff(unit, number, state=SessionState.CLOSED, outcome=Outcome.ENDED, closed_at=later(closed))
        handoff(unit, 6, state=SessionState.WRAP_UP, outcome=Outcome.ENDED)

    await acme.run(work)
    seen: list[list[str]] = []
    before = ""
    while True:
        page = await acme.read(lambda unit, before=before: unit.views.history(ACME, before, 2))  # type: ignore[misc]
        seen.append([one.number for one in page.sessions])
        before = page.next_before
        if not before:
            break
    assert seen == [[label(5), label(3)], [label(1), label(4)], [label(2)]]
    assert (await acme.read(lambda unit: unit.views.history(ACME, "", 5))).next_before == ""
    for bad in ("yesterday", "1-", "-1", "1-2-3", "9" * 50 + "-1"):
        with pytest.raises(CallerError) as refused:
            await acme.read(lambda unit, bad=bad: unit.views.history(ACME, bad, 2))  # type: ignore[misc]
        assert refused.value.code == "bad_page"


async def test_the_roster_is_shown_by_name_with_the_work_in_hand(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        unit.roster.insert(operator(OperatorId("u_zed"), name="adam", presence=Presence.AWAY, connected=False))
        handoff(unit, 1, state=SessionState.HELD, operator_id=BEN)
        handoff(unit, 2, state=SessionState.ACTIVE, operator_id=BEN)
        handoff(unit, 3, state=SessionState.WRAP_UP, operator_id=BEN)
        handoff(unit, 4, state=SessionState.OFFERED, offered_to=ANN, medium=Medium.VOICE)
        unit.roster.save(operator(pending=Presence.AWAY, reason="r"))

    await acme.run(work)
    shown = await acme.read(lambda unit: unit.views.operators(ACME))
    assert [(one.name, one.sessions) for one in shown] == [("adam", ()), ("Ann", ()), ("Ben", ("s_1", "s_2"))]
    assert (shown[1].pending_presence, shown[1].reason) == (Presence.AWAY, "r")
    counts = await acme.read(lambda unit: unit.views.presence_counts(ACME))
    assert counts == {Presence.AVAILABLE: 2, Presence.AWAY: 1}


async def test_a_disabled_operators_event_shows_them_as_gone(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        unit.roster.disable(ACME, ANN, later(1))
        unit.ledger.tell_operator(ACME, ANN)

    await acme.run(work)
    told = (await acme.read(lambda unit: unit.views.events(ACME, 0, 9)))[0].event
    assert isinstance(told, e.OperatorChanged)
    assert (told.operator.presence, told.operator.connected) == (Presence.OFFLINE, False)


async def test_a_change_shows_in_the_transaction_that_makes_it(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> tuple[SessionView | None, Sequence[MessageView]]:
        made = handoff(unit)
        unit.sessions.save(replace(made, version=1, note="n"), deadline_at=None)
        unit.sessions.set_context(ACME, made.id, msgspec.structs.replace(CONTEXT, topic="billing"))
        say(unit, 1)
        return unit.views.session(ACME, made.id), unit.views.messages(ACME, C1, 0, 9)

    view, turns = await acme.run(work)
    assert view is not None
    assert (view.version, view.note, view.context.topic) == (1, "n", "billing")
    assert view.last_turns == tuple(turns)
