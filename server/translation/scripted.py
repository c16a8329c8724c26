"""Translate by a book of phrases: for demos, tests, and desks that say the same few things.

The book is TOML: a `[[phrase]]` each, with what it says by language. A text that is no phrase of it is not translated,
and the screen says so; nothing is ever guessed.
"""

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from typing_extensions import override

from server.broker.ports.translator import Translator, TranslatorError
from server.understanding.language import language_of

Phrase = Mapping[str, str]
"""What one phrase says, by language."""


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of phrases holds."""

    phrase: Annotated[list[dict[Annotated[str, Meta(pattern="^[a-z]{2}$")], str]], Meta(min_length=1)]


class ScriptedTranslator(Translator):
    """A book of phrases."""

    def __init__(self, phrases: Sequence[Phrase], *, languages: tuple[str, ...], automatic: bool = True) -> None:
        """Read from these phrases."""
        self._languages: Final = languages
        self._automatic: Final = automatic
        self._known: Final = {
            (language, _bare(text)): phrase for phrase in phrases for language, text in phrase.items()
        }

    @property
    @override
    def languages(self) -> tuple[str, ...]:
        return self._languages

    @property
    @override
    def automatic(self) -> bool:
        return self._automatic

    @property
    @override
    def timeout_seconds(self) -> float:
        """Nothing is waited for."""
        return 1.0

    @override
    def language_of(self, text: str) -> str:
        """Tell it by the phrase, or by script and commonest words."""
        found = {language for language, bare in self._known if bare == _bare(text)}
        return found.pop() if len(found) == 1 else language_of(text)

    @override
    async def translate(self, text: str, source: str, target: str) -> str:
        """Look the text up."""
        phrase = self._known.get((source, _bare(text)), {})
        if target not in phrase:
            raise TranslatorError("not_in_the_book", "it is no phrase of the book")
        return phrase[target]

    @override
    async def close(self) -> None:
        """Nothing is open."""


def read_phrases(text: str) -> tuple[Phrase, ...]:
    """Return the phrases of a book.

    Raises:
        ValueError: It is not TOML, or no book of phrases: says what is wrong.
    """
    try:
        book = msgspec.convert(tomllib.loads(text), type=_Book)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error)) from error
    except msgspec.ValidationError as error:
        raise ValueError(f"it is no book of phrases: {error}") from error
    for number, phrase in enumerate(book.phrase, 1):
        if len(phrase) < 2:
            raise ValueError(f"phrase {number} needs two languages at least")
    return tuple(book.phrase)


def shipped_phrases() -> str:
    """Return the book that ships."""
    return files("server.translation").joinpath("phrases.toml").read_text(encoding="utf-8")


def _bare(text: str) -> str:
    """Return a text as phrases are compared: without case, spaces between, and the sign at its end."""
    return " ".join(text.casefold().split()).rstrip(" .!?…¿¡").lstrip("¿¡ ")
