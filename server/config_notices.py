"""Say where notices to people outside can go: the sections [notices.NAME]."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from server.config_section import Section


class NoticeSettings(Section, frozen=True, kw_only=True):
    """One destination of notices to people outside: a section `[notices.NAME]` each; see docs/notices.md."""

    kind: Annotated[
        Literal["webhook", "email", "slack", "teams", "sms", "google_calendar", "apprise"],
        Meta(
            description="webhook: a signed POST (Standard Webhooks). email: over SMTP. slack: a message that is kept "
            "up to date. teams: a card through a Workflow. sms: through a vendor. google_calendar: the follow-up of a "
            "closed handoff as an event. apprise: any service that Apprise knows (extra apprise)."
        ),
    ] = "webhook"
    fallback: Annotated[
        str,
        Meta(description="Destination that gets a notice of somebody waiting at once when this one does not take it."),
    ] = ""
    url: Annotated[str, Meta(description="Webhook: the address that takes notices.")] = ""
    url_file: Annotated[
        str,
        Meta(
            description="Teams: file with the Workflow's address (chmod 600); whoever has it can post. "
            "Apprise: file with its addresses, one a line (chmod 600)."
        ),
    ] = ""
    secret_file: Annotated[
        str,
        Meta(
            description="File with the secret (chmod 600). Webhook: whsec_ and 24 to 64 bytes in base64. Slack: the "
            "bot token. SMS: the vendor's token, secret or API key. "
            "Google Calendar: the JSON key of a service account, or an authorized_user."
        ),
    ] = ""
    allow_private: Annotated[
        bool,
        Meta(description="Webhook, Teams: true lets it be http, or an address of this machine or of your own network."),
    ] = False
    channel: Annotated[str, Meta(description="Slack: the channel's id, such as C0123456789.")] = ""
    api_base: Annotated[
        str, Meta(description="Slack, SMS, Google Calendar: the vendor's address. Empty: the usual one.")
    ] = ""
    calendar: Annotated[str, Meta(description="Google Calendar: the calendar's id, such as desk@example.com.")] = ""
    provider: Annotated[
        Literal["twilio", "plivo", "telnyx", "vonage", "sns"], Meta(description="SMS: through whom.")
    ] = "twilio"
    account: Annotated[
        str,
        Meta(description="SMS: account SID (Twilio), auth ID (Plivo), API key (Vonage), access key ID (sns)."),
    ] = ""
    region: Annotated[str, Meta(description="SMS: the region of sns, such as eu-central-1.")] = ""
    smtp_host: Annotated[str, Meta(description="E-mail: the mail server.")] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="E-mail: its TCP port.")] = 587
    smtp_tls: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="E-mail: starttls; tls from the first byte (port 465); none only for this machine."),
    ] = "starttls"
    smtp_user: Annotated[str, Meta(description="E-mail: the user to sign on with. Empty: not at all.")] = ""
    password_file: Annotated[str, Meta(description="E-mail: file with that user's password (chmod 600).")] = ""
    sender: Annotated[
        str, Meta(description="E-mail: the address that notices come from. SMS: the number or name that is shown.")
    ] = ""
    recipients: Annotated[
        tuple[str, ...], Meta(max_length=50, description="E-mail: addresses. SMS: numbers, such as +4917612345678.")
    ] = ()


_ALL: Final = frozenset({"kind", "fallback"})
FIELDS: Final[dict[str, frozenset[str]]] = {
    "webhook": _ALL | {"url", "secret_file", "allow_private"},
    "email": _ALL | {"smtp_host", "smtp_port", "smtp_tls", "smtp_user", "password_file", "sender", "recipients"},
    "slack": _ALL | {"secret_file", "channel", "api_base"},
    "sms": _ALL | {"provider", "account", "secret_file", "sender", "recipients", "region", "api_base"},
    "teams": _ALL | {"url_file", "allow_private"},
    "google_calendar": _ALL | {"secret_file", "calendar", "api_base"},
    "apprise": _ALL | {"url_file"},
}
"""Which settings each kind reads; others beside them are refused, because they would do nothing."""
