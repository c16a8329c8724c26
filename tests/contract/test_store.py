"""Rules of the store that every database keeps: what goes in comes out, for its own organisation, in its order."""

from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from server.broker.ports.records import Credential, Stored
from server.broker.ports.store import Unit
from server.core.errors import ConflictError, NotFoundError
from server.core.session import Session
from server.storage.database import SqlDatabase
from server.wire.calling import Ring
from server.wire.terms import (
    ConversationId,
    Delivery,
    Medium,
    OperatorId,
    Outcome,
    Party,
    Presence,
    SessionId,
    SessionKind,
    SessionState,
)
from tests.contract.stored import (
    ACME,
    ANN,
    BEN,
    CONTEXT,
    NOW,
    OTHER,
    conversation,
    handoff,
    later,
    message,
    operator,
    organisations,
    say,
    session,
)

pytestmark = pytest.mark.contract

CAT = OperatorId("u_cat")


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(organisations)
    return store


async def test_a_session_comes_back_exactly_as_it_was_saved(acme: SqlDatabase) -> None:
    full = session(
        medium=Medium.VOICE,
        kind=SessionKind.CALLBACK,
        state=SessionState.WRAP_UP,
        offered_to=BEN,
        offer_expires_at=later(0.000001),
        also_rings=(Ring(operator_id=ANN, expires_at=later(0.5)),),
        rung_at=later(0.25),
        declined_by=(ANN, BEN),
        operator_id=ANN,
        accepted_at=later(1),
        lease_expires_at=later(2),
        active_at=later(3),
        muted=True,
        operator_lost_at=later(4),
        wrap_up_until=later(5),
        ended_at=later(6),
        ended_by=Party.OPERATOR,
        closed_at=later(7),
        outcome=Outcome.RESOLVED,
        hung_up=True,
        follow_up="ring back — 10 €",
        disposition="refund",
        note='a "note"\nof two lines 🎧',
    )
    await acme.run(handoff)
    saved = replace(full, version=1)
    await acme.run(lambda unit: unit.sessions.save(saved, deadline_at=later(8)))
    loaded = await acme.read(lambda unit: unit.sessions.load(ACME, full.id))
    assert loaded == saved
    assert loaded is not None
    assert all(not isinstance(at, datetime) or at.utcoffset() is not None for at in vars_of(loaded))


def vars_of(loaded: Session) -> list[object]:
    return [getattr(loaded, name) for name in Session.__slots__]


async def test_nothing_of_one_organisation_is_shown_to_another(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        made = handoff(unit)
        said = say(unit, 1)
        unit.ledger.tell_session(ACME, "session.queued", made)
        unit.ledger.tell_message(ACME, "message.added", said)
        unit.ledger.remember(ACME, "k_1", "key", Stored(fingerprint="f", body=b"b"), NOW)
        unit.roster.add_credential(credential())

    await acme.run(work)
    session_id, conversation_id = SessionId("s_1"), ConversationId("c_1")

    def look(unit: Unit) -> list[object]:
        views = unit.views
        return [
            unit.sessions.load(OTHER, session_id),
            unit.conversations.load(OTHER, conversation_id),
            unit.conversations.find(OTHER, "api", ""),
            unit.roster.load(OTHER, ANN),
            unit.ledger.recall(OTHER, "k_1", "key"),
            views.session(OTHER, session_id),
            views.session_by_number(OTHER, 1),
            views.conversation(OTHER, conversation_id),
            *unit.roster.on_duty(OTHER),
            *unit.roster.credentials(OTHER, "operator"),
            *unit.sessions.queued(OTHER, 9),
            *unit.sessions.in_hand(OTHER),
            *unit.sessions.held_by(OTHER, ANN),
            *views.messages(OTHER, conversation_id, 0, 9),
            *views.open_sessions(OTHER),
            *views.history(OTHER, "", 9).sessions,
            *views.operators(OTHER),
            *views.presence_counts(OTHER),
            *views.events(OTHER, 0, 9),
        ]

    assert {str(one) for one in await acme.read(look)} == {"None"}


async def test_nothing_of_one_organisation_is_changed_for_another(acme: SqlDatabase) -> None:
    made = await acme.run(handoff)
    await acme.run(lambda unit: unit.roster.add_credential(credential()))
    stolen = replace(made, organisation_id=OTHER, version=1)
    with pytest.raises(ConflictError, match="changed"):
        await acme.run(lambda unit: unit.sessions.save(stolen, deadline_at=None))
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.conversations.save(conversation(organisation_id=OTHER)))
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.roster.save(operator(organisation_id=OTHER)))
    with pytest.raises(NotFoundError):
        await acme.run(lambda unit: unit.conversations.add_message(message(1, organisation_id=OTHER)))
    assert not await acme.run(lambda unit: unit.roster.disable(OTHER, ANN, NOW))
    assert not await acme.run(lambda unit: unit.roster.revoke_credential(OTHER, "cr_1", NOW))
    await acme.run(lambda unit: unit.sessions.set_context(OTHER, made.id, msgspec.structs.replace(CONTEXT, topic="x")))
    view = await acme.read(lambda unit: unit.views.session(ACME, made.id))
    assert view is not None
    assert view.context == CONTEXT


