"""Consoles converge: an old snapshot and the events since then make the new snapshot, whatever happened between."""

from itertools import pairwise

import msgspec
import pytest

from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.broker import feed as feed_module
from server.broker.feed import FeedBatch, concerns_consoles
from server.wire import codec
from server.wire import commands as c
from server.wire.events import Event
from server.wire.frames import Batch, Snapshot
from server.wire.terms import Author, Delivery, OperatorId, SessionKind
from server.wire.views import Context, MessageView, SessionView
from tests.world import ORGANISATION, World, batches_of

pytestmark = pytest.mark.scenario

ANN = OperatorId("op_ann")
EVERY_EVENT = {kind.__struct_config__.tag for kind in Event.__args__}
FOR_ASSISTANTS = {"assist.answered", "approve.decided"}
"""What consoles are not told: they see the session close."""


async def a_day(desk: World, snapshots: list[Snapshot]) -> None:
    """Let everything happen that can, and look at the desk at many moments."""

    async def look() -> None:
        snapshots.append(await desk.snapshot())

    await look()
    ann = await desk.operator("ann")
    ben = await desk.operator("ben", duty=False)
    await look()
    call, chat = await desk.caller("Mrs Fields"), await desk.chat("Joe Brook")
    await call.says("I want my money back.")
    await chat.says("Where is my parcel?")
    await call.asks_for_a_person("refund")
    await chat.asks_for_a_person("parcel")
    await look()
    await desk.broker.intake.update_context(desk.assistant, call.id, Context(summary="angry"))
    await look()
    await ann.accept(call)
    await look()
    await ann.opens_headset()
    await ann.does(c.Mute, call, on=True)
    await ann.does(c.Hold, call, on=True)
    await look()
    await ben.goes_on_duty()
    await ben.takes(chat)
    said = await ben.does(c.Say, chat, text="Hello, Ben here.")
    assert said.message is not None
    delivered = msgspec.structs.replace(said.message, delivery=Delivery.DELIVERED)
    await desk.database.run(lambda unit: _mark_delivered(unit, delivered))
    await ben.does(c.AddNote, chat, text="polite")
    await chat.says("Thanks")
    await look()
    await ann.does(c.Hold, call, on=False)
    await ann.loses_headset()
    await look()
    await ann.asks_for_media(call)
    await ann.opens_headset()
    await ann.goes_away("lunch")
    await ann.does(c.FollowUp, call, text="send the form")
    await look()
    await ann.does(c.BackToAssistant, call, note="agreed")
    await look()
    question, proposal = await desk.chat("Zoe Hill"), await desk.chat("Max Hill")
    await question.asks_for_a_person("May I refund the shipping?", kind=SessionKind.ASSIST)
    await proposal.asks_for_a_person("Refund 20.", kind=SessionKind.APPROVE)
    await look()
    await ben.does(c.Answer, question, text="Yes.")
    await look()
    await ben.does(c.Decide, proposal, approved=True)
    await look()
    await desk.later(1)
    await call.assistant_says("Anything else?", epoch=(await call.conversation()).owner_epoch)
    await look()
    await ann.does(c.FinishWrapUp, call)
    await look()
    await ben.does(c.Requeue, chat, note="needs Ann")
    await look()
    await ben.does(c.Decline, chat) if (await chat.session()).offered_to == ben.id else None
    await ann.goes_on_duty()
    await ann.takes(chat)
    await ann.goes()
    await look()
    await desk.later(121)
    await look()
    await desk.later(60)
    other = await desk.chat("Last one")
    await other.says("Anybody?")
    await other.asks_for_a_person("other")
    await look()
    await call.leaves()
    await look()


def _mark_delivered(unit: object, message: MessageView) -> None:
    unit.ledger.tell_message(ORGANISATION, "message.changed", message)  # type: ignore[attr-defined]


def console(*frames: Snapshot | Batch) -> DeskModel:
    """Return a console's own model after these frames."""
    model = DeskModel()
    for frame in frames:
        model = update(model, frame)
    return model


def batch(events: list[Event], first: int, last: int, desk: World) -> Batch:
    """Return a batch as consoles get it, through its bytes."""
    encoded = codec.encode(Batch(first=first, last=last, now=desk.clock.now(), events=tuple(events)))
    return msgspec.json.decode(encoded, type=Batch)


