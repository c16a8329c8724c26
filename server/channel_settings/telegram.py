"""Say what is configured of a Telegram bot."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings


class TelegramSettings(ChannelSettings, frozen=True, kw_only=True):
    """A Telegram bot: a section `[channels.NAME]` with `kind = "telegram"` each."""

    kind: Annotated[Literal["telegram"], Meta(description="Telegram's Bot API.")] = "telegram"
    api_base: Annotated[str, Meta(min_length=8, description="Where the Bot API is; a server of your own, perhaps.")] = (
        "https://api.telegram.org"
    )
    token_file: Annotated[str, Meta(description="File with the bot's token of @BotFather (chmod 600).")] = ""
    way_in: Annotated[
        Literal["poll", "webhook"],
        Meta(description="poll: ask Telegram for messages, needs no public address. webhook: Telegram calls us."),
    ] = "poll"
    secret_file: Annotated[
        str,
        Meta(description="Webhook: file with 1 to 256 of A-Z a-z 0-9 _ - that Telegram shows us (chmod 600)."),
    ] = ""
