"""Say how this installation runs: read, checked and frozen once, at start-up.

The settings are the structs below; their descriptions are the source of config.example.toml and
docs/configuration.md (server/config_reference.py writes both). Secrets come from files or the environment only.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar, cast

import msgspec

from server.channel_settings.kinds import KINDS
from server.channel_settings.section import ChannelSettings
from server.config_assistants import AssistantSettings
from server.config_callbacks import CallbackSettings
from server.config_card import CardSettings, LlmSettings, RedactionSettings
from server.config_carriers import (
    CallsSettings,
    ChimeSettings,
    JambonzSettings,
    PlivoSettings,
    TelnyxSettings,
    TwilioSettings,
)
from server.config_desk import DeskSettings
from server.config_files import FilesSettings
from server.config_lines import SipSettings, check_sip
from server.config_machine import DatabaseSettings, LogSettings, MediaSettings, MetricsSettings, ServerSettings
from server.config_mind import SpeechSettings, TriggersSettings, UnderstandingSettings
from server.config_names import kind_of, refuse_unknown, refuse_unknown_settings, table_of
from server.config_notices import NoticeSettings
from server.config_on_call import OnCallSettings
from server.config_plans import PlanSettings
from server.config_privacy import PrivacySettings
from server.config_queues import QueueSettings, RecordingSettings
from server.config_rules import (
    ConfigError,
    check_database,
    check_listener,
    check_llm,
    check_speech,
    check_twilio,
    check_widget,
    secret_of,
)
from server.config_section import Section
from server.config_tickets import TicketSettings
from server.config_transfers import PhonebookSettings, TransferSettings
from server.config_translation import TranslationSettings
from server.config_widget import WidgetSettings
from server.recorded.keys import RECORDING_KEYS_VARIABLE
from server.secret_files import SecretText
from server.wire.requests import QueueName

CONFIG_VARIABLE: Final = "OPERATOR_CONFIG"
"""Environment: the configuration file, when --config does not name it."""
DATABASE_URL_VARIABLE: Final = "OPERATOR_DATABASE_URL"
"""Environment: the database with its password; wins over `[database] url`."""
TWILIO_TOKEN_VARIABLE: Final = "OPERATOR_TWILIO_AUTH_TOKEN"  # noqa: S105 - the name of the variable, not a token
"""Environment: the Twilio auth token; wins over `[twilio] auth_token_file`."""

LLM_KEY_VARIABLE: Final = "OPERATOR_LLM_KEY"
"""Environment: the key of the language model's endpoint; wins over `[llm] key_file`."""
QUEUES: Final = "queues"
"""The name of the sections that there is one of for each queue: `[queues.NAME]`."""
NOTICES: Final = "notices"
"""The name of the sections that there is one of for each destination of notices: `[notices.NAME]`."""
ON_CALL: Final = "on_call"
"""The name of the sections that there is one of for each list of people on call: `[on_call.NAME]`."""
CHANNELS: Final = "channels"
"""The name of the sections that there is one of for each account on a platform: `[channels.NAME]`."""
TICKETS: Final = "tickets"
"""The name of the sections that there is one of for each system that keeps tickets: `[tickets.NAME]`."""
ASSISTANTS: Final = "assistants"
"""The name of the sections that there is one of for each assistant that the broker asks: `[assistants.NAME]`."""
PLANS: Final = "plans"
"""The name of the sections that there is one of for each plan of organisations: `[plans.NAME]`."""
PHONEBOOK: Final = "phonebook"
"""The name of the sections that there is one of for each destination of transfers: `[phonebook.NAME]`."""

S = TypeVar("S", bound="Section")


