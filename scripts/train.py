"""Train the small models that ship: `make train`, with OPERATOR_DATA naming the folder of labelled data.

What may be trained on is listed in docs/model_card.md; `scripts.training_rows` draws from it, never from the part that
is kept for measuring. Nothing of the data is copied: the weights are all that is written. The same data and seed give
the same weights. Needs scikit-learn and the extra `intelligence`. `python -m scripts.train guard` trains one alone.
"""

import os
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from scripts.train_guard import fitted_guard
from scripts.train_topics import fitted_topics
from scripts.training_rows import SEED, guard_rows, mood_rows, topic_rows
from scripts.vectors import Reader
from scripts.words_hashed import hashed
from server.understanding.hashing import BUCKETS
from server.understanding.mood import LABELS
from server.understanding.mood_cues import cues
from server.understanding.text import plain

WEIGHTS = Path(__file__).parent.parent / "server/understanding/weights"
NAMES = ("guard", "topics", "mood")


def main() -> int:
    """Train and write the models that are named, else all."""
    folder = os.environ.get("OPERATOR_DATA")
    if not folder:
        print("Set OPERATOR_DATA to the folder of labelled data.", file=sys.stderr)
        return 2
    data = Path(folder) / "datasets/dev"
    reader = Reader()
    for name in sys.argv[1:] or NAMES:
        with threadpool_limits(1):  # sums in one order, so that the same data give the same bytes
            made = TRAINED[name](data, reader)
        np.savez_compressed(WEIGHTS / f"{name}.npz", **made)
        reader.keep()
    return 0


def guard_weights(data: Path, reader: Reader) -> dict[str, np.ndarray]:
    """Return the guard's weights."""
    return fitted_guard(guard_rows(data), reader)


def topic_weights(data: Path, reader: Reader) -> dict[str, np.ndarray]:
    """Return the weights of the topics that ship."""
    return fitted_topics(topic_rows(data), reader)


def mood_weights(data: Path, reader: Reader) -> dict[str, np.ndarray]:
    """Return both forms of the mood model: words and cues, and vectors and cues."""
    rows = mood_rows(data)
    texts = [plain(row.text) for row in rows]
    labels = [LABELS.index(row.label) for row in rows]
    weights = [row.weight for row in rows]
    marks = csr_matrix(np.stack([cues(text) for text in texts]))
    model = LogisticRegression(C=1.5, max_iter=300, random_state=SEED)
    model.fit(hstack([hashed(texts), marks]).tocsr(), labels, sample_weight=weights)
    dense = LogisticRegression(C=3.0, max_iter=500, random_state=SEED)
    dense.fit(np.hstack([reader.wholes(texts), marks.toarray()]), labels, sample_weight=weights)
    size = dense.coef_.shape[1] - marks.shape[1]
    return {
        "words": model.coef_[:, :BUCKETS].astype(np.float16),
        "cues": model.coef_[:, BUCKETS:].astype(np.float32),
        "bias": model.intercept_.astype(np.float32),
        "vector": dense.coef_[:, :size].astype(np.float32),
        "vector_cues": dense.coef_[:, size:].astype(np.float32),
        "vector_bias": dense.intercept_.astype(np.float32),
    }


TRAINED = {"guard": guard_weights, "topics": topic_weights, "mood": mood_weights}

if __name__ == "__main__":
    raise SystemExit(main())
