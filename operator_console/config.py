"""Say how this person's console runs: read once, checked, with unknown names refused by naming the nearest known one.

The file is TOML, `$XDG_CONFIG_HOME/operator-console/config.toml` unless `--config` or `$OPERATOR_CONSOLE_CONFIG` names
another. It holds no secret: the token has a file of its own (operator_console/credentials.py).
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, cast

import msgspec
from msgspec import Meta

CONFIG_VARIABLE: Final = "OPERATOR_CONSOLE_CONFIG"
"""Environment: the configuration file, when --config does not name it."""
SERVER_VARIABLE: Final = "OPERATOR_SERVER"
"""Environment: the broker's address; wins over `[server] url`."""
FOLDER: Final = "operator-console"


class ConfigError(Exception):
    """The configuration can't be used; the sentence says where and what to do."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections share: frozen, and no setting that nothing reads."""


class ServerSettings(Section, frozen=True, kw_only=True):
    """Which broker to work at."""

    url: Annotated[
        str,
        Meta(description="The broker's address. Other machines need https://. $OPERATOR_SERVER wins over it."),
    ] = "http://127.0.0.1:8080"
    token_file: Annotated[
        str,
        Meta(description="File with your token (chmod 600). Empty: `token` beside this file. $OPERATOR_TOKEN wins."),
    ] = ""
    ca_file: Annotated[
        str, Meta(description="PEM file that signs the broker's certificate. Empty: what the system trusts.")
    ] = ""


class AudioSettings(Section, frozen=True, kw_only=True):
    """What you hear and speak with."""

    backend: Annotated[
        Literal["auto", "sounddevice", "pyaudio", "miniaudio", "file", "null"],
        Meta(description="auto: the first that finds a device. file: no sound card, WAV files instead."),
    ] = "auto"
    microphone: Annotated[
        str, Meta(description="Id of the microphone (operator-console devices). Empty: the system's default.")
    ] = ""
    speaker: Annotated[
        str, Meta(description="Id of the speaker (operator-console devices). Empty: the system's default.")
    ] = ""
    alert_speaker: Annotated[
        str,
        Meta(
            description="Id of the speaker that calls you when something needs you, instead of the terminal's bell. "
            "Empty: none."
        ),
    ] = ""
    file_microphone: Annotated[
        str, Meta(description="Backend file: the WAV that is spoken, over and over. Empty: silence.")
    ] = ""
    file_speaker: Annotated[
        str, Meta(description="Backend file: the WAV that what you hear is written to. Empty: nowhere.")
    ] = ""
    gain_db: Annotated[
        float, Meta(ge=-20, le=20, description="Makes the microphone louder or quieter; + and - change and keep it.")
    ] = 0.0
    echo_cancellation: Annotated[
        bool,
        Meta(
            description="true: what you hear is taken out of what your microphone picks up, for work without a "
            "headset. Needs pip install 'operator-console[webrtc]'."
        ),
    ] = False
    noise_suppression: Annotated[
        bool, Meta(description="true: the room's steady noise is taken out of your microphone. Needs the same.")
    ] = False
    real_time: Annotated[
        bool,
        Meta(
            description="true: sound is run before other work where the system lets you (limit rtprio), so that a busy "
            "machine loses none of it."
        ),
    ] = True
    test_before_available: Annotated[
        Literal["required", "warn", "off"],
        Meta(
            description="Before you go on duty: record 2 s, hear yourself, and a verdict. required: only with a good "
            "one. warn: also with a bad one, after a question. Once for each start of the console."
        ),
    ] = "off"
    block_ms: Annotated[
        Literal[10, 20], Meta(description="Length of the blocks that devices work in; 20 for slow machines.")
    ] = 10


class ScreenSettings(Section, frozen=True, kw_only=True):
    """How the screen looks."""

    theme: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            description="desk-dark, desk-light, desk-contrast, desk-terminal (its own colours), or one of Textual's.",
        ),
    ] = "desk-dark"
    motion: Annotated[bool, Meta(description="false: no row flashes; the words NEW, AT RISK and LATE stay.")] = True
    downloads: Annotated[
        str, Meta(max_length=1_000, description="Folder that customers' files are saved in. Empty: ~/Downloads.")
    ] = ""


class AttentionSettings(Section, frozen=True, kw_only=True):
    """How you are called when something needs you: only on duty, and never by a view-only console."""

    bell: Annotated[bool, Meta(description="true: the terminal's bell sounds where no alert speaker does.")] = True
    notify: Annotated[
        Literal["auto", "off", "always"],
        Meta(
            description="Desktop notifications (OSC 9, OSC 777). auto: from the second alert on. always: from the "
            "first. Never while you look at the window. In tmux: set -g allow-passthrough on."
        ),
    ] = "auto"
    title: Annotated[bool, Meta(description="true: the window's title says how many wait.")] = True
    repeat_offer_seconds: Annotated[
        float, Meta(ge=3, le=3600, description="An offer that rings at you alerts again after this time.")
    ] = 15.0
    repeat_waiting_seconds: Annotated[
        float, Meta(ge=3, le=3600, description="While somebody waits past the promise you are told again this often.")
    ] = 60.0


_KEYS: Final = str | list[str]
"""One key or several."""


