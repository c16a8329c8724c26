"""Name the mood of a turn, and of a party so far: a word, a score, its course; smoothed, but never past a sudden turn.

The score runs from -1 (furious) to 1 (delighted). A party's score leans on its last turns; when one turn falls or
rises by JUMP, it counts at once.
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
from server.understanding.mood_cues import cues
from server.understanding.text import plain, words

LABELS: Final = ("happy", "neutral", "frustrated", "angry")
"""In the order of the model's rows."""
WORTH: Final = np.array([0.8, 0.0, -0.5, -0.95], np.float32)
"""What each label adds to the score."""
LEAN: Final = 0.55
"""How much of a party's score the newest turn is."""
JUMP: Final = 0.6
"""A turn so far from the score so far counts at once."""
BOUNDS: Final = (0.3, -0.22, -0.68)
"""Of a party's score: above is happy, then neutral, then frustrated, below is angry."""
LEAST_WORDS: Final = 1
MEANING: Final = 0.7
"""How much of the log odds is the model over MiniLM's vector, where there is one; the rest is that over words."""
CALM: Final = 1.5
"""Divides those log odds: two models that agree are surer than they may be. Both were chosen on 250 airline messages
and half of the moods written for this."""


@dataclass(frozen=True, slots=True)
class TurnMood:
    """The mood of one turn: its likeliest word, its score, and how sure each label is (in the order of LABELS)."""

    label: str
    score: float
    shares: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PartyMood:
    """The mood of a party so far: the word and score now, and the smoothed score after each of its turns."""

    label: str
    score: float
    course: tuple[float, ...]


NEUTRAL: Final = TurnMood("neutral", 0.0, (0.0, 1.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class _Weights:
    words: NDArray[np.float32]
    cues: NDArray[np.float32]
    bias: NDArray[np.float32]
    vector: NDArray[np.float32]
    vector_cues: NDArray[np.float32]
    vector_bias: NDArray[np.float32]


def mood_of(text: str, encoder: Encoder | None = None) -> TurnMood:
    """Return the mood of one turn; a turn without a word is neutral."""
    said = plain(text)
    if len(words(said)) < LEAST_WORDS:
        return NEUTRAL
    weights = _weights()
    marks = cues(said)
    numbers, values = features(said)
    logits = weights.words[:, numbers] @ values + weights.cues @ marks + weights.bias
    if encoder is not None:
        dense = weights.vector @ encoder.encode([said])[0] + weights.vector_cues @ marks + weights.vector_bias
        logits = (logits + MEANING * (dense - logits)) / CALM
    shares = _softmax(logits)
    happy, neutral, frustrated, angry = (float(share) for share in shares)
    return TurnMood(LABELS[int(np.argmax(shares))], float(shares @ WORTH), (happy, neutral, frustrated, angry))


def party_mood(scores: Sequence[float]) -> PartyMood:
    """Return the mood of a party from the scores of its turns, oldest first."""
    course: list[float] = []
    for score in scores:
        before = course[-1] if course else score
        lean = 1.0 if abs(score - before) >= JUMP else LEAN
        course.append(round(before + lean * (score - before), 3))
    now = course[-1] if course else 0.0
    return PartyMood(_word(now), now, tuple(course))


def _word(score: float) -> str:
    return next((label for label, bound in zip(LABELS, BOUNDS, strict=False) if score > bound), LABELS[-1])


def _softmax(logits: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float32]:
    raised: NDArray[np.float32] = np.exp(logits - logits.max()).astype(np.float32)
    shares: NDArray[np.float32] = (raised / raised.sum()).astype(np.float32)
    return shares


@cache
def _weights() -> _Weights:
    """Return the trained weights."""
    with (files("server.understanding") / "weights" / "mood.npz").open("rb") as file, np.load(file) as found:
        return _Weights(**{name: found[name].astype(np.float32) for name in _Weights.__dataclass_fields__})
