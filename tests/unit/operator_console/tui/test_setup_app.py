"""The set-up: one question at a time, nothing goes on that was not proven, every failure says what to do."""

import asyncio
from collections.abc import Mapping

import pytest
from textual.widgets import Input

from operator_console.model.first_run import Choice, FirstRun, SetupStep, explained
from operator_console.model.inputs import Levels
from operator_console.model.state import DeskModel
from operator_console.tui.lines import plain
from operator_console.tui.ports import DeskError
from operator_console.tui.screens.audio import AudioScreen
from operator_console.tui.setup_app import SetupApp
from server.wire.errors import ErrorBody
from tests.fakes.desk_app import settled
from tests.fakes.headset import FakeHeadset

pytestmark = pytest.mark.unit

URL = "http://127.0.0.1:8080"


class FakeProof:
    """Says yes, or refuses with the next of its refusals; waits while told to."""

    def __init__(self, *refusals: ErrorBody) -> None:
        self.refusals = list(refusals)
        self.asked: list[tuple[str, ...]] = []
        self.go = asyncio.Event()
        self.go.set()

    def sound(self, values: Mapping[str, str | float]) -> str:
        raise AssertionError(values)

    async def broker(self, url: str) -> str:
        return await self._answer(("broker", url), "The broker answers.")

    async def token(self, url: str, token: str) -> str:
        return await self._answer(("token", url, token), "You are Sam.")

    async def _answer(self, asked: tuple[str, ...], said: str) -> str:
        self.asked.append(asked)
        await self.go.wait()
        if self.refusals:
            raise DeskError(self.refusals.pop(0))
        return said


def build(proof: FakeProof, begin: FirstRun | None = None, headset: FakeHeadset | None = None) -> SetupApp:
    return SetupApp(proof, headset or FakeHeadset(), begin or FirstRun(url=URL), DeskModel(), "desk-dark")


def shown(app: SetupApp) -> str:
    return "\n".join(plain(line) for line in app._page.lines)


async def test_the_way_through_to_the_desk() -> None:
    proof = FakeProof()
    app = build(proof)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Set-up 1 of 4" in shown(app)
        assert app.query_one(Input).value == URL
        await pilot.press("enter")
        await settled(pilot)
        assert "✓ The broker answers." in shown(app)
        assert app.query_one(Input).password, "a token is not shown"
        await pilot.press(*"op_1", "enter")
        await settled(pilot)
        assert "Set-up 3 of 4" in shown(app)
        await pilot.press("enter")
        await settled(pilot)
        assert "accept the selected call or chat" in shown(app)
        await pilot.press("enter")
        await settled(pilot)
    assert app.return_value is Choice.DESK
    assert proof.asked == [("broker", URL), ("token", URL, "op_1")]


async def test_a_refusal_stays_at_its_step_and_says_what_to_do() -> None:
    proof = FakeProof(ErrorBody("cannot_connect", "The broker at x can't be reached: refused.", "Check."))
    app = build(proof)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "✗ The broker at x can't be reached" in shown(app)
        assert "Enter tries again" in " ".join(shown(app).split())
        assert app.query_one(Input).value == URL, "what was written stays"
        await pilot.press("enter")
        await settled(pilot)
        proof.refusals.append(ErrorBody("bad_token", "This token is not known.", ""))
        await pilot.press(*"nope", "enter")
        await settled(pilot)
        assert "Copy the token again" in shown(app)
        assert "Set-up 2 of 4" in shown(app)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (ErrorBody("cannot_connect", "can't be reached: certificate verify failed"), "ca_file"),
        (ErrorBody("operators_only", "This token is not an operator's."), "assistant's key"),
        (ErrorBody("other_version", "The broker is version 9.", "Install the console of it."), "Install"),
        (ErrorBody("token_over_plain", "not encrypted", "Use https://."), "https"),
    ],
)
def test_each_failure_is_explained(body: ErrorBody, hint: str) -> None:
    assert hint in explained(body).hint


async def test_enter_twice_asks_once_and_esc_forgets_what_is_asked() -> None:
    proof = FakeProof()
    proof.go.clear()
    app = build(proof, FirstRun(SetupStep.TOKEN, URL, ("The broker answers.",)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"op_1", "enter", "enter")
        await settled(pilot)
        assert "Asking the broker" in shown(app)
        assert len(proof.asked) == 1
        await pilot.press("escape")
        proof.go.set()
        await settled(pilot)
        assert app.run_state.step is SetupStep.BROKER, "the late answer is nobody's"


async def test_the_sound_page_opens_with_its_meter_and_comes_back() -> None:
    headset = FakeHeadset()
    app = build(FakeProof(), FirstRun(SetupStep.SOUND, URL), headset)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert isinstance(app.screen, AudioScreen)
        headset.play(Levels(0.7, 0.0))
        await settled(pilot)
        assert app.model.headset.own == pytest.approx(0.7)
        await pilot.press("escape")
        await settled(pilot)
        assert "Set-up 3 of 4" in shown(app)


async def test_the_tour_is_chosen_at_the_end_and_leaving_chooses_nothing() -> None:
    app = build(FakeProof(), FirstRun(SetupStep.KEYS, URL))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("t")
    assert app.return_value is Choice.TOUR
    app = build(FakeProof(), FirstRun(SetupStep.KEYS, URL))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+q")
    assert app.return_value is None
