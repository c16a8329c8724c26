"""Read texts with MiniLM once and keep the vectors in build/, so that a second training only trains."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from server.understanding import encoder as encoding
from server.understanding.text import clauses, plain

KEPT: Final = Path(__file__).parent.parent / "build/vectors.npz"


class Reader:
    """Vectors of texts: the whole, then each clause."""

    def __init__(self, kept: Path = KEPT) -> None:
        """Take what was kept; the model is loaded when a text is new."""
        self._kept = kept
        self._vectors: dict[str, np.ndarray] = {}
        self._model: encoding.Encoder | None = None
        if kept.exists():
            with np.load(kept) as found:
                ends = np.cumsum(found["counts"])
                parts = np.split(found["vectors"], ends[:-1])
                self._vectors = dict(zip((str(key) for key in found["keys"]), parts, strict=True))

    def read(self, text: str) -> np.ndarray:
        """Return the vectors of a text; shape (1 + clauses, SIZE)."""
        said = plain(text)
        key = hashlib.sha256(f"{encoding.SHA256} {said}".encode()).hexdigest()
        if key not in self._vectors:
            starts = [clause.start for clause in clauses(said)] or [0]
            whole, parts = self._encoder().read(said, starts)
            self._vectors[key] = np.vstack([whole[None], parts])
        return self._vectors[key]

    def wholes(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of whole texts; shape (texts, SIZE)."""
        return np.stack([self.read(text)[0] for text in texts])

    def keep(self) -> None:
        """Write what is known."""
        self._kept.parent.mkdir(exist_ok=True)
        keys = list(self._vectors)
        np.savez(
            self._kept,
            keys=np.array(keys),
            counts=np.array([len(self._vectors[key]) for key in keys]),
            vectors=np.vstack([self._vectors[key] for key in keys]),
        )

    def _encoder(self) -> encoding.Encoder:
        if self._model is None:
            found = encoding.load_encoder(os.environ.get("OPERATOR_MODEL", ""))
            if isinstance(found, encoding.NoModel):
                raise SystemExit(found.why)
            self._model = found
        return self._model
