"""Put the broker together by hand: from a configuration to an application that can be served."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from server import ids
from server.answering import assistants_of
from server.api.acknowledge import acknowledge_routes
from server.api.app import build_app
from server.api.auth import DEFAULT_ORGANISATION, Gate, sha256
from server.api.recordings import voicemail_link
from server.api.sms_answers import sms_routes
from server.broker.broker import Broker
from server.broker.parts import NOTICES, Parts
from server.broker.ports.dialling import Callee
from server.broker.signs import MindPolicy
from server.carriers_of import carrier_routes, carriers_of, with_own_line
from server.channels_of import channels_of
from server.clock import Clock, SystemClock
from server.config import Config, Settings
from server.config_desk import DeskSettings
from server.config_files import FilesSettings
from server.config_rules import ConfigError
from server.core.files import FileRules
from server.desk_rules import queues_of, rules_of
from server.destinations import destinations_of, fallbacks_of, sms_tokens
from server.guard_of import guard_of
from server.media.control import WorkerControl
from server.metrics.loop_lag import LoopLag
from server.metrics_of import Metrics
from server.on_call import schedules_of
from server.own_secrets import admin_token, link_key
from server.places import FILES, RULES
from server.plans_of import plans_of
from server.recording_keys import recording_keys_of
from server.routing_rules import routers_of
from server.storage.database import SqlDatabase
from server.storage.file_store import DiskFiles
from server.storage.recordings import FolderOfRecordings
from server.ticket_systems import tickets_of
from server.translator_of import translator_of
from server.understanding.actions import read_actions
from server.understanding.card import CardWriter
from server.understanding.custom_fields import read_fields
from server.understanding.desk import WorkerUnderstanding
from server.understanding.llm import Endpoint, Llm, shipped_prompt
from server.understanding.redaction import Policy
from server.understanding.redactor import PolicyRedactor, read_exceptions
from server.understanding.rule_book import RuleBook
from server.understanding.trigger_settings import TriggerSettings, read_settings
from server.understanding.worker import Begin
from server.widget_desk import widget_desk
from server.wire.sanitize import clean_line
from server.wire.terms import OrganisationId
from server.wire.views import DeskPolicy, PhonebookEntry
from server.worker_of import control_path, worker_config

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Built:
    """A broker that is ready to be served."""

    app: Litestar
    broker: Broker
    lag: LoopLag | None = None


def build(config: Config, *, public_url: str, end_calls: bool = False, clock: Clock | None = None) -> Built:
    """Return the application of one broker; nothing is opened before it is served.

    Args:
        config: Checked settings and secrets.
        public_url: Where others reach the control listener.
        end_calls: Stopping the broker ends live calls; otherwise the media worker bridges on for the next broker.
        clock: What tells the time; the machine's by default.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SystemClock()
    rules, channels, cards = (
        rules_of(config.settings, config.folder),
        channels_of(config, clock, public_url),
        card_writer_of(config, clock),
    )
    metrics = Metrics(config, rules, channels)
    database = SqlDatabase(config.database_url.reveal(), clock=clock, timed=metrics.committed)
    database = SqlDatabase(config.database_url.reveal(), clock=clock)
    guard = guard_of(config.settings)
    parts = Parts(
        database=database,
        media=WorkerControl(worker_config(config), clock),
        files=DiskFiles(config.data_dir / FILES),
        clock=clock,
        rules=rules,
        new_id=ids.new_id,
        new_secret=ids.new_secret,
        redactor=redactor_of(config),
        cards=cards,
        notices=NOTICES,
        recordings=FolderOfRecordings(
            config.recordings_dir,
            config.settings.recording.keep_days,
            recording_keys_of(config),
            config.settings.recording.keep_voicemail_days,
        ),
        routers=routers_of(config, clock),
        file_rules=file_rules_of(config.settings.files),
        keep_days=config.settings.privacy.keep_conversations_days,
        policy=policy_of(config.desk, guard.named()),
        queues=queues_of(config.settings.queues),
        carriers=carriers_of(config, public_url),
        guard=guard,
        destinations=destinations_of(config, clock),
        fallbacks=fallbacks_of(config.settings),
        on_call=schedules_of(config.settings),
        desk_url=public_url,
        channels=channels,
        understanding=understanding_of(config, clock),
        assistants=assistants_of(config, clock),
        tickets=tickets_of(config, clock),
        translator=translator_of(config),
        plans=plans_of(config.settings.plans),
        organisations=organisations_of(config.settings),
        link_key=link_key(config.data_dir),
        transcribes=config.settings.speech.engine != "off",
        mind=mind_of(config.settings),
        measures=metrics.measures,
    )
    parts = with_own_line(parts, config, control_path(config.data_dir))
    broker = Broker(parts, end_calls=end_calls)
    gate = Gate(database, sha256(admin_token(config.data_dir)))
    widget = widget_desk(broker, config, public_url)
    routes: list[ControllerRouterHandler] = [
        metrics.route(broker.parts, cards),
        *widget.routes,
        *acknowledge_routes(broker),
        voicemail_link(broker),
        *sms_routes(broker, sms_tokens(config), public_url),
        *carrier_routes(broker, config, public_url),
    ]
    timing = metrics.timing(clock.monotonic)
    app = build_app(broker, gate, public_url, routes, widget.before_send, timing=timing)
    return Built(app, broker, metrics.lag)


