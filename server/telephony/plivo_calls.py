"""Place calls through Plivo's REST API, and read what its webhooks say of them.

Sources: https://www.plivo.com/docs/voice/api/call (make, transfer, hang up, cancel), the Python SDK 4.63. Plivo asks
for the call's XML when somebody answers: the one-time token comes back to us in that address, which Plivo signs.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from server.broker.ports.carrier import MovedCall, OutgoingCall
from server.telephony.carrier_rest import CarrierRest
from server.telephony.plivo import carried
from server.wire.terms import Dial

CALL_PATH: Final = "/v1/plivo/calls/{reference}"
"""Where Plivo asks how a call goes on (`/answer`), and tells how it does (`/status`)."""
_DIALS: Final = {
    "ringing": Dial.RINGING,
    "in-progress": Dial.ANSWERED,
    "busy": Dial.BUSY,
    "no-answer": Dial.NO_ANSWER,
    "timeout": Dial.NO_ANSWER,
    "cancel": Dial.CANCELLED,
    "failed": Dial.FAILED,
    "completed": Dial.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlivoAccount:
    """Whose calls they are: auth id and token, the number that is shown, and where the API is."""

    auth_id: str
    auth_token: str
    caller_number: str
    api_url: str = "https://api.plivo.com"


class _Placed(msgspec.Struct, frozen=True):
    request_uuid: str


class PlivoCalls:
    """A `Carrier` on Plivo that `Moves`."""

    def __init__(
        self, account: PlivoAccount, public_url: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Dial for this account; `public_url` is the broker's address as Plivo reaches it."""
        self.channel: Final = "plivo"
        self.transport: Final = "plivo"
        self._caller_number: Final = account.caller_number
        self._public_url: Final = public_url.rstrip("/")
        self._root: Final = f"/v1/Account/{quote(account.auth_id, safe='')}"
        self._rest: Final = CarrierRest(
            "Plivo", "plivo", account.api_url, auth=(account.auth_id, account.auth_token), transport=transport
        )

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return its id; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        path = self._address(call.conversation_id)
        answer = await self._rest.send(
            "POST",
            f"{self._root}/Call/",
            json={
                "from": _number(self._caller_number),
                "to": _number(call.to),
                "answer_url": f"{path}/answer?token={carried(call.media_token)}",
                "answer_method": "POST",
                "ring_url": f"{path}/status",
                "ring_method": "POST",
                "hangup_url": f"{path}/status",
                "hangup_method": "POST",
                "ring_timeout": call.ring_seconds,
            },
        )
        try:
            return msgspec.json.decode(answer.content, type=_Placed).request_uuid
        except msgspec.DecodeError as error:
            raise self._rest.refused("its answer names no call.") from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, or its ringing; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        name = quote(external_id, safe="")
        answer = await self._rest.send("DELETE", f"{self._root}/Call/{name}/", fine=(404,))
        if answer.status_code == 404:  # not answered yet: then it is only a request
            await self._rest.send("DELETE", f"{self._root}/Request/{name}/", fine=(404,))

    async def move(self, call: MovedCall) -> None:
        """Have Plivo ask us how the call goes on, whatever it does now.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        path = self._address(call.conversation_id)
        await self._rest.send(
            "POST",
            f"{self._root}/Call/{quote(call.external_id, safe='')}/",
            json={
                "legs": "aleg",
                "aleg_url": f"{path}/answer?token={carried(call.media_token)}",
                "aleg_method": "POST",
            },
        )

    def _address(self, reference: str) -> str:
        return self._public_url + CALL_PATH.format(reference=quote(reference, safe=""))


def dial_of(status: str) -> Dial | None:
    """Return what a CallStatus means for a call that we placed; None for a word that Plivo did not have yet."""
    return _DIALS.get(status)


def e164(caller: str) -> str:
    """Return a caller as we write numbers: Plivo leaves out the plus."""
    return f"+{caller}" if caller.isdecimal() and caller.isascii() and len(caller) >= 7 else caller


def _number(to: str) -> str:
    """Return a number as Plivo writes it; a SIP address stays."""
    return to.removeprefix("+")
