"""Sound comes back by itself, whatever happens to the devices, and no library is touched by two threads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from operator_console.audio.backends.port import Wish
from operator_console.audio.messages import (
    AlertSilent,
    AudioEvent,
    DeviceBack,
    DeviceInUse,
    DeviceLost,
    Direction,
    Problem,
)
from operator_console.audio.problems import BackendError
from operator_console.audio.streams import Streams, StuckError
from operator_console.tasks import spawn, stop
from tests.fakes.sound_backend import FakeBackend

pytestmark = pytest.mark.unit

MICROPHONE, SPEAKER = Direction.MICROPHONE, Direction.SPEAKER


class HandClock:
    """Moved by the test."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps for {seconds} s")


class Bench:
    """Streams on a fake library, with what they told."""

    def __init__(self, backend: FakeBackend, stuck_seconds: float = 30.0) -> None:
        self.backend = backend
        self.clock = HandClock()
        self.told: list[AudioEvent] = []
        self.streams = Streams(
            backend=backend,
            wish=Wish(),
            clock=self.clock,
            take=lambda _pcm: None,
            give=bytes,
            call=bytes,
            tell=self.told.append,
            look_seconds=0.001,
            stuck_seconds=stuck_seconds,
        )

    def of(self, kind: type[AudioEvent]) -> list[AudioEvent]:
        return [event for event in self.told if isinstance(event, kind)]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.001)

    async def in_time(self, true: Callable[[], object]) -> None:
        """Wait until something is true, while the clock goes on: a pause that begins late ends all the same."""

        def later() -> object:
            self.clock.at += 10
            return true()

        await self.until(later)

    async def tries(self, count: int) -> None:
        """Let so many more tries to open a device happen, each when its pause is over."""
        for _ in range(count):
            before = len(self.backend.opened)
            await self.in_time(lambda before=before: len(self.backend.opened) > before)


@asynccontextmanager
async def bench(*plugged: str, wanted: bool = True) -> AsyncIterator[Bench]:
    it = Bench(FakeBackend(*plugged))
    task = spawn("streams", it.streams.run())
    try:
        if wanted:
            it.streams.want(microphone=True, speaker=True)
            await it.until(lambda: len(it.backend.opened) >= 2)
        yield it
        await it.streams.close()
        assert all(stream.closed for stream in it.backend.streams)
        assert len(it.backend.threads) <= 1
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


async def test_a_device_is_open_only_while_it_is_wanted() -> None:
    async with bench("headset", wanted=False) as it:
        await asyncio.sleep(0.02)
        assert it.backend.opened == []
        it.streams.want(microphone=True, speaker=False)
        await it.until(lambda: it.of(DeviceInUse))
        assert it.backend.opened == [(MICROPHONE, "")]
        it.streams.want(microphone=False, speaker=False)
        await it.until(lambda: it.backend.streams[0].closed)
        assert it.of(DeviceLost) == []


async def test_a_lost_device_is_told_once_and_told_again_when_it_is_back() -> None:
    async with bench("headset") as it:
        it.backend.pull()
        await it.until(lambda: len(it.of(DeviceLost)) == 2)
        await it.tries(4)
        assert len(it.of(DeviceLost)) == 2
        assert [event.code for event in it.of(Problem)] == ["no_device", "no_device"]
        it.backend.plugged = ["another headset"]  # which PortAudio sees only when it is started anew
        await it.in_time(lambda: len(it.of(DeviceBack)) == 2)
        assert it.streams.any_open


async def test_the_pause_between_tries_grows_to_its_limit() -> None:
    async with bench("headset") as it:
        it.backend.pull()
        await it.until(lambda: len(it.of(DeviceLost)) == 2)
        pauses = []
        for _ in range(8):
            lane = it.streams.microphone
            before, lane.retry_at = len(it.backend.opened), it.clock.at
            it.streams.speaker.retry_at = it.clock.at + 1e6
            await it.until(lambda before=before: len(it.backend.opened) > before)
            await it.until(lambda lane=lane: lane.retry_at > it.clock.at)
            pauses.append(lane.retry_at - it.clock.at)
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1] == 4.0


async def test_a_chosen_headset_that_is_pulled_gives_way_to_the_default_one() -> None:
    async with bench("speakers", "headset") as it:
        await it.streams.select("headset", "headset")
        await it.until(lambda: [stream.name for stream in it.backend.streams[-2:]] == ["headset", "headset"])
        it.backend.plugged = ["speakers"]
        for stream in it.backend.streams:
            stream.gone = "pulled"
        await it.until(lambda: len(it.of(DeviceLost)) == 2)
        async with asyncio.timeout(60):
            while len(it.of(DeviceBack)) < 2:
                it.clock.at += 10
                await asyncio.sleep(0.001)
        assert {event.name for event in it.of(DeviceBack)} == {"speakers"}
        assert it.streams.microphone.device_id == "headset"


async def test_a_device_plugged_in_during_a_call_can_be_chosen() -> None:
    async with bench("speakers") as it:
        it.backend.plugged.append("headset")
        await it.streams.select("headset", None)
        await it.until(lambda: it.backend.streams[-1].name in {"headset", "speakers"} and len(it.backend.streams) >= 4)
        assert (MICROPHONE, "headset") in it.backend.opened
        assert it.streams.microphone.name == "headset"
        assert it.of(DeviceLost) == []


