"""Say from the configuration how the media worker runs, and where it is commanded."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from server.config import Config
from server.core.errors import CallerError
from server.media.config import WorkerConfig
from server.media.speech_messages import SpeechConfig
from server.places import CONTROL_SOCKET
from server.recording_keys import recording_keys_of

LONGEST_SOCKET_PATH = 90
"""Longer paths do not fit a Unix socket's address, with what is appended to them, on every system."""


def worker_config(config: Config) -> WorkerConfig:
    """Return how the media worker of this installation runs."""
    media = config.settings.media
    token = config.twilio_auth_token
    keys = recording_keys_of(config)
    return WorkerConfig(
        control_path=str(control_path(config.data_dir)),
        host=media.host,
        port=media.port,
        tls_cert=media.tls_cert,
        tls_key=media.tls_key,
        behind_proxy=media.behind_proxy,
        public_url=media.public_url,
        twilio_auth_token=token.reveal() if token else "",
        hold_sound=config.desk.hold_sound,
        recordings_dir=str(config.recordings_dir),
        least_free_mb=config.settings.recording.least_free_mb,
        recording_keys=keys.text().reveal() if keys is not None else "",
        log_level=config.settings.log.level,
        speech=speech_config(config),
    )


def speech_config(config: Config) -> SpeechConfig | None:
    """Return how calls are transcribed; None when they are not.

    Raises:
        ConfigError: The endpoint's key cannot be read.
    """
    speech = config.settings.speech
    if speech.engine == "off":
        return None
    key = config.secret(speech.key_file)
    return SpeechConfig(
        engine=speech.engine,
        model_path=str(config.folder / speech.model_path) if speech.model_path else "",
        url=speech.url,
        name=speech.name,
        key=key.reveal() if key else "",
        language=speech.language,
        timeout_seconds=speech.timeout_seconds,
    )


def control_path(data_dir: Path) -> Path:
    """Return where the worker's socket lies: in data_dir, or, where that path is too long, in a short folder.

    Raises:
        CallerError: `runtime_folder_exposed` when the short folder belongs to somebody else.
    """
    path = data_dir / CONTROL_SOCKET
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"operator-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise CallerError("runtime_folder_exposed", f"{folder} is not yours alone.", "Use a shorter data_dir.")
    return folder / CONTROL_SOCKET
