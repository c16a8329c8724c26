"""A translator in memory: it says what it is told to, fails, or hangs."""

import asyncio

from server.broker.ports.translator import TranslatorError
from server.understanding.language import language_of


class OwnTranslator:
    """Fulfils `Translator`. A text that is not in `says` comes back with its target in front of it."""

    def __init__(self, says: dict[str, str] | None = None, *, automatic: bool = True) -> None:
        self.says = says or {}
        self.languages: tuple[str, ...] = ("en",)
        self.automatic = automatic
        self.timeout_seconds = 20.0
        self.failing = False
        self.hanging = False
        self.asked: list[tuple[str, str, str]] = []
        self.closed = False

    def language_of(self, text: str) -> str:
        return language_of(text)

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append((text, source, target))
        if self.failing:
            raise TranslatorError("translator_failed", "the translator failed")
        if self.hanging:
            await asyncio.Event().wait()
        return self.says.get(text, f"{target}: {text}")

    async def close(self) -> None:
        self.closed = True