async def test_numbers_count_from_one_for_each_organisation_without_holes(acme: SqlDatabase) -> None:
    def failing(unit: Unit) -> None:
        unit.sessions.next_number(ACME)
        raise ValueError("after taking a number")

    assert await acme.run(lambda unit: unit.sessions.next_number(ACME)) == 1
    with pytest.raises(ValueError, match="after taking"):
        await acme.run(failing)
    assert await acme.run(lambda unit: unit.sessions.next_number(ACME)) == 2
    assert await acme.run(lambda unit: unit.sessions.next_number(OTHER)) == 1
    with pytest.raises(NotFoundError):
        await acme.run(lambda unit: unit.sessions.next_number(type(ACME)("o_nobody")))


async def test_saving_over_another_version_is_refused_and_changes_nothing(acme: SqlDatabase) -> None:
    made = await acme.run(handoff)
    first = replace(made, version=1, note="first")
    await acme.run(lambda unit: unit.sessions.save(first, deadline_at=None))
    for stale in (replace(made, version=1, note="again"), replace(made, version=3, note="from the future")):
        with pytest.raises(ConflictError) as refused:
            await acme.run(lambda unit, stale=stale: unit.sessions.save(stale, deadline_at=None))  # type: ignore[misc]
        assert refused.value.code == "concurrent_change"
    assert await acme.read(lambda unit: unit.sessions.load(ACME, made.id)) == first


async def test_a_conversation_has_one_session_in_talk_and_may_have_others_in_wrap_up(acme: SqlDatabase) -> None:
    first = await acme.run(handoff)
    second = session(2, conversation_id=first.conversation_id)

    def insert(unit: Unit) -> None:
        unit.sessions.insert(second, reason="", context=CONTEXT, deadline_at=None)

    with pytest.raises(ConflictError) as refused:
        await acme.run(insert)
    assert refused.value.code == "already_exists"
    ended = replace(first, state=SessionState.WRAP_UP, version=1)
    await acme.run(lambda unit: unit.sessions.save(ended, deadline_at=later(60)))
    await acme.run(insert)


