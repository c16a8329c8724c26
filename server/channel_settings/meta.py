"""Say what is configured of accounts on Meta's platforms: Messenger, Instagram and WhatsApp."""

from typing import Annotated, Literal

from msgspec import Meta

from server.channel_settings.section import ChannelSettings

GRAPH = "https://graph.facebook.com/v23.0"
"""Where Meta's Graph API is; its version is part of the address."""

AppId = Annotated[
    str,
    Meta(
        pattern="^[0-9]{0,40}$",
        description="The Meta app's id, digits. With it, it is noticed when another app takes a chat from us.",
    ),
]


class MetaSettings(ChannelSettings, frozen=True, kw_only=True):
    """What all accounts on Meta's platforms need."""

    api_base: Annotated[str, Meta(min_length=8, description="Where the Graph API is, with its version.")] = GRAPH
    token_file: Annotated[
        str, Meta(description="File with the access token: a page's, or a system user's for WhatsApp (chmod 600).")
    ] = ""
    app_secret_file: Annotated[
        str, Meta(description="File with the secret of the Meta app, which signs webhooks (chmod 600).")
    ] = ""
    verify_token_file: Annotated[
        str,
        Meta(description="File with the verify token that you also write into Meta's webhook settings (chmod 600)."),
    ] = ""


class MessengerSettings(MetaSettings, frozen=True, kw_only=True):
    """A Facebook page on Messenger: a section `[channels.NAME]` with `kind = "messenger"` each."""

    kind: Annotated[Literal["messenger"], Meta(description="Messenger, for one Facebook page.")] = "messenger"
    page_id: Annotated[str, Meta(pattern="^[0-9]{0,40}$", description="The page's id, digits.")] = ""
    app_id: AppId = ""


class InstagramSettings(MetaSettings, frozen=True, kw_only=True):
    """An Instagram professional account: a section `[channels.NAME]` with `kind = "instagram"` each."""

    kind: Annotated[Literal["instagram"], Meta(description="Instagram, for one professional account.")] = "instagram"
    account_id: Annotated[
        str, Meta(pattern="^[0-9]{0,40}$", description="The Instagram account's id, digits: that of its webhooks.")
    ] = ""
    page_id: Annotated[
        str,
        Meta(
            pattern="^[0-9]{0,40}$",
            description="The id of the Facebook page it is linked to, with a page's token. "
            "Empty: api_base is https://graph.instagram.com/v23.0 and the token is the account's own.",
        ),
    ] = ""
    app_id: AppId = ""


class WhatsAppSettings(MetaSettings, frozen=True, kw_only=True):
    """A number on WhatsApp's Cloud API: a section `[channels.NAME]` with `kind = "whatsapp"` each."""

    kind: Annotated[Literal["whatsapp"], Meta(description="WhatsApp's Cloud API, for one number.")] = "whatsapp"
    phone_number_id: Annotated[
        str, Meta(pattern="^[0-9]{0,40}$", description="Meta's id of the number, digits; not the number itself.")
    ] = ""
    template: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9_]{0,512}$",
            description="An approved template whose body has one parameter: in it goes what is said later than "
            "24 hours after the customer's last message. Empty: that is refused.",
        ),
    ] = ""
    template_language: Annotated[
        str, Meta(pattern="^[a-z]{2,3}(_[A-Z]{2})?$", description="Under which the template was approved: en, pt_BR.")
    ] = "en"
