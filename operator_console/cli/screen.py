"""Open the screen: the one command that loads Textual."""

import asyncio
import codecs
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from operator_console.cli.config_file import save
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation
from operator_console.cli.sound_start import audio_log, audio_options
from operator_console.config import ConfigError
from server.wire.errors import ErrorBody
from server.wire.sanitize import clean_line


def open_screen(invocation: Invocation, *, view_only: bool, guided: bool = False) -> int:
    """Show the desk until the operator leaves; return the exit code.

    Raises:
        CommandError: there is no terminal, no token, or no address a token may go to.
    """
    plan, canned = invocation.key_plan, invocation.canned
    need_terminal()
    address, token, tls, config = invocation.address, invocation.token, invocation.tls, invocation.config
    from operator_console.audio.client import AudioProcess  # noqa: PLC0415 - only the screen needs all of this
    from operator_console.audio.headset import ProcessHeadset  # noqa: PLC0415
    from operator_console.client.desk import BrokerDesk  # noqa: PLC0415
    from operator_console.tui.run import run_async  # noqa: PLC0415
    from operator_console.tui.settings import ScreenSettings, SoundSettings  # noqa: PLC0415

    downloads = Path(config.settings.screen.downloads or "~/Downloads").expanduser()

    def keep(values: Mapping[str, str | float]) -> str:
        try:
            save(config.path, "audio", values)
        except ConfigError as error:
            return str(error)
        return ""

    async def show() -> int:
        desk = BrokerDesk(address, token.text, tls=tls, view_only=view_only)
        headset = ProcessHeadset(AudioProcess(audio_options(config), log_path=audio_log(config)))

        async def begin() -> None:
            if not view_only:
                await headset.start()
            await asyncio.to_thread(desk.load)

        screen = config.settings.screen
        settings = ScreenSettings(
            state_dir=None if view_only else config.state_dir,
            theme=screen.theme,
            attention=config.settings.attention,
            plan=plan,
            canned=canned,
            motion=screen.motion,
            downloads=downloads,
            sound=SoundSettings(
                gain_db=config.settings.audio.gain_db,
                test_before_available=config.settings.audio.test_before_available,
                keep=keep,
            ),
            guided=guided,
            begin=begin,
        )
        try:
            return await run_async(desk, headset, settings)
        finally:
            await headset.stop()
            await desk.close()

    return asyncio.run(show())


def need_terminal() -> None:
    """Refuse where the screen can't be drawn; it is painted on stderr and reads keys from stdin."""
    painted = sys.__stderr__ is not None and sys.__stderr__.isatty()
    if not painted or not sys.stdin.isatty():
        raise _no_screen("The screen needs a terminal, and here is none.")
    kind = os.environ.get("TERM", "")
    if kind in {"", "dumb", "unknown"}:
        told = f"TERM is {clean_line(kind)}" if kind else "TERM is not set"
        raise _no_screen(f"The screen can't be drawn on this terminal: {told}.")
    encoding = codecs.lookup(sys.__stderr__.encoding).name if sys.__stderr__ is not None else "utf-8"
    if encoding != "utf-8":
        raise CommandError(
            ErrorBody(
                "not_utf8",
                f"The screen needs a terminal that takes UTF-8; this one's locale says {encoding}.",
                "Set LC_ALL=C.UTF-8, or another UTF-8 locale, and start again; the commands work as it is.",
            )
        )


def _no_screen(message: str) -> CommandError:
    return CommandError(
        ErrorBody(
            "no_terminal",
            message,
            "Use the commands (operator-console --help), for example operator-console watch --plain.",
        )
    )
