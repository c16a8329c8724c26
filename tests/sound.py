"""Give a test sound cards where there are none: a PulseAudio server of its own with null sinks, reachable through ALSA.

The operator hears in the sink `headset` and speaks through the source `mic`, which is fed by playing into the sink
`mic_in`. `norewinds=1` matters: without it a null sink works in blocks of two seconds.
"""

import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import wave
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from server.demo.speech import load_clip
from tests import needs

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE: Final = 16_000
_PULSE: Final = """\
load-module module-native-protocol-unix socket={folder}/native auth-anonymous=1
load-module module-null-sink sink_name=headset {null} sink_properties=device.description=Headset
load-module module-null-sink sink_name=mic_in {null}
load-module module-remap-source source_name=mic master=mic_in.monitor source_properties=device.description=Microphone
load-module module-null-sink sink_name=spare {null} sink_properties=device.description=Spare
set-default-sink headset
set-default-source mic
"""
_MICROPHONE: Final = ("source_name=mic", "master=mic_in.monitor", "source_properties=device.description=Microphone")
_ALSA: Final = """\
</usr/share/alsa/alsa.conf>
pcm.headset {{ type pulse device headset hint {{ show on description "Headset" }} }}
pcm.mic {{ type pulse device mic hint {{ show on description "Microphone" }} }}
pcm.spare {{ type pulse device spare hint {{ show on description "Spare" }} }}
"""
_READY_SECONDS: Final = 60.0


class SoundServer:
    """One PulseAudio server; `stop` and `start` it to pull the plug and put it back."""

    def __init__(self, folder: Path) -> None:
        """Prepare in `folder`, whose path must be short enough for a socket."""
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "default.pa").write_text(_PULSE.format(folder=folder, null="rate=48000 channels=1 norewinds=1"))
        (folder / "alsa.conf").write_text(_ALSA.format())
        self.environment: Final[Mapping[str, str]] = {
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
        }

    def start(self) -> None:
        """Start and return when it answers."""
        dies_with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        command = [
            *dies_with_us,
            *("pulseaudio", "-n", "-F", str(self.folder / "default.pa"), "--daemonize=no", "--exit-idle-time=-1"),
            *("--disallow-exit", "--use-pid-file=no", f"--log-target=newfile:{self.folder}/pulse.log"),
            *("--realtime=no", "--high-priority=no"),
        ]
        environment = {**os.environ, **self.environment}
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        until = time.monotonic() + _READY_SECONDS
        while subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False).returncode:
            assert self._process.poll() is None, "PulseAudio ended by itself"
            assert time.monotonic() < until, "PulseAudio does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill it, as if every device had been pulled."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def speaking(self, path: Path) -> Iterator[None]:
        """Play a WAV into the operator's microphone meanwhile."""
        command = ["paplay", "--device=mic_in", "--latency-msec=20", str(path)]
        with subprocess.Popen(command, env={**os.environ, **self.environment}, stderr=subprocess.DEVNULL) as player:
            try:
                yield
            finally:
                player.kill()

    def unplug_microphone(self) -> None:
        """Take the source `mic` away, and nothing else."""
        modules = self._pactl("list", "short", "modules").splitlines()
        self._pactl("unload-module", next(line.split()[0] for line in modules if "source_name=mic " in line))

    def plug_microphone(self) -> None:
        """Put it back."""
        self._pactl("load-module", "module-remap-source", *_MICROPHONE)

    def plug_second_microphone(self) -> None:
        """Have another source, `laptop`, that hears nothing; the system takes it when `mic` is away."""
        self._pactl("load-module", "module-remap-source", "source_name=laptop", "master=spare.monitor")

    @contextmanager
    def leaking(self) -> Iterator[None]:
        """Let the microphone pick up what the speaker plays meanwhile, as on a desk without a headset."""
        how = ["source=headset.monitor", "sink=mic_in", "latency_msec=40", "adjust_time=0"]
        loaded = self._pactl("load-module", "module-loopback", *how)
        try:
            yield
        finally:
            self._pactl("unload-module", loaded)

    def _pactl(self, *words: str) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            ["pactl", *words], env=environment, capture_output=True, check=True, text=True
        ).stdout.strip()

    @contextmanager
    def hearing(self, sink: str = "headset") -> Iterator[Path]:
        """Record the operator's headphone (or another sink) meanwhile, as raw PCM16 mono at 16 kHz."""
        path = self.folder / f"heard-{time.monotonic_ns()}.raw"
        how = [f"--device={sink}.monitor", f"--rate={RATE}", "--channels=1", "--format=s16le", "--latency-msec=20"]
        with (
            path.open("wb") as out,
            subprocess.Popen(["parec", *how], env={**os.environ, **self.environment}, stdout=out) as recorder,
        ):
            try:
                yield path
            finally:
                recorder.terminate()


