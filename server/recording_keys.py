"""Find the keys that recordings are sealed with: in the environment, in the file that is named, or in one made here."""

from pathlib import Path

from server.clock import SystemClock
from server.config import Config
from server.config_rules import ConfigError
from server.places import RECORDING_KEYS
from server.recorded.keys import Keys, KeysError, make_keys, parse_keys, read_keys


def keys_file_of(config: Config) -> Path:
    """Return where the keys are; a relative path counts from the configuration's folder."""
    named = config.settings.recording.keys_file
    return config.folder / Path(named).expanduser() if named else config.data_dir / RECORDING_KEYS


def recording_keys_of(config: Config) -> Keys | None:
    """Return the keys; None where recordings are not sealed. The file in data_dir is made where it is missing.

    Raises:
        ConfigError: They cannot be used.
    """
    if not config.settings.recording.encrypt:
        return None
    try:
        if config.recording_keys is not None:
            return parse_keys(config.recording_keys.reveal())
        if config.settings.recording.keys_file:
            return read_keys(keys_file_of(config))
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return make_keys(keys_file_of(config), f"{SystemClock().now():%Y-%m-%d}")
    except KeysError as error:
        raise ConfigError(f"[recording] {error}") from error
