"""Parent and child understand each other, and refuse what is neither."""

import io
import threading
from pathlib import Path

import msgspec
import pytest

from operator_console.audio import messages
from operator_console.audio.client import MAX_EVENTS, Inbox, merged_gain, merged_select, open_log
from operator_console.audio.messages import (
    Alert,
    AlertChosen,
    AlertSilent,
    AudioCommand,
    AudioEvent,
    Close,
    Device,
    DeviceBack,
    DeviceInUse,
    DeviceLost,
    Devices,
    Digit,
    Direction,
    Filter,
    Filtering,
    FirstAudio,
    Gain,
    LegPhase,
    Levels,
    LevelsOn,
    ListDevices,
    Mute,
    Muted,
    Open,
    PlayTone,
    Problem,
    Quit,
    Ready,
    Select,
    State,
    Stats,
    TestMicrophone,
    TestResult,
    ToneName,
    Tried,
    Verdict,
)
from operator_console.audio.options import AudioOptions, parse
from operator_console.audio.pipes import MAX_WAITING_METERS, EventWriter
from server.wire.codec import WireError, decode, encode

pytestmark = pytest.mark.unit

COMMANDS: list[AudioCommand] = [
    Open(url="ws://127.0.0.1:1/console", token="t", epoch=4, muted=True),
    Mute(on=True),
    Close(reason="done"),
    ListDevices(),
    Select(microphone="", speaker=None),
    TestMicrophone(seconds=1.5, playback=False),
    PlayTone(tone=ToneName.RING, on=False),
    LevelsOn(on=True),
    Gain(microphone=2.0),
    Filter(echo=True),
    Alert(loud=True),
    Quit(),
]
EVENTS: list[AudioEvent] = [
    Ready(backend="file", tried=(Tried("sounddevice", used=False, reason="no_portaudio: x"),), file_audio=True),
    Devices(backend="file", devices=(Device(id="a", name="A", microphone=True),), microphone="a"),
    State(phase=LegPhase.RECONNECTING, epoch=4, reason="broke"),
    Muted(on=True, echoed=True),
    Levels(microphone=0.1, caller=0.2),
    Stats(delay_ms=40.0, round_trip_ms=1.0, xruns=2),
    Digit(digit="5"),
    DeviceInUse(direction=Direction.SPEAKER, name="A"),
    DeviceLost(direction=Direction.MICROPHONE, name="A", reason="gone"),
    DeviceBack(direction=Direction.MICROPHONE, name="A"),
    TestResult(verdict=Verdict.SILENT, peak=0.0),
    FirstAudio(sent_ms=30.0),
    Filtering(noise=True),
    AlertChosen(speaker="a"),
    AlertSilent(message="It is gone.", remedy="Plug it in."),
    Problem(code="no_device", message="There is no microphone.", remedy="Plug one in."),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_every_command_survives_the_pipe(command: AudioCommand) -> None:
    assert decode(encode(command), msgspec.json.Decoder(AudioCommand)) == command


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_pipe(event: AudioEvent) -> None:
    assert decode(encode(event), msgspec.json.Decoder(AudioEvent)) == event


def test_no_command_and_no_event_is_untested() -> None:
    assert {type(command) for command in COMMANDS} == set(messages.AudioCommand.__args__)
    assert {type(event) for event in EVENTS} == set(messages.AudioEvent.__args__)


@pytest.mark.parametrize("line", [b"", b"{", b'{"type":"fly"}', b'{"type":"mute","on":1}', b'{"type":"quit","x":1}'])
def test_what_is_no_command_is_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        decode(line, msgspec.json.Decoder(AudioCommand))


def test_options_say_the_same_as_their_arguments() -> None:
    options = AudioOptions(backend="file", microphone="a b", file_speaker="/x y.wav", device_rate=48_000, block_ms=20)
    assert parse(options.arguments()) == (options, False)
    assert parse([]) == (AudioOptions(), False)
    assert parse(["--list"]) == (AudioOptions(), True)


@pytest.mark.parametrize("wrong", ["--backend=jack", "--block-ms=7", "--device-rate=x", "--nonsense"])
def test_wrong_arguments_are_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([wrong])
    assert wrong.split("=", maxsplit=1)[0] in capsys.readouterr().err


async def test_a_busy_reader_finds_every_fact_but_only_the_newest_meters() -> None:
    inbox = Inbox()
    for number in range(5):
        inbox.put(Levels(microphone=number / 10, caller=0.0))
        inbox.put(Problem(code=str(number), message=""))
    inbox.close()
    taken = []
    while (event := await inbox.take()) is not None:
        taken.append(event)
    assert [event.code for event in taken if isinstance(event, Problem)] == ["0", "1", "2", "3", "4"]
    assert [event.microphone for event in taken if isinstance(event, Levels)] == [0.4]


async def test_a_reader_that_never_comes_costs_a_bounded_number_of_events() -> None:
    inbox = Inbox()
    for number in range(3 * MAX_EVENTS):
        inbox.put(Problem(code=str(number), message=""))
    inbox.close()
    count = 0
    while await inbox.take() is not None:
        count += 1
    assert count == MAX_EVENTS


def test_a_parent_that_does_not_read_never_makes_the_child_wait() -> None:
    class Stuck(io.BytesIO):
        def __init__(self) -> None:
            super().__init__()
            self.reading = threading.Event()
            self.lines: list[bytes] = []

        def write(self, data: object, /) -> int:
            self.reading.wait(10)
            self.lines += bytes(data).splitlines()  # type: ignore[call-overload]
            return 0

    pipe = Stuck()
    writer = EventWriter(pipe)
    for _ in range(10_000):
        writer.tell(Levels(microphone=0.1, caller=0.1))
    writer.tell(Problem(code="last", message=""))
    pipe.reading.set()
    writer.close(5.0)
    assert len(pipe.lines) <= 2 * MAX_WAITING_METERS + 2
    assert b'"last"' in pipe.lines[-1]


def test_choices_made_one_after_another_are_kept_together() -> None:
    both = merged_select(Select(microphone="a"), Select(speaker="b"))
    assert (both.microphone, both.speaker) == ("a", "b")
    gains = merged_gain(Gain(microphone=2.0, speaker=1.0), Gain(speaker=0.5))
    assert (gains.microphone, gains.speaker) == (2.0, 0.5)


def test_the_log_is_its_owners_alone_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "audio.log"
    with open_log(path) as log:
        log.write(bytes(2_000_000))
    assert path.stat().st_mode & 0o077 == 0
    with open_log(path):
        assert path.stat().st_size == 0
