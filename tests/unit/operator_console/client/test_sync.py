"""Rules of resuming."""

import random

import pytest

from operator_console.client.pace import Pace
from operator_console.client.sync import Sync
from tests.fakes.scripted_broker import batch, snapshot

pytestmark = pytest.mark.unit


def test_without_a_snapshot_every_batch_is_a_hole() -> None:
    assert Sync().misses(batch(1, 1))


def test_a_hello_resumes_from_the_end_of_the_last_batch() -> None:
    sync = Sync()
    sync.restart(snapshot(10))
    assert not sync.misses(batch(11, 13))
    sync.advance(batch(11, 13))
    hello = sync.hello("c", view_only=False, brief=True)
    assert (hello.after, hello.boot, hello.brief) == (13, "boot-1", True)
    sync.forget()
    assert sync.hello("c", view_only=False, brief=False).after == 0


def test_numbers_without_an_event_are_seen_too() -> None:
    sync = Sync()
    sync.restart(snapshot(10))
    assert sync.advance(batch(11, 30, *batch(12, 12).events)) is not None
    assert sync.seq == 30


def test_an_overlap_is_cut_and_a_repeat_is_dropped() -> None:
    sync = Sync()
    sync.restart(snapshot(10))
    cut = sync.advance(batch(8, 12))
    assert cut is not None
    assert (cut.first, cut.last, [event.seq for event in cut.events]) == (11, 12, [11, 12])
    assert sync.advance(batch(8, 12)) is None


def test_a_hole_is_one_number_wide_or_more() -> None:
    sync = Sync()
    sync.restart(snapshot(10))
    assert not sync.misses(batch(11, 11))
    assert sync.misses(batch(12, 12))


def test_pauses_grow_to_a_limit_and_are_not_in_step() -> None:
    pace, chance = Pace(), random.Random(1)
    pauses = [pace.pause_seconds(failures, chance) for failures in (0, 1, 2, 3, 20, 4000)]
    assert pauses[0] <= 0.25
    assert max(pauses) <= pace.most_pause_seconds
    assert pauses[-1] >= pace.most_pause_seconds / 2
    assert len({pace.pause_seconds(5, chance) for _ in range(50)}) == 50
