"""Say what is configured of a Google Chat app."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings


class GoogleChatSettings(ChannelSettings, frozen=True, kw_only=True):
    """A Google Chat app: a section `[channels.NAME]` with `kind = "google_chat"` each."""

    kind: Annotated[
        Literal["google_chat"], Meta(description="Google Chat by HTTP endpoint; needs the extra [google-chat].")
    ] = "google_chat"
    api_base: Annotated[str, Meta(min_length=8, description="Where the Chat API is.")] = "https://chat.googleapis.com"
    service_account_file: Annotated[
        str, Meta(description="File with the key of the app's service account, JSON (chmod 600).")
    ] = ""
    audience: Annotated[
        str,
        Meta(
            description="What Google's proof is made out to, as chosen under Authentication Audience: the project's "
            "number, or the app's HTTP endpoint URL. Empty: our own address.",
        ),
    ] = ""
    keys_base: Annotated[str, Meta(min_length=8, description="Where Google's public keys are.")] = (
        "https://www.googleapis.com"
    )
