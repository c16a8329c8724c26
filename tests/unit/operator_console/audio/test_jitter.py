"""What the operator hears is even, bounded and in order, whatever arrives."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.audio.framing import FRAME_BYTES, AudioFrame
from operator_console.audio.jitter import LEAST_MS, MOST_MS, START_MS, JitterBuffer

pytestmark = pytest.mark.unit

BLOCK = FRAME_BYTES // 2


def frame(sequence: int, value: int | None = None) -> AudioFrame:
    pcm = array("h", [sequence + 1 if value is None else value] * (FRAME_BYTES // 2)).tobytes()
    return AudioFrame(sequence & 0xFFFFFFFF, sequence * 20 & 0xFFFFFFFF, pcm)


def values(pcm: bytes) -> list[int]:
    """The distinct samples in the order in which they come."""
    samples = array("h", pcm)
    return [sample for index, sample in enumerate(samples) if index == 0 or samples[index - 1] != sample]


def filled(*sequences: int) -> JitterBuffer:
    buffer = JitterBuffer()
    for sequence in sequences:
        buffer.push(frame(sequence))
    return buffer


def test_nothing_is_played_before_the_buffer_holds_its_target() -> None:
    buffer = filled(0)
    assert buffer.held_ms < START_MS
    assert buffer.pull(BLOCK) == bytes(BLOCK)
    buffer.push(frame(1))
    assert values(buffer.pull(BLOCK)) == [1]


def test_frames_are_played_in_order_and_whole() -> None:
    buffer = filled(0, 1, 2)
    assert values(b"".join(buffer.pull(BLOCK) for _ in range(6))) == [1, 2, 3]
    assert buffer.missing == buffer.late == 0


def test_more_than_sixty_milliseconds_never_wait_and_the_oldest_go() -> None:
    buffer = filled(*range(10))
    assert buffer.held_ms == MOST_MS
    assert buffer.late == 7
    assert values(buffer.pull(FRAME_BYTES)) == [8]


def test_a_repeated_or_overtaken_frame_is_dropped() -> None:
    buffer = filled(5, 6)
    buffer.push(frame(6))
    buffer.push(frame(5))
    assert buffer.late == 2
    assert values(buffer.pull(2 * FRAME_BYTES)) == [6, 7]


def test_sequence_numbers_go_on_after_their_end() -> None:
    buffer = JitterBuffer()
    buffer.push(frame(0xFFFFFFFF, 7))
    buffer.push(AudioFrame(0, 0, frame(7).pcm))
    assert buffer.late == buffer.missing == 0
    assert buffer.received == 2


def test_a_missing_frame_is_filled_with_a_quieter_repetition_in_its_place() -> None:
    buffer = JitterBuffer()
    for sequence in (0, 1):
        buffer.push(frame(sequence, 9000))
    buffer.pull(FRAME_BYTES)
    buffer.push(frame(3, 9000))
    assert buffer.missing == 1
    buffer.pull(FRAME_BYTES)
    filling = array("h", buffer.pull(FRAME_BYTES))
    assert 9000 >= filling[0] > filling[-1] > 0
    assert values(buffer.pull(FRAME_BYTES)) == [9000]


def test_an_underrun_fades_out_within_sixty_milliseconds() -> None:
    buffer = JitterBuffer()
    for sequence in (0, 1):
        buffer.push(frame(sequence, 9000))
    buffer.pull(2 * FRAME_BYTES)
    tail = array("h", b"".join(buffer.pull(BLOCK) for _ in range(8)))
    peaks = [max(tail[start : start + 160]) for start in range(0, len(tail), 160)]
    assert peaks[0] > 7000
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[6:] == [0, 0]


def test_a_late_frame_makes_it_hold_more_and_a_calm_line_less_again() -> None:
    buffer = filled(0, 1)
    buffer.pull(2 * FRAME_BYTES)
    buffer.pull(BLOCK)
    buffer.push(frame(2))
    assert buffer.target_ms == START_MS + 10
    for sequence in range(3, 2100):
        buffer.push(frame(sequence))
        buffer.pull(FRAME_BYTES)
    assert buffer.target_ms == LEAST_MS


def test_a_pause_of_the_far_side_is_not_a_late_frame() -> None:
    buffer = filled(0, 1)
    buffer.pull(2 * FRAME_BYTES)
    for _ in range(40):
        buffer.pull(BLOCK)
    buffer.push(frame(2))
    assert buffer.target_ms == START_MS


def test_a_slow_device_does_not_let_delay_grow_for_good() -> None:
    buffer = JitterBuffer()
    for sequence in range(3):
        buffer.push(frame(sequence, 0))
    for sequence in range(3, 400):
        buffer.pull(BLOCK)
        buffer.pull(BLOCK)
        buffer.push(frame(sequence, 0))
    assert buffer.held_ms <= START_MS
    assert buffer.late >= 1


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(0, 0xFFFFFFFF)),
            st.tuples(st.just("near"), st.integers(-3, 6)),
            st.tuples(st.just("pull"), st.integers(1, 1000)),
        ),
        max_size=80,
    )
)
def test_it_always_returns_what_was_asked_for_and_holds_at_most_sixty_milliseconds(
    steps: list[tuple[str, int]],
) -> None:
    buffer, sequence = JitterBuffer(), 0
    for what, number in steps:
        if what == "pull":
            assert len(buffer.pull(2 * number)) == 2 * number
        else:
            sequence = number if what == "push" else sequence + number
            buffer.push(frame(sequence, 100))
        assert 0 <= buffer.held_ms <= MOST_MS