def shown(model: DeskModel) -> tuple[dict[str, SessionView], dict[str, object], dict[str, list[MessageView]], object]:
    """Return what is drawn: sessions, roster, the last turns of each open conversation, and the order of the queue."""
    sessions = {one: msgspec.structs.replace(view, last_turns=()) for one, view in model.sessions.items()}
    turns = {one: last_turns(model, view) for one, view in sessions.items()}
    return sessions, dict(model.operators), turns, model.order


def last_turns(model: DeskModel, session: SessionView) -> list[MessageView]:
    """Return the newest turns of the session; notes are read with the whole transcript.

    What a customer and the assistant say after the talk is no event for consoles, but a snapshot's last turns may show
    it: a session in wrap-up is compared without its turns.
    """
    if session.ended_at is not None:
        return []
    turns = [turn for turn in model.turns[session.conversation_id].messages if turn.author is not Author.NOTE]
    return turns[-3:]


async def test_any_old_snapshot_and_the_events_since_make_the_new_snapshot(desk: World) -> None:
    snapshots: list[Snapshot] = []
    await a_day(desk, snapshots)
    new = await desk.snapshot()
    live = [fed.event for fed in desk.events if concerns_consoles(fed.event)]
    kept = await desk.database.read(lambda unit: list(unit.views.events(ORGANISATION, 0, 10_000)))
    replayed = [fed.event for fed in kept if concerns_consoles(fed.event)]
    assert {event.__struct_config__.tag for event in live} >= {
        name for name in EVERY_EVENT - FOR_ASSISTANTS if "conversation" not in name
    }
    assert {fed.event.__struct_config__.tag for fed in desk.events} == EVERY_EVENT
    expected = shown(console(new))
    for old in snapshots:
        for story, events in (("live", live), ("replayed", replayed)):
            since = [event for event in events if event.seq > old.seq]
            model = console(old, batch(since, old.seq + 1, new.seq, desk))
            assert not model.resync_wanted
            assert shown(model) == expected, f"from {old.seq}, {story}"


async def test_every_step_of_the_way_converges_too(desk: World) -> None:
    snapshots: list[Snapshot] = []
    await a_day(desk, snapshots)
    events = [fed.event for fed in desk.events if concerns_consoles(fed.event)]
    model = console(snapshots[0])
    for old, new in pairwise(snapshots):
        between = [event for event in events if old.seq < event.seq <= new.seq]
        model = update(model, batch(between, old.seq + 1, new.seq, desk))
        behind = [view.number for view in new.sessions if is_behind(model, view)]
        assert not behind, f"{old.seq} to {new.seq}: an event shows a session as it is or newer, never older"
    assert shown(model) == shown(console(snapshots[-1]))


def is_behind(model: DeskModel, view: SessionView) -> bool:
    """Tell whether the model shows an older version; one that is not there has closed meanwhile."""
    known = model.sessions.get(view.id)
    return known is not None and known.version < view.version


async def test_events_applied_twice_do_no_harm(desk: World) -> None:
    snapshots: list[Snapshot] = []
    await a_day(desk, snapshots)
    events = [fed.event for fed in desk.events if concerns_consoles(fed.event)]
    new = await desk.snapshot()
    once = console(snapshots[0], batch(events, 1, new.seq, desk))
    twice = update(once, batch(events, 1, new.seq, desk))
    assert shown(once) == shown(twice) == shown(console(new))


async def test_readers_who_join_at_different_moments_see_the_same_numbers_without_gaps(desk: World) -> None:
    early = await desk.broker.feed.subscribe(ORGANISATION, 0)
    ann = await desk.operator("ann")
    call = await desk.caller()
    late = await desk.broker.feed.subscribe(ORGANISATION, 0)
    joined = (await desk.snapshot()).seq
    from_now = await desk.broker.feed.subscribe(ORGANISATION, joined)
    await call.asks_for_a_person()
    await ann.takes(call)
    end = (await desk.snapshot()).seq
    for reader, after in ((early, 0), (late, 0), (from_now, joined)):
        numbers = [fed.event.seq for part in batches_of(reader) for fed in part.fed]
        assert numbers == list(range(after + 1, end + 1))
        assert not reader.cut_off


