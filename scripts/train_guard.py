"""Train the guard's models: one over hashed words, one over MiniLM's vectors, and two that weigh them with the rules.

The last two learn from scores that the first two gave to texts they were not trained on (FOLDS), as they will be used.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from scripts.split_data import part_of
from scripts.training_rows import COMPOSED, COMPOSED_WITH, SEED, Row, composed
from scripts.vectors import Reader
from scripts.words_hashed import hashed
from server.understanding import guard_rules
from server.understanding.guard_model import CUES_OF_WORDS, ByRule, cues
from server.understanding.text import Clause, clauses, plain

FOLDS: Final = 3
CAUTION: Final = 1.0
"""Log odds taken off: among what is learnt from are many more wishes than in use. Chosen of 0 to 3 by steps of a half,
on turns composed of TUNE rows that were not learnt from, and on guard_hard_dev."""


def fitted_guard(rows: Sequence[Row], reader: Reader) -> dict[str, np.ndarray]:
    """Return the weights of all four models."""
    folds = [[row for row in rows if _fold(row) == number] for number in range(FOLDS)]
    mixed = [
        [
            *fold,
            *composed([row for row in fold if row.weight == 1.0], COMPOSED // FOLDS, COMPOSED_WITH // FOLDS, number),
        ]
        for number, fold in enumerate(folds)
    ]
    found, labels, weights = [], [], []
    for number, fold in enumerate(mixed):
        models = _both([row for other, rest in enumerate(mixed) if other != number for row in rest], reader)
        found += [cues_of(row.text, models, reader) for row in fold]
        labels += [row.label == "1" for row in fold]
        weights += [row.weight for row in fold]
    models = _both([row for fold in mixed for row in fold], reader)
    made = {
        "words": models[0].coef_[0].astype(np.float16),
        "bias": models[0].intercept_[0].astype(np.float32),
        "vector": models[1].coef_[0].astype(np.float32),
        "vector_bias": models[1].intercept_[0].astype(np.float32),
    }
    table, truth, weight = np.stack(found), np.array(labels), np.array(weights)
    for name, columns in (("mix", table.shape[1]), ("mix_words", CUES_OF_WORDS)):
        model = LogisticRegression(C=1.0, max_iter=2000, random_state=SEED)
        model.fit(table[:, :columns], truth, sample_weight=weight)
        made[name] = model.coef_[0].astype(np.float32)
        made[f"{name}_bias"] = (model.intercept_[0] - CAUTION).astype(np.float32)
    return made


def cues_of(text: str, models: tuple[LogisticRegression, LogisticRegression], reader: Reader) -> np.ndarray:
    """Return what the last models weigh of one turn."""
    said = plain(text)
    pieces = clauses(said) or [Clause(said, 0)]
    by_words = models[0].decision_function(hashed([said, *(piece.text for piece in pieces)]))
    return cues(found_by_rule(pieces), list(by_words), list(models[1].decision_function(reader.read(text))))


def found_by_rule(pieces: Sequence[Clause]) -> ByRule:
    """Return what the rules say of a turn."""
    matches = [match for piece in pieces for match in guard_rules.search(piece)]
    counting = [match for match in matches if match.name != guard_rules.WEAK]
    weight = max((match.weight for match in counting if not match.denied), default=0.0)
    return ByRule(weight, any(match.denied for match in counting), len(counting) < len(matches))


def _both(rows: Sequence[Row], reader: Reader) -> tuple[LogisticRegression, LogisticRegression]:
    texts: list[str] = []
    vectors: list[np.ndarray] = []
    labels: list[bool] = []
    weights: list[float] = []
    for row in rows:
        read = reader.read(row.text)
        for at, (text, label) in enumerate(_pieces(row)):
            if text:
                texts.append(text)
                vectors.append(read[at])
                labels.append(label)
                weights.append(row.weight if not at and not row.spans else 0.5)
    words = LogisticRegression(C=20.0, max_iter=400, solver="liblinear", random_state=SEED)
    words.fit(hashed(texts), labels, sample_weight=weights)
    meaning = LogisticRegression(C=8.0, max_iter=3000, random_state=SEED)
    meaning.fit(np.stack(vectors), labels, sample_weight=weights)
    return words, meaning


def _pieces(row: Row) -> list[tuple[str, bool]]:
    """Return the whole turn and each clause with its label; an empty text where a clause's label can't be told."""
    said = plain(row.text)
    found = [(said, row.label == "1")]
    parts = clauses(said)
    for part in parts:
        if not row.spans:
            known = row.label == "0" and len(parts) > 1
            found.append((part.text if known else "", False))
            continue
        middle = part.start + len(part.text) / 2
        begin, end, wish = next((span for span in row.spans if span[0] <= middle <= span[1]), (0, 0, False))
        cut_up = wish and len(part.text) < 0.7 * (end - begin)
        found.append(("" if cut_up else part.text, wish))
    return found


def _fold(row: Row) -> int:
    return next(number for number in range(FOLDS) if part_of(f"fold {row.text}", (number + 1) / FOLDS) == "test")
