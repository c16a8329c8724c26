"""Frames come out in order, each once, and nobody waits for one that is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.telephony.in_order import MOST_HELD, InOrder

pytestmark = pytest.mark.unit


def frame(number: int) -> bytes:
    return number.to_bytes(4, "big")


def test_frames_in_their_turn_are_never_held_back() -> None:
    order = InOrder()
    assert [order.take(number, frame(number)) for number in (7, 8, 9)] == [[frame(7)], [frame(8)], [frame(9)]]


def test_two_that_changed_places_are_put_right() -> None:
    order = InOrder()
    assert [order.take(number, frame(number)) for number in (1, 3, 2, 4)] == [
        [frame(1)],
        [],
        [frame(2), frame(3)],
        [frame(4)],
    ]


def test_a_lost_frame_is_waited_for_only_so_long_and_then_too_late() -> None:
    order = InOrder()
    order.take(1, b"1")
    held = [order.take(number, frame(number)) for number in range(3, 3 + MOST_HELD)]
    assert held == [[]] * MOST_HELD
    assert len(order.take(3 + MOST_HELD, b"x")) == MOST_HELD + 1
    assert order.take(2, b"late") == []


def test_a_frame_that_comes_twice_is_heard_once() -> None:
    order = InOrder()
    assert [order.take(number, b"x") for number in (1, 1, 3, 3, 2)] == [[b"x"], [], [], [], [b"x", b"x"]]


def test_frames_without_a_number_pass_and_a_new_count_begins_anew() -> None:
    order = InOrder()
    assert order.take(0, b"plain") == [b"plain"]
    assert order.take(90_000, b"a") == [b"a"]
    assert order.take(1, b"b") == [b"b"]
    assert order.take(2, b"c") == [b"c"]


@given(st.lists(st.integers(-5, 400), max_size=80))
def test_whatever_comes_goes_out_rising_and_once(numbers: list[int]) -> None:
    order = InOrder()
    out = [int.from_bytes(one, "big") for number in numbers if number > 0 for one in order.take(number, frame(number))]
    assert out == sorted(set(out))
    assert set(out) <= set(numbers)


@given(st.permutations(list(range(2, 2 + MOST_HELD))))
def test_frames_mixed_up_within_the_window_all_arrive(numbers: list[int]) -> None:
    order = InOrder()
    out = order.take(1, frame(1))
    for number in numbers:
        out += order.take(number, frame(number))
    assert out == [frame(number) for number in range(1, 2 + MOST_HELD)]
