"""Order a carrier about over its REST API: one request, never repeated, and every refusal in the carrier's words."""

from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from server.core.errors import ProviderError
from server.wire.sanitize import clean_line
from server.wire.version import USER_AGENT

TIMEOUT_SECONDS: Final = 10.0


class _Error(msgspec.Struct, frozen=True):
    code: int | str | None = None
    title: str = ""
    detail: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    """What carriers write: Twilio and AWS `message` and `code`, Plivo `error`, Telnyx `errors`, jambonz `msg`."""

    code: int | str | None = None
    message: str = ""
    msg: str = ""
    error: str = ""
    errors: list[_Error] = []


class CarrierRest:
    """The REST API of one carrier for one account."""

    def __init__(
        self,
        carrier: str,
        section: str,
        api_url: str,
        *,
        auth: tuple[str, str] | None = None,
        bearer: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak to `api_url` as `auth` (name and secret) or with a bearer token; `section` is its configuration's."""
        self._carrier: Final = carrier
        self._section: Final = section
        self._api_url: Final = api_url.rstrip("/")
        self._auth: Final = auth
        self._headers: Final = {"user-agent": USER_AGENT} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        self._transport: Final = transport

    async def send(
        self,
        method: str,
        path: str,
        *,
        form: dict[str, str | list[str]] | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        fine: tuple[int, ...] = (),
    ) -> httpx.Response:
        """Send one request and return the answer: a success, or one of the statuses that are `fine`.

        Raises:
            ProviderError: `carrier_refused`, `carrier_unreachable`.
        """
        try:
            async with httpx.AsyncClient(
                auth=self._auth, headers=self._headers, timeout=TIMEOUT_SECONDS, transport=self._transport
            ) as client:
                answer = await client.request(
                    method, f"{self._api_url}{path}", data=form, json=json, content=content, headers=headers
                )
        except httpx.HTTPError as error:
            host = urlsplit(self._api_url).hostname
            raise ProviderError(
                "carrier_unreachable",
                f"{self._carrier} can't be reached.",
                f"Look at [{self._section}] api_url ({host}) and the network.",
            ) from error
        if answer.is_success or answer.status_code in fine:
            return answer
        raise self.refused(_words(answer))

    def refused(self, why: str) -> ProviderError:
        """Return the refusal with these words of the carrier's."""
        return ProviderError(
            "carrier_refused",
            f"{self._carrier} refused: {why}",
            "Look at the number, and at the account's permissions.",
            retryable=False,
        )


def _words(answer: httpx.Response) -> str:
    """Return why the carrier refused, in its own words."""
    try:
        refusal = msgspec.json.decode(answer.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        refusal = _Refusal()
    first = refusal.errors[0] if refusal.errors else _Error(code=refusal.code)
    said = refusal.message or refusal.msg or refusal.error or first.detail or first.title
    code = f" ({clean_line(str(first.code), 40)})" if first.code else ""
    return f"{clean_line(said, 200) or f'status {answer.status_code}'}{code}"