async def test_a_reader_resumes_from_its_number(lasting_desk: World) -> None:
    desk = lasting_desk
    await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    middle = (await desk.snapshot()).seq
    await desk.restart()
    end = (await desk.snapshot()).seq
    reader = await desk.broker.feed.subscribe(ORGANISATION, middle)
    await desk.settle()
    numbers = [fed.event.seq for part in batches_of(reader) for fed in part.fed]
    assert numbers == list(range(middle + 1, end + 1))
    ahead = await desk.broker.feed.subscribe(ORGANISATION, end)
    assert batches_of(ahead) == []


async def test_a_long_story_is_read_in_parts_without_gaps(desk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await desk.chat()
    for n in range(20):
        await chat.says(f"{n}")
    monkeypatch.setattr(feed_module, "MOST_EVENTS", 3)
    reader = await desk.broker.feed.subscribe(ORGANISATION, 0)
    parts = batches_of(reader)
    assert len(parts) > 5
    assert [fed.event.seq for part in parts for fed in part.fed] == list(range(1, (await desk.snapshot()).seq + 1))
    assert all(part.first == before.last + 1 for before, part in pairwise(parts))


async def test_what_is_committed_while_a_reader_joins_is_not_lost(desk: World) -> None:
    """The reader asks the database and gets nothing new; before it has joined, the tail hands out something new."""
    chat = await desk.chat()
    tail = desk.broker.feed._tails[ORGANISATION]
    after = tail._last
    read, first = tail._read, True

    async def slow_read(position: int) -> FeedBatch | None:
        nonlocal first
        found = await read(position)
        if first:
            first = False
            assert found is None
            await chat.says("Meanwhile")
            assert tail._last > after
        return found

    tail._read = slow_read  # type: ignore[method-assign]
    reader = await desk.broker.feed.subscribe(ORGANISATION, after)
    tail._read = read  # type: ignore[method-assign]
    await chat.says("And then")
    numbers = [fed.event.seq for part in batches_of(reader) for fed in part.fed]
    assert numbers == list(range(after + 1, tail._last + 1))


async def test_a_reader_that_does_not_read_is_cut_off_at_the_bound_and_nobody_else(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MOST_BATCHES", 4)
    stalled = await desk.broker.feed.subscribe(ORGANISATION, (await desk.snapshot()).seq)
    chat = await desk.chat()
    for n in range(8):
        await chat.says(f"{n}")
    assert stalled.cut_off
    assert batches_of(stalled) == [], "what it cannot use is not kept"
    assert await stalled.next() is None
    assert len(desk.events) == (await desk.snapshot()).seq, "the reader that keeps up has all of it"
    again = await desk.broker.feed.subscribe(ORGANISATION, stalled.last)
    numbers = [fed.event.seq for part in batches_of(again) for fed in part.fed]
    assert numbers[-1] == (await desk.snapshot()).seq


async def test_a_reader_is_cut_off_by_bytes_too(desk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_BYTES", 2_000)
    stalled = await desk.broker.feed.subscribe(ORGANISATION, (await desk.snapshot()).seq)
    chat = await desk.chat()
    await chat.asks_for_a_person()
    for _ in range(3):
        await chat.says("x" * 500)
    assert stalled.cut_off


async def test_a_reader_who_left_is_given_nothing_more(desk: World) -> None:
    reader = await desk.broker.feed.subscribe(ORGANISATION, (await desk.snapshot()).seq)
    desk.broker.feed.unsubscribe(ORGANISATION, reader)
    await desk.chat()
    assert batches_of(reader) == []


async def test_talk_without_a_handoff_is_no_business_of_consoles(desk: World) -> None:
    chat = await desk.chat()
    await chat.says("Just a question.")
    assert [fed for fed in desk.events if concerns_consoles(fed.event)] == []
    await chat.asks_for_a_person()
    await chat.says("Hello?")
    assert "message.added" in [e.event.__struct_config__.tag for e in desk.events if concerns_consoles(e.event)]


async def test_assistants_can_tell_their_own_events(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    about: dict[str, set[tuple[str, str]]] = {}
    for fed in desk.events:
        about.setdefault(fed.event.__struct_config__.tag.split(".")[0], set()).add((fed.conversation_id, fed.key_id))
    assert about["operator"] == {("", "")}
    assert about["session"] == about["message"] == about["conversation"] == {(chat.id, "k_assistant")}
