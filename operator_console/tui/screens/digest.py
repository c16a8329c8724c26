"""Show what happened since the operator was last on."""

from datetime import tzinfo

from operator_console.model.shift import clean_digest, pages, summary
from operator_console.model.state import DeskModel
from operator_console.tui.ports import Desk
from operator_console.tui.screens.reading import Chapters, ReadingScreen


class DigestScreen(ReadingScreen):
    """The digest of the shift."""

    def __init__(self, desk: Desk, model: DeskModel, zone: tzinfo | None) -> None:
        """Take the desk to ask, and the model to begin with."""

        async def ask() -> Chapters:
            digest = clean_digest(await desk.digest())
            return [("", [summary(digest, zone)]), *pages(digest, zone)]

        super().__init__("digest", "Since you were last on", ask, model)
