"""Make every carrier of the configuration, and the webhooks that each calls."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from litestar.handlers import HTTPRouteHandler

from server.api.twilio_webhook import twilio_routes
from server.broker.broker import Broker
from server.broker.parts import Parts
from server.broker.ports.carrier import Carrier, Carriers
from server.config import Config
from server.config_rules import ConfigError
from server.telephony.sip.configured import with_sip
from server.telephony.twilio_calls import TwilioAccount, TwilioCalls

Maker = Callable[[Config, str], Carrier | None]
"""Makes one carrier, told where others reach the control listener; None when it is not configured, or cannot dial."""


def carriers_of(config: Config, public_url: str) -> Carriers:
    """Return the carriers that are configured.

    Raises:
        ConfigError: `dial_with` names none of them, or several can dial and it names nobody.
    """
    made = {name: make(config, public_url) for name, make in MAKERS.items()}
    by_channel = {name: carrier for name, carrier in made.items() if carrier is not None}
    wanted, names = config.settings.calls.dial_with, ", ".join(by_channel)
    own_lines = wanted == "sip" and config.settings.sip.trunks  # joins them in `server.build`
    if wanted and wanted not in by_channel and not own_lines:
        can = f"Those that can: {names}." if names else "None can: each needs its account and caller_number."
        raise ConfigError(f"[calls] dial_with = {wanted!r}: no carrier of this name can dial. {can}")
    if len(by_channel) > 1 and not wanted:
        raise ConfigError(f"[calls] dial_with is missing: several carriers can dial ({names}). Name one of them.")
    return Carriers(by_channel, wanted)


def with_own_line(parts: Parts, config: Config, control: Path) -> Parts:
    """Return the parts with our own SIP line where one is configured; `control` is the media worker's socket."""
    return with_sip(parts, config, control)


def carrier_routes(broker: Broker, config: Config, public_url: str) -> list[HTTPRouteHandler]:
    """Return the webhooks of every carrier that is configured."""
    routes: list[HTTPRouteHandler] = []
    if config.twilio_auth_token is not None:
        routes += twilio_routes(
            broker,
            auth_token=config.twilio_auth_token.reveal(),
            public_url=public_url,
            assistant=config.settings.twilio.assistant,
        )
    return routes


def _twilio(config: Config, public_url: str) -> Carrier | None:
    twilio, token = config.settings.twilio, config.twilio_auth_token
    if token is None or not twilio.caller_number:
        return None
    account = TwilioAccount(
        account_sid=twilio.account_sid,
        auth_token=token.reveal(),
        caller_number=twilio.caller_number,
        api_url=twilio.api_url,
    )
    return TwilioCalls(account, public_url)


MAKERS: Final[Mapping[str, Maker]] = {"twilio": _twilio}
"""What makes each carrier, by the name of its calls' channel."""