async def test_sessions_fall_due_oldest_first(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        for number, seconds in ((1, 30), (2, 10), (3, 20)):
            made = handoff(unit, number)
            unit.sessions.save(replace(made, version=1), deadline_at=later(seconds))
        made = handoff(unit, 4)
        unit.sessions.save(replace(made, version=1), deadline_at=None)

    assert await acme.read(lambda unit: unit.sessions.next_due_at()) is None
    await acme.run(work)
    assert await acme.read(lambda unit: unit.sessions.next_due_at()) == later(10)
    due = await acme.read(lambda unit: unit.sessions.due(later(20), 9))
    assert list(due) == [(ACME, "s_2"), (ACME, "s_3")]
    assert list(await acme.read(lambda unit: unit.sessions.due(later(99), 1))) == [(ACME, "s_2")]


async def test_waiting_sessions_stand_by_priority_and_then_by_place(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1, priority=5, queued_at=later(1))
        handoff(unit, 2, priority=1, queued_at=later(9))
        handoff(unit, 3, priority=5, queued_at=later(0))
        handoff(unit, 4, priority=1, queued_at=later(9))
        handoff(unit, 5, state=SessionState.OFFERED, offered_to=ANN)

    await acme.run(work)
    assert [one.number for one in await acme.read(lambda unit: unit.sessions.queued(ACME, 9))] == [2, 4, 3, 1]
    assert [one.number for one in await acme.read(lambda unit: unit.sessions.queued(ACME, 2))] == [2, 4]


async def test_work_in_hand_counts_what_rings_is_held_or_written_up_by_medium(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        handoff(unit, 1, state=SessionState.OFFERED, offered_to=ANN, medium=Medium.VOICE)
        handoff(unit, 2, state=SessionState.ACTIVE, operator_id=ANN)
        handoff(unit, 3, state=SessionState.HELD, operator_id=ANN)
        handoff(unit, 4, state=SessionState.CONNECTING, operator_id=BEN, medium=Medium.VOICE)
        handoff(unit, 5, state=SessionState.WRAP_UP, operator_id=BEN)
        handoff(unit, 6, state=SessionState.CLOSED, operator_id=BEN, medium=Medium.VOICE)
        handoff(unit, 7)
        also = (Ring(operator_id=BEN, expires_at=later(1)),)
        handoff(unit, 8, state=SessionState.OFFERED, offered_to=CAT, also_rings=also, medium=Medium.VOICE)

    await acme.run(work)
    assert await acme.read(lambda unit: unit.sessions.in_hand(ACME)) == {
        ANN: {Medium.VOICE: 1, Medium.CHAT: 2},
        BEN: {Medium.VOICE: 2, Medium.CHAT: 1},
        CAT: {Medium.VOICE: 1},
    }
    assert [one.number for one in await acme.read(lambda unit: unit.sessions.held_by(ACME, BEN))] == [4, 8]
    assert [one.number for one in await acme.read(lambda unit: unit.sessions.held_by(ACME, CAT))] == [8]
    assert [one.number for one in await acme.read(lambda unit: unit.sessions.ringing(ACME, 9))] == [1, 8]
    for read in (acme.read, acme.run):
        held = await read(lambda unit: unit.sessions.held_by(ACME, ANN))
        assert [one.number for one in held] == [1, 2, 3]
    calls = await acme.read(lambda unit: unit.sessions.open_calls())
    assert [one.number for one in calls] == [1, 4, 8]


async def test_a_conversation_comes_back_exactly_and_is_found_while_it_lasts(acme: SqlDatabase) -> None:
    made = conversation(external_id="x-1", caller_connected=True)
    await acme.run(lambda unit: unit.conversations.insert(made))
    assert await acme.read(lambda unit: unit.conversations.load(ACME, made.id)) == made
    assert await acme.read(lambda unit: unit.conversations.organisation_of(made.id)) == ACME
    assert await acme.read(lambda unit: unit.conversations.organisation_of(ConversationId("c_9"))) is None
    assert list(await acme.read(lambda unit: unit.conversations.connected_calls())) == [made]
    assert await acme.read(lambda unit: unit.conversations.find(ACME, "api", "x-1")) == made
    assert await acme.read(lambda unit: unit.conversations.find(ACME, "sms", "x-1")) is None
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.conversations.insert(conversation(2, external_id="x-1")))
    ended = msgspec.structs.replace(made, ended_at=later(9), caller_connected=False, assistant_connected=False)
    await acme.run(lambda unit: unit.conversations.save(ended))
    assert await acme.read(lambda unit: unit.conversations.find(ACME, "api", "x-1")) is None
    assert not await acme.read(lambda unit: unit.conversations.connected_calls())
    again = conversation(2, external_id="x-1", assistant_connected=True)
    await acme.run(lambda unit: unit.conversations.insert(again))
    assert await acme.read(lambda unit: unit.conversations.find(ACME, "api", "x-1")) == again
    assert list(await acme.read(lambda unit: unit.conversations.connected_calls())) == [again]


async def test_turns_stand_at_places_from_one_and_a_key_is_good_for_one_turn(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> None:
        unit.conversations.insert(conversation(1))
        unit.conversations.insert(conversation(2))
        first = say(unit, 1, key="a", delivery=Delivery.PENDING, author_name="Zoë", operator_id=ANN)
        assert say(unit, 2, key="a") == first
        assert say(unit, 3, key="b").position == 2
        assert say(unit, 4).position == 3
        assert say(unit, 5).position == 4
        assert say(unit, 1, 2, key="a").position == 1
        assert unit.conversations.message_by_key(ConversationId("c_1"), "a") == first
        assert unit.conversations.message_by_key(ConversationId("c_1"), "c") is None
        assert unit.conversations.message_by_key(ConversationId("c_1"), "") is None

    await acme.run(work)
    turns = await acme.read(lambda unit: unit.views.messages(ACME, ConversationId("c_1"), 1, 2))
    assert [(one.position, one.text) for one in turns] == [(2, "turn 3"), (3, "turn 4")]
    first = (await acme.read(lambda unit: unit.views.messages(ACME, ConversationId("c_1"), 0, 1)))[0]
    assert (first.at, first.delivery, first.author_name, first.operator_id) == (later(1), Delivery.PENDING, "Zoë", ANN)


async def test_an_organisation_added_twice_is_there_once(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.roster.add_organisation(ACME, "Acme again", later(9)))
    assert list(await acme.read(lambda unit: unit.roster.organisations())) == [ACME, OTHER]


async def test_an_operator_comes_back_exactly_and_is_on_duty_when_there_and_available(acme: SqlDatabase) -> None:
    changed = operator(
        presence=Presence.AWAY, reason="lunch", pending=Presence.OFFLINE, pending_reason="home", connected=False
    )
    await acme.run(lambda unit: unit.roster.save(changed))
    assert await acme.read(lambda unit: unit.roster.load(ACME, ANN)) == changed
    assert await acme.read(lambda unit: unit.roster.load(ACME, OperatorId("u_cat"))) is None
    assert list(await acme.read(lambda unit: unit.roster.on_duty(ACME))) == [operator(BEN)]
    with pytest.raises(ConflictError) as refused:
        await acme.run(lambda unit: unit.roster.insert(operator(BEN)))
    assert refused.value.code == "already_exists"
    await acme.run(lambda unit: unit.roster.save(operator(BEN, connected=False)))
    assert not await acme.read(lambda unit: unit.roster.on_duty(ACME))


def credential(number: int = 1, kind: str = "operator", subject: str = ANN) -> Credential:
    return Credential(
        id=f"cr_{number}",
        organisation_id=ACME,
        kind=kind,
        subject_id=subject,
        name=f"token {number}",
        sha256=f"{number:064x}",
        created_at=later(number),
    )


async def test_a_token_tells_whose_it_is_until_it_is_revoked(acme: SqlDatabase) -> None:
    bot = credential(2, "assistant", "k_1")

    def work(unit: Unit) -> None:
        unit.roster.add_credential(credential())
        unit.roster.add_credential(bot)

    await acme.run(work)
    person = await acme.read(lambda unit: unit.roster.principal(credential().sha256))
    assert person is not None
    assert (person.kind, person.id, person.name, person.operator) == ("operator", ANN, "Ann", operator())
    assistant = await acme.read(lambda unit: unit.roster.principal(bot.sha256))
    assert assistant is not None
    assert (assistant.kind, assistant.id, assistant.name, assistant.operator) == ("assistant", "k_1", "token 2", None)
    assert await acme.read(lambda unit: unit.roster.principal("0" * 64)) is None
    assert await acme.run(lambda unit: unit.roster.revoke_credential(ACME, bot.id, later(5)))
    assert await acme.run(lambda unit: unit.roster.revoke_credential(ACME, bot.id, later(6)))
    assert not await acme.run(lambda unit: unit.roster.revoke_credential(ACME, "cr_9", NOW))
    assert await acme.read(lambda unit: unit.roster.principal(bot.sha256)) is None
    kept = await acme.read(lambda unit: unit.roster.credentials(ACME, "assistant"))
    assert list(kept) == [msgspec.structs.replace(bot, revoked_at=later(5))]
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.roster.add_credential(credential(1, "assistant", "k_2")))


async def test_a_disabled_operator_is_gone_from_the_roster_and_their_tokens_are_dead(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.roster.add_credential(credential()))
    assert await acme.run(lambda unit: unit.roster.disable(ACME, ANN, later(1)))
    assert not await acme.run(lambda unit: unit.roster.disable(ACME, ANN, later(2)))
    assert await acme.read(lambda unit: unit.roster.load(ACME, ANN)) is None
    assert await acme.read(lambda unit: unit.roster.principal(credential().sha256)) is None
    await acme.run(lambda unit: unit.roster.add_credential(credential(2)))
    assert await acme.read(lambda unit: unit.roster.principal(credential(2).sha256)) is None
    tokens = await acme.read(lambda unit: unit.roster.credentials(ACME, "operator"))
    assert [one.revoked_at for one in tokens] == [later(1), None]
    assert [one.id for one in await acme.read(lambda unit: unit.views.operators(ACME))] == [BEN]
    assert [one.id for one in await acme.read(lambda unit: unit.roster.on_duty(ACME))] == [BEN]
    assert await acme.read(lambda unit: unit.views.presence_counts(ACME)) == {Presence.AVAILABLE: 1}


async def test_an_answer_is_remembered_for_its_principal_and_key(acme: SqlDatabase) -> None:
    stored = Stored(fingerprint="f" * 64, body=b"\x00\xff{}")
    await acme.run(lambda unit: unit.ledger.remember(ACME, "k_1", "key", stored, NOW))
    assert await acme.read(lambda unit: unit.ledger.recall(ACME, "k_1", "key")) == stored
    assert await acme.read(lambda unit: unit.ledger.recall(ACME, "k_2", "key")) is None
    assert await acme.read(lambda unit: unit.ledger.recall(ACME, "k_1", "other")) is None
    with pytest.raises(ConflictError):
        await acme.run(lambda unit: unit.ledger.remember(ACME, "k_1", "key", stored, NOW))


async def test_jobs_of_one_lane_are_done_one_after_the_other(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> list[int]:
        return [
            unit.ledger.add_job(ACME, lane, "sync_call", f"{at}".encode(), later(at))
            for lane, at in (("c_1", 5), ("c_1", 1), ("c_2", 3), ("c_3", 99))
        ]

    first, second, third, _ = await acme.run(work)
    due = await acme.read(lambda unit: unit.ledger.due_jobs("sync_call", later(10), 9))
    assert [(job.id, job.body, job.attempts, job.due_at) for job in due] == [
        (third, b"3", 0, later(3)),
        (first, b"5", 0, later(5)),
    ]
    await acme.run(lambda unit: unit.ledger.postpone_job(first, later(20), "TimeoutError"))
    assert [job.id for job in await acme.read(lambda unit: unit.ledger.due_jobs("sync_call", later(10), 9))] == [third]
    late = await acme.read(lambda unit: unit.ledger.due_jobs("sync_call", later(20), 1))
    assert [job.id for job in late] == [third]
    await acme.run(lambda unit: unit.ledger.finish_job(third))
    assert [
        (job.id, job.attempts) for job in await acme.read(lambda unit: unit.ledger.due_jobs("sync_call", later(20), 9))
    ] == [(first, 1)]
    await acme.run(lambda unit: unit.ledger.finish_job(first))
    assert [job.id for job in await acme.read(lambda unit: unit.ledger.due_jobs("sync_call", later(20), 9))] == [second]
    assert not await acme.read(lambda unit: unit.ledger.due_jobs("notice", later(99), 9))


async def test_a_place_counts_who_waits_before_it_in_the_same_queue(acme: SqlDatabase) -> None:
    def work(unit: Unit) -> Session:
        handoff(unit, 1)
        handoff(unit, 2, state=SessionState.OFFERED, offered_to=ANN, offer_expires_at=later(9))
        handoff(unit, 3, queue="other")
        handoff(unit, 4, priority=1)
        handoff(unit, 5, state=SessionState.CLOSED)
        mine = handoff(unit, 6)
        handoff(unit, 7)
        return mine

    mine = await acme.run(work)
    assert await acme.read(lambda unit: unit.sessions.ahead_of(mine)) == 3
