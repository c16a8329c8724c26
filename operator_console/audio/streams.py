"""Keep microphone, speaker and alert speaker open while they are wanted, whatever happens to the devices.

One thread makes all calls into the library, since any of them may block. A device that is gone is looked for
again and again with a growing pause; the leg goes on meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec

from operator_console.audio.backends.port import Backend, Give, Stream, Take, Wish
from operator_console.audio.messages import AudioEvent, Device, DeviceBack, DeviceInUse, DeviceLost, Direction
from operator_console.audio.problems import BackendError, alert_silent, problem
from operator_console.clock import Clock

LOOK_SECONDS: Final = 0.2
"""How often an open device is looked at."""
FIRST_PAUSE_SECONDS: Final = 0.25
MOST_PAUSE_SECONDS: Final = 4.0
"""The longest pause between two tries to open a device."""
HOME_SECONDS: Final = 5.0
"""A device that stands in for the chosen one is used for at least so long before the chosen one is tried again."""
MOST_HOME_SECONDS: Final = 80.0
STUCK_SECONDS: Final = 15.0
"""A library call that takes longer will never return."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


class StuckError(Exception):
    """The sound library hangs; only a new process helps."""


class Lane(msgspec.Struct):
    """One direction: what is wished, and how far it came."""

    direction: Direction
    device_id: str
    wanted: bool = False
    stream: Stream | None = None
    name: str = ""
    lost: bool = False
    failures: int = 0
    retry_at: float = 0.0
    told: str = ""
    xruns: int = 0
    astray: bool = False
    home_tries: int = 0
    home_at: float = 0.0

    def chosen_id(self) -> str:
        """Return the device to try now: the chosen one, and after two failures by turns the default one."""
        return "" if self.failures >= 2 and self.failures % 2 and not self.is_alert else self.device_id

    @property
    def is_alert(self) -> bool:
        """Whether it only calls for attention: then it never stands in the way of a call, nor is it waited for."""
        return self.direction is Direction.ALERT

    def looks_deep(self) -> bool:
        """Tell whether this try is worth a short gap in the other direction: PortAudio sees new devices only then."""
        return not self.is_alert and (self.failures in {2, 5} or self.failures % 8 == 7)