@contextmanager
def server() -> Iterator[SoundServer]:
    """Run a sound server; skips the test when PulseAudio is not here."""
    needs.require(needs.PULSEAUDIO)
    with tempfile.TemporaryDirectory(prefix="snd") as name:
        sound = SoundServer(Path(name))
        sound.start()
        try:
            yield sound
        finally:
            sound.stop()


def tone(hertz: float, seconds: float, amplitude: float = 0.3, rate: int = RATE) -> bytes:
    """Return a sine as PCM16 mono."""
    scale, turn = amplitude * 32767, 2 * math.pi * hertz / rate
    samples = array("h", [round(scale * math.sin(turn * index)) for index in range(round(rate * seconds))])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def write_wav(path: Path, pcm: bytes, rate: int = RATE, channels: int = 1) -> Path:
    """Write PCM16 as a WAV."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return path


def share_of(pcm: bytes, hertz: float, rate: int = RATE) -> float:
    """Return which share of the energy in `pcm` lies at `hertz` (Goertzel over blocks of 50 ms), 0..1."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    length = rate // 20
    energy = at_tone = 0.0
    for start in range(0, len(samples) - length + 1, length):
        block = samples[start : start + length]
        energy += sum(sample * sample for sample in block)
        at_tone += _power(block, hertz, rate)
    return at_tone / energy if energy else 0.0


def loudest(pcm: bytes) -> int:
    """Return the largest magnitude among the samples."""
    return max((abs(sample) for sample in array("h", pcm[: len(pcm) // 2 * 2])), default=0)


def _power(block: "array[int]", hertz: float, rate: int) -> float:
    """Return the energy of `block` at `hertz`, on the scale of its sum of squares."""
    coefficient = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for sample in block:
        last, before = sample + coefficient * last - before, last
    return 2 * (last * last + before * before - coefficient * last * before) / len(block)


def read_wav(path: Path) -> bytes:
    """Return the sound of a WAV."""
    with wave.open(str(path), "rb") as recording:
        return recording.readframes(recording.getnframes())


def speech(*names: str) -> bytes:
    """Return recordings of the demo's callers one after the other, as PCM16 mono at 16 kHz."""
    mulaw = b"".join(frame for name in names for frame in load_clip(name))
    pcm, _ = audioop.ratecv(audioop.ulaw2lin(mulaw, 2), 2, 1, 8_000, RATE, None)
    return pcm


def level(pcm: bytes) -> float:
    """Return the RMS of PCM16, 0..1."""
    return audioop.rms(pcm, 2) / 32768 if pcm else 0.0


def decibels(before: bytes, after: bytes) -> float:
    """Return by how much `after` is quieter than `before`, in dB."""
    return 20 * math.log10(max(level(before), 1e-6) / max(level(after), 1e-6))


def noise(seconds: float, amplitude: float = 0.02, seed: int = 1) -> bytes:
    """Return white noise as PCM16 mono, the same for the same seed."""
    dice = random.Random(seed)
    return array("h", [round(dice.gauss(0, amplitude * 32767)) for _ in range(round(RATE * seconds))]).tobytes()
