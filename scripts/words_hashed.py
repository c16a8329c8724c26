"""Make the sparse matrix of hashed features that the linear models over words are trained on."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from server.understanding.hashing import BUCKETS, features


def hashed(texts: Sequence[str]) -> csr_matrix:
    """Return the hashed features of texts; shape (texts, BUCKETS)."""
    parts = [features(text) for text in texts]
    starts = np.cumsum([0, *(len(numbers) for numbers, _ in parts)])
    return csr_matrix(
        (np.concatenate([values for _, values in parts]), np.concatenate([numbers for numbers, _ in parts]), starts),
        shape=(len(texts), BUCKETS),
    )
