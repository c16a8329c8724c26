"""Train the small models that ship: `make train`, with OPERATOR_DATA naming the folder of labelled data.

What may be trained on: guard/guard_train.jsonl (Apache-2.0, MIT, CDLA-Sharing, CC-BY; see docs/model_card.md),
sentiment/goemotions4_train.jsonl (Apache-2.0), extraction/multidogo_dev.jsonl (CDLA-Permissive, turns without a mood)
and the sentences of scripts/training/. Nothing of the data is copied: the weights are all that is written.
The same data and seed give the same weights. Needs scikit-learn and the extra `intelligence`.
"""

import json
import os
import random
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from scripts.written_sentences import sentences
from server.understanding import encoder as encoding
from server.understanding.hashing import BUCKETS, features
from server.understanding.mood import LABELS
from server.understanding.mood_cues import cues
from server.understanding.text import clauses, plain

SEED = 7
WEIGHTS = Path(__file__).parent.parent / "server/understanding/weights"


def main() -> int:
    """Train and write both models."""
    folder = os.environ.get("OPERATOR_DATA")
    if not folder:
        print("Set OPERATOR_DATA to the folder of labelled data.", file=sys.stderr)
        return 2
    data = Path(folder) / "datasets/dev"
    train_guard(data)
    train_mood(data)
    return 0


def train_guard(data: Path) -> None:
    """Train the clause scorer and write it."""
    words, bias = fitted_guard(rows(data / "guard/guard_train.jsonl"))
    np.savez_compressed(WEIGHTS / "guard.npz", words=words, bias=bias)


def fitted_guard(labelled: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and bias of the clause scorer: genuine turns are taken whole, other turns by clause too."""
    texts: list[str] = []
    labels: list[int] = []
    for row in labelled:
        said = plain(row["text"])
        pieces = [said] if row["genuine"] else {said, *(clause.text for clause in clauses(said))}
        texts += sorted(pieces)
        labels += [row["genuine"]] * len(pieces)
    for name, label in (("guard_genuine", 1), ("guard_other", 0)):
        written = sentences(name, 60, SEED)
        texts += written
        labels += [label] * len(written)
    model = LogisticRegression(
        C=30.0, class_weight={0: 1.0, 1: 1.5}, max_iter=400, solver="liblinear", random_state=SEED
    )
    model.fit(hashed(texts), labels)
    print(f"guard: {len(texts)} texts, {sum(labels)} genuine")
    return model.coef_[0].astype(np.float16), model.intercept_.astype(np.float32)


def train_mood(data: Path) -> None:
    """Train both forms of the mood model: words and cues, and vectors and cues."""
    texts, labels, weights = mood_rows(data)
    marks = csr_matrix(np.stack([cues(text) for text in texts]))
    model = LogisticRegression(C=1.5, max_iter=300, random_state=SEED)
    model.fit(hstack([hashed(texts), marks]).tocsr(), labels, sample_weight=weights)
    found = {
        "words": model.coef_[:, :BUCKETS].astype(np.float16),
        "cues": model.coef_[:, BUCKETS:].astype(np.float32),
        "bias": model.intercept_.astype(np.float32),
    }
    vectors = encoded(texts)
    dense = LogisticRegression(C=3.0, max_iter=500, random_state=SEED)
    dense.fit(np.hstack([vectors, marks.toarray()]), labels, sample_weight=weights)
    found |= {
        "vector": dense.coef_[:, : encoding.SIZE].astype(np.float32),
        "vector_cues": dense.coef_[:, encoding.SIZE :].astype(np.float32),
        "vector_bias": dense.intercept_.astype(np.float32),
    }
    np.savez_compressed(WEIGHTS / "mood.npz", **found)
    print(f"mood: {len(texts)} texts")


def mood_rows(data: Path) -> tuple[list[str], list[int], list[float]]:
    """Return texts, labels (places in LABELS) and weights; sentences of customers weigh most."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    found: list[tuple[str, int, float]] = []
    emotions = rows(data / "sentiment/goemotions4_train.jsonl")
    for label, most in (("happy", 4000), ("neutral", 4000), ("frustrated", 4050), ("angry", 1611)):
        mine = [row for row in emotions if row["label"] == label]
        found += [(row["text"], LABELS.index(label), 0.5) for row in dice.sample(mine, min(most, len(mine)))]
    neutral = [row["text"] for row in rows(data / "guard/guard_train.jsonl") if not row["genuine"]]
    neutral += sorted(
        {row["text"] for row in rows(data / "extraction/multidogo_dev.jsonl") if row["intent"] == "contentonly"}
    )
    found += [(text, LABELS.index("neutral"), 0.5) for text in dice.sample(neutral, 3000)]
    for label in LABELS:
        found += [(text, LABELS.index(label), 2.0) for text in sentences(f"mood_{label}", 40, SEED)]
    return [plain(text) for text, _, _ in found], [label for _, label, _ in found], [weight for *_, weight in found]


def hashed(texts: list[str]) -> csr_matrix:
    """Return the hashed features of texts; shape (texts, BUCKETS)."""
    parts = [features(text) for text in texts]
    starts = np.cumsum([0, *(len(numbers) for numbers, _ in parts)])
    return csr_matrix(
        (np.concatenate([values for _, values in parts]), np.concatenate([numbers for numbers, _ in parts]), starts),
        shape=(len(texts), BUCKETS),
    )


def encoded(texts: list[str]) -> np.ndarray:
    """Return the vectors of texts; shape (texts, SIZE)."""
    model = encoding.load_encoder(os.environ.get("OPERATOR_MODEL", ""))
    if isinstance(model, encoding.NoModel):
        raise SystemExit(model.why)
    return np.vstack([model.encode([text]) for text in texts])


def rows(path: Path) -> list[dict]:
    """Return the objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


if __name__ == "__main__":
    raise SystemExit(main())
