"""Tell the audio process how to start: the few things that hold for its whole life, as command-line arguments."""

from collections.abc import Sequence

import msgspec

BACKENDS = ("auto", "sounddevice", "pyaudio", "miniaudio", "file", "null")
"""What `backend` may say; "auto" takes the first of the middle four that has a device."""


class AudioOptions(msgspec.Struct, frozen=True):
    """How the child starts.

    Attributes:
        backend: One of `BACKENDS`.
        microphone: Id of the microphone to use, "" for the system's default.
        speaker: Id of the speaker to use, "" for the system's default.
        file_microphone: WAV that the file backend speaks, over and over; "" is silence.
        file_speaker: WAV that the file backend writes what the operator hears to; "" throws it away.
        device_rate: Rate in Hz to open devices with; 0 tries the leg's own and then the device's.
        block_ms: Length of the blocks that devices are read and written in.
        gain_db: How much louder (quieter) the microphone is made, -20 to 20.
        real_time: Run before other work where the system lets us.
        alert: Id of the speaker that alerts sound on, "" for none.
        echo: The caller's echo is taken out of the microphone (extra `webrtc`).
        noise: The room's noise is taken out of it (extra `webrtc`).
        ca_file: PEM file that signs the media worker's certificate; "" trusts what the system trusts.
    """

    backend: str = "auto"
    microphone: str = ""
    speaker: str = ""
    file_microphone: str = ""
    file_speaker: str = ""
    device_rate: int = 0
    block_ms: int = 10
    ca_file: str = ""
    gain_db: float = 0.0
    real_time: bool = True
    alert: str = ""
    echo: bool = False
    noise: bool = False

    def arguments(self) -> list[str]:
        """Return the command-line arguments that say the same."""
        return [
            f"--backend={self.backend}",
            f"--microphone={self.microphone}",
            f"--speaker={self.speaker}",
            f"--file-microphone={self.file_microphone}",
            f"--file-speaker={self.file_speaker}",
            f"--device-rate={self.device_rate}",
            f"--block-ms={self.block_ms}",
            f"--ca-file={self.ca_file}",
            f"--gain-db={self.gain_db}",
            f"--alert={self.alert}",
            *([] if self.real_time else ["--no-real-time"]),
            *(["--echo"] if self.echo else []),
            *(["--noise"] if self.noise else []),
        ]


def parse(arguments: Sequence[str]) -> tuple[AudioOptions, bool]:
    """Return the options that `arguments` say, and whether only the list of devices is wanted.

    Raises:
        SystemExit: with code 2, when they say something else.
    """
    import argparse  # noqa: PLC0415 - the screen only says options, it reads none

    parser = argparse.ArgumentParser(prog="python -m operator_console.audio", description=__doc__)
    default = AudioOptions()
    parser.add_argument("--backend", choices=BACKENDS, default=default.backend)
    parser.add_argument("--microphone", default="")
    parser.add_argument("--speaker", default="")
    parser.add_argument("--file-microphone", default="")
    parser.add_argument("--file-speaker", default="")
    parser.add_argument("--device-rate", type=int, default=default.device_rate)
    parser.add_argument("--block-ms", type=int, choices=(10, 20), default=default.block_ms)
    parser.add_argument("--ca-file", default="")
    parser.add_argument("--gain-db", type=float, default=default.gain_db)
    parser.add_argument("--alert", default="")
    parser.add_argument("--no-real-time", dest="real_time", action="store_false")
    parser.add_argument("--echo", action="store_true")
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the devices as one JSON line and exit")
    said = vars(parser.parse_args(list(arguments)))
    only_list = bool(said.pop("list"))
    return AudioOptions(**said), only_list
