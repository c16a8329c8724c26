"""List every kind of channel with the struct of its section; `server.channels_of` has what makes each."""

from collections.abc import Mapping
from typing import Final

from server.channel_settings.discord import DiscordSettings
from server.channel_settings.email import EmailSettings
from server.channel_settings.google_chat import GoogleChatSettings
from server.channel_settings.meta import InstagramSettings, MessengerSettings, WhatsAppSettings
from server.channel_settings.section import ChannelSettings
from server.channel_settings.slack import SlackSettings
from server.channel_settings.telegram import TelegramSettings
from server.channel_settings.webhook import WebhookSettings

KINDS: Final[Mapping[str, type[ChannelSettings]]] = {
    "discord": DiscordSettings,
    "email": EmailSettings,
    "google_chat": GoogleChatSettings,
    "instagram": InstagramSettings,
    "messenger": MessengerSettings,
    "slack": SlackSettings,
    "telegram": TelegramSettings,
    "webhook": WebhookSettings,
    "whatsapp": WhatsAppSettings,
}
"""The struct of a section `[channels.NAME]`, by its `kind`."""
