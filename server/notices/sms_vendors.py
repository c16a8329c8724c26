"""Say one SMS in each vendor's words, and read whether they took it: 200 carries refusals too.

Sources: Twilio https://www.twilio.com/docs/messaging/api/message-resource, Plivo
https://www.plivo.com/docs/messaging/api/message, Telnyx https://developers.telnyx.com/api-reference/messages, Vonage
https://developer.vonage.com/en/api/sms, Amazon SNS https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from server.notices.sms_text import is_gsm
from server.notices.vendor import Vendor, read
from server.telephony.aws_signature import signed_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose messages they are: the vendor's account, its secret, what is shown as sender, and SNS's region."""

    account: str
    secret: str
    sender: str
    region: str = ""


class Say(Protocol):
    """Sends one message; the refusal is the vendor's own."""

    async def __call__(self, vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
        """Send it.

        Raises:
            ProviderError: not taken.
        """
        ...


class _Twilio(msgspec.Struct):
    sid: str = ""
    message: str = ""


async def twilio(vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
    """Send through Twilio; a sender that begins with MG is a messaging service."""
    del at
    sender = "MessagingServiceSid" if account.sender.startswith("MG") else "From"
    path = f"/2010-04-01/Accounts/{quote(account.account, safe='')}/Messages.json"
    form = {"To": to, sender: account.sender, "Body": text}
    answer = await vendor.post(path, data=form, auth=(account.account, account.secret))
    found = read(answer, _Twilio)
    if not answer.is_success or found is None or not found.sid:
        raise vendor.refused(_why(answer, found.message if found else ""))


class _Plivo(msgspec.Struct):
    message_uuid: list[str] | str = ""
    error: str = ""


async def plivo(vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
    """Send through Plivo."""
    del at
    path = f"/v1/Account/{quote(account.account, safe='')}/Message/"
    body = {"src": account.sender, "dst": to.removeprefix("+"), "text": text}
    answer = await vendor.post(path, json=body, auth=(account.account, account.secret))
    found = read(answer, _Plivo)
    if not answer.is_success or found is None or not found.message_uuid:
        raise vendor.refused(_why(answer, found.error if found else ""))


class _TelnyxError(msgspec.Struct):
    title: str = ""
    detail: str = ""


class _TelnyxData(msgspec.Struct):
    id: str = ""


class _Telnyx(msgspec.Struct):
    data: _TelnyxData | None = None
    errors: list[_TelnyxError] = []


async def telnyx(vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
    """Send through Telnyx."""
    del at
    headers = {"authorization": f"Bearer {account.secret}"}
    body = {"from": account.sender, "to": to, "text": text}
    answer = await vendor.post("/v2/messages", json=body, headers=headers)
    found = read(answer, _Telnyx)
    if not answer.is_success or found is None or found.data is None or not found.data.id:
        first = found.errors[0] if found and found.errors else _TelnyxError()
        raise vendor.refused(_why(answer, first.detail or first.title))


class _VonageMessage(msgspec.Struct, rename="kebab"):
    status: str = ""
    error_text: str = ""


class _Vonage(msgspec.Struct):
    messages: list[_VonageMessage] = []


_VONAGE_LATER: Final = frozenset({"1", "5"})
"""Throttled, and an error within Vonage."""


async def vonage(vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
    """Send through Vonage, which answers 200 to everything; `status` says what became of each part."""
    del at
    form = {
        "api_key": account.account,
        "api_secret": account.secret,
        "from": account.sender.removeprefix("+"),
        "to": to.removeprefix("+"),
        "text": text,
        "type": "text" if is_gsm(text) else "unicode",
    }
    answer = await vendor.post("/sms/json", data=form)
    found = read(answer, _Vonage)
    if not answer.is_success or found is None or not found.messages:
        raise vendor.refused(_why(answer, ""))
    for one in found.messages:
        if one.status != "0":
            raise vendor.refused(one.error_text or f"status {one.status}", retryable=one.status in _VONAGE_LATER)


_XML: Final = {name: re.compile(rf"<{name}>([^<]{{1,400}})</{name}>") for name in ("MessageId", "Code", "Message")}
_SNS_LATER: Final = frozenset({"Throttling", "ThrottlingException", "InternalError", "ServiceUnavailable"})


async def sns(vendor: Vendor, account: Account, to: str, text: str, at: datetime) -> None:
    """Publish through Amazon SNS."""
    form = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": to,
        "Message": text,
        "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "Transactional",
    }
    if account.sender:
        form |= {
            "MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID",
            "MessageAttributes.entry.2.Value.DataType": "String",
            "MessageAttributes.entry.2.Value.StringValue": account.sender,
        }
    body = urlencode(form).encode()
    headers = signed_headers(
        body,
        host=urlsplit(vendor.api_base).netloc,
        region=account.region,
        service="sns",
        key_id=account.account,
        secret=account.secret,
        at=at,
    )
    answer = await vendor.post("/", content=body, headers=headers)
    if not answer.is_success or not _xml(answer, "MessageId"):
        code = _xml(answer, "Code")
        raise vendor.refused(_why(answer, f"{code} {_xml(answer, 'Message')}".strip()), retryable=code in _SNS_LATER)


def _xml(answer: httpx.Response, name: str) -> str:
    found = _XML[name].search(answer.text[:20_000])
    return found[1] if found else ""


def _why(answer: httpx.Response, words: str) -> str:
    return words or f"status {answer.status_code} and nothing that can be read"


@dataclass(frozen=True, slots=True)
class Kind:
    """A vendor: its name for people, its usual address, and how one message is said to it."""

    name: str
    api_base: str
    say: Say


KINDS: Final = {
    "twilio": Kind("Twilio", "https://api.twilio.com", twilio),
    "plivo": Kind("Plivo", "https://api.plivo.com", plivo),
    "telnyx": Kind("Telnyx", "https://api.telnyx.com", telnyx),
    "vonage": Kind("Vonage", "https://rest.nexmo.com", vonage),
    "sns": Kind("Amazon SNS", "https://sns.{region}.amazonaws.com", sns),
}
"""The vendors there are; `{region}` is filled in."""
