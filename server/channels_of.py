"""Make every channel of the configuration: one line a kind, beside the one in `server.channel_settings.kinds`."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from server.api.auth import DEFAULT_ORGANISATION
from server.broker.ports.channels import Account, Accounts, Channel
from server.channel_settings.discord import DiscordSettings
from server.channel_settings.email import EmailSettings
from server.channel_settings.google_chat import GoogleChatSettings
from server.channel_settings.meta import InstagramSettings, MessengerSettings, WhatsAppSettings
from server.channel_settings.section import ChannelSettings
from server.channel_settings.slack import SlackSettings
from server.channel_settings.telegram import TelegramSettings
from server.channel_settings.webhook import WebhookSettings
from server.channels import discord, email, google_chat, messenger, slack, telegram, webhook, whatsapp
from server.channels.setup import Setup
from server.clock import Clock
from server.config import Config
from server.wire.terms import OrganisationId

S = TypeVar("S", bound=ChannelSettings)
Maker = Callable[[ChannelSettings, Setup], Channel]
"""Makes the channel of one section.

Raises:
    ConfigError: a setting is missing or makes no sense, or a secret cannot be read.
"""


def _maker(settings: type[S], make: Callable[[S, Setup], Channel]) -> Maker:
    """Return what makes a channel of any section, which must be of its kind."""

    def made(section: ChannelSettings, setup: Setup) -> Channel:
        if not isinstance(section, settings):
            raise TypeError(f"[channels.{setup.name}] is a section of another kind: {type(section).__name__}")
        return make(section, setup)

    return made


MAKERS: Final[Mapping[str, Maker]] = {
    "discord": _maker(DiscordSettings, discord.make),
    "email": _maker(EmailSettings, email.make),
    "google_chat": _maker(GoogleChatSettings, google_chat.make),
    "instagram": _maker(InstagramSettings, messenger.make),
    "messenger": _maker(MessengerSettings, messenger.make),
    "slack": _maker(SlackSettings, slack.make),
    "telegram": _maker(TelegramSettings, telegram.make),
    "webhook": _maker(WebhookSettings, webhook.make),
    "whatsapp": _maker(WhatsAppSettings, whatsapp.make),
}
"""What makes a channel, by its kind."""


def channels_of(config: Config, clock: Clock, public_url: str) -> Accounts:
    """Return every account on every platform, by name.

    Raises:
        ConfigError: a setting is missing or makes no sense, or a secret cannot be read.
    """
    found: dict[str, Account] = {}
    for name, section in config.settings.channels.items():
        setup = Setup(
            name=name, clock=clock, address=f"{public_url.rstrip('/')}/v1/channels/{name}", read_secret=config.secret
        )
        found[name] = Account(
            name=name,
            kind=section.kind,
            channel=MAKERS[section.kind](section, setup),
            organisation_id=OrganisationId(section.organisation or DEFAULT_ORGANISATION),
            assistant=section.assistant,
            queue=section.queue,
            elsewhere_seconds=section.elsewhere_seconds,
        )
    return found
