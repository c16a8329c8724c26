"""Place and take over calls through the API of AWS Chime's SIP media applications.

Source: https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_voice-chime_UpdateSipMediaApplicationCall.html and
CreateSipMediaApplicationCall. An order reaches the application's Lambda function, which asks us what to do.
"""

import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from server.broker.ports.carrier import MovedCall, OutgoingCall
from server.clock import Clock
from server.telephony.aws_signature import signed_headers
from server.telephony.carrier_rest import CarrierRest

KEEP_SECONDS: Final = 180.0
"""How long a name for once may wait for its call."""
MOST_WAITING: Final = 1_000
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChimeAccount:
    """Whose calls they are: application, key, the number that is shown, where the API is."""

    application_id: str
    region: str
    key_id: str
    secret_key: str
    connector_arn: str
    caller_number: str = ""
    api_url: str = ""


class _Call(msgspec.Struct, frozen=True):
    transaction_id: str = msgspec.field(name="TransactionId")


class _Placed(msgspec.Struct, frozen=True):
    call: _Call = msgspec.field(name="SipMediaApplicationCall")


class ChimeCalls:
    """A `Carrier` on Chime that `Moves`, and whose audio comes over our SIP line."""

    def __init__(
        self, account: ChimeAccount, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Order calls about for this account; `clock` times the signatures."""
        self.channel: Final = "chime"
        self.transport: Final = "sip"
        self.account: Final = account
        self._clock: Final = clock
        self._api_url: Final = account.api_url or f"https://voice-chime.{account.region}.amazonaws.com"
        self._calls: Final = f"/sip-media-applications/{quote(account.application_id, safe='')}/calls"
        self._rest: Final = CarrierRest("Chime", "chime", self._api_url, transport=transport)
        self._waiting: Final[dict[str, tuple[float, MovedCall]]] = {}

    async def place(self, call: OutgoingCall) -> str:
        """Have it ring, and return its transaction id; never tried twice.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        name = self._expect(
            MovedCall(
                conversation_id=call.conversation_id,
                external_id="",
                media_url=call.media_url,
                media_token=call.media_token,
            )
        )
        answer = await self._post(
            self._calls,
            {
                "FromPhoneNumber": self.account.caller_number,
                "ToPhoneNumber": call.to,
                "ArgumentsMap": {"do": "bridge", "reference": call.conversation_id, "name": name},
            },
        )
        try:
            return msgspec.json.decode(answer.content, type=_Placed).call.transaction_id
        except msgspec.DecodeError as error:
            raise self._rest.refused("its answer names no call.") from error

    async def hang_up(self, external_id: str) -> None:
        """End a call, ringing or not; one that is over already stays so.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._update(external_id, {"do": "hangup"}, fine=(404,))

    async def move(self, call: MovedCall) -> None:
        """Have Chime bridge a running call to our SIP line; what it does now ends.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        await self._update(call.external_id, {"do": "bridge", "name": self._expect(call)})

    def claim(self, called: str) -> MovedCall | None:
        """Return whose call was sent to this name, once."""
        at, call = self._waiting.pop(called, (0.0, None))
        return call if self._now() - at <= KEEP_SECONDS else None

    def _expect(self, call: MovedCall) -> str:
        """Return a name for once, which nobody can guess, that leads to this call."""
        now = self._now()
        for name in [name for name, (at, _) in self._waiting.items() if now - at > KEEP_SECONDS]:
            del self._waiting[name]
        while len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        name = f"d{secrets.token_hex(15)}"
        self._waiting[name] = (now, call)
        return name

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _update(self, transaction_id: str, arguments: dict[str, str], fine: tuple[int, ...] = ()) -> None:
        await self._post(f"{self._calls}/{quote(transaction_id, safe='')}", {"Arguments": arguments}, fine)

    async def _post(self, path: str, body: dict[str, object], fine: tuple[int, ...] = ()) -> httpx.Response:
        raw = msgspec.json.encode(body)
        headers = signed_headers(
            raw,
            host=urlsplit(self._api_url).netloc,
            region=self.account.region,
            service="chime",
            key_id=self.account.key_id,
            secret=self.account.secret_key,
            at=self._clock.now(),
            path=path,
            kind=_JSON,
        )
        return await self._rest.send("POST", path, content=raw, headers=headers, fine=fine)
