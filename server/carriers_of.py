"""Make every carrier of the configuration, and the webhooks that each calls."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from litestar.handlers import HTTPRouteHandler

from server.api.chime_webhook import chime_routes
from server.api.jambonz_webhook import jambonz_routes
from server.api.plivo_webhook import plivo_routes
from server.api.twilio_webhook import twilio_routes
from server.broker.broker import Broker
from server.broker.parts import Parts
from server.broker.ports.carrier import Carrier, Carriers
from server.clock import SystemClock
from server.config import Config
from server.config_rules import ConfigError
from server.notices.signed_post import key_of
from server.secret_files import SecretText
from server.telephony.chime_calls import ChimeAccount, ChimeCalls
from server.telephony.jambonz_calls import JambonzAccount, JambonzCalls
from server.telephony.plivo_calls import PlivoAccount, PlivoCalls
from server.telephony.sip.configured import with_sip
from server.telephony.telnyx_calls import TelnyxAccount, TelnyxCalls
from server.telephony.twilio_calls import TwilioAccount, TwilioCalls

Maker = Callable[[Config, str], Carrier | None]
"""Makes one carrier, told where others reach the control listener; None when it is not configured.

Raises:
    ConfigError: It is configured by half.
"""


def carriers_of(config: Config, public_url: str) -> Carriers:
    """Return the carriers that are configured.

    Raises:
        ConfigError: One is configured by half; `dial_with` names none that can dial, or several can and it is empty.
    """
    made = {name: make(config, public_url) for name, make in MAKERS.items()}
    by_channel = {name: carrier for name, carrier in made.items() if carrier is not None}
    can_dial = [name for name in by_channel if CALLER_NUMBERS[name](config)]
    wanted, names = config.settings.calls.dial_with, ", ".join(can_dial)
    own_lines = wanted == "sip" and config.settings.sip.trunks  # joins them in `server.build`
    if wanted and wanted not in can_dial and not own_lines:
        can = f"Those that can: {names}." if names else "None can: each needs its account and caller_number."
        raise ConfigError(f"[calls] dial_with = {wanted!r}: no carrier of this name can dial. {can}")
    if len(can_dial) > 1 and not wanted:
        raise ConfigError(f"[calls] dial_with is missing: several carriers can dial ({names}). Name one of them.")
    return Carriers(by_channel, wanted, frozenset(by_channel) - frozenset(can_dial))


def with_own_line(parts: Parts, config: Config, control: Path) -> Parts:
    """Return the parts with our own SIP line where one is configured; `control` is the media worker's socket."""
    return with_sip(parts, config, control)


def carrier_routes(broker: Broker, config: Config, public_url: str) -> list[HTTPRouteHandler]:
    """Return the webhooks of every carrier that is configured.

    Raises:
        ConfigError: One is configured by half.
    """
    settings = config.settings
    routes: list[HTTPRouteHandler] = []
    if config.twilio_auth_token is not None:
        routes += twilio_routes(
            broker,
            auth_token=config.twilio_auth_token.reveal(),
            public_url=public_url,
            assistant=settings.twilio.assistant,
        )
    if settings.plivo.auth_id:
        routes += plivo_routes(
            broker,
            auth_token=_secret(config, "plivo", "auth_token_file", settings.plivo.auth_token_file),
            public_url=public_url,
            assistant=settings.plivo.assistant,
        )
    jambonz = broker.parts.carriers.of("jambonz")
    if isinstance(jambonz, JambonzCalls):
        routes += jambonz_routes(
            broker,
            jambonz,
            secret=_secret(config, "jambonz", "webhook_secret_file", settings.jambonz.webhook_secret_file),
            assistant=settings.jambonz.assistant,
        )
    chime = broker.parts.carriers.of("chime")
    if isinstance(chime, ChimeCalls):
        routes += chime_routes(broker, chime, key=_relay_key(config))
    telnyx = broker.parts.carriers.of("telnyx")
    if isinstance(telnyx, TelnyxCalls):
        routes += _telnyx_routes(broker, telnyx, config)
    return routes


def _telnyx_routes(broker: Broker, calls: TelnyxCalls, config: Config) -> list[HTTPRouteHandler]:
    """Return Telnyx's webhook, which needs a package of its own."""
    if find_spec("cryptography") is None:
        raise ConfigError("[telnyx] needs the package cryptography: pip install 'operator-console[telnyx]'")
    from server.api.telnyx_webhook import telnyx_routes  # noqa: PLC0415 - only where its package is there
    from server.telephony.telnyx_signature import public_key  # noqa: PLC0415 - the same

    telnyx = config.settings.telnyx
    try:
        key = public_key(telnyx.public_key)
    except ValueError as error:
        raise ConfigError(
            "[telnyx] public_key is no key: copy it from the portal, under Keys & Credentials, Public key."
        ) from error
    return telnyx_routes(broker, calls, key=key, assistant=telnyx.assistant)


