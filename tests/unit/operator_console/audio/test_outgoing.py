"""A muted operator is never heard, whatever happens around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operator_console.audio.framing import FRAME_BYTES, unpack_audio
from operator_console.audio.outgoing import MAX_WAITING_CONTROLS, MAX_WAITING_FRAMES, Outgoing
from server.wire.codec import encode
from server.wire.media import HEADER, MediaMute, MediaPing

pytestmark = pytest.mark.unit

BLOCK = FRAME_BYTES // 2
LOUD = b"\x11\x22"


def sent(outgoing: Outgoing) -> list[bytes | str]:
    """Everything that waits, as the socket would take it."""
    items = []
    while (item := outgoing.next()) is not None:
        items.append(item)
    return items


def audio(items: list[bytes | str]) -> list[bytes]:
    return [item for item in items if isinstance(item, bytes)]


def test_two_blocks_of_ten_milliseconds_make_one_frame_with_its_header() -> None:
    outgoing = Outgoing(70_000, muted=False)
    outgoing.capture(LOUD * (BLOCK // 2))
    assert sent(outgoing) == []
    outgoing.capture(LOUD * (BLOCK // 2))
    outgoing.capture(LOUD * BLOCK)
    first, second = audio(sent(outgoing))
    assert HEADER.unpack_from(first) == (1, 1, 70_000 & 0xFFFF, 0, 0)
    assert unpack_audio(second, 70_000).sequence == 1
    assert unpack_audio(second, 70_000).timestamp_ms == 20
    assert unpack_audio(first, 70_000).pcm == LOUD * (FRAME_BYTES // 2)


@given(st.lists(st.binary(max_size=3000), max_size=30))
def test_blocks_of_any_length_lose_and_invent_nothing(blocks: list[bytes]) -> None:
    outgoing, packed = Outgoing(1, muted=False), b""
    for block in blocks:
        outgoing.capture(block)
        packed += b"".join(unpack_audio(item, 1).pcm for item in audio(sent(outgoing)))
    whole = b"".join(blocks)
    assert packed == whole[: len(whole) // FRAME_BYTES * FRAME_BYTES]


def test_mute_throws_away_what_was_captured_and_queued_and_says_so_in_its_place() -> None:
    outgoing = Outgoing(1, muted=False)
    outgoing.capture(LOUD * FRAME_BYTES)
    outgoing.capture(LOUD * 100)
    outgoing.control(MediaPing(at=1.0))
    outgoing.mute(on=True)
    outgoing.capture(LOUD * FRAME_BYTES)
    assert sent(outgoing) == [encode(MediaPing(at=1.0)).decode(), encode(MediaMute(on=True)).decode()]
    assert outgoing.waiting_ms == 0


def test_after_unmuting_what_the_device_still_held_from_before_is_skipped() -> None:
    outgoing = Outgoing(1, muted=True)
    outgoing.mute(on=False, skip_bytes=FRAME_BYTES + 10)
    outgoing.capture(b"\xaa" * (FRAME_BYTES + 10))
    assert audio(sent(outgoing)) == []
    outgoing.capture(b"\xbb" * FRAME_BYTES)
    assert [unpack_audio(item, 1).pcm for item in audio(sent(outgoing))] == [b"\xbb" * FRAME_BYTES]


def test_timestamps_go_on_through_a_mute_and_sequence_numbers_have_no_hole() -> None:
    outgoing = Outgoing(1, muted=False)
    outgoing.capture(LOUD * (FRAME_BYTES // 2))
    outgoing.next()
    outgoing.mute(on=True)
    outgoing.capture(LOUD * (FRAME_BYTES // 2) * 50)
    outgoing.mute(on=False)
    outgoing.capture(LOUD * (FRAME_BYTES // 2))
    frame = unpack_audio(audio(sent(outgoing))[0], 1)
    assert (frame.sequence, frame.timestamp_ms) == (1, 20 + 1000)


def test_a_socket_that_takes_nothing_costs_the_oldest_audio_but_no_control_frame() -> None:
    outgoing = Outgoing(1, muted=False)
    outgoing.control(MediaPing(at=1.0))
    for _ in range(MAX_WAITING_FRAMES + 5):
        outgoing.capture(LOUD * (FRAME_BYTES // 2))
    items = sent(outgoing)
    assert items[0] == encode(MediaPing(at=1.0)).decode()
    assert [unpack_audio(item, 1).sequence for item in audio(items)] == list(range(5, MAX_WAITING_FRAMES + 5))
    assert outgoing.dropped == 5


def test_a_socket_that_takes_no_control_frames_is_given_up() -> None:
    outgoing = Outgoing(1, muted=False)
    for _ in range(MAX_WAITING_CONTROLS):
        outgoing.control(MediaPing(at=1.0))
    with pytest.raises(OverflowError):
        outgoing.control(MediaPing(at=1.0))


@given(
    muted_first=st.booleans(),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("capture"), st.integers(0, 2000)),
            st.tuples(st.just("mute"), st.just(0)),
            st.tuples(st.just("unmute"), st.integers(0, 1500)),
            st.tuples(st.just("send"), st.integers(1, 4)),
            st.tuples(st.just("ping"), st.just(0)),
        ),
        max_size=60,
    ),
)
def test_after_mute_no_audio_frame_leaves_whatever_the_order_of_events(
    muted_first: bool, steps: list[tuple[str, int]]
) -> None:
    """Every sample says whether it was captured while muted, so that both rules are seen on the wire."""
    outgoing = Outgoing(1, muted=muted_first)
    muted, muted_on_wire = muted_first, muted_first
    for what, number in steps:
        if what == "capture":
            outgoing.capture((b"\xff" if muted else b"\x01") * (number * 2))
        elif what == "mute":
            outgoing.mute(on=True)
            muted = True
        elif what == "unmute":
            outgoing.mute(on=False, skip_bytes=number * 2)
            muted = False
        elif what == "ping":
            outgoing.control(MediaPing(at=0.0))
        else:
            for _ in range(number):
                item = outgoing.next()
                if isinstance(item, bytes):
                    assert not muted
                    assert not muted_on_wire
                    assert b"\xff" not in unpack_audio(item, 1).pcm
                elif item is not None and '"mute"' in item:
                    muted_on_wire = '"on":true' in item
    if muted:
        assert audio(sent(outgoing)) == []
