"""Play the demo: start a desk on this machine, let customers come, and clean up, with or without a terminal."""

import asyncio
import contextlib
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from pathlib import Path
from typing import Final, TextIO

from server import log
from server.clock import Clock, SystemClock
from server.demo.content import Content, load_content
from server.demo.desk import DemoDesk, DeskAddress, DeskError
from server.demo.director import Director
from server.demo.feed import AssistantFeed
from server.demo.findings import GIVEN_BACK, Findings
from server.demo.options import DemoOptions
from server.demo.plain import play_plain
from server.demo.rest import DeskRest, RefusedError, UnreachableError
from server.demo.screen import KEYS, SoundCard, find_sound_card, play_on_screen
from server.demo.stage import Pace, Stage, Tell
from server.tasks import spawn
from server.wire.terms import Medium
from server.wire.views import SessionView

OPERATOR_NAME: Final = "Alex"
LOG_FILE: Final = "demo.log"
STOPPED: Final = 130
"""Exit code after Ctrl-C or a signal, as shells have it."""
FAILED: Final = 1
LONGEST_ROOT: Final = 60
"""The media worker's socket lies below; systems allow about 100 bytes for its path."""


def run_demo(options: DemoOptions) -> int:
    """Play the demo and return its exit code.

    With a terminal: 0 after the person closed the console. In plain lines: 0 only if history shows a call and a chat
    returned to the assistant. 130 when it was stopped.
    """
    try:
        return asyncio.run(_until_stopped(options))
    except KeyboardInterrupt:
        return STOPPED


async def _until_stopped(options: DemoOptions) -> int:
    """Play, and clean up on Ctrl-C, SIGTERM and a closed terminal too."""
    loop, playing = asyncio.get_running_loop(), asyncio.current_task()
    if playing is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, playing.cancel)
    try:
        return await _demo(options)
    except asyncio.CancelledError:
        return STOPPED


async def _demo(options: DemoOptions) -> int:
    """Play in the way that fits where the output goes."""
    plain = options.plain or options.fast or not (sys.stdout.isatty() and sys.stdin.isatty())
    clock = SystemClock()
    tell = _teller(sys.stdout, clock)
    with _folder(options.keep, tell) as folder, (folder / LOG_FILE).open("a", encoding="utf-8") as log_file:
        log.configure(level="info", stream=log_file)
        content = load_content()
        tell("Operator Console demo: a desk with scripted customers, on this machine only.")
        sound = None if plain else spawn("find_sound_card", find_sound_card())  # while the broker starts
        try:
            async with _desk(folder, clock, tell) as address:
                if sound is not None:
                    _welcome(content, await sound, address)
                else:
                    tell(f"be a customer yourself: {address.web_page}")
                return await _play(options, content, address, folder, tell if plain else None)
        except DeskError as error:
            tell(f"The demo could not start: {error}")
            return FAILED
        finally:
            if sound is not None:
                sound.cancel()


async def _play(options: DemoOptions, content: Content, address: DeskAddress, folder: Path, tell: Tell | None) -> int:
    """Play on a running desk: in plain lines when there is somebody to `tell`, else on the screen."""
    clock = SystemClock()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    rest = DeskRest(address.url, address.assistant_key, clock)
    operator = DeskRest(address.url, address.operator_token, clock)
    stage = Stage(
        rest=rest,
        feed=AssistantFeed(address.socket_url, address.assistant_key, clock),
        pace=Pace(clock, options.talk_speed),
        shared=content.shared,
        carrier=address.carrier,
        tell=tell or _log_only,
        findings=Findings(),
    )
    try:
        if tell is not None:
            return await play_plain(stage, content, address, options, seed)
        await operator.go_on_duty()
        code = await play_on_screen(
            stage, Director(stage, content, seed, tour=options.tour), address, folder, tour=options.tour
        )
        await _farewell(operator)
        return code
    finally:
        await rest.close()
        await operator.close()


