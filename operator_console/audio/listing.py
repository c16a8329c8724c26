"""Tell the operator which devices there are, also the ones plugged in during a call."""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from operator_console.audio.backends.choice import Choice, Makers, choose
from operator_console.audio.messages import AudioEvent, Devices, Ready, TestResult
from operator_console.audio.microphone_test import no_sound_card
from operator_console.audio.options import AudioOptions
from operator_console.audio.problems import BackendError
from operator_console.audio.streams import Streams
from operator_console.audio.urgency import Urgency

LIST_SECONDS: Final = 15.0
"""How long another process may take to list the devices."""
_log = logging.getLogger(__name__)


class Listing:
    """Knows which backend was chosen, and looks again when that may bring something."""

    def __init__(
        self,
        *,
        options: AudioOptions,
        known: Makers,
        choice: Choice,
        streams: Streams,
        tell: Callable[[AudioEvent], None],
        urgency: Urgency,
    ) -> None:
        """Begin with the choice made at the start."""
        self._options = options
        self._known = known
        self._choice = choice
        self._streams = streams
        self._tell = tell
        self._urgency = urgency

    def ready(self) -> Ready:
        """Return the first event: the backend and the chain that led to it."""
        choice = self._choice
        return Ready(
            backend=choice.backend.name,
            tried=choice.tried,
            remedy=choice.remedy,
            file_audio=choice.backend.file_audio,
            priority=self._urgency.value,
        )

    async def list(self, *, may_change: bool) -> None:
        """Tell the devices as they are now; a sound card that has come up replaces files, if that `may_change`.

        Raises:
            StuckError: the library hangs.
        """
        await self._look_again(may_change=may_change)
        backend = self._streams.backend
        found = await self._apart() if self._streams.any_open and not backend.file_audio else None
        devices = found.devices if found is not None else await self._streams.devices()
        self._tell(
            Devices(
                backend=backend.name,
                devices=devices,
                microphone=self._streams.microphone.device_id,
                speaker=self._streams.speaker.device_id,
                alert=self._streams.alert.device_id,
                remedy=self._choice.remedy,
                file_audio=backend.file_audio,
            )
        )

    async def no_microphone(self, *, may_change: bool) -> TestResult | None:
        """Return the verdict when files stand in for a sound card that nobody could find; None where one is used.

        Raises:
            StuckError: the library hangs.
        """
        await self._look_again(may_change=may_change)
        return no_sound_card(self._choice.remedy) if self._files_stand_in else None

    @property
    def _files_stand_in(self) -> bool:
        """Whether files are used because nothing else was found, not because they were asked for."""
        return self._options.backend == "auto" and self._streams.backend.file_audio

    async def _look_again(self, *, may_change: bool) -> None:
        if may_change and self._files_stand_in:
            await self._choose_again()

    async def bring_home(self) -> None:
        """Go back to a chosen device that is plugged in again and that another one stands in for.

        Raises:
            StuckError: the library hangs.
        """
        if self._streams.astray:
            found = await self._apart()
            if found is not None:
                await self._streams.come_home(frozenset(device.id for device in found.devices))

    async def _choose_again(self) -> None:
        def look() -> Choice | None:
            try:
                return choose(self._options, self._known)
            except BackendError as error:
                _log.warning("no other backend: %s", error)
                return None

        choice = await self._streams.in_thread(look)
        if choice is not None and not choice.backend.file_audio:
            self._choice = choice
            await self._streams.replace(choice.backend)
            self._tell(self.ready())

    async def _apart(self) -> Devices | None:
        """Return the devices as another process sees them: PortAudio can't look again while a stream is open."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "operator_console.audio",
            "--list",
            f"--backend={self._streams.backend.name}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(LIST_SECONDS):
                out, _ = await process.communicate()
            return msgspec.json.decode(out, type=Devices)
        except (TimeoutError, msgspec.DecodeError) as error:
            _log.warning("the devices could not be listed apart: %s", error)
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
