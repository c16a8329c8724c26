"""Whisper's weights on this machine hear real speech, and other weights are refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from server.core.errors import CallerError
from server.speech import whisper
from server.speech.wer import words_of, wrong_words
from server.speech.whisper import SHA256, Whisper, weights
from server.understanding.evaluation.stt import read_sound
from tests import needs

pytestmark = [pytest.mark.integration, needs.mark(needs.SPEECH)]


def test_real_speech_is_heard_and_silence_is_not() -> None:
    needs.require(needs.DATA)
    folder = needs.data_folder()
    assert folder is not None
    engine = Whisper(weights())
    heard = engine.transcribe(read_sound(folder / "datasets/dev/speech/w16/real_lv_0880.wav"))
    assert wrong_words(words_of("he was not an ill disposed young man"), words_of(heard.text)) <= 2
    digits = engine.transcribe(
        read_sound(folder / "datasets/dev/speech/w8/fsdd_03.wav")
    )  # read once, it counts on for ever
    assert wrong_words(words_of("three one nine four eight seven five seven"), words_of(digits.text)) <= 1
    assert words_of(engine.transcribe(np.zeros(16_000, np.float32)).text) in ([], ["you"])


def test_a_package_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "SHA256", SHA256 | {"tokenizer.json": "0" * 64})
    with pytest.raises(CallerError, match=r"tokenizer.json .* not the file that this version was checked with"):
        weights()


def test_a_folder_without_weights_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CallerError) as refused:
        weights(str(tmp_path))
    assert refused.value.code == "no_speech_model"
    assert "model_path" in refused.value.hint


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    shutil.copy(weights() / "tokenizer.json", tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not weights")
    with pytest.raises(CallerError, match="cannot be loaded"):
        Whisper(weights(str(tmp_path)))
