"""The set-up and the tour as they look, in every theme and in a small and a large terminal."""

from collections.abc import Callable, Mapping

import pytest
from textual.pilot import Pilot

from operator_console.model.first_run import FirstRun, SetupStep, explained
from operator_console.model.inputs import Connected
from operator_console.model.state import DeskModel
from operator_console.tui.setup_app import SetupApp
from server.wire.errors import ErrorBody
from tests.fakes.console_data import busy, live_call, snapshot
from tests.fakes.desk_app import build, settled
from tests.fakes.headset import FakeHeadset

pytestmark = pytest.mark.snapshot

SIZES = ((80, 24), (120, 40))
URL = "https://desk.example.com"
REFUSED = explained(ErrorBody("cannot_connect", f"The broker at {URL} can't be reached: connection refused.", ""))
FOUND = (f"The broker at {URL} answers, version 0.1.0.", "You are Sam. Your token is kept in ~/.config/operator/token.")
STEPS = {
    "broker": FirstRun(url=URL),
    "refused": FirstRun(url=URL, problem=REFUSED),
    "token": FirstRun(SetupStep.TOKEN, URL, FOUND[:1]),
    "sound": FirstRun(SetupStep.SOUND, URL, FOUND),
    "keys": FirstRun(SetupStep.KEYS, URL, (*FOUND, "Sound can be changed at any time with s.")),
}
PICTURES = [*((step, "desk-dark") for step in STEPS), ("refused", "desk-light"), ("refused", "desk-contrast")]
"""One step shows every colour."""
SnapCompare = Callable[..., bool]


class NoProof:
    """Is not asked."""

    def sound(self, values: Mapping[str, str | float]) -> str:
        raise AssertionError(values)

    async def broker(self, url: str) -> str:
        raise AssertionError(url)

    async def token(self, url: str, token: str) -> str:
        raise AssertionError(url, token)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("step", "theme"), PICTURES)
def test_the_set_up_looks_as_before(step: str, theme: str, size: tuple[int, int], snap_compare: SnapCompare) -> None:
    app = SetupApp(NoProof(), FakeHeadset(), STEPS[step], DeskModel(), theme)
    assert snap_compare(app, terminal_size=size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["desk-dark", "desk-light", "desk-contrast"])
def test_the_tour_looks_as_before(theme: str, size: tuple[int, int], snap_compare: SnapCompare) -> None:
    app, desk, _ = build(theme=theme, guided=True)

    async def shown(pilot: Pilot[int]) -> None:
        desk.play(Connected(12.0), snapshot(*busy(mine=(live_call(),))))
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=shown)
