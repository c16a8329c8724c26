"""A microphone is pulled in a call: the caller hears a tone, the operator reads it, and it comes back by itself."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operator_console.audio.client import AudioProcess
from operator_console.audio.headset import ProcessHeadset
from operator_console.audio.options import AudioOptions
from operator_console.audio.stand_in import BEEP_HZ
from operator_console.model.inputs import Connected
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.tasks import spawn, stop
from operator_console.tui.lines import plain
from operator_console.tui.widgets.call_bar import bar_line
from server.wire.terms import CallPhase, ConversationId, LegRole
from server.wire.views import MediaGrant
from tests import sound
from tests.fakes.console_data import busy, live_call, snapshot
from tests.media_clients import Peer, desk, until

pytestmark = [pytest.mark.integration, pytest.mark.alone]


@pytest.fixture(scope="module")
def running() -> Iterator[sound.SoundServer]:
    with sound.server() as it:
        yield it


@pytest.fixture
def server(running: sound.SoundServer, monkeypatch: pytest.MonkeyPatch) -> sound.SoundServer:
    for variable, value in running.environment.items():
        monkeypatch.setenv(variable, value)
    return running


class Operator:
    """The operator's side of the desk: the headset, and the call bar drawn from what it tells."""

    def __init__(self) -> None:
        self.headset = ProcessHeadset(AudioProcess(AudioOptions(backend="miniaudio")))
        self.model = update(update(DeskModel(), Connected(5.0)), snapshot(*busy(mine=(live_call(),))))
        self.bars: list[str] = []

    async def watch(self) -> None:
        async for event in self.headset.events():
            self.model = update(self.model, event)
            self.bars.append(self.bar)

    @property
    def bar(self) -> str:
        """What the call bar says now."""
        return plain(bar_line(self.model, 140))


async def hears(caller: Peer, hertz: float, seconds: float = 1.0) -> None:
    """Return once the caller has heard nothing but this for so long; pauses between beeps count as nothing."""
    size = int(caller.rate * 2 * seconds)
    await until(
        lambda: len(caller.heard) > size and sound.share_of(bytes(caller.heard[-size:]), hertz, caller.rate) > 0.85,
        f"the caller hears {hertz} Hz",
    )


@asynccontextmanager
async def a_call(server: sound.SoundServer, tmp_path: Path) -> AsyncIterator[tuple[Operator, Peer]]:
    """An operator who speaks 880 Hz through the chosen headset to a caller behind the real media worker."""
    voice = sound.write_wav(tmp_path / "voice.wav", sound.tone(880, 120.0))
    me = Operator()
    watching = spawn("watching", me.watch())
    await me.headset.start()
    try:
        async with desk(tmp_path) as it, await it.twilio_caller("plug") as caller:
            caller.speak(440)
            await it.plan("plug", CallPhase.OPERATOR, epoch=1)
            setup = await me.headset.setup()
            await me.headset.choose(
                microphone=next(one.id for one in setup.devices if one.name == "Microphone"),
                speaker=next(one.id for one in setup.devices if one.name == "Headset"),
            )
            token = await it.admit("plug", LegRole.OPERATOR, "console", epoch=1)
            grant = MediaGrant(
                url=it.control.media_url("console"),
                token=token,
                epoch=1,
                expires_at=datetime.now(UTC) + timedelta(seconds=30),
                call_id=ConversationId("plug"),
            )
            with server.speaking(voice):
                await me.headset.open(grant, muted=False)
                await hears(caller, 880)
                assert "GONE" not in me.bar
                yield me, caller
                assert not caller.gone.is_set()
    finally:
        await me.headset.stop()
        await stop(watching)


async def test_the_caller_of_a_pulled_microphone_hears_a_tone_and_the_same_microphone_comes_back_without_a_key(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    async with a_call(server, tmp_path) as (me, caller):
        server.unplug_microphone()
        try:
            await hears(caller, BEEP_HZ, 3.0)
            await until(lambda: "MIC GONE: caller hears a tone" in me.bar, "it is said")
        finally:
            server.plug_microphone()
        await hears(caller, 880)
        await until(lambda: "GONE" not in me.bar, "it is no longer said")
        await until(lambda: "Microphone" in me.bar, "the chosen one is used again, and not what stood in for it")
        await hears(caller, 880)


async def test_another_microphone_that_stood_in_gives_way_to_the_chosen_one_as_soon_as_that_is_back(
    server: sound.SoundServer, tmp_path: Path
) -> None:
    async with a_call(server, tmp_path) as (me, caller):
        server.plug_second_microphone()
        server.unplug_microphone()
        try:
            await until(lambda: any("MIC GONE" in bar for bar in me.bars), "it is said")
            await until(lambda: "default" in me.bar and "GONE" not in me.bar, "the second one stands in, and is named")
        finally:
            server.plug_microphone()
        await until(lambda: "Microphone" in me.bar, "the chosen one is used again")
        await hears(caller, 880)
