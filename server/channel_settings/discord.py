"""Say what is configured of a Discord bot."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings


class DiscordSettings(ChannelSettings, frozen=True, kw_only=True):
    """A Discord bot: a section `[channels.NAME]` with `kind = "discord"` each."""

    kind: Annotated[
        Literal["discord"], Meta(description="Discord's gateway and REST API; needs the extra [discord].")
    ] = "discord"
    api_base: Annotated[str, Meta(min_length=8, description="Where Discord's REST API is, with its version.")] = (
        "https://discord.com/api/v10"
    )
    token_file: Annotated[str, Meta(description="File with the bot's token (chmod 600).")] = ""
    message_content: Annotated[
        bool,
        Meta(
            description="The bot has the Message Content Intent. false: only direct messages and mentions have a text."
        ),
    ] = True
