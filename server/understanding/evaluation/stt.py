"""Measure the transcription of speech: rows of `file` (a WAV), `text`, and `set` for figures by part."""

import time
import wave
from collections import defaultdict
from pathlib import Path

import numpy as np
import samplerate  # type: ignore[import-not-found] # ships no types

from server.core.errors import CallerError
from server.speech.engine import RATE, Sound
from server.speech.wer import words_of, wrong_words
from server.speech.whisper import Whisper, weights
from server.understanding.evaluation.report import Report, percentile, read_rows, text_of


def evaluate(path: Path) -> Report:
    """Return word error rates, whole and by set and rate, and what one utterance takes.

    Raises:
        CallerError: `bad_data_file`, `no_speech_model`.
    """
    engine = Whisper(weights())
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    taken: list[float] = []
    rows = read_rows(path)
    for row in rows:
        sound = read_sound(path.parent / text_of(row, "file"))
        began = time.perf_counter()
        heard = engine.transcribe(sound)
        taken.append((time.perf_counter() - began) * 1000)
        said = words_of(text_of(row, "text"))
        wrong = wrong_words(said, words_of(heard.text))
        for part in ("", f"{row.get('set', 'all')}-{row.get('rate', RATE)}"):
            counts[part] = [sum(pair) for pair in zip(counts[part], (wrong, len(said), 1), strict=True)]
    whole = counts.pop("")
    return Report(
        name="stt",
        rows=len(rows),
        figures={
            "word_error_rate": whole[0] / max(whole[1], 1),
            "p50_ms": percentile(taken, 0.5),
            "p95_ms": percentile(taken, 0.95),
        },
        groups={part: {"word_error_rate": w / max(n, 1), "rows": float(c)} for part, (w, n, c) in counts.items()},
    )


def read_sound(path: Path) -> Sound:
    """Return a mono WAV of PCM16 at 16 kHz.

    Raises:
        CallerError: `bad_data_file`.
    """
    try:
        with wave.open(str(path), "rb") as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            pcm = file.readframes(file.getnframes())
    except (OSError, wave.Error, EOFError) as error:
        raise CallerError("bad_data_file", f"{path} is no WAV that can be read.", "Give mono PCM16.") from error
    if width != 2 or channels != 1:
        raise CallerError("bad_data_file", f"{path.name} is not mono PCM16.", "Give mono PCM16.")
    sound: Sound = (np.frombuffer(pcm, "<i2") / 32_768).astype(np.float32)
    if rate != RATE:
        sound = np.asarray(samplerate.resample(sound, RATE / rate, "sinc_fastest")).astype(np.float32)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return sound