def _twilio(config: Config, public_url: str) -> Carrier | None:
    twilio, token = config.settings.twilio, config.twilio_auth_token
    if token is None:
        return None
    account = TwilioAccount(
        account_sid=twilio.account_sid,
        auth_token=token.reveal(),
        caller_number=twilio.caller_number,
        api_url=twilio.api_url,
    )
    return TwilioCalls(account, public_url)


def _plivo(config: Config, public_url: str) -> Carrier | None:
    plivo = config.settings.plivo
    if not plivo.auth_id:
        return None
    _check_addresses(config, "Plivo")
    account = PlivoAccount(
        auth_id=plivo.auth_id,
        auth_token=_secret(config, "plivo", "auth_token_file", plivo.auth_token_file),
        caller_number=plivo.caller_number,
        api_url=plivo.api_url,
    )
    return PlivoCalls(account, public_url)


def _telnyx(config: Config, public_url: str) -> Carrier | None:
    telnyx = config.settings.telnyx
    if not telnyx.connection_id:
        return None
    _check_addresses(config, "Telnyx")
    account = TelnyxAccount(
        api_key=_secret(config, "telnyx", "api_key_file", telnyx.api_key_file),
        connection_id=telnyx.connection_id,
        caller_number=telnyx.caller_number,
        api_url=telnyx.api_url,
    )
    return TelnyxCalls(account, public_url)


def _jambonz(config: Config, public_url: str) -> Carrier | None:
    jambonz = config.settings.jambonz
    if not jambonz.account_sid:
        return None
    _check_addresses(config, "jambonz")
    account = JambonzAccount(
        account_sid=jambonz.account_sid,
        api_key=_secret(config, "jambonz", "api_key_file", jambonz.api_key_file),
        api_url=jambonz.api_url,
        caller_number=jambonz.caller_number,
        rate=jambonz.rate,
    )
    return JambonzCalls(account, public_url)


def _chime(config: Config, public_url: str) -> Carrier | None:
    del public_url
    chime = config.settings.chime
    if not chime.application_id:
        return None
    if not config.settings.sip.listen:
        raise ConfigError("[chime] needs [sip] listen: the audio of Chime's calls comes over SIP.")
    if not chime.connector_arn or not chime.key_id:
        raise ConfigError("[chime] needs connector_arn and key_id: see docs/carriers/chime.md.")
    _relay_key(config)
    account = ChimeAccount(
        application_id=chime.application_id,
        region=chime.region,
        key_id=chime.key_id,
        secret_key=_secret(config, "chime", "secret_key_file", chime.secret_key_file),
        connector_arn=chime.connector_arn,
        caller_number=chime.caller_number,
        api_url=chime.api_url,
    )
    return ChimeCalls(account, SystemClock())


def _relay_key(config: Config) -> bytes:
    try:
        return key_of(
            SecretText(_secret(config, "chime", "relay_secret_file", config.settings.chime.relay_secret_file))
        )
    except ValueError as error:
        raise ConfigError(f"[chime] relay_secret_file holds no such secret. {error}") from error


def _secret(config: Config, section: str, name: str, file: str) -> str:
    secret = config.secret(file)
    if secret is None:
        raise ConfigError(f"[{section}] {name} is missing: without it no request can be believed, and none made.")
    return secret.reveal()


def _check_addresses(config: Config, carrier: str) -> None:
    for section, listener in (("server", config.settings.server), ("media", config.settings.media)):
        if not listener.public_url:
            raise ConfigError(f"[{section}] public_url is missing: {carrier} must be told where to connect.")


MAKERS: Final[Mapping[str, Maker]] = {
    "twilio": _twilio,
    "plivo": _plivo,
    "telnyx": _telnyx,
    "jambonz": _jambonz,
    "chime": _chime,
}
"""What makes each carrier, by the name of its calls' channel."""
CALLER_NUMBERS: Final[Mapping[str, Callable[[Config], str]]] = {
    "twilio": lambda config: config.settings.twilio.caller_number,
    "plivo": lambda config: config.settings.plivo.caller_number,
    "telnyx": lambda config: config.settings.telnyx.caller_number,
    "jambonz": lambda config: config.settings.jambonz.caller_number,
    "chime": lambda config: config.settings.chime.caller_number,
}
"""The number that each carrier shows to whom it calls; empty: it calls nobody."""