class Settings(Section, frozen=True, kw_only=True):
    """All sections of a configuration file, with their defaults."""

    server: ServerSettings = ServerSettings()
    media: MediaSettings = MediaSettings()
    database: DatabaseSettings = DatabaseSettings()
    desk: DeskSettings = DeskSettings()
    sip: SipSettings = SipSettings()
    queues: dict[QueueName, QueueSettings] = msgspec.field(default_factory=dict[str, QueueSettings])
    notices: dict[QueueName, NoticeSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    on_call: dict[QueueName, OnCallSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    channels: dict[QueueName, ChannelSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    tickets: dict[QueueName, TicketSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    assistants: dict[QueueName, AssistantSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    calls: CallsSettings = CallsSettings()
    twilio: TwilioSettings = TwilioSettings()
    transfers: TransferSettings = TransferSettings()
    callbacks: CallbackSettings = CallbackSettings()
    phonebook: dict[QueueName, PhonebookSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    plans: dict[QueueName, PlanSettings] = {}  # noqa: RUF012 - msgspec gives each its own
    plivo: PlivoSettings = PlivoSettings()
    telnyx: TelnyxSettings = TelnyxSettings()
    jambonz: JambonzSettings = JambonzSettings()
    chime: ChimeSettings = ChimeSettings()
    recording: RecordingSettings = RecordingSettings()
    redaction: RedactionSettings = RedactionSettings()
    card: CardSettings = CardSettings()
    llm: LlmSettings = LlmSettings()
    files: FilesSettings = FilesSettings()
    privacy: PrivacySettings = PrivacySettings()
    understanding: UnderstandingSettings = UnderstandingSettings()
    triggers: TriggersSettings = TriggersSettings()
    translation: TranslationSettings = TranslationSettings()
    speech: SpeechSettings = SpeechSettings()
    widget: WidgetSettings = WidgetSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()


NAMED: Final[dict[str, type[Section]]] = {
    QUEUES: QueueSettings,
    NOTICES: NoticeSettings,
    TICKETS: TicketSettings,
    ON_CALL: OnCallSettings,
    ASSISTANTS: AssistantSettings,
    PHONEBOOK: PhonebookSettings,
    PLANS: PlanSettings,
}
"""The sections of which there is one for each name."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the broker is told at start-up: the settings, resolved paths, and the secrets.

    Attributes:
        settings: The sections, as written in the file or by default.
        folder: Relative paths of the settings count from here.
        data_dir: Absolute.
        database_url: `sqlite:///<absolute path>` or `postgresql://...`, with its password.
        identity_secret: By which sites sign who their visitors are; None when none is configured.
        llm_key: None when the language model's endpoint needs none, or none is configured.
        twilio_auth_token: None when calls from Twilio are not configured.
    """

    settings: Settings
    folder: Path
    data_dir: Path
    database_url: SecretText
    twilio_auth_token: SecretText | None = None
    llm_key: SecretText | None = None
    identity_secret: SecretText | None = None
    recording_keys: SecretText | None = None

    def secret(self, file: str) -> SecretText | None:
        """Return the secret in a file that a section names; None when it names none.

        Raises:
            ConfigError: It is missing or readable by others.
        """
        return secret_of({}, "", file, self.folder)

    @property
    def desk(self) -> DeskSettings:
        """The rules of the desk."""
        return self.settings.desk

    @property
    def recordings_dir(self) -> Path:
        """Where recordings are kept; a relative folder counts from data_dir."""
        return self.data_dir / Path(self.settings.recording.folder or "recordings").expanduser()

    def queue(self, name: str) -> QueueSettings:
        """What is different in this queue."""
        return self.settings.queues.get(name, QueueSettings())


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """Return the configuration in `path`, else in the file OPERATOR_CONFIG names, else the defaults.

    Raises:
        ConfigError: The file or a secret is missing, unreadable or malformed, names an unknown setting or section,
            holds a value out of range, or describes a listener that strangers could read along on.
    """
    named = path or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    folder = named.resolve().parent if named else Path.cwd()
    settings = parse(_read(named)) if named else Settings()
    return resolve(settings, folder, environment)


def parse(text: str) -> Settings:
    """Return the settings written in `text` (TOML), each checked by itself.

    Raises:
        ConfigError: Not TOML, or an unknown name, or a value of the wrong type or out of range.
    """
    try:
        tables = cast("dict[str, object]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The configuration is not TOML: {error}.") from error
    channels = _channels(tables)
    refuse_unknown(tables, Settings, NAMED)
    queues = _named(QUEUES, tables, QueueSettings)
    notices = _named(NOTICES, tables, NoticeSettings)
    tickets = _named(TICKETS, tables, TicketSettings)
    on_call = _named(ON_CALL, tables, OnCallSettings)
    assistants = _named(ASSISTANTS, tables, AssistantSettings)
    phonebook = _named(PHONEBOOK, tables, PhonebookSettings)
    try:
        settings = msgspec.convert(tables, Settings)
        return msgspec.structs.replace(
            settings,
            queues=queues,
            notices=notices,
            tickets=tickets,
            channels=channels,
            assistants=assistants,
            on_call=on_call,
            phonebook=phonebook,
        )
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        section, _, name = where.rstrip("`").partition(".")
        raise ConfigError(f"[{section}] {name}: {what}." if name else f"[{section}]: {what}.") from error


def _named(section: str, tables: dict[str, object], struct: type[S]) -> dict[str, S]:
    """Take the sections `[section.NAME]` out of `tables`.

    One by one, because msgspec does not say which entry of a dict is wrong.
    """
    return {
        name: _one(f"{section}.{name}", name, one, struct)
        for name, one in table_of(section, tables.pop(section, {})).items()
    }


def _channels(tables: dict[str, object]) -> dict[str, ChannelSettings]:
    """Take the sections `[channels.NAME]` out of `tables`, each by the struct of its kind."""
    found: dict[str, ChannelSettings] = {}
    for name, table in table_of(CHANNELS, tables.pop(CHANNELS, {})).items():
        section = f"{CHANNELS}.{name}"
        struct = KINDS[kind_of(section, table, KINDS)]
        refuse_unknown_settings(section, table, struct)
        found[name] = _one(section, name, table, struct)
    return found


def _one(section: str, name: str, table: object, struct: type[S]) -> S:
    try:
        msgspec.convert(name, QueueName)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"[{section}] is no name for a section: use small letters, digits, - and _, such as [{section.lower()}]."
        ) from error
    try:
        return msgspec.convert(table, struct)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise ConfigError(f"[{section}] {where.rstrip('`')}: {what}.") from error


def resolve(settings: Settings, folder: Path, environment: Mapping[str, str]) -> Config:
    """Return the configuration of checked `settings`; relative paths count from `folder`.

    Raises:
        ConfigError: A secret is missing or readable by others, or settings contradict each other.
    """
    check_listener("server", settings.server, folder)
    check_listener("media", settings.media, folder)
    data_dir = (folder / Path(settings.server.data_dir).expanduser()).resolve()
    twilio_token = secret_of(environment, TWILIO_TOKEN_VARIABLE, settings.twilio.auth_token_file, folder)
    check_twilio(settings.twilio, settings.server, settings.media, has_token=twilio_token is not None)
    check_llm(settings.llm)
    check_sip(settings.sip)
    check_speech(settings.speech)
    password = secret_of(environment, "", settings.database.password_file, folder)
    identity_secret = secret_of({}, "", settings.widget.identity_secret_file, folder)
    check_widget(settings.widget, settings.media, secret=identity_secret)
    return Config(
        settings=settings,
        folder=folder,
        data_dir=data_dir,
        database_url=check_database(
            environment.get(DATABASE_URL_VARIABLE, ""), settings.database.url, password, data_dir
        ),
        twilio_auth_token=twilio_token,
        llm_key=secret_of(environment, LLM_KEY_VARIABLE, settings.llm.key_file, folder),
        identity_secret=identity_secret,
        recording_keys=secret_of(environment, RECORDING_KEYS_VARIABLE, "", folder),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The configuration file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The configuration file {path} is not text in UTF-8.") from error
