"""Rules of transactions that every database keeps: together or not at all, durable before answered, one winner."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from time import perf_counter

import pytest

from server.broker.ports.store import Unit
from server.clock import ManualClock
from server.core import inputs
from server.core.deadlines import next_deadline
from server.core.errors import CallerError, ConflictError, ProviderError
from server.core.machine import step
from server.core.session import Rules, Session
from server.storage import fsck, readers, writer
from server.storage.database import SqlDatabase
from server.storage.unit import SqlUnit
from server.wire.terms import ConversationId, OperatorId, SessionId, SessionState
from tests.contract.stored import ACME, ANN, BEN, NOW, OTHER, conversation, handoff, later, organisations, say
from tests.long_form import times

pytestmark = pytest.mark.contract

WAIT_SECONDS = 60.0
RACES = times(200, 10_000, "OPERATOR_RACES")
RACERS = 20


@pytest.fixture
async def acme(store: SqlDatabase) -> SqlDatabase:
    await store.run(organisations)
    return store


@contextlib.asynccontextmanager
async def grouped(store: SqlDatabase) -> AsyncIterator[None]:
    """Keep the writer busy, so that everything queued in the block shares the next group."""
    entered, go_on = threading.Event(), threading.Event()

    def hold(_: Unit) -> None:
        entered.set()
        assert go_on.wait(WAIT_SECONDS)

    held = asyncio.ensure_future(store.run(hold))
    assert await asyncio.to_thread(entered.wait, WAIT_SECONDS)
    try:
        yield
    finally:
        await asyncio.sleep(0)  # what was queued in the block gets to the queue
        go_on.set()
        await held


def later_of(store: SqlDatabase, work: Callable[[Unit], object]) -> "asyncio.Future[object]":
    return asyncio.ensure_future(store.run(work))


def tell(unit: Unit, number: int = 1) -> None:
    """Change something and tell it."""
    say(unit, number)
    unit.ledger.tell_conversation(ACME, "conversation.changed", ConversationId("c_1"))


async def texts(store: SqlDatabase) -> list[str]:
    turns = await store.read(lambda unit: unit.views.messages(ACME, ConversationId("c_1"), 0, 999))
    return [turn.text for turn in turns]


async def test_those_who_wait_together_share_one_commit(acme: SqlDatabase) -> None:
    commits: list[dict[str, int]] = []
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    acme.on_commit(commits.append)
    async with grouped(acme):
        waiting = [later_of(acme, lambda unit, n=n: tell(unit, n)) for n in range(1, 9)]  # type: ignore[misc]
    await asyncio.gather(*waiting)
    assert commits == [{ACME: 8}]
    assert await texts(acme) == [f"turn {n}" for n in range(1, 9)]


async def test_what_one_raises_undoes_only_its_own_work_and_is_raised_to_it(acme: SqlDatabase) -> None:
    def fail(unit: Unit) -> None:
        tell(unit, 2)
        raise KeyError("a mistake")

    def refuse(unit: Unit) -> None:
        tell(unit, 3)
        raise ConflictError("not_possible_now", "No.")

    def clash(unit: Unit) -> None:
        tell(unit, 4)
        unit.conversations.insert(conversation())

    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    commits: list[dict[str, int]] = []
    acme.on_commit(commits.append)
    async with grouped(acme):
        works: tuple[Callable[[Unit], object], ...] = (tell, fail, refuse, clash, lambda unit: tell(unit, 5))
        waiting = [later_of(acme, work) for work in works]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), KeyError, ConflictError, ConflictError, type(None)]
    assert await texts(acme) == ["turn 1", "turn 5"]
    assert commits == [{ACME: 2}]
    assert [fed.event.seq for fed in await acme.read(lambda unit: unit.views.events(ACME, 0, 9))] == [1, 2]


async def test_a_later_one_of_the_group_sees_what_an_earlier_one_did(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    async with grouped(acme):
        first = later_of(acme, lambda unit: say(unit, 1).position)
        second = later_of(acme, lambda unit: say(unit, 2).position)
    assert (await first, await second) == (1, 2)


async def test_listeners_are_told_before_whoever_waits_goes_on(acme: SqlDatabase) -> None:
    order: list[str] = []
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    acme.on_commit(lambda seqs: order.append(f"told {seqs[ACME]}"))
    await acme.run(tell)
    order.append("answered")
    assert order == ["told 1", "answered"]


async def test_a_change_without_events_tells_nobody(acme: SqlDatabase) -> None:
    commits: list[dict[str, int]] = []
    acme.on_commit(commits.append)
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    assert commits == []


async def test_events_are_numbered_without_holes_in_the_order_told_under_64_writers(acme: SqlDatabase) -> None:
    for number in (1, 2):
        await acme.run(lambda unit, n=number: unit.conversations.insert(conversation(n)))  # type: ignore[misc]
    newest: dict[str, int] = {}
    acme.on_commit(newest.update)

    async def write(writer_number: int) -> None:
        for turn in range(4):

            def work(unit: Unit, turn: int = turn) -> None:
                number = 10 * writer_number + turn
                said = say(unit, number)
                unit.ledger.tell_message(ACME, "message.added", said)
                unit.ledger.tell_conversation(ACME, "conversation.changed", ConversationId("c_1"))
                if writer_number % 2:
                    unit.ledger.tell_conversation(OTHER, "conversation.changed", ConversationId("c_2"))
                if turn == 3:
                    raise ConflictError("changed_my_mind", "Never told.")

            with contextlib.suppress(ConflictError):
                await acme.run(work)

    await asyncio.gather(*(write(number) for number in range(64)))
    fed = await acme.read(lambda unit: unit.views.events(ACME, 0, 9999))
    assert [one.event.seq for one in fed] == list(range(1, 64 * 3 * 2 + 1))
    kinds = [type(one.event).__name__ for one in fed]
    assert kinds == ["MessageAdded", "ConversationChanged"] * (64 * 3)
    assert newest == {ACME: 64 * 3 * 2, OTHER: 32 * 3}
    assert await acme.read(lambda unit: unit.views.last_seq(OTHER)) == 32 * 3
    assert await acme.read(fsck.check) == []


async def test_whoever_stops_waiting_does_not_harm_the_others(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    async with grouped(acme):
        first = later_of(acme, tell)
        second = later_of(acme, lambda unit: tell(unit, 2))
        third = later_of(acme, lambda unit: tell(unit, 3))
        await asyncio.sleep(0)
        second.cancel()
    await asyncio.gather(first, third)
    assert await texts(acme) == ["turn 1", "turn 3"]


async def test_a_reading_transaction_cannot_write(acme: SqlDatabase) -> None:
    with pytest.raises(Exception, match="read"):
        await acme.read(lambda unit: unit.conversations.insert(conversation()))
    assert await acme.read(lambda unit: unit.conversations.load(ACME, ConversationId("c_1"))) is None
    await acme.run(lambda unit: unit.conversations.insert(conversation()))


async def test_a_reading_transaction_sees_one_state_whatever_is_written_meanwhile(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    await acme.run(tell)
    looked, written = threading.Event(), threading.Event()

    def twice(unit: Unit) -> tuple[int, int]:
        before = len(unit.views.messages(ACME, ConversationId("c_1"), 0, 9))
        looked.set()
        written.wait(1 if one_line else WAIT_SECONDS)
        return before, len(unit.views.messages(ACME, ConversationId("c_1"), 0, 9))

    one_line = acme._backend.one_line
    reading = asyncio.ensure_future(acme.read(twice))
    assert await asyncio.to_thread(looked.wait, WAIT_SECONDS)
    writing = asyncio.ensure_future(acme.run(lambda unit: tell(unit, 2)))
    if not one_line:
        await writing
    written.set()
    assert await reading == (1, 1)
    await writing
    assert len(await texts(acme)) == 2


async def test_more_than_may_wait_are_refused_at_once(acme: SqlDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 2)
    monkeypatch.setattr(readers, "MOST_WAITING", 0)
    async with grouped(acme):
        waiting = [later_of(acme, lambda unit: unit.views.last_seq(ACME)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ProviderError) as refused:
            await waiting[2]
        assert refused.value.code == "database_busy"
        with pytest.raises(ProviderError):
            await acme.read(lambda unit: unit.views.last_seq(ACME))
    assert await asyncio.gather(*waiting[:2]) == [0, 0]


async def test_closing_finishes_what_was_begun_and_refuses_what_comes_after(acme: SqlDatabase) -> None:
    async with grouped(acme):
        waiting = [later_of(acme, lambda unit: unit.views.last_seq(ACME)) for _ in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(acme.close())
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [0] * 5
    await closing
    for use in (acme.run, acme.read):
        with pytest.raises(ProviderError, match="closed"):
            await use(lambda unit: unit.views.last_seq(ACME))
    await acme.close()


async def test_text_that_no_database_could_hold_is_refused_alike(acme: SqlDatabase) -> None:
    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    for text in ("half a pair \ud83c", "a zero \x00 byte"):
        with pytest.raises(CallerError) as refused:
            await acme.run(lambda unit, text=text: say(unit, 1, text=text))  # type: ignore[misc]
        assert refused.value.code == "unstorable_value"
    assert await texts(acme) == []


async def test_of_twenty_who_accept_exactly_one_wins(acme: SqlDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    began = perf_counter()
    await race([acme])
    with capsys.disabled():
        print(f"\n{RACES} races of {RACERS}: {RACES / (perf_counter() - began):.0f} races/s", end=" ")
    assert await acme.read(fsck.check) == []


async def test_of_twenty_who_accept_at_two_brokers_exactly_one_wins(
    postgres_url: str, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    brokers = [SqlDatabase(postgres_url, clock=clock) for _ in range(2)]
    await asyncio.gather(*(one.open() for one in brokers))
    await brokers[0].run(organisations)
    began = perf_counter()
    await race(brokers)
    with capsys.disabled():
        print(f"\n{RACES} races of {RACERS} at 2 brokers: {RACES / (perf_counter() - began):.0f} races/s", end=" ")
    assert await brokers[1].read(fsck.check) == []
    await asyncio.gather(*(one.close() for one in brokers))


async def race(brokers: list[SqlDatabase]) -> None:
    """Let 20 operators accept each of many waiting chats at the same moment, spread over the brokers."""
    for number in range(1, RACES + 1):
        await brokers[0].run(lambda unit, n=number: handoff(unit, n))  # type: ignore[misc]
        session_id = SessionId(f"s_{number}")
        racers = [OperatorId(f"u_{n}") for n in range(RACERS)]
        answers = await asyncio.gather(
            *(brokers[n % len(brokers)].run(accepting(session_id, who)) for n, who in enumerate(racers)),
            return_exceptions=True,
        )
        winners = [who for who, answer in zip(racers, answers, strict=True) if not isinstance(answer, BaseException)]
        losers = [answer for answer in answers if isinstance(answer, BaseException)]
        assert len(winners) == 1, answers
        assert {getattr(loser, "code", repr(loser)) for loser in losers} == {"already_taken"}
        stored = await brokers[-1].read(loading(session_id))
        assert stored is not None
        assert (stored.operator_id, stored.state, stored.version) == (winners[0], SessionState.ACTIVE, 1)


def loading(session_id: SessionId) -> Callable[[Unit], Session | None]:
    return lambda unit: unit.sessions.load(ACME, session_id)


def accepting(session_id: SessionId, who: OperatorId) -> Callable[[Unit], OperatorId]:
    """Return the work of one who accepts: load, step, save, tell."""

    def work(unit: Unit) -> OperatorId:
        session = unit.sessions.load(ACME, session_id)
        assert session is not None
        done = step(session, inputs.OperatorAccepted(who, 1), Rules(), NOW)
        deadline = next_deadline(done.session, Rules())
        unit.sessions.save(done.session, deadline_at=deadline[0] if deadline else None)
        moved = unit.conversations.load(ACME, session.conversation_id)
        assert moved is not None
        owned = conversation(
            session.number, session_id=session.id, epoch=done.session.epoch, owner="operator", owner_epoch=1
        )
        unit.conversations.save(owned)
        unit.ledger.tell_session(ACME, "session.active", done.session)
        return who

    return work


async def test_a_change_that_lost_to_another_broker_is_made_again_on_what_is_there_now(
    postgres_url: str, clock: ManualClock
) -> None:
    brokers = [SqlDatabase(postgres_url, clock=clock) for _ in range(2)]
    await asyncio.gather(*(one.open() for one in brokers))
    await brokers[0].run(organisations)
    made = await brokers[0].run(handoff)

    def mute(unit: Unit) -> int:
        session = unit.sessions.load(ACME, made.id)
        assert session is not None
        unit.sessions.save(replace(session, version=session.version + 1), deadline_at=later(9))
        other = unit.roster.load(ACME, ANN if session.version % 2 else BEN)
        assert other is not None
        unit.roster.save(other)
        return session.version + 1

    versions = await asyncio.gather(*(brokers[n % 2].run(mute) for n in range(100)))
    assert sorted(versions) == list(range(1, 101))
    await asyncio.gather(*(one.close() for one in brokers))


async def test_two_brokers_that_lock_the_same_rows_in_opposite_order_both_get_through(
    postgres_url: str, clock: ManualClock
) -> None:
    brokers = [SqlDatabase(postgres_url, clock=clock) for _ in range(2)]
    await asyncio.gather(*(one.open() for one in brokers))
    await brokers[0].run(organisations)
    both = threading.Barrier(2)

    def lock(first: OperatorId, second: OperatorId) -> Callable[[Unit], None]:
        tries: list[int] = []

        def work(unit: Unit) -> None:
            tries.append(1)
            one = unit.roster.load(ACME, first)
            if len(tries) == 1:
                both.wait(WAIT_SECONDS)
            two = unit.roster.load(ACME, second)
            assert one is not None
            assert two is not None
            unit.roster.save(replace(one, reason=one.reason + "x"))
            unit.roster.save(replace(two, reason=two.reason + "x"))

        return work

    await asyncio.gather(brokers[0].run(lock(ANN, BEN)), brokers[1].run(lock(BEN, ANN)))
    people = await brokers[0].read(lambda unit: [unit.roster.load(ACME, who) for who in (ANN, BEN)])
    assert [person.reason for person in people if person] == ["xx", "xx"]
    await asyncio.gather(*(one.close() for one in brokers))


async def test_a_broker_hears_of_the_others_commits_and_not_of_its_own_twice(
    postgres_url: str, clock: ManualClock
) -> None:
    brokers = [SqlDatabase(postgres_url, clock=clock) for _ in range(2)]
    await asyncio.gather(*(one.open() for one in brokers))
    await brokers[0].run(organisations)
    await brokers[0].run(lambda unit: unit.conversations.insert(conversation()))
    heard: list[asyncio.Queue[dict[str, int]]] = [asyncio.Queue(), asyncio.Queue()]
    for broker, queue in zip(brokers, heard, strict=True):
        broker.on_commit(queue.put_nowait)
    number = 0
    async with asyncio.timeout(WAIT_SECONDS):
        while heard[1].empty():  # the listening connection may still be on its way up
            number += 1
            await brokers[0].run(lambda unit, n=number: tell(unit, n))  # type: ignore[misc]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    heard[1].put_nowait(await heard[1].get())
        for _ in range(heard[0].qsize()):
            heard[0].get_nowait()
        await brokers[1].run(lambda unit: tell(unit, number + 1))
        assert await heard[0].get() == {ACME: number + 1}
        await brokers[0].run(lambda unit: tell(unit, number + 2))
        assert await heard[0].get() == {ACME: number + 2}
    await asyncio.gather(*(one.close() for one in brokers))
    assert heard[0].empty()


async def test_a_unit_of_another_store_cannot_be_checked() -> None:
    with pytest.raises(TypeError):
        fsck.check(object())  # type: ignore[arg-type]
    assert SqlUnit.__name__ == "SqlUnit"


async def test_what_is_to_be_called_after_a_commit_is_called_for_that_commit_alone(acme: SqlDatabase) -> None:
    called: list[str] = []

    def fail(unit: Unit) -> None:
        unit.after_commit(lambda: called.append("failed"))
        raise KeyError("a mistake")

    def fine(unit: Unit) -> None:
        tell(unit)
        unit.after_commit(lambda: called.append("fine"))

    await acme.run(lambda unit: unit.conversations.insert(conversation()))
    async with grouped(acme):
        failing, going_well = later_of(acme, fail), later_of(acme, fine)
    with pytest.raises(KeyError):
        await failing
    await going_well
    with pytest.raises(KeyError):
        await acme.run(fail)
    await acme.run(lambda unit: tell(unit, 2))
    assert called == ["fine"]
