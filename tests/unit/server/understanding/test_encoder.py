"""Rules of the encoder: meaning is near, the model's hash is checked, and without the model there is a sentence."""

from pathlib import Path

import numpy as np
import pytest

from server.core.errors import CallerError
from server.understanding.encoder import SIZE, Encoder, NoModel, load_encoder
from server.understanding.wordpiece import load_wordpiece

pytestmark = pytest.mark.unit


def test_word_pieces_are_those_of_bert() -> None:
    pieces = load_wordpiece()
    shown = {number: piece for piece, number in pieces.numbers.items()}
    told = [shown[number] for number in pieces.ids("Héllo, unbelievable world!", 128)]
    assert told == ["[CLS]", "hello", ",", "unbelievable", "world", "!", "[SEP]"]
    assert [shown[n] for n in pieces.ids("embeddings", 128)] == ["[CLS]", "em", "##bed", "##ding", "##s", "[SEP]"]


def test_a_long_text_is_cut_and_a_long_word_is_unknown() -> None:
    pieces = load_wordpiece()
    assert len(pieces.ids("word " * 1000, 128)) == 128
    assert pieces.ids("x" * 500, 128) == [101, 100, 102]


def test_another_model_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not the model")
    with pytest.raises(CallerError) as refusal:
        load_encoder(str(path))
    assert refusal.value.code == "model_not_trusted"


def test_without_its_file_there_is_a_sentence_and_no_model(tmp_path: Path) -> None:
    found = load_encoder(str(tmp_path / "missing.onnx"))
    assert isinstance(found, NoModel)
    assert "alone" in found.why


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    found = load_encoder()
    assert isinstance(found, Encoder), found
    return found


def test_what_means_the_same_is_near(encoder: Encoder) -> None:
    close, far, asked = encoder.encode(
        ["please delete my account", "the weather is lovely", "I want to close my account"]
    )
    assert float(close @ asked) > 0.6 > float(far @ asked)


def test_vectors_have_length_one_and_nothing_gives_none(encoder: Encoder) -> None:
    vectors = encoder.encode(["one", "two words", ""])
    assert vectors.shape == (3, SIZE)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert encoder.encode([]).shape == (0, SIZE)
