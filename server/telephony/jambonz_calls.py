"""Place, move and send on calls through jambonz's REST API, and read what its webhooks say of them.

Sources: https://docs.jambonz.org/reference/rest-call-control (create and update a call), the Python SDK 0.4. jambonz
asks us what to do when somebody answers: the one-time token comes back in that address.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

from server.broker.ports.carrier import MovedCall, OutgoingCall, Referral
from server.telephony.carrier_rest import CarrierRest
from server.telephony.jambonz_verbs import target
from server.wire.terms import Dial

CALL_PATH: Final = "/v1/jambonz/calls/{reference}"
"""Where jambonz asks how a call goes on (`/answer`, `/refer`, `/referred`), and tells how it does (`/status`)."""
_DIALS: Final = {
    "trying": Dial.QUEUED,
    "queued": Dial.QUEUED,
    "ringing": Dial.RINGING,
    "early-media": Dial.RINGING,
    "in-progress": Dial.ANSWERED,
    "busy": Dial.BUSY,
    "no-answer": Dial.NO_ANSWER,
    "failed": Dial.FAILED,
    "completed": Dial.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JambonzAccount:
    """Whose calls they are: account and key, the number that is shown, where the API is, and our audio's rate in Hz."""

    account_sid: str
    api_key: str
    api_url: str
    caller_number: str = ""
    rate: int = 8_000


class _Placed(msgspec.Struct, frozen=True):
    sid: str


class Hook(msgspec.Struct, frozen=True):
    """What a webhook tells of its call."""

    call_sid: str = ""
    caller: str = msgspec.field(name="from", default="")
    call_status: str = ""
    dial_call_status: str = ""


class JambonzCalls:
    """A `Carrier` on jambonz that `Moves` and `Refers`."""

    def __init__(
        self, account: JambonzAccount, public_url: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Dial for this account; `public_url` is the broker's address as jambonz reaches it."""
        self.channel: Final = "jambonz"
        self.transport: Final = "jambonz"
        self.caller_number: Final = account.caller_number
        self.rate: Final = account.rate
        self._public_url: Final = public_url.rstrip("/")
        self._calls: Final = f"/v1/Accounts/{quote(account.account_sid, safe='')}/Calls"
        self._rest: Final = CarrierRest(
            "jambonz", "jambonz", account.api_url, bearer=account.api_key, transport=transport
        )

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return its call SID; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        answer = await self._rest.send(
            "POST",
            self._calls,
            json={
                "from": self.caller_number,
                "to": target(call.to),
                "timeout": call.ring_seconds,
                "call_hook": {
                    "url": self._url(call.conversation_id, "answer", token=call.media_token),
                    "method": "POST",
                },
                "call_status_hook": {"url": self._url(call.conversation_id, "status"), "method": "POST"},
            },
        )
        try:
            return msgspec.json.decode(answer.content, type=_Placed).sid
        except msgspec.DecodeError as error:
            raise self._rest.refused("its answer names no call.") from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._rest.send("DELETE", self._of(external_id), fine=(404,))

    async def move(self, call: MovedCall) -> None:
        """Have jambonz ask us how the call goes on, whatever it does now.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        url = self._url(call.conversation_id, "answer", token=call.media_token)
        await self._redirect(call.external_id, url)

    async def refer(self, referral: Referral) -> None:
        """Have jambonz dial the target for the caller; it asks us for the way back when nobody answers.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        asked = {"to": referral.to, "ring": str(referral.ring_seconds), "token": referral.back_token}
        await self._redirect(referral.external_id, self._url(referral.conversation_id, "refer", **asked))

    def after_url(self, reference: str, token: str) -> str:
        """Return where jambonz asks how a call goes on that it was to send on."""
        return self._url(reference, "referred", token=token)

    def _url(self, reference: str, name: str, **asked: str) -> str:
        query = f"?{urlencode(asked)}" if asked else ""
        return f"{self._public_url}{CALL_PATH.format(reference=quote(reference, safe=''))}/{name}{query}"

    def _of(self, call_sid: str) -> str:
        return f"{self._calls}/{quote(call_sid, safe='')}"

    async def _redirect(self, call_sid: str, url: str) -> None:
        """Have jambonz ask at `url` what is done next, whatever the call does now."""
        await self._rest.send("PUT", self._of(call_sid), json={"call_hook": url})


def decode_hook(raw: bytes) -> Hook | None:
    """Return what a webhook tells; None when it is no object of that shape."""
    try:
        return msgspec.json.decode(raw, type=Hook, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def dial_of(status: str) -> Dial | None:
    """Return what a status means for a call that we placed; None for a word that jambonz did not have yet."""
    return _DIALS.get(status)
