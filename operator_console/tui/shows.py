"""Name what a screen must have so that the app draws the model on it."""

from typing import Protocol, runtime_checkable

from operator_console.model.state import DeskModel


@runtime_checkable
class Shows(Protocol):
    """A screen that draws the model."""

    def show(self, model: DeskModel) -> None:
        """Draw all of it."""
        ...

    def show_meters(self, model: DeskModel) -> None:
        """Draw what levels change."""
        ...
