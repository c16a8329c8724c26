"""The console in terminals as people have them: few colours or none, tiny, huge, resized, slow, or none at all."""

import asyncio
import re
from pathlib import Path

import pytest

from operator_console.exit_codes import ExitCode
from server.wire.events import MessageAdded
from server.wire.frames import Batch, Look, Snapshot
from server.wire.terms import Author, MessageId, SessionState
from server.wire.views import Customer, MessageView
from tests.console_places import CONSOLE, told
from tests.fakes.scripted_broker import AT, ME, TOKEN, Line, ScriptedBroker, scripted_broker, session_view, snapshot
from tests.raw_terminal import Line as Wire
from tests.raw_terminal import RawTerminal, raw_terminal

pytestmark = pytest.mark.e2e

NAMES = ("Ada Lovelace", "田中 ゆき", "יוסי כהן", "👩 Famille é")
SGR = re.compile(r"\x1b\[([0-9;]*)m")
COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
"""What chooses a colour; 39 and 49 give the terminal its own back."""
SLOW = Wire(late_seconds=0.2, piece_bytes=4096)


def desk() -> Snapshot:
    """A desk with four who wait, of several scripts, and one chat of mine."""
    waiting = [session_view(n, customer=Customer(name=name, channel="api")) for n, name in enumerate(NAMES, 1)]
    mine = session_view(9, state=SessionState.ACTIVE, operator_id=ME, active_at=AT, customer=Customer(name="Mona"))
    return snapshot(10, *waiting, mine)


async def quiet(line: Line) -> None:
    """Greet a console and say yes to all it does."""
    await line.say(desk())
    while True:
        await agree(line)


async def agree(line: Line) -> None:
    """Take the next of a console's frames, and say yes where it asks."""
    command = await line.commands.get()
    if not isinstance(command, Look):
        await line.reply(command)


def at_this_desk(broker: ScriptedBroker) -> None:
    """Let the broker know the pages that a console asks for by itself."""
    broker.rest["/v1/conversations/con-0009/messages"] = (200, [])


def chosen(received: str) -> set[int]:
    """Return every colour code that was sent; of the long forms their first number alone."""
    found: set[int] = set()
    for codes in SGR.findall(received):
        numbers = [int(code or 0) for code in codes.split(";")]
        while numbers:
            code = numbers.pop(0)
            found.add(code)
            if code in {38, 48} and numbers:
                del numbers[: 2 if numbers[0] == 5 else 4]
    return found & COLOURS


def unreadable(received: str) -> set[str]:
    """Return the styles whose letters have the colour of their own background."""
    inks = ((codes, re.search(r"\b(?:3|9)([0-7])\b", codes)) for codes in SGR.findall(received))
    return {codes for codes, ink in inks if ink and re.search(rf"\b(?:4|10){ink.group(1)}\b", codes)}


async def test_where_the_screen_cannot_be_drawn_one_sentence_says_so_and_what_to_do(tmp_path: Path) -> None:
    bare: dict[str, str | None] = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    cases: list[tuple[dict[str, str | None], str]] = [
        ({"TERM": "dumb"}, "TERM is dumb"),
        ({"TERM": None}, "TERM is not set"),
        (bare, "takes UTF-8; this one's locale says ascii"),
    ]

    async def refused(case: int) -> None:
        environment, sentence = cases[case]
        there = told(tmp_path / str(case), "http://127.0.0.1:9", TOKEN, **environment)
        async with raw_terminal(CONSOLE, there, size=(200, 24)) as screen:
            await asyncio.wait_for(screen.process.wait(), 60)
            await screen.shows(sentence, "commands")
            assert screen.process.returncode == ExitCode.USAGE
            assert "Traceback" not in screen.received
            assert "\x1b" not in screen.received

    await asyncio.gather(*(refused(case) for case in range(len(cases))))