@contextlib.asynccontextmanager
async def _desk(folder: Path, clock: Clock, tell: Tell) -> AsyncGenerator[DeskAddress, None]:
    """Give a running desk, and stop it."""
    desk = DemoDesk(folder, clock)
    tell(f"starting broker (SQLite in {folder}) and media worker ...")
    began = clock.monotonic()
    try:
        address = await desk.start(OPERATOR_NAME)
        tell(f"broker and media worker are up after {clock.monotonic() - began:.1f} s: {address.url}")
        yield address
    finally:
        await _in_any_case(desk.stop())


async def _in_any_case(work: Coroutine[object, object, None]) -> None:
    """Carry `work` to its end even when this task is cancelled meanwhile; the cancellation comes after it."""
    doing = spawn("demo_cleanup", work)
    interruption: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


@contextlib.contextmanager
def _folder(keep: Path | None, tell: Tell) -> Generator[Path, None, None]:
    """Give the folder for data and logs; a temporary one is removed at the end."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield keep.resolve()
        tell(f"data and logs are kept in {keep}")
        return
    folder = Path(tempfile.mkdtemp(prefix="operator-demo-", dir=_temporary_root()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        tell("the demo has stopped, and its data is removed")


def _temporary_root() -> str | None:
    """Return where temporary folders go: the usual place, unless a socket's path below it would be too long."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(usual) > LONGEST_ROOT else usual  # noqa: S108 - mkdtemp makes a private folder of its own in it


def _welcome(content: Content, sound: SoundCard, address: DeskAddress) -> None:
    """Say what will happen and which keys help, before the console paints over it."""
    calls = sum(1 for script in content.scripts if script.is_call)
    first = content.scripts[0].arrives_seconds
    _print(f"{calls} callers and {len(content.scripts) - calls} chats come over five minutes, then again.")
    _print(f"the first one speaks with the AI assistant in {first:.0f} s and needs you soon after")
    if sound.audible:
        _print(f"sound: {sound.backend}")
    else:
        _print("sound: no sound card here, so calls are played into a file backend: you see levels, but hear nothing")
        _print(f"       {sound.remedy}")
    _print(f"be a customer yourself, in a browser: {address.web_page}")
    _print(f"your keys: {', '.join(KEYS)}")
    _print("you are on duty as Alex: take the first customer with a")


async def _farewell(operator: DeskRest) -> None:
    """Say what the person did, from the history and what is still open."""
    try:
        closed = (await operator.history()).sessions
        still_open = await operator.open_sessions()
    except (RefusedError, UnreachableError) as error:
        _print(f"The history cannot be read: {error}")
        return
    for line in summary([*still_open, *closed]):
        _print(line)


def summary(sessions: Sequence[SessionView]) -> list[str]:
    """Return the story of a demo in a few lines: what was handled, and how each session ended."""
    handled = [one for one in sessions if one.active_at is not None]
    calls = sum(1 for one in handled if one.medium is Medium.VOICE)
    back = sum(1 for one in handled if one.outcome in GIVEN_BACK)
    lines = [f"You handled {calls} call(s) and {len(handled) - calls} chat(s); {back} went back to the assistant."]
    lines += [f"  {one.number}  {one.medium:5}  {one.customer.name:18}  {one.outcome or one.state}" for one in sessions]
    return lines


def _teller(out: TextIO, clock: Clock) -> Tell:
    """Return who prints a line with the time since the start."""
    began = clock.monotonic()

    def tell(line: str) -> None:
        seconds = clock.monotonic() - began
        with contextlib.suppress(OSError):  # the terminal may be closed already
            out.write(f"{seconds:6.1f}s  {line}\n")
            out.flush()

    return tell


def _print(line: str) -> None:
    sys.stdout.write(f"         {line}\n")
    sys.stdout.flush()


def _log_only(line: str) -> None:
    """Keep what happens in the demo's log: the console owns the terminal."""
    log.get_log(__name__).info("demo", pii_line=line)
