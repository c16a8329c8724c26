"""Every page and dialog of the desk in the light and the contrasting theme: readable, and as before.

One app is walked from page to page, so that many pictures cost one start. What other files of this folder draw in every
theme already (team, wall, digest, search, contact, follow-ups, set-up, tour) is not drawn again.
"""

import msgspec
import pytest
from msgspec.structs import replace
from pytest_textual_snapshot import SVGImageExtension
from rich.color import Color
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from operator_console.model.inputs import Connected, Levels, LineStats
from operator_console.tui.app import DeskApp
from operator_console.tui.lines import Role
from operator_console.tui.settings import SoundSettings
from server.wire.terms import ConversationId, Outcome, SessionState
from server.wire.views import Page
from tests.fakes.console_data import ME, NOW, ago, busy, live_call, live_chat, operator, session, snapshot, talk
from tests.fakes.consults import proposal, question
from tests.fakes.desk_app import build, settled
from tests.fakes.headset import FakeHeadset
from tests.fakes.stage import CANNED, SIZES
from tests.unit.operator_console.model.test_why import explanation

pytestmark = pytest.mark.snapshot

CALL = snapshot(*busy(mine=(live_call(),)))
CHAT = snapshot(*busy(mine=(live_chat(),)))
OFF = snapshot(*busy(), operators=(operator(presence="offline"),))
WAITING = snapshot(*busy())
ASKED = snapshot(question(), question(59, reason="Is the shop open on Monday?"))
PROPOSED = snapshot(proposal())
FLASHES = msgspec.structs.replace(snapshot(*busy()), now=NOW.replace(second=NOW.second + 3))
"""On every other second a row that wants eyes is drawn bright."""
WALK = {
    "prompt": (CALL, ("colon", *"call.m")),
    "palette": (CALL, ("ctrl+p", *"mute")),
    "help": (CALL, ("question_mark",)),
    "note": (CALL, ("N", *"ask @")),
    "keypad": (CALL, ("K", "4", "2")),
    "end": (CALL, ("x",)),
    "resolve": (CALL, ("r",)),
    "back": (CALL, ("b",)),
    "sound": (CALL, ("s",)),
    "history": (CALL, ("H",)),
    "microphone": (OFF, ("d", "d")),
    "replies": (CHAT, ("right_square_bracket", "i", "slash", "down")),
    "follow_up": (CALL, ("u", *"send it", "enter", *"fri 14:30")),
    "ticket": (CALL, ("ampersand",)),
    "why": (CALL, ("Q",)),
    "duty": (WAITING, ("d",)),
    "filter": (WAITING, ("F",)),
    "question": (ASKED, ("g", "k", "q")),
    "proposal": (PROPOSED, ("g", "q")),
    "send_file": (CHAT, ("U",)),
    "flash": (FLASHES, ()),
}
STORED_DARK = ("prompt", "microphone")
"""The others are drawn in the dark by other files."""
UNSTORED = ("help",)
"""Changes with every key; its colours are those of the others."""
LEAST_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11 and large text; what matters is bold or has a word of its own."""


def luminance(color: Color) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [part / 255 for part in color.get_truecolor()]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faint(app: DeskApp) -> set[str]:
    """Return the texts that hardly differ from what is behind them; of the desk under a dialog nothing is asked."""
    box = app.screen.query(".box")
    seen = box.first().region if box else app.screen.region
    found: set[str] = set()
    for strip in app.screen._compositor.render_strips()[seen.y : seen.bottom]:
        for text, style, _ in strip.crop(seen.x, seen.right):
            if not any(char.isalnum() for char in text) or style is None or not style.color or not style.bgcolor:
                continue
            one, other = sorted((luminance(style.color), luminance(style.bgcolor)))
            if (other + 0.05) / (one + 0.05) < LEAST_CONTRAST:
                found.add(f"{text.strip()}: {style.color.name} on {style.bgcolor.name}")
    return found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["desk-dark", "desk-light", "desk-contrast"])
async def test_every_page_can_be_read_in_every_theme(
    theme: str, size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    silent = FakeHeadset()
    silent.verdict = replace(silent.verdict, ok=False, level=0.0, peak=0.0, message="The microphone gives no sound.")
    required = SoundSettings(test_before_available="required")
    app, desk, headset = build(theme=theme, canned=CANNED, headset=silent, sound=required)
    ended = {"state": SessionState.CLOSED, "operator_id": ME, "active_at": ago(4000), "ended_at": ago(3700)}
    desk.pages[""] = Page(sessions=(session(30, **ended, closed_at=ago(3690), outcome=Outcome.RESOLVED, note="Paid."),))
    desk.explanation = explanation()
    for number in (30, 42, 44):
        desk.transcripts[ConversationId(f"c{number}")] = talk(number)
    pages = [name for name in WALK if theme != "desk-dark" or size == SIZES[0] or name in STORED_DARK]
    async with app.run_test(size=size) as pilot:
        for name in pages:
            first, keys = WALK[name]
            desk.play(Connected(23.0), first)
            await settled(pilot)
            headset.play(Levels(0.7, 0.4), LineStats(41.0, 0.0, 0))
            await pilot.press(*keys)
            await at_rest(pilot, name)
            if name not in UNSTORED and (theme != "desk-dark" or name in STORED_DARK):
                picture = app.export_screenshot(simplify=True)
                assert picture == snapshot(name=name, extension_class=SVGImageExtension), name
            assert name == "palette" or faint(app) == set(), name
            if name == "flash":
                queue = app.desk_screen.queue
                assert Role.FLASH in {queue.line_at(y)[1] for y in range(queue.line_count())}
            await home(pilot)


async def at_rest(pilot: Pilot[int], name: str) -> None:
    """Wait until the page stands; the palette looks for commands after a pause of Textual's own."""
    await settled(pilot)
    if name == "palette":
        await pilot.pause(0.5)
        await settled(pilot)


async def home(pilot: Pilot[int]) -> None:
    """Go back to the desk."""
    app = pilot.app
    assert isinstance(app, DeskApp)
    while app.screen is not app.desk_screen or app.desk_screen.composer.has_focus:
        await pilot.press("escape")
        await settled(pilot)
