"""Weigh what speaks for a wish for a person: what the rules found, and how its clauses sound, by words and by meaning.

Two linear models score the turn and each of its clauses: one over hashed words, one over MiniLM's vectors where there
is an encoder. A third weighs their scores against what the rules found, so that neither a phrase that no rule foresaw
nor a word that a rule misread decides alone. `scripts.train` makes all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.understanding.encoder import Encoder
from server.understanding.hashing import features
from server.understanding.text import Clause

EXTREME: Final = 8.0
"""A score further from nought (log odds) says no more."""
RULE_COUNTS, RULE_DENIES = 2.0, 1.0
"""Log odds that a match of a rule adds, or one that was taken back takes off, beyond what was learnt: most turns that
were learnt from are plain enough for the models, so that they learnt too little of the rules. Chosen of 0 to 2.5 and 0
to 1.5, on turns composed of TUNE rows that were not learnt from, and on guard_hard_dev."""
CUES: Final = 9
"""How many numbers `cues` gives; the last two need an encoder."""
CUES_OF_WORDS: Final = 7


@dataclass(frozen=True, slots=True)
class ByRule:
    """What the rules found in a turn: the weight of the best match that counts (0: none), and what else they saw."""

    weight: float = 0.0
    denied: bool = False
    past_machine: bool = False


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely a turn holds a genuine wish, and the clause that sounds most like it."""

    score: float
    piece: Clause


def weigh(said: str, pieces: Sequence[Clause], by_rule: ByRule, encoder: Encoder | None) -> Likely:
    """Return how likely a turn holds a genuine wish.

    Args:
        said: The turn, as `plain` returns it.
        pieces: Its clauses, at least one.
        by_rule: What the rules found.
        encoder: MiniLM; None where it is not installed.
    """
    model = _weights()
    by_words = [_score(text, model) for text in (said, *(piece.text for piece in pieces))]
    by_meaning = by_words
    if encoder is not None:
        whole, parts = encoder.read(said, [piece.start for piece in pieces])
        by_meaning = [float(one @ model.vector + model.vector_bias) for one in (whole, *parts)]
    found = cues(by_rule, by_words, by_meaning if encoder is not None else ())
    mix, bias = (model.mix, model.mix_bias) if encoder is not None else (model.mix_words, model.mix_words_bias)
    odds = float(found @ mix + bias) + RULE_COUNTS * (by_rule.weight > 0)
    odds -= RULE_DENIES * (by_rule.denied and by_rule.weight == 0)
    best = max(range(len(pieces)), key=lambda at: by_meaning[at + 1])
    return Likely(float(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))), pieces[best])


def cues(by_rule: ByRule, by_words: Sequence[float], by_meaning: Sequence[float]) -> NDArray[np.float32]:
    """Return what the last model weighs; shape (CUES,), or (CUES_OF_WORDS,) where `by_meaning` is empty.

    Args:
        by_rule: What the rules found.
        by_words: Log odds of the whole turn, then of each clause.
        by_meaning: The same by MiniLM's vectors.
    """
    found = [
        by_rule.weight,
        float(by_rule.weight > 0),
        float(by_rule.denied and by_rule.weight == 0),
        float(by_rule.past_machine),
        float(len(by_words) > 2),
        *_whole_and_best(by_words),
        *(_whole_and_best(by_meaning) if by_meaning else ()),
    ]
    return np.array(found, np.float32)


def _whole_and_best(scores: Sequence[float]) -> tuple[float, float]:
    bounded = [min(max(score, -EXTREME), EXTREME) for score in scores]
    return bounded[0], max(bounded[1:])


@dataclass(frozen=True, slots=True)
class _Weights:
    words: NDArray[np.float32]
    bias: float
    vector: NDArray[np.float32]
    vector_bias: float
    mix: NDArray[np.float32]
    mix_bias: float
    mix_words: NDArray[np.float32]
    mix_words_bias: float


def _score(text: str, model: _Weights) -> float:
    numbers, values = features(text)
    return float(model.words[numbers] @ values + model.bias) if len(numbers) else -EXTREME


@cache
def _weights() -> _Weights:
    """Return the trained weights."""
    with (files("server.understanding") / "weights" / "guard.npz").open("rb") as file, np.load(file) as found:
        rows = {name: found[name].astype(np.float32) for name in _Weights.__dataclass_fields__}
    return _Weights(
        words=rows["words"],
        bias=float(rows["bias"]),
        vector=rows["vector"],
        vector_bias=float(rows["vector_bias"]),
        mix=rows["mix"],
        mix_bias=float(rows["mix_bias"]),
        mix_words=rows["mix_words"],
        mix_words_bias=float(rows["mix_words_bias"]),
    )
