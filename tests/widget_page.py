"""Use the widget on a real page as a visitor does: with its buttons, its composer, and what stands in its panel."""

import asyncio
import json
from typing import Any

from tests.browser import Chromium, WebPage

ROOT = "document.querySelector('operator-widget').shadowRoot"


class Widget:
    """The widget of one open page."""

    def __init__(self, page: WebPage) -> None:
        self.page = page

    @classmethod
    async def on(cls, chromium: Chromium, url: str, *, first: str = "", opened: bool = True) -> "Widget":
        """Open a page that carries it, and the panel."""
        widget = cls(await chromium.open(url, first=first))
        await widget.page.until(f"{ROOT}.querySelector('.launch')")
        if opened:
            await widget.open()
        return widget

    async def open(self) -> None:
        """Press the round button."""
        await self.click(".launch")
        await self.page.until(f"{ROOT}.activeElement.tagName === 'TEXTAREA'")

    async def click(self, selector: str) -> None:
        """Click on what a selector finds."""
        await self.page.until(f"{ROOT}.querySelector({json.dumps(selector)})")
        await self.page.script(f"{ROOT}.querySelector({json.dumps(selector)}).click()")

    async def press(self, words: str) -> None:
        """Press the button that says this."""
        found = f"[...{ROOT}.querySelectorAll('button')].find((one) => one.textContent === {json.dumps(words)})"
        await self.page.until(found)
        await self.page.script(f"{found}.click()")

    async def writes(self, text: str) -> None:
        """Write and send."""
        await self.page.script(f"{ROOT}.querySelector('textarea').focus()")
        await self.page.type(text)
        await self.page.press("Enter")

    async def reads(self, words: str, where: str = ".log") -> None:
        """Wait until this can be read."""
        inner = f"{ROOT}.querySelector({json.dumps(where)}).innerText"
        await self.page.until(f"{inner}.includes({json.dumps(words)})")

    async def state(self, words: str) -> None:
        """Wait until the line that says how things stand says this."""
        await self.reads(words, ".state")

    async def text(self, where: str = ".panel") -> str:
        """Return what can be read."""
        return await self.page.script(f"{ROOT}.querySelector({json.dumps(where)}).innerText")

    async def chat(self) -> str:
        """Return the id of the visitor's chat, as the broker told the page."""
        until = asyncio.get_running_loop().time() + 60
        while True:
            told = [frame["chat"].get("conversation_id") for frame in self.page.frames if frame["type"] == "state"]
            if told and told[-1]:
                return str(told[-1])
            assert asyncio.get_running_loop().time() < until, "no chat was told"
            await asyncio.sleep(0.05)

    async def ask(self, expression: str) -> Any:
        """Return what an expression gives in which `root` is the widget's."""
        return await self.page.script(f"((root) => ({expression}))({ROOT})")
