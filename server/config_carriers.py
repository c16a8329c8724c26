"""Say which carriers bring and place telephone calls: [calls], and a section for each carrier."""

from typing import Annotated, Literal

from msgspec import Meta

from server.config_section import Section

CallerNumber = Annotated[
    str,
    Meta(
        pattern="^(\\+[0-9]{6,15})?$",
        description="Your number, +15550142, from which operators ring back. Empty: nobody can be called.",
    ),
]
AnsweringKey = Annotated[
    str, Meta(max_length=60, description="Name of the assistant's key that answers calls. Empty: the only key.")
]


class CallsSettings(Section, frozen=True, kw_only=True):
    """What holds for calls of every carrier."""

    dial_with: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9_-]{0,40}$",
            description="The carrier that calls customers who came another way (the web, another carrier that cannot "
            "dial); whoever called over a carrier is called back over the same. Empty: the only one that can dial.",
        ),
    ] = ""


class TwilioSettings(Section, frozen=True, kw_only=True):
    """Calls that arrive from Twilio Media Streams, and those that operators place through Twilio."""

    account_sid: Annotated[
        str, Meta(pattern="^(AC[0-9a-f]{32})?$", description="Your Twilio account. Empty: no calls from Twilio.")
    ] = ""
    auth_token_file: Annotated[
        str,
        Meta(
            description="File with the account's auth token (chmod 600), which signs Twilio's requests. "
            "Or set OPERATOR_TWILIO_AUTH_TOKEN."
        ),
    ] = ""
    caller_number: CallerNumber = ""
    api_url: Annotated[
        str, Meta(min_length=8, description="Where Twilio's REST API is; another region has another address.")
    ] = "https://api.twilio.com"
    assistant: AnsweringKey = ""


class PlivoSettings(Section, frozen=True, kw_only=True):
    """Calls that arrive from Plivo's audio streaming, and those that operators place through Plivo."""

    auth_id: Annotated[
        str, Meta(pattern="^([A-Z0-9]{20})?$", description="Your Plivo account. Empty: no calls from Plivo.")
    ] = ""
    auth_token_file: Annotated[
        str, Meta(description="File with the account's auth token (chmod 600), which signs Plivo's requests.")
    ] = ""
    caller_number: CallerNumber = ""
    api_url: Annotated[str, Meta(min_length=8, description="Where Plivo's REST API is.")] = "https://api.plivo.com"
    assistant: AnsweringKey = ""


class JambonzSettings(Section, frozen=True, kw_only=True):
    """Calls that arrive from jambonz, and those that operators place through jambonz."""

    account_sid: Annotated[
        str, Meta(max_length=80, description="Your jambonz account. Empty: no calls from jambonz.")
    ] = ""
    api_key_file: Annotated[str, Meta(description="File with an API key of the account (chmod 600).")] = ""
    webhook_secret_file: Annotated[
        str, Meta(description="File with the account's webhook secret (chmod 600), which signs jambonz's requests.")
    ] = ""
    caller_number: CallerNumber = ""
    api_url: Annotated[
        str, Meta(min_length=8, description="Where jambonz's REST API is; your own installation has its own address.")
    ] = "https://jambonz.cloud/api"
    rate: Annotated[
        Literal[8000, 16000],
        Meta(description="Rate of the audio in Hz; 16000 only helps where callers have more than a telephone."),
    ] = 8000
    assistant: AnsweringKey = ""


class ChimeSettings(Section, frozen=True, kw_only=True):
    """Calls of an AWS Chime SIP media application; their audio comes over [sip]."""

    application_id: Annotated[
        str,
        Meta(pattern="^[A-Za-z0-9-]{0,60}$", description="The SIP media application's id. Empty: no calls from Chime."),
    ] = ""
    region: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$", description="Its AWS region.")] = "us-east-1"
    key_id: Annotated[str, Meta(max_length=128, description="An access key that may create and update its calls.")] = ""
    secret_key_file: Annotated[str, Meta(description="File with the access key's secret (chmod 600).")] = ""
    relay_secret_file: Annotated[
        str,
        Meta(description="File with the secret (chmod 600) that the Lambda function signs with: whsec_ and base64."),
    ] = ""
    connector_arn: Annotated[
        str,
        Meta(pattern="^(arn:aws[a-z-]*:chime:.+)?$", description="The Voice Connector that leads to our [sip] line."),
    ] = ""
    caller_number: CallerNumber = ""
    api_url: Annotated[
        str, Meta(description="Where the API is. Empty: https://voice-chime.<region>.amazonaws.com.")
    ] = ""


class TelnyxSettings(Section, frozen=True, kw_only=True):
    """Calls that arrive from Telnyx media streaming, and those that operators place through Telnyx."""

    connection_id: Annotated[
        str,
        Meta(
            pattern="^[0-9]{0,30}$",
            description="The id of your call control application. Empty: no calls from Telnyx.",
        ),
    ] = ""
    api_key_file: Annotated[str, Meta(description="File with an API key (chmod 600).")] = ""
    public_key: Annotated[
        str, Meta(description="The account's public key, as the portal shows it: it signs Telnyx's requests.")
    ] = ""
    caller_number: CallerNumber = ""
    api_url: Annotated[str, Meta(min_length=8, description="Where Telnyx's REST API is.")] = "https://api.telnyx.com"
    assistant: AnsweringKey = ""
