"""One reader of the feed: in order, never twice, bounded, and never waited for."""

import asyncio

import pytest

from server.broker import feed as feed_module
from server.broker.feed import FeedBatch, Subscription
from server.broker.ports.records import Fed
from server.clock import ManualClock, settle
from server.tasks import spawn
from server.wire.events import ConversationChanged, MessageAdded
from server.wire.terms import Author, ConversationId, Medium, MessageId, SessionId
from server.wire.views import ConversationView, Customer, MessageView

pytestmark = pytest.mark.unit

CLOCK = ManualClock()


def message(seq: int, *, in_session: bool = True, text: str = "hi") -> Fed:
    """Return an event about a message."""
    view = MessageView(
        id=MessageId(f"m_{seq}"),
        conversation_id=ConversationId("c_1"),
        position=seq,
        author=Author.CUSTOMER,
        text=text,
        at=CLOCK.now(),
        session_id=SessionId("s_1") if in_session else None,
    )
    return Fed(event=MessageAdded(seq=seq, at=CLOCK.now(), message=view))


def ownership(seq: int) -> Fed:
    """Return an event that consoles are not shown."""
    view = ConversationView(id=ConversationId("c_1"), medium=Medium.CHAT, customer=Customer(), created_at=CLOCK.now())
    return Fed(event=ConversationChanged(seq=seq, at=CLOCK.now(), conversation=view))


def batch(first: int, last: int) -> FeedBatch:
    """Return a batch of messages."""
    return FeedBatch(first, last, [message(seq) for seq in range(first, last + 1)], CLOCK)


async def test_batches_come_in_order() -> None:
    reader = Subscription(0)
    reader.put(batch(1, 2))
    reader.put(batch(3, 3))
    first, second = await reader.next(), await reader.next()
    assert first is not None
    assert second is not None
    assert [(first.first, first.last), (second.first, second.last)] == [(1, 2), (3, 3)]
    assert reader.last == 3


async def test_a_batch_that_the_reader_has_already_is_skipped() -> None:
    reader = Subscription(4)
    reader.put(batch(3, 4))
    reader.put(batch(3, 6))
    found = await reader.next()
    assert found is not None
    assert (found.last, reader.last) == (6, 6)


async def test_a_reader_waits_without_turning() -> None:
    reader = Subscription(0)
    waiting = spawn("read", reader.next())
    await settle()
    assert not waiting.done()
    reader.put(batch(1, 1))
    await settle()
    assert waiting.done()


async def test_it_waits_again_after_the_last_batch() -> None:
    reader = Subscription(0)
    reader.put(batch(1, 1))
    await reader.next()
    waiting = spawn("read", reader.next())
    await settle()
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_reader_far_behind_is_cut_off_told_so_and_kept_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_BATCHES", 3)
    reader = Subscription(0)
    for seq in range(1, 4):
        reader.put(batch(seq, seq))
    assert not reader.cut_off
    reader.put(batch(4, 4))
    assert reader.cut_off
    reader.put(batch(5, 5))
    assert len(reader._batches) == 0
    assert await reader.next() is None
    assert reader.last == 0, "it resumes from what it really has"


async def test_a_reader_that_keeps_up_is_never_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_BATCHES", 3)
    monkeypatch.setattr(feed_module, "MOST_BYTES", 2 * len(batch(100, 100).console_frame))
    reader = Subscription(0)
    for seq in range(1, 100):
        reader.put(batch(seq, seq))
        assert await reader.next() is not None
    assert not reader.cut_off


async def test_a_reader_is_cut_off_by_the_bytes_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_BYTES", 2 * len(batch(1, 1).console_frame))
    reader = Subscription(0)
    reader.put(batch(1, 1))
    reader.put(batch(2, 2))
    assert not reader.cut_off
    reader.put(batch(3, 3))
    assert reader.cut_off


def test_consoles_get_the_numbers_of_what_is_not_for_them_but_not_its_content() -> None:
    mixed = FeedBatch(
        1, 3, [ownership(1), message(2, in_session=False, text="private"), message(3, text="shown")], CLOCK
    )
    frame = mixed.console_frame.decode()
    assert '"first":1,"last":3' in frame
    assert "shown" in frame
    assert "private" not in frame
    assert "conversation.changed" not in frame


def test_a_batch_is_encoded_once_for_all_readers() -> None:
    one = batch(1, 2)
    assert one.console_frame is one.console_frame
