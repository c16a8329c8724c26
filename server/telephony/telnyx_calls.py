"""Place and answer calls with Telnyx's call commands, and read what its webhooks say of them.

Sources: https://developers.telnyx.com/api-reference/call-commands (dial, answer, hangup, streaming start and stop), the
Python SDK 4.189. `client_state` comes back with every webhook of a call: it says which of our calls it is.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from server.broker.ports.carrier import MovedCall, OutgoingCall
from server.telephony.carrier_rest import CarrierRest
from server.wire.terms import Dial

EVENTS_PATH: Final = "/v1/telnyx/events"
"""Where Telnyx tells everything."""
PLACED: Final = "placed:"
ANSWERED: Final = "answered:"
"""What a call's `client_state` begins with: we dialled, or we answered; the conversation's id follows."""
_STREAM: Final = {
    "stream_track": "inbound_track",
    "stream_codec": "PCMU",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "PCMU",
}
_GONE: Final = (404, 422)
"""How Telnyx refuses a command for a call that is over."""
_ENDS: Final = {
    "user_busy": Dial.BUSY,
    "call_rejected": Dial.BUSY,
    "timeout": Dial.NO_ANSWER,
    "no_answer": Dial.NO_ANSWER,
    "originator_cancel": Dial.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TelnyxAccount:
    """Whose calls they are: API key, call control application, the number that is shown, and where the API is."""

    api_key: str
    connection_id: str
    caller_number: str
    api_url: str = "https://api.telnyx.com"


class _Data(msgspec.Struct, frozen=True):
    call_control_id: str


class _Placed(msgspec.Struct, frozen=True):
    data: _Data


class Payload(msgspec.Struct, frozen=True):
    """What an event says of its call."""

    call_control_id: str = ""
    client_state: str | None = None
    direction: str | None = None
    caller: str | None = msgspec.field(name="from", default=None)
    hangup_cause: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One event; `id` is the same when it is told again."""

    id: str
    event_type: str
    payload: Payload = Payload()


class _Told(msgspec.Struct, frozen=True):
    data: Event


class TelnyxCalls:
    """A `Carrier` on Telnyx that `Moves`."""

    def __init__(
        self, account: TelnyxAccount, public_url: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Dial for this account; `public_url` is the broker's address as Telnyx reaches it."""
        self.channel: Final = "telnyx"
        self.transport: Final = "telnyx"
        self._account: Final = account
        self._events_url: Final = public_url.rstrip("/") + EVENTS_PATH
        self._rest: Final = CarrierRest(
            "Telnyx", "telnyx", account.api_url, bearer=account.api_key, transport=transport
        )

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return its call control id; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        answer = await self._rest.send(
            "POST",
            "/v2/calls",
            json={
                "connection_id": self._account.connection_id,
                "to": call.to,
                "from": self._account.caller_number,
                "timeout_secs": call.ring_seconds,
                "client_state": _state(PLACED, call.conversation_id),
                "command_id": call.conversation_id,
                "webhook_url": self._events_url,
                "stream_url": call.media_url,
                "stream_auth_token": call.media_token,
                **_STREAM,
            },
        )
        try:
            return msgspec.json.decode(answer.content, type=_Placed).data.call_control_id
        except msgspec.DecodeError as error:
            raise self._rest.refused("its answer names no call.") from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._command(external_id, "hangup", {}, fine=_GONE)

    async def answer(self, external_id: str, conversation_id: str) -> None:
        """Take a call that rings at us; told twice, Telnyx does it once.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        state = _state(ANSWERED, conversation_id)
        await self._command(external_id, "answer", {"client_state": state, "command_id": f"a-{conversation_id}"})

    async def stream(self, call: MovedCall) -> None:
        """Have the audio of a call that is up come to us.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        place = {"stream_url": call.media_url, "stream_auth_token": call.media_token}
        await self._command(call.external_id, "streaming_start", place | _STREAM)

    async def move(self, call: MovedCall) -> None:
        """End the stream that a running call has now, if it has one, and begin one to us.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._command(call.external_id, "streaming_stop", {}, fine=_GONE)
        await self.stream(call)

    async def _command(self, call_id: str, name: str, body: dict[str, str], fine: tuple[int, ...] = ()) -> None:
        path = f"/v2/calls/{quote(call_id, safe='')}/actions/{name}"
        await self._rest.send("POST", path, json=body, fine=fine)


def decode_event(raw: bytes) -> Event | None:
    """Return what a webhook tells; None when it is no event of a call."""
    try:
        return msgspec.json.decode(raw, type=_Told, strict=False).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_state(client_state: str | None) -> str:
    """Return what we wrote into a call's `client_state`; empty when it is not ours."""
    try:
        text = base64.b64decode(client_state or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return text if text.startswith((PLACED, ANSWERED)) else ""


def dial_of(event: Event) -> Dial | None:
    """Return how far a call that we placed has got; None for an event that does not say."""
    match event.event_type:
        case "call.initiated":
            return Dial.QUEUED
        case "call.answered":
            return Dial.ANSWERED
        case "call.hangup":
            return _ENDS.get(event.payload.hangup_cause or "", Dial.FAILED)
        case _:
            return None


def _state(kind: str, reference: str) -> str:
    return base64.b64encode(f"{kind}{reference}".encode()).decode()
