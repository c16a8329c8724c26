"""Train the models of the topics that ship: for each topic one over MiniLM's vectors, and one over hashed words."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from scripts.training_rows import SEED, Row
from scripts.vectors import Reader
from scripts.words_hashed import hashed
from server.understanding.evaluation.report import area_under_curve, binary_figures
from server.understanding.text import plain
from server.understanding.topics import shipped


def fitted_topics(rows: Sequence[Row], reader: Reader) -> dict[str, np.ndarray]:
    """Return the weights for each topic, in the order of the file; the last row of each is its bias."""
    texts = [plain(row.text) for row in rows]
    weights = np.array([row.weight for row in rows])
    vectors, words = reader.wholes(texts), hashed(texts)
    made: dict[str, list[np.ndarray]] = {"vectors": [], "words": []}
    for topic in shipped().topics:
        labels = np.array([row.label == topic.name for row in rows])
        folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
        both = np.zeros(len(rows))
        for name, data, strength in (("vectors", vectors, 10.0), ("words", words, 20.0)):
            model = LogisticRegression(C=strength, max_iter=3000, solver="liblinear", random_state=SEED)
            odds = cross_val_predict(
                model, data, labels, cv=folds, method="decision_function", params={"sample_weight": weights}
            )
            _tell(f"{topic.name}, {name}", labels, odds)
            both += odds / 2
            model.fit(data, labels, sample_weight=weights)
            made[name].append(np.append(model.coef_[0], model.intercept_).astype(np.float32))
        _tell(f"{topic.name}, both", labels, both)
    return {"vectors": np.stack(made["vectors"]), "words": np.stack(made["words"]).astype(np.float16)}


def _tell(what: str, labels: np.ndarray, odds: np.ndarray) -> None:
    """Print how well folds that were left out are told."""
    found = binary_figures(list(labels), list(odds >= 0))
    area = area_under_curve(list(labels), list(odds))
    print(f"topic {what}, five folds: F1 {found['f1']:.3f}, precision {found['precision']:.3f}, area {area:.3f}")