class MacroSettings(Section, frozen=True, kw_only=True):
    """Some commands that run in order."""

    key: Annotated[str, Meta(max_length=40, description="The key that runs it. Empty: none; :macro.name runs it.")] = ""
    do: Annotated[
        list[str], Meta(description="Commands as after the colon; it stops with the reason at one that can't act.")
    ]


class Settings(Section, frozen=True, kw_only=True):
    """All sections of the console's configuration, with their defaults."""

    server: ServerSettings = ServerSettings()
    audio: AudioSettings = AudioSettings()
    screen: ScreenSettings = ScreenSettings()
    attention: AttentionSettings = AttentionSettings()
    keys: Annotated[
        dict[str, str | list[str]],
        Meta(description="Action → key or keys, instead of its own; [] for none. docs/keys.md has all names."),
    ] = {}
    macros: Annotated[
        dict[str, MacroSettings], Meta(description="Name → { key, do }; operator_console.tui.key_plan checks it.")
    ] = {}


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a console is told at its start.

    Attributes:
        settings: The sections, as written or by default; the broker's url may come from elsewhere.
        path: The file they come from; it need not exist.
        state_dir: Where unsent texts and the audio log go.
    """

    settings: Settings
    path: Path
    state_dir: Path

    @property
    def folder(self) -> Path:
        """Where relative paths of the configuration count from."""
        return self.path.parent


def load(named: Path | None, environment: Mapping[str, str], server: str = "") -> ConsoleConfig:
    """Return the configuration; a missing file counts as an empty one unless it was named.

    Args:
        named: The file of `--config`.
        environment: For the variables above and the XDG folders.
        server: The address of `--server`, which wins over all.

    Raises:
        ConfigError: unreadable, not TOML, an unknown name, or a value of the wrong kind.
    """
    asked = named or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    path = (asked or config_dir(environment) / "config.toml").expanduser().absolute()
    settings = parse(_read(path)) if asked is not None or path.exists() else Settings()
    url = server or environment.get(SERVER_VARIABLE, "") or settings.server.url
    settings = msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, url=url))
    return ConsoleConfig(settings=settings, path=path, state_dir=_xdg(environment, "XDG_STATE_HOME", ".local/state"))


def config_dir(environment: Mapping[str, str]) -> Path:
    """Return the folder of the configuration and the token."""
    return _xdg(environment, "XDG_CONFIG_HOME", ".config")


def parse(text: str) -> Settings:
    """Return the settings written in `text` (TOML).

    Raises:
        ConfigError: not TOML, an unknown name, or a value of the wrong kind.
    """
    try:
        tables = cast("dict[str, object]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The configuration is not TOML: {error}.") from error
    _refuse_unknown(tables)
    try:
        return msgspec.convert({**tables, **_named_by_people(tables)}, Settings)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        section, _, name = where.rstrip("`").partition(".")
        raise ConfigError(f"[{section}] {name}: {what}.") from error


def _named_by_people(tables: Mapping[str, object]) -> dict[str, object]:
    """Return the sections whose names people choose, checked entry by entry."""
    keys = dict(_flat(cast("dict[str, object]", tables.get("keys", {}))))
    macros = cast("dict[str, object]", tables.get("macros", {}))
    for name, macro in macros.items():
        for setting in cast("dict[str, object]", macro) if isinstance(macro, dict) else ():
            if setting not in _names(MacroSettings):
                _refuse(f"[macros] {name} {setting}", setting, _names(MacroSettings))
    return {
        "keys": {id_: _entry(f"[keys] {id_}", value, _KEYS) for id_, value in keys.items()},
        "macros": {name: _entry(f"[macros] {name}", value, MacroSettings) for name, value in macros.items()},
    }


def _entry(where: str, value: object, kind: object) -> object:
    try:
        return msgspec.convert(value, cast("type[object]", kind))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {str(error).replace(' - at `$.', ' - at `')}.") from error


def _flat(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted names with their values: TOML reads `call.mute = "f6"` as a table in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, object]", value), f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _xdg(environment: Mapping[str, str], variable: str, otherwise: str) -> Path:
    root = environment.get(variable, "")
    home = Path(environment.get("HOME") or Path.home())
    return (Path(root) if Path(root).is_absolute() else home / otherwise) / FOLDER


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The configuration file {path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The configuration file {path} is not text in UTF-8.") from error


def _refuse_unknown(tables: Mapping[str, object]) -> None:
    sections = {
        field.name: _names(field.type) if isinstance(field.type, type) else None
        for field in msgspec.structs.fields(Settings)
    }
    for section, table in tables.items():
        if section not in sections:
            _refuse(f"[{section}]", section, tuple(f"[{name}]" for name in sections))
        if not isinstance(table, dict):
            raise ConfigError(f"[{section}] is a section: write [{section}] on a line and its settings below it.")
        known = sections[section]
        for name in cast("dict[str, object]", table):
            if known is not None and name not in known:
                _refuse(f"[{section}] {name}", name, known)


def _names(struct: object) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(cast("type[Section]", struct)))


def _refuse(where: str, name: str, known: tuple[str, ...]) -> None:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    told = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}."
    raise ConfigError(f"{where} is not a setting. {told}")
