"""What is in a recording and what never is; what becomes of it when the disk does not play along."""

import asyncio
import stat
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.media import CallPlan, Keys, RecordingLost
from server.demo.hearing import pcm_of
from server.demo.speech import load_clip, load_manifest
from server.media.call import Call
from server.media.codecs import mixed
from server.media.dtmf import key_frames
from server.media.key_tones import HIGH_HZ, LOW_HZ, is_key
from server.media.loopback import LoopbackLeg
from server.media.recorder import HEADER_BYTES, Chunk, Recorder, WavFile
from server.media.recording import MOST_AHEAD_SECONDS, Side
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole, Supervision
from tests.media_clients import loudness, share, tone, until
from tests.unit.server.media.test_call import Scene

pytestmark = pytest.mark.unit

RATE = 8_000
CALLER_HZ, DESK_HZ, AI_HZ = 440, 880, 1_300


class Studio(Scene):
    """A call with a recorder, and frames of every party on a clock moved by hand."""

    def __init__(self, folder: Path, *, least_free_mb: int = 0) -> None:
        super().__init__()
        self.folder = folder
        self.recorder = Recorder(str(folder), least_free_mb)
        self.recorder.now = lambda: self.now  # type: ignore[method-assign]
        self.call = Call(ConversationId("c"), self.facts.append, self.recorder)
        self.caller = self.join(LegRole.CALLER)
        self.assistant = self.join(LegRole.ASSISTANT)
        self.operator: LoopbackLeg | None = None
        self._version = 0

    def should(self, phase: CallPhase, record: str = "s_1", *, muted: bool = False) -> None:
        """Say what the call is from now on."""
        self._version += 1
        self.call.apply(
            CallPlan(
                call_id=self.call.call_id, phase=phase, epoch=1, muted=muted, version=self._version, record=record
            ),
            self.now,
        )
        if self.operator is None and phase is CallPhase.OPERATOR:
            self.operator = self.join(LegRole.OPERATOR, 1)

    def supervised(self, supervision: Supervision) -> LoopbackLeg:
        """Let a supervisor in, who may do so much."""
        leg_id = LegId(str(self._tokens + 1))
        self._version += 1
        plan = CallPlan(
            call_id=self.call.call_id,
            phase=CallPhase.OPERATOR,
            epoch=1,
            muted=False,
            version=self._version,
            record="s_1",
            supervision=supervision,
            supervisor_leg=leg_id,
        )
        self.call.apply(plan, self.now)
        return self.join(LegRole.SUPERVISOR, 1)

    def passes(self, seconds: float) -> None:
        """Let time pass in which all three speak."""
        for number in range(round(seconds * 50)):
            self.say(self.caller, tone(CALLER_HZ, RATE, number))
            self.say(self.assistant, tone(AI_HZ, RATE, number))
            if self.operator is not None:
                self.say(self.operator, tone(DESK_HZ, RATE, number))
            if self.call.needs_ticks:
                self.call.tick(self.now)
            self.now += 0.02
            if number % 50 == 49:
                self.call.second(self.now)

    def finished(self) -> tuple[bytes, bytes]:
        """End the recording; return both channels."""
        self.call.recording.stop(self.now)
        self.recorder.close()
        return channels(self.folder / "s_1.wav")


