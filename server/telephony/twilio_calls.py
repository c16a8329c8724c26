"""Place calls through Twilio's REST API, and read what its status callbacks say of them.

Sources: https://www.twilio.com/docs/voice/api/call-resource (create, update, CallStatus),
https://www.twilio.com/docs/voice/twiml/stream. The call's TwiML comes with the request, so nothing is asked for when
the callee answers; their audio connects to the media listener with its one-time token.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from server.broker.ports.carrier import MovedCall, OutgoingCall
from server.telephony.carrier_rest import CarrierRest
from server.telephony.twiml import connect_stream
from server.wire.terms import Dial

API_VERSION: Final = "2010-04-01"
EVENTS: Final = ("initiated", "ringing", "answered", "completed")
"""What is told of a call; the ends without an answer come with the last one."""
STATUS_PATH: Final = "/v1/twilio/calls/{conversation_id}/status"
"""Where Twilio tells it."""
_DIALS: Final = {
    "queued": Dial.QUEUED,
    "initiated": Dial.QUEUED,
    "ringing": Dial.RINGING,
    "in-progress": Dial.ANSWERED,
    "busy": Dial.BUSY,
    "no-answer": Dial.NO_ANSWER,
    "canceled": Dial.CANCELLED,
    "failed": Dial.FAILED,
    "completed": Dial.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """Whose calls they are: account, token, the number that is shown, and where the API is."""

    account_sid: str
    auth_token: str
    caller_number: str
    api_url: str = "https://api.twilio.com"


class _Call(msgspec.Struct, frozen=True):
    sid: str


class TwilioCalls:
    """A `Carrier` on Twilio that `Moves`."""

    def __init__(
        self, account: TwilioAccount, public_url: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Dial for this account; `public_url` is the broker's address as Twilio reaches it."""
        self.channel: Final = "twilio"
        self.transport: Final = "twilio"
        self._account: Final = account
        self._public_url: Final = public_url.rstrip("/")
        self._rest: Final = CarrierRest(
            "Twilio", "twilio", account.api_url, auth=(account.account_sid, account.auth_token), transport=transport
        )

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return its CallSid; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        path = STATUS_PATH.format(conversation_id=quote(call.conversation_id, safe=""))
        raw = await self._post(
            "Calls.json",
            {
                "To": call.to,
                "From": self._account.caller_number,
                "Twiml": connect_stream(call.media_url, call.media_token),
                "Timeout": str(call.ring_seconds),
                "StatusCallback": f"{self._public_url}{path}",
                "StatusCallbackMethod": "POST",
                "StatusCallbackEvent": list(EVENTS),
            },
        )
        try:
            return msgspec.json.decode(raw, type=_Call).sid
        except msgspec.DecodeError as error:
            raise self._rest.refused("its answer names no call.") from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._post(f"Calls/{quote(external_id, safe='')}.json", {"Status": "completed"})

    async def move(self, call: MovedCall) -> None:
        """Give a running call new TwiML, which connects its audio to us; whatever it does now ends.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        twiml = connect_stream(call.media_url, call.media_token)
        await self._post(f"Calls/{quote(call.external_id, safe='')}.json", {"Twiml": twiml})

    async def _post(self, resource: str, form: dict[str, str | list[str]]) -> bytes:
        path = f"/{API_VERSION}/Accounts/{self._account.account_sid}/{resource}"
        return (await self._rest.send("POST", path, form=form)).content


def dial_of(status: str) -> Dial | None:
    """Return what a CallStatus means for a call that we placed; None for a word that Twilio did not have yet."""
    return _DIALS.get(status)
