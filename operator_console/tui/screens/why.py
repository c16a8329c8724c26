"""Show why a session rings where it rings, and what stands in whose way."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from operator_console.model.state import DeskModel
from operator_console.model.why import clean_why, why_pages
from operator_console.tui.ports import Desk
from operator_console.tui.screens.reading import Chapters, ReadingScreen


class WhyScreen(ReadingScreen):
    """The explanation of one session."""

    def __init__(
        self, desk: Desk, model: DeskModel, number: str, now: Callable[[], datetime], zone: tzinfo | None
    ) -> None:
        """Take the desk to ask, the model to begin with, and whose explanation it is."""

        async def ask() -> Chapters:
            return why_pages(clean_why(await desk.why(number)), now(), zone)

        super().__init__("why", f"Why is {number} where it is", ask, model)
