"""The row before the engine: bounded, in order, and what does not fit is told."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from server.media.codecs import frame_bytes
from server.media.speech_messages import Frames, FromSpeech, Missed, Uttered
from server.speech.engine import EngineError, Heard, Sound
from server.speech.utterances import CHUNK_BYTES, DRAFT_CHUNKS, PAUSE_CHUNKS
from server.speech.wer import words_of, wrong_words
from server.speech.whisper import mostly_digits, runs_in_circles
from server.speech.worker import MOST_WAITING, Transcriber

pytestmark = pytest.mark.unit


class SlowEngine:
    """Says how loud each utterance was, once it may."""

    def __init__(self, *, fails: bool = False) -> None:
        self.go = threading.Event()
        self.began = threading.Event()
        self.fails = fails

    def transcribe(self, sound: Sound) -> Heard:
        self.began.set()
        assert self.go.wait(30)
        if self.fails:
            raise EngineError("no line")
        return Heard(f"{float(np.abs(sound).max()):.1f}")


def voice() -> Callable[[bytes], float]:
    return lambda chunk: 0.9 if any(chunk) else 0.0


def spoken(level: float) -> bytes:
    """Return half a second of sound and then a pause, 16 kHz."""
    loud = np.full(16 * CHUNK_BYTES // 2, int(level * 32_768), "<i2").tobytes()
    return loud + bytes((PAUSE_CHUNKS + 2) * CHUNK_BYTES)


def test_what_is_said_is_told_in_order_with_its_stream() -> None:
    told: list[FromSpeech] = []
    engine = SlowEngine()
    engine.go.set()
    transcriber = Transcriber(engine, told.append, voice)
    transcriber.take(Frames("a", 16_000, spoken(0.5)))
    transcriber.take(Frames("b", 16_000, spoken(0.25)))
    transcriber.take(Frames("a", 16_000, spoken(0.75)))
    transcriber.end()
    assert [(one.stream, one.number, one.text) for one in told if isinstance(one, Uttered)] == [
        ("a", 1, "0.5"),
        ("b", 1, "0.2"),
        ("a", 2, "0.8"),
    ]


def test_of_too_much_at_once_the_oldest_is_missed_and_that_is_told() -> None:
    told: list[FromSpeech] = []
    engine = SlowEngine()
    transcriber = Transcriber(engine, told.append, voice)
    transcriber.take(Frames("a", 16_000, spoken(0.5)))
    assert engine.began.wait(30)
    for _ in range(MOST_WAITING + 2):
        transcriber.take(Frames("a", 16_000, spoken(0.5)))
    missed = [one.number for one in told if isinstance(one, Missed)]
    assert missed in ([2, 3], [1, 2, 3])  # the engine holds the first, or a draft of it
    engine.go.set()
    transcriber.end()
    rest = [number for number in range(1, MOST_WAITING + 4) if number not in missed]
    assert [one.number for one in told if isinstance(one, Uttered)] == rest


class CountingEngine(SlowEngine):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.go.set()
        self.asked = 0

    def transcribe(self, sound: Sound) -> Heard:
        self.asked += 1
        return super().transcribe(sound)


def rested(level: float) -> bytes:
    """Return half a second of sound and a rest after which it is read ahead."""
    return spoken(level)[: (16 + DRAFT_CHUNKS + 2) * CHUNK_BYTES]


@pytest.mark.parametrize(("goes_on", "asked", "text"), [(False, 1, "0.5"), (True, 3, "0.8")])
def test_what_was_read_ahead_counts_unless_the_voice_goes_on(goes_on: bool, asked: int, text: str) -> None:
    told: list[FromSpeech] = []
    engine = CountingEngine()
    transcriber = Transcriber(engine, told.append, voice)
    assert transcriber.idle.wait(30)
    transcriber.take(Frames("a", 16_000, rested(0.5)))
    assert engine.began.wait(30)
    while not transcriber.idle.is_set():
        pass
    if goes_on:
        transcriber.take(Frames("a", 16_000, rested(0.75)))
        while engine.asked < 2 or not transcriber.idle.is_set():
            pass
        transcriber.take(Frames("a", 16_000, rested(0.25)))
    transcriber.take(Frames("a", 16_000, bytes((PAUSE_CHUNKS + 2) * CHUNK_BYTES)))
    transcriber.end()
    (said,) = [one for one in told if isinstance(one, Uttered)]
    assert (engine.asked, said.text) == (asked, text)
    assert said.late_ms >= 32 * PAUSE_CHUNKS


def test_an_engine_that_fails_says_why_and_the_next_utterance_is_tried() -> None:
    told: list[FromSpeech] = []
    engine = SlowEngine(fails=True)
    engine.go.set()
    transcriber = Transcriber(engine, told.append, voice)
    transcriber.take(Frames("a", 16_000, spoken(0.5) + spoken(0.5)))
    transcriber.end()
    assert [(one.number, one.reason) for one in told if isinstance(one, Missed)] == [(1, "no line"), (2, "no line")]


def test_telephone_sound_reaches_the_engine_at_16_khz_whatever_the_size_of_its_pieces() -> None:
    told: list[FromSpeech] = []
    engine = SlowEngine()
    engine.go.set()
    transcriber = Transcriber(engine, told.append, voice)
    pcm = np.full(8_000, 8_192, "<i2").tobytes()
    step = 3 * frame_bytes(8_000) // 2
    for start in range(0, len(pcm), step):
        transcriber.take(Frames("a", 8_000, pcm[start : start + step]))
    transcriber.silent("a")
    transcriber.end()
    (said,) = [one for one in told if isinstance(one, Uttered)]
    assert said.seconds == pytest.approx(1.0, abs=0.1)


def test_wrong_words_are_counted_in_plain_words() -> None:
    said = words_of("Mister Smith, I'm on 4 2 - it won't work")
    assert said == words_of("mr. smith i am on four two, it will not work".replace("will not", "won't"))
    assert wrong_words(said, said) == 0
    assert words_of("ten of clubs, twenty-one and sixty") == words_of("10 of clubs, 21 and 60")
    assert wrong_words(["a", "b", "c"], ["a", "x", "c", "d"]) == 2


def test_a_reading_that_runs_in_circles_is_not_believed() -> None:
    assert runs_in_circles("and then I said " * 20)
    assert runs_in_circles("3-1-9-4-8-7-8-8-8-8-8-8-")
    assert mostly_digits("3-1-9-4-8-7-8-8-8-8-8-8-")
    assert not mostly_digits("it is on the 3rd of May")
    assert not runs_in_circles("I would like to talk to somebody about it")
    assert not runs_in_circles("8 6 6 6 6 1 7 6")
