"""Say what one text says in another language, so that operator and customer each read their own.

Adapters: `server.translation.model.ModelTranslator` asks any endpoint that speaks OpenAI's chat completions,
`server.translation.scripted.ScriptedTranslator` reads a book of phrases. Whatever an adapter returns is text from
outside: the broker cleans, bounds and redacts it (`server.broker.translated_text`).
"""

from typing import Protocol


class TranslatorError(Exception):
    """No translation came.

    Attributes:
        code: Stable, for logs.
        words: Why, in a few words that an operator reads.
    """

    def __init__(self, code: str, words: str) -> None:
        """Keep why."""
        super().__init__(words)
        self.code = code
        self.words = words


class Translator(Protocol):
    """Who translates single texts."""

    @property
    def languages(self) -> tuple[str, ...]:
        """What the desk reads (ISO 639-1), and the first one is what it is given translations in."""
        ...

    @property
    def automatic(self) -> bool:
        """Whether a conversation is translated without anybody asking for it."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """How long anybody waits for a translation."""
        ...

    def language_of(self, text: str) -> str:
        """Return the two letters of a text's language, or "" when it cannot be told."""
        ...

    async def translate(self, text: str, source: str, target: str) -> str:
        """Return what `text` says in the language `target`; `source` is its own, or "" when nobody knows.

        Raises:
            TranslatorError: No translation came.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