async def test_a_refusal_is_told_with_its_remedy_and_only_once_for_a_kind() -> None:
    async with bench("headset", wanted=False) as it:
        it.backend.failure = BackendError("no_permission", "Permission denied")
        it.streams.want(microphone=True, speaker=False)
        await it.until(lambda: it.of(Problem))
        await it.tries(3)
        (told,) = it.of(Problem)
        assert isinstance(told, Problem)
        assert told.code == "no_permission"
        assert told.remedy
        it.backend.failure = BackendError("device_busy", "Device unavailable")
        await it.tries(1)
        await it.until(lambda: len(it.of(Problem)) == 2)


async def test_waiting_for_a_device_ends_with_its_first_failure() -> None:
    async with bench("headset", wanted=False) as it:
        it.backend.failure = BackendError("no_device", "nothing")
        it.streams.want(microphone=True, speaker=False)
        assert not await it.streams.opened(it.streams.microphone, 10)
        it.backend.failure = None
        it.streams.want(microphone=False, speaker=False)
        it.streams.want(microphone=True, speaker=False)
        assert await it.streams.opened(it.streams.microphone, 10)


async def test_xruns_of_closed_devices_are_not_forgotten() -> None:
    async with bench("headset") as it:
        for stream in it.backend.streams:
            stream.xruns = 3
        it.backend.pull()
        it.backend.plugged = ["headset"]
        await it.until(lambda: len(it.of(DeviceLost)) == 2)
        await it.tries(1)
        await it.until(lambda: len(it.of(DeviceBack)) == 2)
        it.backend.streams[-1].xruns = 1
        assert it.streams.xruns == 7


async def test_another_library_takes_over_what_is_wanted() -> None:
    async with bench("headset") as it:
        first, second = it.backend, FakeBackend("usb")
        await it.streams.replace(second)
        it.backend = second
        await it.until(lambda: len(second.streams) == 2)
        assert first.closed
        assert all(stream.closed for stream in first.streams)


async def test_a_library_that_hangs_ends_the_process_instead_of_the_call_for_ever() -> None:
    it = Bench(FakeBackend("headset"), stuck_seconds=0.05)
    it.backend.hang.clear()
    it.streams.want(microphone=True, speaker=False)
    try:
        with pytest.raises(StuckError):
            await it.streams.run()
    finally:
        it.backend.hang.set()


async def test_an_alert_speaker_that_is_missing_is_told_once_and_costs_a_call_nothing() -> None:
    async with bench("headset") as it:
        await it.until(lambda: len(it.of(DeviceInUse)) == 2)
        it.streams.alert.device_id = "loudspeaker"
        it.streams.want(microphone=True, speaker=True, alert=True)
        await it.until(lambda: it.of(AlertSilent))
        assert it.backend.refreshed == 0
        assert not any(stream.closed for stream in it.backend.streams)
        assert len(it.of(AlertSilent)) == 1
        assert it.of(Problem) == []


async def test_an_alert_speaker_plugged_in_since_is_found_when_no_call_needs_the_devices() -> None:
    async with bench("headset", wanted=False) as it:
        it.backend.plugged.append("loudspeaker")
        it.streams.alert.device_id = "loudspeaker"
        it.streams.want(microphone=False, speaker=False, alert=True)
        await it.until(lambda: it.backend.streams)
        assert [stream.name for stream in it.backend.streams] == ["loudspeaker"]
        assert it.told == []


async def test_an_alert_speaker_pulled_while_it_sounds_is_told_and_a_call_goes_on() -> None:
    async with bench("headset", "loudspeaker") as it:
        await it.until(lambda: len(it.of(DeviceInUse)) == 2)
        it.streams.alert.device_id = "loudspeaker"
        it.streams.want(microphone=True, speaker=True, alert=True)
        await it.until(lambda: len(it.backend.streams) == 3)
        it.backend.streams[-1].gone = "pulled"
        await it.until(lambda: it.of(AlertSilent))
        assert it.of(DeviceLost) == []
        assert not any(stream.closed for stream in it.backend.streams[:2])


async def test_alerts_never_go_into_a_file() -> None:
    it = Bench(FakeBackend("file", file_audio=True))
    task = spawn("streams", it.streams.run())
    it.streams.alert.device_id = "file"
    it.streams.want(microphone=False, speaker=False, alert=True)
    await it.until(lambda: it.of(AlertSilent))
    assert it.backend.streams == []
    await stop(task)


async def test_a_chosen_device_that_is_plugged_in_again_is_used_again_without_a_key() -> None:
    async with bench("headset", "laptop") as it:
        await it.streams.select("headset", "headset")
        await it.until(lambda: it.streams.microphone.stream and it.streams.speaker.stream)
        it.backend.plugged.remove("headset")
        for stream in it.backend.streams:
            stream.gone = "pulled"
        await it.until(lambda: len(it.of(DeviceLost)) == 2)
        lanes = (it.streams.microphone, it.streams.speaker)
        while not all(lane.stream and lane.name == "laptop" for lane in lanes):
            it.clock.at += 0.1
            await asyncio.sleep(0.001)
        it.clock.at += 3
        assert not it.streams.astray, "what stands in is left in peace for a while"
        it.clock.at += 100
        assert it.streams.astray
        await it.streams.come_home(frozenset({"laptop"}))
        await it.until(lambda: it.streams.microphone.stream and it.streams.microphone.name == "laptop")
        it.backend.plugged.append("headset")
        await it.streams.come_home(frozenset({"laptop", "headset"}))
        await it.until(lambda: it.streams.microphone.stream and it.streams.microphone.name == "headset")
        await it.until(lambda: it.streams.speaker.stream and it.streams.speaker.name == "headset")
        it.clock.at += 100
        assert not it.streams.astray
