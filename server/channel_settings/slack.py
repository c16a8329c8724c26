"""Say what is configured of a Slack app."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings


class SlackSettings(ChannelSettings, frozen=True, kw_only=True):
    """A Slack app in one workspace: a section `[channels.NAME]` with `kind = "slack"` each."""

    kind: Annotated[Literal["slack"], Meta(description="Slack's Web API, with the Events API or Socket Mode.")] = (
        "slack"
    )
    api_base: Annotated[str, Meta(min_length=8, description="Where Slack's Web API is.")] = "https://slack.com/api"
    bot_token_file: Annotated[str, Meta(description="File with the bot token, xoxb-... (chmod 600).")] = ""
    way_in: Annotated[
        Literal["socket", "webhook"],
        Meta(description="socket: Socket Mode, needs no public address. webhook: the Events API calls us."),
    ] = "socket"
    app_token_file: Annotated[
        str, Meta(description="Socket Mode: file with the app-level token, xapp-... (chmod 600).")
    ] = ""
    signing_secret_file: Annotated[
        str, Meta(description="Webhook: file with the app's signing secret (chmod 600).")
    ] = ""
