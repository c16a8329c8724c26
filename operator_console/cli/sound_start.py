"""Say how the audio process of this person starts, for the screen and for every command with sound."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from operator_console.config import ConsoleConfig

if TYPE_CHECKING:
    from operator_console.audio.options import AudioOptions

AUDIO_LOG: Final = "audio.log"


def audio_options(config: ConsoleConfig) -> "AudioOptions":
    """Return how the audio process starts for this person."""
    from operator_console.audio.options import AudioOptions  # noqa: PLC0415 - --help needs no audio

    audio, ca_file = config.settings.audio, config.settings.server.ca_file
    return AudioOptions(
        backend=audio.backend,
        microphone=audio.microphone,
        speaker=audio.speaker,
        file_microphone=_file(config, audio.file_microphone),
        file_speaker=_file(config, audio.file_speaker),
        block_ms=audio.block_ms,
        ca_file=_file(config, ca_file),
        gain_db=audio.gain_db,
        real_time=audio.real_time,
        alert=audio.alert_speaker,
        echo=audio.echo_cancellation,
        noise=audio.noise_suppression,
    )


def audio_log(config: ConsoleConfig) -> Path:
    """Return where the audio process and the sound libraries may write."""
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return config.state_dir / AUDIO_LOG


def _file(config: ConsoleConfig, name: str) -> str:
    return str(config.folder / Path(name).expanduser()) if name else ""
