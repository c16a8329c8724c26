"""Say what is configured of a channel of your own: signed requests both ways."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings


class WebhookSettings(ChannelSettings, frozen=True, kw_only=True):
    """A channel of your own: a section `[channels.NAME]` with `kind = "webhook"` each."""

    kind: Annotated[
        Literal["webhook"], Meta(description="Signed requests both ways (Standard Webhooks), in our own JSON.")
    ] = "webhook"
    api_base: Annotated[str, Meta(description="Your address that takes what is said to the customer.")] = ""
    secret_file: Annotated[
        str,
        Meta(description="File with the secret both sides sign with (chmod 600): whsec_ and 24 to 64 bytes in base64."),
    ] = ""
    allow_private: Annotated[
        bool, Meta(description="true lets api_base be http, or an address of this machine or of your own network.")
    ] = False
    receiver_dedupes: Annotated[
        bool,
        Meta(description="Your side takes each webhook-id once, so that what may have arrived can be sent again."),
    ] = True
    longest: Annotated[int, Meta(ge=20, le=100_000, description="The longest text of one message, in characters.")] = (
        4000
    )
    receipts: Annotated[bool, Meta(description="Your side tells what became of each message.")] = False
