"""What is painted piece by piece ends as the screen that Textual would paint whole."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from operator_console.model.inputs import Tick
from operator_console.model.select import is_mine
from operator_console.tui.app import DeskApp
from operator_console.tui.painting import LineCompositor, Piece, PiecesUpdate
from operator_console.tui.widgets.queue import row
from server.wire.terms import SessionId
from tests.fakes.console_data import NOW, busy, live_chat, session, snapshot
from tests.fakes.desk_app import build, opened, settled
from tests.fakes.desk_changes import Happenings

pytestmark = pytest.mark.unit

Cell = tuple[str, str]


def cells(strip: Strip) -> list[Cell]:
    found: list[Cell] = []
    for text, style, _ in strip:
        look = Strip.render_ansi(style or Style(), ColorSystem.TRUECOLOR)
        for start, end, width in split_graphemes(text)[0]:
            found += [(text[start:end], look), *[("", look)] * (width - 1)]
    return found


class Glass:
    """The screen as a terminal holds it: whole frames replace it, pieces go over it."""

    def __init__(self, app: DeskApp) -> None:
        self.app = app
        self.lines: list[list[Cell]] = []
        """Empty until `on`."""
        self.pieces = 0

    def on(self) -> None:
        """Begin with a screen that shows nothing of what it should."""
        self.lines = [[("?", "")] * len(line) for line in self.whole()]

    def whole(self) -> list[list[Cell]]:
        return [cells(strip) for strip in self.app.screen._compositor.render_strips()]

    def wrong(self) -> list[tuple[str, str]]:
        """The lines that differ from the whole screen, as text: as they are, as they should be."""
        pairs = zip(self.lines, self.whole(), strict=True)
        return [("".join(c for c, _ in is_), "".join(c for c, _ in should)) for is_, should in pairs if is_ != should]

    def take(self, _screen: object, update: object) -> None:
        if isinstance(update, PiecesUpdate):
            for x, y, strip in update.pieces:
                painted = cells(strip)
                self.lines[y][x : x + len(painted)] = painted
                self.pieces += 1
        elif update is not None:
            self.lines = self.whole()


async def happened(app: DeskApp, happening: Happenings) -> None:
    """Let the next thing happen, and the workers that it starts begin."""
    app.dispatch(happening.one(app.model))
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize(("seed", "size"), [(1, (120, 40)), (2, (80, 24)), (3, (160, 45)), (4, (60, 20))])
async def test_after_any_changes_the_pieces_show_what_the_whole_screen_shows(
    seed: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, desk, _ = build()
    glass = Glass(app)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(live_chat(),)), *(session(n) for n in range(60, 110))))
        monkeypatch.setattr(app, "_display", glass.take)
        glass.on()
        app.screen.refresh()
        await settled(pilot)
        assert glass.wrong() == []
        assert isinstance(app.screen._compositor, LineCompositor)
        happening = Happenings(seed)
        for n in range(120):
            await happened(app, happening)
            if n % 3 == 0:
                app.flush()
            if n % 20 == 0:
                await settled(pilot)
                assert glass.wrong() == []
        await settled(pilot)
        assert glass.wrong() == []
        assert glass.pieces > 50


@pytest.mark.parametrize("seed", range(3))
async def test_kept_rows_are_what_building_them_anew_would_give(seed: int) -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, snapshot(*busy(mine=(live_chat(),)), *(session(n) for n in range(60, 80))))
        pane = app.desk_screen.queue
        happening = Happenings(seed)
        for _ in range(150):
            await happened(app, happening)
            app.flush()
            model, width = pane._model, pane.scrollable_content_region.width
            for y in range(pane.line_count() if model.order and pane._keys else 0):
                assert pane.line_at(y)[0] == row(model, model.sessions[pane._keys[y][-1]], width)
        assert any(not is_mine(one, app.model.me) for one in app.model.sessions.values())


async def test_a_key_is_painted_before_its_handling_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, snapshot(*(session(n) for n in range(60, 80))))
        painted: list[PiecesUpdate] = []
        monkeypatch.setattr(app, "_display", lambda _screen, update: painted.append(update) if update else None)
        app.action_do("move.down")
        at_once = list(painted)
        await settled(pilot)
        assert any("›" in piece.strip.text for update in at_once for piece in update.pieces)


async def test_a_key_and_a_new_conversation_lay_nothing_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app, desk, _ = build()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, snapshot(*(session(n) for n in range(60, 80))))
        await pilot.press("j")
        await settled(pilot)
        laid_out: list[str] = []
        monkeypatch.setattr(LineCompositor, "reflow", lambda *_: laid_out.append("reflow"))
        happening = Happenings(7, looks=False)
        for _ in range(60):
            await happened(app, happening)
        app.dispatch(Tick(NOW))
        await settled(pilot)
        assert laid_out == []
        assert SessionId("s60") not in app.model.sessions or app.model.sessions


colours = st.sampled_from(["red", "#102030", "default", None])
styles = st.builds(Style, color=colours, bgcolor=colours, bold=st.sampled_from([True, None]), dim=st.booleans())
_MOVE = re.compile(r"\x1b\[1;[0-9]+H")
_SGR = re.compile(r"\x1b\[([0-9;]*)m")


def shown(painted: str) -> list[tuple[str, frozenset[str], str, str]]:
    """Read text as a terminal does: each character with its attributes, foreground and background."""
    found: list[tuple[str, frozenset[str], str, str]] = []
    attributes, fore, back = frozenset[str](), "", ""
    at = 0
    while at < len(painted):
        match = _SGR.match(painted, at)
        if match is None:
            found.append((painted[at], attributes, fore, back))
            at += 1
            continue
        at = match.end()
        codes = match.group(1).split(";")
        while codes:
            code = codes.pop(0)
            if code in {"", "0"}:
                attributes, fore, back = frozenset(), "", ""
            elif code in {"38", "48"}:
                colour, codes = ";".join(codes[:4]), codes[4:]
                fore, back = (colour, back) if code == "38" else (fore, colour)
            elif code in {"39", "49"}:
                fore, back = ("", back) if code == "39" else (fore, "")
            elif 30 <= int(code) <= 37:
                fore = code
            elif 40 <= int(code) <= 47:
                back = code
            else:
                attributes |= {code}
    return found


@given(st.lists(st.tuples(st.text("ab ", min_size=1, max_size=4), st.one_of(st.none(), styles)), max_size=6))
def test_saying_only_what_changes_shows_what_saying_everything_shows(parts: list[tuple[str, Style | None]]) -> None:
    segments = [Segment(text, style) for text, style in parts]
    pieces = [Piece(at, 0, Strip([segment])) for at, segment in enumerate(segments)]
    short = PiecesUpdate(pieces).render_segments(Console(color_system="truecolor", force_terminal=True))
    long = "".join(Strip.render_style(style, text, ColorSystem.TRUECOLOR) if style else text for text, style in parts)
    assert shown(_MOVE.sub("", short)) == shown(long)
    assert shown(f"{_MOVE.sub('', short)}x")[-1] == ("x", frozenset(), "", "")