def organisations_of(settings: Settings) -> frozenset[OrganisationId]:
    """Return the organisations that the configuration names, the default one among them."""
    named = {settings.widget.organisation, *(one.organisation for one in settings.channels.values())}
    return frozenset(OrganisationId(name or DEFAULT_ORGANISATION) for name in {"", *named})


def redactor_of(config: Config) -> PolicyRedactor:
    """Return what takes secrets out of texts, by the policy of everybody and of single organisations.

    Raises:
        ConfigError: The file of the organisations' own policies cannot be used.
    """
    wanted = config.settings.redaction
    policy = Policy(
        cards=wanted.cards != "keep",
        card_endings=wanted.cards == "ending",
        security_codes=wanted.security_codes,
        one_time_codes=wanted.one_time_codes,
        passwords=wanted.passwords,
        ibans=wanted.ibans,
        national_ids=wanted.national_ids,
    )
    if not wanted.organisations:
        return PolicyRedactor(policy)
    return PolicyRedactor(policy, read_exceptions(config.folder / Path(wanted.organisations).expanduser(), policy))


def understanding_of(config: Config, clock: Clock) -> WorkerUnderstanding | None:
    """Return what looks at conversations; None where it is switched off.

    Raises:
        ConfigError: The triggers' file cannot be used.
    """
    wanted = config.settings.understanding
    if not wanted.enabled:
        return None
    file = config.settings.triggers.file
    settings = read_settings(config.folder / Path(file).expanduser()) if file else TriggerSettings()
    model_path = str(config.folder / Path(wanted.model_path).expanduser()) if wanted.model_path else ""
    begin = Begin(settings, wanted.model, model_path)
    return WorkerUnderstanding(begin, clock, RuleBook(config.data_dir / RULES))


def mind_of(settings: Settings) -> MindPolicy:
    """Return what follows from what was understood."""
    wanted, triggers = settings.understanding, settings.triggers
    return MindPolicy(
        guard=wanted.guard,
        decline_below=wanted.decline_below_percent / 100,
        live_mood=wanted.mood == "live",
        request=triggers.act == "request",
        queue=triggers.queue,
        priority=triggers.priority,
    )


def policy_of(desk: DeskSettings, phonebook: Sequence[Callee] = ()) -> DeskPolicy:
    """Return what the desk's rules say about people, as consoles are told."""
    return DeskPolicy(
        away_reasons=tuple(clean_line(reason, 40) for reason in desk.away_reasons),
        max_on_break=desk.max_on_break,
        phonebook=tuple(
            PhonebookEntry(name=clean_line(one.to, 80), address=one.address, warm_only=one.warm_only)
            for one in phonebook
        ),
    )


def card_writer_of(config: Config, clock: Clock) -> CardWriter:
    """Return what completes cards: the rules of this installation, and its language model if it has one.

    Raises:
        ConfigError: A file of rules or fields cannot be used.
    """
    wanted = config.settings.card
    actions = read_actions(config.folder / Path(wanted.actions).expanduser() if wanted.actions else None)
    fields = read_fields(config.folder / Path(wanted.fields).expanduser()) if wanted.fields else ()
    return CardWriter(actions, fields, llm_of(config, clock))


def llm_of(config: Config, clock: Clock) -> Llm | None:
    """Return the language model that is asked for better words, if one is configured.

    Raises:
        ConfigError: The file of its instructions cannot be read.
    """
    wanted = config.settings.llm
    if not wanted.url:
        return None
    try:
        prompt = (config.folder / wanted.prompt).read_text(encoding="utf-8") if wanted.prompt else shipped_prompt()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[llm] prompt: {wanted.prompt} cannot be read.") from error
    return Llm(
        Endpoint(
            url=wanted.url,
            name=wanted.name,
            prompt=prompt,
            key=config.llm_key,
            timeout_seconds=wanted.timeout_seconds,
            cost_in=wanted.cents_per_million_in / 100,
            cost_out=wanted.cents_per_million_out / 100,
        ),
        clock,
    )


def file_rules_of(files: FilesSettings) -> FileRules:
    """Return what is said about files as the core takes it."""
    return FileRules(most_bytes=files.most_bytes, keep_days=files.keep_days, types=files.types)
