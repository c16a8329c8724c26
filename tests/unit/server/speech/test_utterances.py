"""Where an utterance begins and ends."""

import pytest

from server.speech.utterances import (
    BEFORE_CHUNKS,
    CHUNK_BYTES,
    CHUNK_SECONDS,
    LEAST_CHUNKS,
    MOST_CHUNKS,
    PAUSE_CHUNKS,
    Utterance,
    Utterances,
)

pytestmark = pytest.mark.unit

VOICE, NOISE = 0.9, 0.1


def chunk(number: int) -> bytes:
    return number.to_bytes(2, "little") * (CHUNK_BYTES // 2)


def fed(stream: Utterances, *stretches: tuple[int, float]) -> list[Utterance]:
    """Feed stretches of (chunks, probability) and return what came out."""
    found: list[Utterance] = []
    number = 0
    for length, probability in stretches:
        for _ in range(length):
            said = stream.add(chunk(number), probability)
            found += [said] if said else []
            number += 1
    return found


def test_a_pause_ends_an_utterance_and_what_came_just_before_belongs_to_it() -> None:
    (said,) = fed(Utterances(), (20, NOISE), (30, VOICE), (PAUSE_CHUNKS, NOISE))
    assert said.pcm.startswith(chunk(20 - BEFORE_CHUNKS))
    assert len(said.pcm) == (BEFORE_CHUNKS + 30 + PAUSE_CHUNKS) * CHUNK_BYTES
    assert said.began == pytest.approx((20 - BEFORE_CHUNKS) * CHUNK_SECONDS, abs=0.001)
    assert said.ended == pytest.approx(50 * CHUNK_SECONDS, abs=0.001)


def test_a_short_pause_does_not_cut() -> None:
    found = fed(Utterances(), (10, VOICE), (PAUSE_CHUNKS - 1, NOISE), (10, VOICE), (PAUSE_CHUNKS, NOISE))
    assert len(found) == 1


def test_a_click_is_no_utterance() -> None:
    assert not fed(Utterances(), (LEAST_CHUNKS - 1, VOICE), (2 * PAUSE_CHUNKS, NOISE))


def test_silence_is_none() -> None:
    stream = Utterances()
    assert not fed(stream, (500, NOISE))
    assert stream.close() is None


def test_who_never_pauses_is_cut_before_an_engine_would_lose_the_end() -> None:
    first, second = fed(Utterances(), (2 * MOST_CHUNKS, VOICE))
    assert len(first.pcm) == len(second.pcm) == MOST_CHUNKS * CHUNK_BYTES
    assert first.pcm + second.pcm == b"".join(chunk(number) for number in range(2 * MOST_CHUNKS))
    assert MOST_CHUNKS * CHUNK_SECONDS < 30


def test_a_voice_that_is_gone_is_finished_at_once() -> None:
    stream = Utterances()
    fed(stream, (10, VOICE))
    said = stream.close()
    assert said is not None
    assert len(said.pcm) == 10 * CHUNK_BYTES
    assert stream.close() is None
