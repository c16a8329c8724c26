"""Be a screen that stays quiet while another lies over it: what nobody sees is not painted, nor what did not change.

Textual 8.2.8 paints the screen on top as a whole whenever anything below it changed, and once more right after
(`Screen._compositor_refresh`): some 20 kB a second in 120x40 for clocks that nobody looks at. Over a slow line that is
the whole line.
"""

from typing import TypeVar

from textual.screen import Screen
from typing_extensions import override

T = TypeVar("T")


class Layer(Screen[T]):
    """A screen that others are opened over."""

    @override
    def _compositor_refresh(self) -> None:
        """Paint; under another screen, have only what changed painted there, and nothing where none shines through."""
        top: Screen[object] = self.app.screen  # pyright: ignore[reportUnknownMemberType]
        if top is self:
            super()._compositor_refresh()
            return
        dirty = self._compositor._dirty_regions  # pyright: ignore[reportPrivateUsage]
        changed = dirty.copy()
        dirty.clear()
        self._dirty_widgets.clear()
        if changed and top.styles.background.a < 1:
            top.refresh(*changed)
