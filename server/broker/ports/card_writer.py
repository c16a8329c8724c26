"""Understand a conversation for the card: summary, facts, what was tried, next steps.

Adapter: `server.understanding.card.CardWriter`, offline, and with a model when one is configured.
"""

from collections.abc import Sequence
from typing import Protocol

from server.wire.views import Context, MessageView


class CardWriter(Protocol):
    """Who reads the transcript so that the operator need not."""

    @property
    def has_model(self) -> bool:
        """Whether `improve` can do anything."""
        ...

    def heard(self, message: MessageView) -> None:
        """Read a turn ahead, while the transcript streams; changes nothing but the time that `understand` takes."""
        ...

    def understand(self, context: Context, turns: Sequence[MessageView]) -> Context:
        """Return the package, completed where the assistant gave nothing, each part with its source.

        Args:
            context: What the assistant gave; it stays as it is.
            turns: The conversation, oldest first, redacted.
        """
        ...

    async def improve(self, context: Context, turns: Sequence[MessageView]) -> Context:
        """Return the package with what a model made of it; on any failure the same, with a status that says why."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