async def test_a_command_names_people_also_where_the_locale_has_no_letters_for_them(tmp_path: Path) -> None:
    async with scripted_broker(quiet) as broker:
        broker.rest["/v1/sessions"] = (200, desk().sessions)
        broker.rest["/v1/operators"] = (200, desk().operators)
        there = told(tmp_path, broker.url, TOKEN, LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        asked = await asyncio.create_subprocess_exec(
            *CONSOLE, "queue", env=there, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asked.communicate()
        assert (asked.returncode, err) == (0, b"")
        assert b"Ada Lovelace" in out
        assert rb"\u7530\u4e2d" in out


async def test_sixteen_colours_are_the_terminals_own_and_without_colour_words_tell_everything(tmp_path: Path) -> None:
    async def shown(name: str, **environment: str) -> RawTerminal:
        there = told(tmp_path / name, broker.url, TOKEN, **environment)
        async with raw_terminal(CONSOLE, there, size=(110, 30)) as screen:
            await screen.shows("connected", "ON DUTY", "4 waiting", "NO CALL", "›")
            screen.type("d")
            await screen.shows("Duty", "Off duty", "esc leaves")
            return screen

    async with scripted_broker(quiet) as broker:
        at_this_desk(broker)
        few, none = await asyncio.gather(shown("few", TERM="xterm-16color"), shown("none", NO_COLOR="1"))
    assert {32, 33, 36} <= chosen(few.received), "what is good, keys and labels have colours"
    assert not chosen(few.received) & {38, 48}, "a colour that such a terminal does not have"
    assert unreadable(few.received) == set()
    assert chosen(none.received) == set()
    assert any("7" in codes.split(";") for codes in SGR.findall(none.received)), "the cursor's row is reversed"


async def test_a_window_from_tiny_to_huge_and_back_keeps_words_and_text(tmp_path: Path) -> None:
    async def talkative(line: Line) -> None:
        """Have the customer say something with each resize, in another script each time."""
        await line.say(desk())
        said = 0
        while True:
            await agree(line)
            said += 1
            message = MessageView(
                id=MessageId(f"m{said}"), conversation_id=desk().sessions[-1].conversation_id, position=said,
                author=Author.CUSTOMER, text=f"{NAMES[said % 4]} {said}", at=AT,
            )  # fmt: skip
            await line.say(
                Batch(
                    first=10 + said,
                    last=10 + said,
                    now=AT,
                    events=(MessageAdded(seq=10 + said, at=AT, message=message),),
                )
            )

    async with scripted_broker(talkative) as broker:
        at_this_desk(broker)
        async with raw_terminal(CONSOLE, told(tmp_path, broker.url, TOKEN), size=(20, 5)) as screen:
            await screen.shows("Terminal too small", "20x5, needs 50x16")
            screen.resize(80, 24)
            await screen.shows("1 Queue", "Mona", "Commands")
            screen.type("ihello")
            await screen.shows("hello")
            for columns, rows in ((300, 60), (1, 1), (50, 16), (20, 5), (300, 60), (81, 25)):
                screen.resize(columns, rows)
                screen.type("!")
            await screen.shows("hello!!!!!!", "1 Queue")
            screen.resize(300, 60)
            await screen.until(lambda it: max(map(len, it.lines)) > 250, "the whole width is used")
            await screen.shows("hello!!!!!!", "1 Queue", "2 H-0009", "3 Transcript", *(name[:3] for name in NAMES[:3]))
            assert "Traceback" not in screen.received


async def test_over_a_slow_line_keys_act_and_old_pictures_do_not_pile_up(tmp_path: Path) -> None:
    async with scripted_broker(quiet) as broker:
        at_this_desk(broker)
        async with raw_terminal(CONSOLE, told(tmp_path, broker.url, TOKEN), size=(80, 24), line=SLOW) as screen:
            await screen.shows("ON DUTY", "Commands")
            before = screen.bytes_read
            screen.type("T")
            await screen.shows("Team", "esc back")
            screen.type("q")
            await screen.until(lambda it: "esc back" not in it.text, "the team is closed")
            there_and_back = screen.bytes_read - before
            before = screen.bytes_read
            for _ in range(15):
                screen.type("T")
                await asyncio.sleep(0.03)
                screen.type("q")
                await asyncio.sleep(0.03)
            screen.type(":quit")
            await screen.shows(": quit")
            assert screen.bytes_read - before < 5 * there_and_back, "15 pictures there and back were painted"
            assert len(broker.lines) == 1, "the connection was lost meanwhile"
            screen.type("\r")
            assert await asyncio.wait_for(screen.process.wait(), 30) == 0
