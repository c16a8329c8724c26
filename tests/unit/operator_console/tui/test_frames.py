"""When the screens are drawn, in virtual time."""

from collections.abc import Callable

import pytest

from operator_console.model.inputs import Input, Levels, Tick
from operator_console.model.state import DeskModel
from operator_console.tui.frames import APART_SECONDS, SOON_SECONDS, Frames
from operator_console.tui.screens.desk import DeskScreen
from tests.fakes.console_data import NOW

pytestmark = pytest.mark.unit


class Stopwatch:
    """Virtual seconds, and what is to be done at which."""

    def __init__(self) -> None:
        self.now = 100.0
        self.drawn: list[tuple[float, bool]] = []
        self._waiting: list[tuple[float, Callable[[], None]]] = []
        self.frames = Frames(self.later, self.draw, lambda: self.now)

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        self._waiting.append((self.now + seconds, deed))

    def draw(self) -> None:
        everything = self.frames.draw(DeskModel(), (), DeskScreen(None))
        self.drawn.append((round(self.now - 100, 3), everything))

    def want(self, event: Input | None = None) -> None:
        self.frames.want([event or Tick(NOW)])

    def go(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [one for one in self._waiting if one[0] <= until + 1e-9]:
            first = min(due, key=lambda one: one[0])
            self._waiting.remove(first)
            self.now = max(self.now, first[0])
            first[1]()
        self.now = until


def test_a_change_that_comes_alone_is_drawn_soon_and_once() -> None:
    watch = Stopwatch()
    watch.want()
    watch.want()
    watch.go(1)
    assert watch.drawn == [(SOON_SECONDS, True)]
    watch.want()
    watch.go(1)
    assert watch.drawn[1:] == [(1 + SOON_SECONDS, True)]


def test_fifty_changes_a_second_are_ten_frames() -> None:
    watch = Stopwatch()
    for _ in range(100):
        watch.want()
        watch.go(0.02)
    assert 18 <= len(watch.drawn) <= 21
    gaps = [second[0] - first[0] for first, second in zip(watch.drawn, watch.drawn[1:], strict=False)]
    assert min(gaps) >= APART_SECONDS - 0.001
    assert max(gaps) <= APART_SECONDS + 0.02 + 0.001, "nothing waits longer than a frame and a change"


def test_what_a_key_has_drawn_is_not_drawn_again_but_for_the_meters() -> None:
    watch = Stopwatch()
    watch.want()
    watch.draw()
    watch.go(1)
    assert watch.drawn == [(0.0, True), (SOON_SECONDS, False)]


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_holds_up_no_frame(jump: float) -> None:
    watch = Stopwatch()
    watch.draw()
    watch.now += jump
    watch.want()
    watch.go(APART_SECONDS)
    assert len(watch.drawn) == 2


def test_levels_alone_draw_no_more_than_levels() -> None:
    watch = Stopwatch()
    watch.want(Levels(0.5, 0.5))
    watch.go(1)
    watch.want(Levels(0.5, 0.5))
    watch.want()
    watch.go(1)
    assert [everything for _, everything in watch.drawn] == [False, True]