def channels(path: Path) -> tuple[bytes, bytes]:
    """Return left and right of a recording, which must be a good WAV."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        samples = array("h", file.readframes(file.getnframes()))
    assert path.stat().st_size == HEADER_BYTES + 2 * len(samples)
    return samples[::2].tobytes(), samples[1::2].tobytes()


def part(pcm: bytes, start: float, end: float) -> bytes:
    """Return what lies between two seconds."""
    return pcm[round(start * RATE) * 2 : round(end * RATE) * 2]


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    made = Studio(tmp_path / "recordings")
    yield made
    made.recorder.close()


async def test_the_caller_is_left_and_the_desk_is_right_each_alone(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(3)
    left, right = studio.finished()
    assert len(left) == len(right) == 3 * RATE * 2
    assert share(part(left, 0.1, 2.9), CALLER_HZ, RATE) > 0.95
    assert share(part(right, 0.1, 2.9), DESK_HZ, RATE) > 0.95


async def test_nothing_before_the_talk_is_recorded(studio: Studio) -> None:
    studio.should(CallPhase.ASSISTANT)
    studio.passes(2)
    studio.call.recording.stop(studio.now)
    studio.recorder.close()
    assert not (studio.folder / "s_1.wav").exists()


async def test_what_a_muted_operator_says_is_not_there(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.should(CallPhase.OPERATOR, muted=True)
    studio.passes(1)
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    left, right = studio.finished()
    assert loudness(part(right, 1.0, 1.98)) == 0
    assert share(part(right, 2.1, 2.9), DESK_HZ, RATE) > 0.95
    assert share(part(left, 0.1, 2.9), CALLER_HZ, RATE) > 0.95


async def test_hold_is_silence_on_both_sides(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.should(CallPhase.HOLD)
    studio.passes(1)
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    left, right = studio.finished()
    assert (loudness(part(left, 1.0, 1.98)), loudness(part(right, 1.0, 1.98))) == (0, 0)
    assert share(part(left, 2.1, 2.9), CALLER_HZ, RATE) > 0.95


async def test_a_pause_leaves_nothing_and_the_recording_goes_on_in_the_same_file(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.should(CallPhase.OPERATOR, record="")
    studio.passes(2)
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    left, right = studio.finished()
    assert len(left) == len(right) == 2 * RATE * 2


async def test_keys_that_the_operator_presses_are_not_recorded(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.call.dial(Keys(call_id=ConversationId("c"), epoch=1, id="order-1", digits="41111"), studio.now)
    studio.passes(1)
    _, right = studio.finished()
    assert loudness(part(right, 1.0, 1.9)) == 0


async def test_the_assistant_is_not_recorded_when_the_call_goes_back_to_it(studio: Studio) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.should(CallPhase.ASSISTANT, record="")
    studio.passes(2)
    left, _ = studio.finished()
    assert len(left) == RATE * 2


async def test_only_its_owner_can_read_it_and_another_stretch_is_added(studio: Studio, tmp_path: Path) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(1)
    studio.finished()
    path = studio.folder / "s_1.wav"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(studio.folder.stat().st_mode)) == (0o600, 0o700)
    second = Studio(studio.folder)
    second.should(CallPhase.OPERATOR)
    second.passes(1)
    left, _ = second.finished()
    assert len(left) == 2 * RATE * 2


async def test_a_full_disk_ends_the_recording_is_told_once_and_the_call_goes_on(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "recordings", least_free_mb=1 << 40)
    studio.should(CallPhase.OPERATOR)
    studio.passes(2)
    await until(lambda: any(isinstance(fact, RecordingLost) for fact in studio.facts), "the loss is told")
    heard = len(studio.caller.heard)
    studio.passes(2)
    assert len(studio.caller.heard) > heard
    await asyncio.sleep(0)
    losses = [fact for fact in studio.facts if isinstance(fact, RecordingLost)]
    assert losses == [RecordingLost(call_id=studio.call.call_id, record="s_1", reason="the disk is full")]
    studio.recorder.close()


async def test_a_folder_that_is_none_is_a_loss_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    studio = Studio(tmp_path / "file")
    studio.should(CallPhase.OPERATOR)
    studio.passes(2)
    await until(lambda: any(isinstance(fact, RecordingLost) for fact in studio.facts), "the loss is told")
    studio.recorder.close()


async def test_a_disk_that_does_not_keep_up_costs_the_recording_and_never_the_memory(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), 0)
    recorder.close()  # nobody writes any more
    lost: list[str] = []
    for _ in range(2_000):
        recorder.write(Chunk("s_1", RATE, b"", last=False, lost=lost.append))
    assert lost
    assert set(lost) == {"the disk is too slow"}


@pytest.mark.parametrize("name", ["", "..", "../s_1", "a/b", "a" * 81])
async def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "in"), 0)
    lost: list[str] = []
    recorder.write(Chunk(name, RATE, bytes(4), last=True, lost=lost.append))
    await until(lambda: lost, "it is refused")
    recorder.close()
    assert not list(tmp_path.rglob("*.wav"))


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s_1.wav"
    path.write_bytes(b"something else entirely, longer than a header would be")
    with pytest.raises(ValueError, match="another kind"):
        WavFile(path, RATE)
    assert path.read_bytes().startswith(b"something else")


def test_a_gap_is_silence_of_its_length_and_a_flood_is_dropped() -> None:
    side = Side(RATE, 0.0)
    frame = tone(CALLER_HZ, RATE, 0)
    side.add(frame, 0.02)
    side.add(frame, 1.02)
    pcm = side.until(1.02)
    assert len(pcm) == round(1.02 * RATE) * 2
    assert pcm[320 : round(1.0 * RATE) * 2] == bytes(round(0.98 * RATE) * 2)
    assert pcm[-320:] == frame
    for _ in range(1_000):
        side.add(frame, 1.04)
    assert len(side._waiting) <= (MOST_AHEAD_SECONDS + 0.06) * RATE * 2


@pytest.mark.parametrize(
    ("supervision", "recorded"), [(Supervision.LISTEN, False), (Supervision.WHISPER, False), (Supervision.BARGE, True)]
)
async def test_a_supervisor_is_recorded_only_when_the_caller_hears_them(
    studio: Studio, supervision: Supervision, recorded: bool
) -> None:
    studio.should(CallPhase.OPERATOR)
    studio.passes(0.5)
    supervisor = studio.supervised(supervision)
    for number in range(150):
        studio.say(studio.caller, tone(CALLER_HZ, RATE, number))
        studio.say(supervisor, tone(AI_HZ, RATE, number))
        if studio.call.needs_ticks:
            studio.call.tick(studio.now)
        studio.now += 0.02
    _, right = studio.finished()
    assert (share(part(right, 1.0, 3.0), AI_HZ, RATE) > 0.9) is recorded
    assert (loudness(part(right, 1.0, 3.0)) > 0) is recorded


async def test_the_tones_of_a_callers_keys_are_left_out_of_a_recording(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.should(CallPhase.OPERATOR)
    studio.passes(1.0)
    keys = [(digit, frame) for digit in "0123456789*#" for frame in key_frames(digit, RATE)]
    for number, (_, frame) in enumerate(keys):
        noisy = mixed(frame, tone(CALLER_HZ, RATE, number, peak=120))  # a line is never quite still
        studio.say(studio.caller, noisy)
        assert studio.operator is not None
        studio.say(studio.operator, tone(DESK_HZ, RATE, number))
        studio.now += 0.02
    studio.passes(1.0)
    left, right = studio.finished()
    during = part(left, 1.1, 0.9 + len(keys) * 0.02)
    assert all(share(during, hertz, RATE) < 0.02 for hertz in (*LOW_HZ, *HIGH_HZ)) or loudness(during) < 20
    assert loudness(during) < 100, "louder than the line itself"
    assert share(part(left, 0.2, 0.9), CALLER_HZ, RATE) > 0.9, "what was said before stays"
    assert share(part(right, 1.2, 3.0), DESK_HZ, RATE) > 0.9, "the desk is heard all the while"


async def test_a_key_that_is_told_by_word_leaves_out_what_the_line_carried(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.should(CallPhase.OPERATOR)
    studio.passes(0.5)
    assert studio.caller.leg is not None
    studio.call.digit(studio.caller.leg, "4")
    studio.passes(0.5)
    left, _ = studio.finished()
    assert loudness(part(left, 0.35, 0.65)) == 0
    assert share(part(left, 0.0, 0.2), CALLER_HZ, RATE) > 0.9
    assert share(part(left, 0.8, 1.0), CALLER_HZ, RATE) > 0.9


def test_speech_is_hardly_ever_taken_for_a_key() -> None:
    frames = [array("h", pcm_of(frame)).tobytes() for clip in load_manifest() for frame in load_clip(clip)]
    wrong = sum(is_key(frame, RATE) for frame in frames)
    assert len(frames) > 10_000
    assert wrong / len(frames) < 0.002