class Streams:
    """The lanes and the thread that serves them."""

    def __init__(
        self,
        *,
        backend: Backend,
        wish: Wish,
        clock: Clock,
        take: Take,
        give: Give,
        call: Give,
        tell: Callable[[AudioEvent], None],
        look_seconds: float = LOOK_SECONDS,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        """Start with nothing wanted; `run` does the work. `give` fills the speaker, `call` the alert speaker."""
        self.backend = backend
        self.microphone: Final = Lane(Direction.MICROPHONE, "")
        self.speaker: Final = Lane(Direction.SPEAKER, "")
        self.alert: Final = Lane(Direction.ALERT, "")
        self._wish = wish
        self._clock = clock
        self._take = take
        self._give = give
        self._call_out = call
        self._tell = tell
        self._look_seconds = look_seconds
        self._stuck_seconds = stuck_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="devices")
        self._wake = asyncio.Event()
        self._changed = asyncio.Condition()
        self._lock = asyncio.Lock()

    @property
    def xruns(self) -> int:
        """Overflows and underruns of both directions so far."""
        return sum(lane.xruns + (lane.stream.xruns if lane.stream else 0) for lane in (self.microphone, self.speaker))

    @property
    def delay_ms(self) -> float:
        """What both devices' buffers add."""
        return sum(lane.stream.delay_ms for lane in (self.microphone, self.speaker) if lane.stream)

    @property
    def any_open(self) -> bool:
        """Whether a device is open."""
        return any(lane.stream for lane in self._lanes())

    @property
    def astray(self) -> bool:
        """Whether another device stands in for a chosen one, and it is time to look for that one."""
        now = self._clock.monotonic()
        return any(lane.stream is not None and lane.astray and now >= lane.home_at for lane in self._lanes())

    async def come_home(self, plugged: frozenset[str]) -> None:
        """Open chosen devices again that are among the `plugged` ones and that others stand in for.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            found = [lane for lane in self._lanes() if lane.stream and lane.astray and lane.device_id in plugged]
            for lane in found:
                lane.failures, lane.retry_at, lane.told = 0, 0.0, ""
            if found:
                await self._close_all()
                await self._call(self._refresh)
        self._wake.set()

    def want(self, *, microphone: bool, speaker: bool, alert: bool = False) -> None:
        """Say which directions are needed from now on."""
        for lane, wanted in ((self.microphone, microphone), (self.speaker, speaker), (self.alert, alert)):
            if lane.wanted != wanted:
                lane.wanted = wanted
                lane.failures, lane.retry_at, lane.told = 0, 0.0, ""
                lane.lost = lane.lost and wanted
                self._wake.set()

    async def select(self, microphone: str | None, speaker: str | None, alert: str | None = None) -> None:
        """Use other devices, at once when they are open; None keeps.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            known = {device.id for device in await self._call(self._devices)}
            chosen = ((self.microphone, microphone), (self.speaker, speaker), (self.alert, alert))
            if any(device_id and device_id not in known for _, device_id in chosen):
                await self._close_all()
                await self._call(self._refresh)
            for lane, device_id in chosen:
                if device_id is not None and device_id != lane.device_id:
                    lane.device_id, lane.failures, lane.retry_at, lane.told = device_id, 0, 0.0, ""
                    await self._close(lane)
        self._wake.set()

    async def devices(self) -> tuple[Device, ...]:
        """Return the devices as they are now; while one is open, as of the last look.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            if not self.any_open:
                await self._call(self._refresh)
            return await self._call(self._devices)

    async def replace(self, backend: Backend) -> None:
        """Go over to another library; what is wanted is opened there.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            await self._close_all()
            old, self.backend = self.backend, backend
            await self._call(old.close)
        self._wake.set()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread of the devices.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            return await self._call(work)

    async def opened(self, lane: Lane, seconds: float) -> bool:
        """Wait until the lane is open; false when it is not within `seconds`, or the first try failed."""

        def known() -> bool:
            return lane.stream is not None or lane.failures > 0

        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(known)
        except TimeoutError:
            return False
        return lane.stream is not None

    async def run(self) -> None:
        """Serve both lanes until cancelled; closes them then.

        Raises:
            StuckError: the library hangs.
        """
        try:
            while True:
                self._wake.clear()
                async with self._lock:
                    for lane in self._lanes():
                        await self._serve(lane)
                async with self._changed:
                    self._changed.notify_all()
                await self._pause()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def close(self) -> None:
        """Close both devices and the library.

        Raises:
            StuckError: the library hangs.
        """
        async with self._lock:
            self.want(microphone=False, speaker=False)
            await self._close_all()
            await self._call(self.backend.close)

    def _lanes(self) -> tuple[Lane, Lane, Lane]:
        return self.microphone, self.speaker, self.alert

    async def _pause(self) -> None:
        """Wait for a change; while anything is wanted or open, only until the next look."""
        idle = not self.any_open and not any(lane.wanted for lane in self._lanes())
        try:
            async with asyncio.timeout(None if idle else self._look_seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _serve(self, lane: Lane) -> None:
        if lane.stream is not None:
            reason = lane.stream.lost()
            if reason and lane.wanted:
                self._lose(lane, reason)
            if reason or not lane.wanted:
                await self._close(lane)
        if lane.wanted and lane.stream is None and self._clock.monotonic() >= lane.retry_at:
            await self._open(lane)

    async def _open(self, lane: Lane) -> None:
        if lane.lost or lane.failures:
            if lane.looks_deep():
                await self._close_all()
            if not self.any_open:
                await self._call(self._refresh)
        try:
            lane.stream = await self._opened(lane)
        except BackendError as error:
            self._fail(lane, error)
            return
        lane.astray = lane.chosen_id() != lane.device_id
        lane.home_tries = lane.home_tries + 1 if lane.astray else 0
        pause = min(MOST_HOME_SECONDS, HOME_SECONDS * 2.0 ** min(max(0, lane.home_tries - 1), 8))
        lane.home_at = self._clock.monotonic() + pause
        lane.name, lane.failures, lane.told = lane.stream.name, 0, ""
        if lane.lost:
            lane.lost = False
            self._tell(DeviceBack(direction=lane.direction, name=lane.name))
        if not lane.is_alert:
            self._tell(DeviceInUse(direction=lane.direction, name=lane.name))

    async def _opened(self, lane: Lane) -> Stream:
        """Return the lane's stream; an alert has one try, so the devices are looked for before it is given up.

        Raises:
            BackendError: it can't be opened.
        """
        try:
            return await self._call(lambda: self._open_now(lane))
        except BackendError:
            if not lane.is_alert or self.any_open:
                raise
        await self._call(self._refresh)
        return await self._call(lambda: self._open_now(lane))

    def _open_now(self, lane: Lane) -> Stream:
        if lane.direction is Direction.MICROPHONE:
            return self.backend.open_microphone(lane.chosen_id(), self._wish, self._take)
        if lane.is_alert:
            return self._open_alert(lane)
        return self.backend.open_speaker(lane.chosen_id(), self._wish, self._give)

    def _open_alert(self, lane: Lane) -> Stream:
        if self.backend.file_audio:
            raise BackendError("no_device", "no sound card is used")
        return self.backend.open_speaker(lane.device_id, self._wish, self._call_out)

    def _lose(self, lane: Lane, reason: str) -> None:
        _log.warning("%s %s lost: %s", lane.direction, lane.name, reason)
        lane.lost, lane.retry_at = True, self._clock.monotonic() + FIRST_PAUSE_SECONDS
        if lane.is_alert:
            self._tell(alert_silent(BackendError("device_failed", f"{lane.name} is gone"), lane.device_id))
        else:
            self._tell(DeviceLost(direction=lane.direction, name=lane.name, reason=reason))

    def _fail(self, lane: Lane, error: BackendError) -> None:
        """Tell the problem once for each kind, and try again later."""
        lane.failures += 1
        lane.lost = True
        pause = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(lane.failures, 8))
        lane.retry_at = self._clock.monotonic() + pause
        if lane.told != error.code:
            lane.told = error.code
            _log.warning("%s can't be opened: %s: %s", lane.direction, error.code, error.detail)
            self._tell(alert_silent(error, lane.device_id) if lane.is_alert else problem(error, lane.direction))

    async def _close(self, lane: Lane) -> None:
        stream, lane.stream = lane.stream, None
        if stream is not None:
            lane.xruns += stream.xruns
            await self._call(stream.close)

    async def _close_all(self) -> None:
        for lane in self._lanes():
            await self._close(lane)

    def _devices(self) -> tuple[Device, ...]:
        try:
            return self.backend.devices()
        except BackendError as error:
            _log.warning("devices can't be listed: %s", error)
            return ()

    def _refresh(self) -> None:
        try:
            self.backend.refresh()
        except BackendError as error:
            _log.warning("devices can't be looked for: %s", error)

    async def _call(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread; a call that never returns ends the process (its owner starts a new one)."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            async with asyncio.timeout(self._stuck_seconds):
                return await future
        except TimeoutError as error:
            raise StuckError(f"a call into {self.backend.name} did not return") from error
