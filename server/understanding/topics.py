"""Name what a turn is about, from about ten example sentences for each topic: no training, so that anybody can add one.

A turn is compared with every example: the mean of its three nearest in a topic, less the mean of its three nearest
among all other examples. Above the topic's threshold it is that topic. With MiniLM sentences are compared by meaning;
without it, by the words and letters they share. The topics that ship have linear models besides, which decide in the
place of the examples as long as nobody replaces the topic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from server.understanding.encoder import SIZE, Encoder
from server.understanding.hashing import BUCKETS, features
from server.understanding.text import plain
from server.understanding.words import read_words

NEAREST: Final = 3
"""How many examples of a topic a turn is compared with."""
LEAST_LIKENESS: Final = 0.45
"""A turn less like a topic than this is about something else (vectors of MiniLM)."""
LEAST_LIKENESS_WORDS: Final = 0.16
"""The same for vectors of hashed words."""


_SPAN: Final = 0.4
"""Makes a trained model's certainty as large as margins between examples are, for comparing."""


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One topic as it stands in a file.

    Attributes:
        threshold: By how much its likeness must exceed that of everything else.
        queue: Where conversations about it go; empty for nowhere else.
        priority: 0 to 9 for them; None leaves it.
    """

    name: str
    examples: tuple[str, ...]
    threshold: float = 0.02
    queue: Annotated[str, Meta(max_length=64, pattern="^([a-z0-9][a-z0-9_-]*)?$")] = ""
    priority: Annotated[int, Meta(ge=0, le=9)] | None = None


class Others(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences about none of the topics."""

    examples: tuple[str, ...]


class TopicFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of topics that ships."""

    topics: tuple[Topic, ...]
    other: Others


@dataclass(frozen=True, slots=True)
class Found:
    """A topic of a turn: its name, by how much it leads (above its threshold when `sure`), and the nearest example."""

    name: str
    margin: float
    sure: bool
    example: str


class Topics:
    """A set of topics, made ready for comparing."""

    def __init__(self, topics: Sequence[Topic], encoder: Encoder | None = None) -> None:
        """Encode the examples of `topics` (a later one of the same name wins), and the shipped other sentences."""
        self._encoder = encoder
        self._topics = {topic.name: topic for topic in topics}
        self._trained = {one.name: at for at, one in enumerate(shipped().topics) if self._topics.get(one.name) == one}
        others = shipped().other.examples
        self._texts = {name: topic.examples for name, topic in self._topics.items()}
        self._vectors = {name: self._encoded(texts) for name, texts in self._texts.items()}
        self._others = self._encoded(others)

    def find(self, text: str) -> list[Found]:
        """Return every topic with its margin, the best first."""
        said = plain(text)
        numbers, values = self._looked_up(said)
        odds = self._odds(said) if len(values) else {}
        near = {name: vectors[:, numbers] @ values for name, vectors in self._vectors.items()}
        other = _top(self._others[:, numbers] @ values)
        found: list[Found] = []
        for name, likeness in near.items():
            mine = _top(likeness)
            rest = max([other, *(_top(values) for other_name, values in near.items() if other_name != name)])
            margin = mine - rest
            least = LEAST_LIKENESS if self._encoder else LEAST_LIKENESS_WORDS
            sure = margin >= self._topics[name].threshold and float(likeness.max(initial=0.0)) >= least
            if name in odds:
                margin = _SPAN * (1.0 / (1.0 + np.exp(-odds[name])) - 0.5)
                sure = odds[name] >= 0
            found.append(Found(name, margin, sure, self._texts[name][int(np.argmax(likeness))]))
        return sorted(found, key=lambda one: (not one.sure, -one.margin))

    def topic(self, name: str) -> Topic:
        """Return a topic of this set."""
        return self._topics[name]

    def _odds(self, said: str) -> dict[str, float]:
        """Return the log odds of each topic that has models, less those of its bound."""
        if not self._trained:
            return {}
        numbers, values = features(said)
        models = _models()
        odds = models.words[:, numbers] @ values + models.words[:, -1] if len(numbers) else models.words[:, -1]
        if self._encoder is not None:
            odds = (odds + models.vectors[:, :SIZE] @ self._encoder.encode([said])[0] + models.vectors[:, -1]) / 2
        return {name: float(np.clip(odds[at], -30.0, 30.0)) for name, at in self._trained.items()}

    def _looked_up(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return which numbers of a vector are not nought for this text, and what they are."""
        if self._encoder is None:
            return features(text)
        return np.arange(SIZE), self._encoder.encode([text])[0]

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (texts, numbers in a vector)."""
        if self._encoder is not None:
            return self._encoder.encode(texts)
        rows = np.zeros((len(texts), BUCKETS), np.float32)
        for at, text in enumerate(texts):
            numbers, values = features(text)
            rows[at, numbers] = values
        return rows


@cache
def shipped() -> TopicFile:
    """Return the topics that ship."""
    return read_words("topics.toml", TopicFile)


@dataclass(frozen=True, slots=True)
class _Models:
    """The weights of the topics that ship, in their order; the last column is the bias."""

    vectors: NDArray[np.float32]
    words: NDArray[np.float32]


@cache
def _models() -> _Models:
    with (files("server.understanding") / "weights" / "topics.npz").open("rb") as file, np.load(file) as found:
        return _Models(found["vectors"].astype(np.float32), found["words"].astype(np.float32))


def _top(likeness: NDArray[np.float32]) -> float:
    """Return the mean of the nearest few."""
    return float(np.sort(likeness)[-NEAREST:].mean()) if len(likeness) else 0.0
